/**
 * Events of the state tables, made from SPDUs and from requests: which row it is, and what the
 * predicates want to know of it. Requests that could never be right are refused here.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { NO_OCTETS } from "../octets.ts";
import type { RequestType, ResyncType, SessionRequest } from "./primitives.ts";
import { mergeResync, type Resync } from "./resync.ts";
import type { Spdu } from "./spdu.ts";
import type { Incoming } from "./spm.ts";
import type { State } from "./table.ts";
import { bitsToSettings, resolveSettings, tokensToBits } from "./units.ts";
import { available, isSymmetric, type Variables, type Vrsp } from "./variables.ts";

const prepareRows = ["", "PR-MAA", "PR-RS", "PR-RA", "PR-AB"] as const;
const resyncs: readonly Vrsp[] = ["r", "a", "s"];
const resyncNames: Readonly<Record<ResyncType, Vrsp>> = { restart: "r", abandon: "a", set: "s" };

/** The event that a whole SPDU is. */
export function fromSpdu(spdu: Spdu, v: Variables, state: State): Incoming {
  const { type, serialNumber, secondSerialNumber, userData } = spdu;
  const event: Incoming = {
    name: type,
    spdu,
    ...(userData && { userData }),
    ...(serialNumber !== undefined && { serialNumber }),
    ...(secondSerialNumber !== undefined && { secondSerialNumber }),
  };
  switch (type) {
    case "RF":
    case "FN":
    case "AB":
      // X.225 8.3: bit 1, and its absence, mean that the transport is released.
      return {
        ...event,
        name: ((spdu.transportDisconnect ?? 1) & 1) === 0 ? `${type}-r` : `${type}-nr`,
      };
    case "MAA":
      return { ...event, name: "MAA/AEA" };
    case "PR":
      return { ...event, name: prepareRows[spdu.prepareType ?? 0] ?? type };
    case "MIP":
      return { ...event, name: ((spdu.syncTypeItem ?? 0) & 2) !== 0 ? "MIP-d" : type };
    case "GT":
    case "PT":
      // X.225 8.3: the bits of tokens that are not there have to be 0; those that are come last.
      return { ...event, tokens: spdu.tokenItem ?? 0 };
    case "RS":
      return fromResync(event, spdu, v, state);
    case "RA": {
      const answered = bitsToSettings(spdu.tokenSettingItem ?? 0, available(v));
      const settings = resolveSettings(v.settings, answered, available(v));
      return { ...event, settings, resync: resyncOf(spdu, true, v) };
    }
    default:
      return event;
  }
}

function fromResync(event: Incoming, spdu: Spdu, v: Variables, state: State): Incoming {
  const settings = bitsToSettings(spdu.tokenSettingItem ?? 0, available(v));
  if (isSymmetric(v)) {
    const resync = resyncOf(spdu, false, v);
    if (resync.s === "no" && resync.r === "no") {
      throw new ProtocolError("missingParameter", "X.225 8.3 RS", "resyncType");
    }
    return collide({ ...event, settings, resync }, v, state);
  }
  const { resyncType, serialNumber } = spdu;
  const type = resyncs[resyncType ?? -1];
  if (type === undefined || serialNumber === undefined) {
    const name = type === undefined ? "resyncType" : "serialNumber";
    throw new ProtocolError("missingParameter", "X.225 8.3 RS", name);
  }
  const resync: Resync = { s: type, snb: serialNumber, r: "no", rnb: 0 };
  return { ...event, name: `RS-${type}`, settings, resync };
}

/** The types and numbers of RS or RA; the first of each is for the flow from the requestor. */
function resyncOf(spdu: Spdu, isAnswer: boolean, v: Variables): Resync {
  const { resyncType, secondResyncType, serialNumber = 0, secondSerialNumber = 0 } = spdu;
  const first = resyncType === undefined ? "no" : (resyncs[resyncType] ?? "no");
  const second = secondResyncType === undefined ? "no" : (resyncs[secondResyncType] ?? "no");
  if (!isSymmetric(v)) return { s: v.Vrsp, snb: serialNumber, r: "no", rnb: 0 };
  return isAnswer
    ? { s: first, snb: serialNumber, r: second, rnb: secondSerialNumber }
    : { s: second, snb: secondSerialNumber, r: first, rnb: serialNumber };
}

