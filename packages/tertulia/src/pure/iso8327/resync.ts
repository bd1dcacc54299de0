/**
 * Resynchronization: which of two that cross prevails, what is pending, and the SPDUs that ask and answer.
 * X.225 7 and Annex A.
 *
 * @module
 */

import type { Incoming, Spm } from "./spm.ts";
import { settingsToBits } from "./units.ts";
import { available, isSymmetric, type Variables, type Vrsp } from "./variables.ts";

/** What is asked of each flow, in our own view: s is what we send, r is what we receive. */
export interface Resync {
  readonly s: Vrsp;
  readonly snb: number;
  readonly r: Vrsp;
  readonly rnb: number;
}

/** Nothing is asked of either. */
export const noResync: Resync = { s: "no", snb: 0, r: "no", rnb: 0 };

/** X.225 8.3 PI 27: how the types travel. */
export const resyncCodes: Readonly<Partial<Record<Vrsp, number>>> = { r: 0, a: 1, s: 2 };

const strength: Readonly<Record<Vrsp, number>> = { no: 0, r: 1, s: 2, a: 3, int: 4, dsc: 5 };

/**
 * SPMwinner of X.225 Annex A: whether a pending resynchronization prevails over a new one.
 *
 * @param isInitiators - Whether the session initiator asked for the pending one.
 */
export function prevails(
  pending: { readonly type: Vrsp; readonly number: number },
  other: { readonly type: Vrsp; readonly number: number },
  isInitiators: boolean,
): boolean {
  const difference = strength[pending.type] - strength[other.type];
  if (difference !== 0) return difference > 0;
  if (pending.type === "r" && pending.number !== other.number) return pending.number < other.number;
  return isInitiators;
}

/**
 * What becomes of two requests that crossed, with symmetric synchronization: X.225 7.
 *
 * Each flow has its own result. Who supplied all of them wins; otherwise the calling side's request
 * counts, with the results in place of its parameters.
 *
 * @param initiators - The request of the session initiator, in anyone's view.
 */
export function mergeResync(
  initiators: Resync,
  responders: Resync,
): { readonly result: Resync; readonly initiatorWins: boolean } {
  const s = mergeFlow(initiators.s, initiators.snb, responders.s, responders.snb);
  const r = mergeFlow(initiators.r, initiators.rnb, responders.r, responders.rnb);
  const result = { s: s.type, snb: s.number, r: r.type, rnb: r.number };
  return { result, initiatorWins: same(result, initiators) || !same(result, responders) };
}

function mergeFlow(
  type: Vrsp,
  number: number,
  otherType: Vrsp,
  otherNumber: number,
): { type: Vrsp; number: number } {
  if (strength[type] !== strength[otherType]) {
    return strength[type] > strength[otherType]
      ? { type, number }
      : { type: otherType, number: otherNumber };
  }
  if (type === "a") return { type, number: Math.max(number, otherNumber) };
  if (type === "r") return { type, number: Math.min(number, otherNumber) };
  return { type, number };
}

function same(one: Resync, other: Resync): boolean {
  return (
    one.s === other.s &&
    one.r === other.r &&
    (one.s === "no" || one.snb === other.snb) &&
    (one.r === "no" || one.rnb === other.rnb)
  );
}

/** What is asked for is pending, of us or of the peer. */
export function noteResync({ v, event }: Spm): void {
  v.VrspIsOurs = event.request !== undefined;
  v.settings = event.settings ?? {};
  v.discardReceived = true;
  v.discardSent = true;
  if (event.name === "AI" || event.name === "SACTIreq") v.Vrsp = "int";
  else if (event.name === "AD" || event.name === "SACTDreq") v.Vrsp = "dsc";
  else keepResync(v, event.resync ?? noResync, event);
}

/** Of two that crossed: what is left is pending. */
export function keepResync(v: Variables, resync: Resync, event?: Incoming): void {
  if (!isSymmetric(v)) {
    v.Vrsp = resync.s;
    v.Vrspnb = event ? (event.serialNumber ?? 0) : resync.snb;
    return;
  }
  v.Vrsps = resync.s;
  v.Vrspnbs = resync.snb;
  v.Vrspr = resync.r;
  v.Vrspnbr = resync.rnb;
  v.Vrsp = resync.s === "no" ? resync.r : resync.s;
  v.discardSent = resync.s !== "no";
  v.discardReceived = resync.r !== "no";
  // The winner of a collision goes on sending on a flow that only the loser asked about, until it
  // has heard of that: STA11A has no place for data that comes while it is discarded.
  if (event?.merged && event.spdu) v.discardReceived = event.merged.asked.r !== "no";
}

/** What is pending no more; also when STA713 is entered by another way. */
export function endResync(v: Variables): void {
  v.Vrsp = v.Vrsps = v.Vrspr = "no";
  v.discardReceived = v.discardSent = false;
}

/** RESYNCHRONIZE. */
export function sendResync(spm: Spm): void {
  const { v, event } = spm;
  const { userData } = event;
  const { s, r, snb, rnb } = event.resync ?? noResync;
  const tokenSettingItem = settingsToBits(event.settings ?? {}, available(v));
  const hasTokens = available(v) !== 0;
  const first = resyncCodes[s];
  const second = resyncCodes[r];
  spm.send({
    type: "RS",
    ...(hasTokens && { tokenSettingItem }),
    // The first number and type are those of the flow from the requestor.
    ...(first !== undefined && { resyncType: first, serialNumber: snb }),
    ...(second !== undefined && { secondResyncType: second, secondSerialNumber: rnb }),
    ...(userData && userData.length > 0 && { userData }),
  });
}

/** RESYNCHRONIZE ACK. */
export function sendResyncAck(spm: Spm): void {
  const { v, event } = spm;
  const { userData } = event;
  const { s, r, snb, rnb } = event.resync ?? noResync;
  const hasTokens = available(v) !== 0;
  const tokenSettingItem = settingsToBits(event.settings ?? {}, available(v));
  const symmetric = isSymmetric(v);
  const first = resyncCodes[r];
  const second = resyncCodes[s];
  spm.send({
    type: "RA",
    ...(hasTokens && { tokenSettingItem }),
    ...(!symmetric && { serialNumber: event.serialNumber ?? 0 }),
    ...(symmetric && first !== undefined && { resyncType: first, serialNumber: rnb }),
    ...(symmetric && second !== undefined && { secondResyncType: second, secondSerialNumber: snb }),
    ...(userData && userData.length > 0 && { userData }),
  });
}
