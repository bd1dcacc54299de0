/**
 * What a session machine knows: the variables of X.225 Annex A, under their names there.
 *
 * @module
 */

import { availableTokens, FU, type TokenSettings } from "./units.ts";

/** A pending resynchronization: none, one of its types, or an activity being ended from outside. */
export type Vrsp = "no" | "r" | "s" | "a" | "int" | "dsc";

export interface Variables {
  /** Whether this side accepted the transport connection. */
  Vtca: boolean;
  /** Whether the transport connection can be reused. */
  Vtrr: boolean;
  /** Whether FINISH SPDUs have collided. */
  Vcoll: boolean;
  /** Whether DISCONNECT came while we still owed ours. */
  Vdnr: boolean;
  /** Whether the transport connection has the expedited flow. */
  TEXP: boolean;
  /** The functional units selected, as bits of PI 20. */
  units: number;
  /** The tokens that are ours, as bits of PI 16. */
  owned: number;
  Vact: boolean;
  Vnextact: boolean;
  VM: number;
  VA: number;
  VR: number;
  /** Whether our user may confirm minor points. */
  Vsc: boolean;
  Vrsp: Vrsp;
  Vrspnb: number;
  /** The token settings that it asks for. */
  settings: TokenSettings;
  /** Whether the pending resynchronization is our request. */
  VrspIsOurs: boolean;
  /** The same three numbers for each flow, with symmetric synchronization: s is ours to send. */
  VMs: number;
  VMr: number;
  VAs: number;
  VAr: number;
  VRs: number;
  VRr: number;
  Vrsps: Vrsp;
  Vrspr: Vrsp;
  Vrspnbs: number;
  Vrspnbr: number;
  /** The highest data separation point sent and received; -1 is none. */
  VAdo: number;
  VAdi: number;
  /** Whether what comes, or what our user sends, is thrown away until the resynchronization is done. */
  discardReceived: boolean;
  discardSent: boolean;
}

export function initialVariables(): Variables {
  return {
    Vtca: false,
    Vtrr: false,
    Vcoll: false,
    Vdnr: false,
    TEXP: false,
    units: 0,
    owned: 0,
    Vact: false,
    Vnextact: false,
    VM: 0,
    VA: 0,
    VR: 0,
    Vsc: false,
    Vrsp: "no",
    Vrspnb: 0,
    settings: {},
    VrspIsOurs: false,
    VMs: 0,
    VMr: 0,
    VAs: 0,
    VAr: 0,
    VRs: 0,
    VRr: 0,
    Vrsps: "no",
    Vrspr: "no",
    Vrspnbs: 0,
    Vrspnbr: 0,
    VAdo: -1,
    VAdi: -1,
    discardReceived: false,
    discardSent: false,
  };
}

/** AV(t): the tokens that there are. */
export function available({ units }: Variables): number {
  return availableTokens(units);
}

/** Whether symmetric synchronization is selected: then the second set of tables applies. */
export function isSymmetric({ units }: Variables): boolean {
  return (units & FU.SS) !== 0;
}

/** What is asked of each flow, in our own view: s is what we send, r is what we receive. */
export interface Resync {
  readonly s: Vrsp;
  readonly snb: number;
  readonly r: Vrsp;
  readonly rnb: number;
}

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