/** Where a resynchronization is pending that another may cross. */
const pendingStates: ReadonlySet<State> = new Set(["STA05A", "STA06", "STA11A", "STA15C"]);

/** With symmetric synchronization, two requests that cross are merged: X.225 7. */
function collide(event: Incoming, v: Variables, state: State): Incoming {
  if (!pendingStates.has(state) || v.Vrsp === "no" || !event.resync) return event;
  const pending: Resync = { s: v.Vrsps, snb: v.Vrspnbs, r: v.Vrspr, rnb: v.Vrspnbr };
  const isInitiators = v.VrspIsOurs !== v.Vtca;
  const { result, initiatorWins } = isInitiators
    ? mergeResync(pending, event.resync)
    : mergeResync(event.resync, pending);
  const pendingWins = initiatorWins === isInitiators;
  const merged = { pendingWins, result, asked: event.resync };
  return { ...event, resync: pendingWins ? event.resync : result, merged };
}

const sendsOnAFlow: ReadonlySet<RequestType> = new Set(["SDTreq", "SEXreq", "SSYNmreq", "STDreq"]);

/**
 * The tables let us send on a flow while our request for the other is pending. But if the peer has
 * asked for this one at the same time, and ours prevails, nothing on the wire tells it what we sent
 * before we heard of that: it would take what it wants undone, and the numbers would differ.
 *
 * @throws {SessionError} `ERR_STATE`
 */
function checkOtherFlow(v: Variables, state: State): void {
  if (!isSymmetric(v) || !v.VrspIsOurs || v.Vrspr === "no" || v.Vrsps !== "no") return;
  if (state !== "STA05A" && state !== "STA06" && state !== "STA15C") return;
  throw new SessionError("ERR_STATE", "a resynchronization of the other flow is pending");
}

/**
 * The event that a request is.
 *
 * @throws {SessionError} `ERR_ARGUMENT` or `ERR_LIMIT` for a parameter that is not right.
 */
export function fromRequest(
  request: SessionRequest,
  v: Variables,
  state: State,
  {
    version,
    serialDigits,
    ssduOctets,
  }: { version: 1 | 2; serialDigits: number; ssduOctets: number },
): Incoming {
  const { type, userData = NO_OCTETS } = request;
  checkUserData(type, userData.length, version, ssduOctets);
  const event: Incoming = { name: type, request, userData };
  const symmetric = isSymmetric(v);
  if (sendsOnAFlow.has(type)) checkOtherFlow(v, state);
  switch (type) {
    case "SDTreq":
    case "STDreq":
      if (userData.length === 0) throw new SessionError("ERR_ARGUMENT", `${type} without data`);
      return event;
    case "SGTreq":
    case "SPTreq": {
      const tokens = tokensToBits(request.tokens ?? []);
      if (tokens === 0) throw new SessionError("ERR_ARGUMENT", `${type} without tokens`);
      if (type === "SPTreq" && (tokens & v.owned) !== 0) {
        throw new SessionError("ERR_STATE", "S-TOKEN-PLEASE for a token that is ours");
      }
      return { ...event, tokens };
    }
    case "SSYNmreq":
    case "SSYNMreq":
    case "SACTEreq": {
      const next = symmetric ? v.VMs : v.VM;
      // X.225 8.3: the highest number may only be a next number, never that of a point.
      if (next > 10 ** serialDigits - 2) {
        throw new SessionError("ERR_LIMIT", `no serial number after ${next - 1}`);
      }
      return type === "SSYNmreq" && request.separation ? { ...event, name: "SSYNmdreq" } : event;
    }
    case "SSYNmrsp": {
      // With data separation the tables would send it, and it would come when the point is undone.
      if (symmetric && v.Vrspr !== "no" && v.VrspIsOurs) {
        throw new SessionError("ERR_STATE", "points of a flow that is being resynchronized");
      }
      const { serialNumber = (symmetric ? v.VMr : v.VM) - 1 } = request;
      return { ...event, serialNumber };
    }
    case "SRSYNreq":
      return collide(resyncRequest(event, request, v, serialDigits), v, state);
    case "SRSYNrsp":
      return resyncResponse(event, request, v);
    case "SACTSreq":
    case "SACTRreq": {
      checkIdentifier(request.activityIdentifier);
      if (type === "SACTSreq") return event;
      const { linkingInformation } = request;
      if (!linkingInformation) throw new SessionError("ERR_ARGUMENT", "no linking information");
      checkIdentifier(linkingInformation.activityIdentifier);
      return event;
    }
    case "SRELreq":
      // The tables would send a second FINISH after a collision: X.225 7 has one a side.
      if (v.Vcoll) throw new SessionError("ERR_STATE", "S-RELEASE was requested already");
      return event;
    case "SUERreq":
    case "SACTIreq":
    case "SACTDreq": {
      const { reason = 0 } = request;
      if (![0, 1, 3, 5, 6, 128].includes(reason)) {
        throw new SessionError("ERR_ARGUMENT", `no reason: ${reason}`);
      }
      return { ...event, request: { ...request, reason } };
    }
    default:
      return event;
  }
}

function resyncRequest(
  event: Incoming,
  request: SessionRequest,
  v: Variables,
  serialDigits: number,
): Incoming {
  const settings = request.tokenSettings ?? {};
  const numberFor = (type: Vrsp, given: number | undefined, next: number) => {
    if (type === "no") return 0;
    if (type === "a") return next;
    const max = type === "s" ? 10 ** serialDigits - 1 : next;
    if (given === undefined || !Number.isInteger(given) || given < 0 || given > max) {
      throw new SessionError("ERR_ARGUMENT", `a serial number from 0 to ${max}, have ${given}`);
    }
    return given;
  };
  if (!isSymmetric(v)) {
    const type = resyncNames[request.resyncType ?? "restart"];
    const serialNumber = numberFor(type, request.serialNumber, v.VM);
    const resync: Resync = { s: type, snb: serialNumber, r: "no", rnb: 0 };
    return { ...event, name: `SRSYNreq(${type})`, serialNumber, settings, resync };
  }
  const s = request.resyncType ? resyncNames[request.resyncType] : "no";
  const r = request.secondResyncType ? resyncNames[request.secondResyncType] : "no";
  if (s === "no" && r === "no") throw new SessionError("ERR_ARGUMENT", "no resynchronize type");
  const snb = numberFor(s, request.serialNumber, v.VMs);
  const rnb = numberFor(r, request.secondSerialNumber, v.VMr);
  return { ...event, settings, resync: { s, snb, r, rnb } };
}

function resyncResponse(event: Incoming, request: SessionRequest, v: Variables): Incoming {
  const settings = resolveSettings(v.settings, request.tokenSettings ?? {}, available(v));
  const numberFor = (type: Vrsp, given: number | undefined, pending: number, next: number) =>
    type === "a" ? next : type === "s" ? (given ?? pending) : pending;
  if (!isSymmetric(v)) {
    const serialNumber = numberFor(v.Vrsp, request.serialNumber, v.Vrspnb, v.VM);
    return { ...event, serialNumber, settings };
  }
  const { Vrsps: s, Vrspr: r } = v;
  // The first number is that of the requestor's flow: what we receive.
  const rnb = numberFor(r, request.serialNumber, v.Vrspnbr, v.VMr);
  const snb = numberFor(s, request.secondSerialNumber, v.Vrspnbs, v.VMs);
  return { ...event, settings, resync: { s, snb, r, rnb } };
}

function checkIdentifier(identifier: Uint8Array | undefined): void {
  const size = identifier?.length ?? 0;
  if (size < 1 || size > 6) {
    throw new SessionError("ERR_ARGUMENT", `an activity identifier of 1 to 6 octets, have ${size}`);
  }
}

/** Primitives that have no user data at all with version 1: X.225 8.3. */
const bare: ReadonlySet<RequestType> = new Set([
  "SGTreq",
  "SCGreq",
  "SACTIreq",
  "SACTIrsp",
  "SACTDreq",
  "SACTDrsp",
]);

function checkUserData(type: RequestType, size: number, version: 1 | 2, ssduOctets: number): void {
  const isUnlimited = type === "SDTreq" || type === "STDreq" || type === "SCONreq";
  const max =
    type === "SEXreq"
      ? 14
      : isUnlimited || version === 2
        ? ssduOctets
        : bare.has(type)
          ? 0
          : type === "SUABreq"
            ? 9
            : 512;
  if (size > max) {
    throw new SessionError(
      "ERR_LIMIT",
      `user data of ${type}: at most ${max} octets, have ${size}`,
    );
  }
  if (type === "SEXreq" && size === 0)
    throw new SessionError("ERR_ARGUMENT", "SEXreq without data");
}
