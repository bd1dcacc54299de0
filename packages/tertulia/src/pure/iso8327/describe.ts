/**
 * Primitives for the user, with the parameters that X.215 gives them.
 *
 * @module
 */

import { NO_OCTETS } from "../octets.ts";
import { abortReasons, type EventType, type ResyncType, type SessionEvent } from "./primitives.ts";
import type { Spdu } from "./spdu.ts";
import type { Incoming } from "./spm.ts";
import {
  availableTokens,
  bitsToSettings,
  bitsToTokens,
  bitsToUnits,
  DEFAULT_UNITS,
} from "./units.ts";
import { available, isSymmetric, type Variables } from "./variables.ts";

const resyncTypes: readonly ResyncType[] = ["restart", "abandon", "set"];

/** A primitive for the user, with the parameters that X.215 gives it: all but S-CONNECT indication. */
export function describe(type: EventType, event: Incoming, v: Variables): SessionEvent {
  const { userData = NO_OCTETS, spdu } = event;
  if (type === "SDTind") return { type, userData };
  switch (type) {
    case "SCONcnf+":
      return describeConfirm(event, userData);
    case "SCONcnf-":
      return {
        type,
        userData,
        reason: spdu?.reasonCode ?? 0,
        ...(spdu?.sessionUserRequirements !== undefined && {
          functionalUnits: bitsToUnits(spdu.sessionUserRequirements),
        }),
        ...(spdu?.connectionIdentifier && { connectionIdentifier: spdu.connectionIdentifier }),
      };
    case "SPABind":
      return describeAbort(event, userData);
    case "SGTind":
    case "SPTind":
      return { type, userData, tokens: bitsToTokens((event.tokens ?? 0) & available(v)) };
    case "SSYNmind": {
      const { syncTypeItem = 0, serialNumber = 0 } = spdu ?? {};
      const explicit = (syncTypeItem & 1) === 0;
      const separation = (syncTypeItem & 2) !== 0;
      return { type, userData, serialNumber, explicit, separation };
    }
    case "SRSYNind":
    case "SRSYNcnf":
      return describeResync(type, event, v, userData);
    case "SUERind":
    case "SPERind":
    case "SACTIind":
    case "SACTDind":
      return { type, userData, reason: spdu?.reasonCode ?? 0 };
    default:
      return {
        type,
        userData,
        ...(spdu?.serialNumber !== undefined && { serialNumber: spdu.serialNumber }),
        ...(spdu?.secondSerialNumber !== undefined && {
          secondSerialNumber: spdu.secondSerialNumber,
        }),
        ...(spdu?.activityIdentifier && { activityIdentifier: spdu.activityIdentifier }),
        ...(spdu?.linkingInformation && { linkingInformation: spdu.linkingInformation }),
      };
  }
}

/** S-CONNECT indication: what a CONNECT SPDU proposes, once all of its user data is there. */
export function describeConnect(
  proposal: Spdu | undefined,
  userData: Uint8Array,
  version: 1 | 2,
): SessionEvent {
  const item = proposal?.connectAcceptItem;
  const units = proposal?.sessionUserRequirements ?? DEFAULT_UNITS;
  const first = item?.largeInitialSerialNumber ?? item?.initialSerialNumber;
  const second = item?.largeSecondInitialSerialNumber ?? item?.secondInitialSerialNumber;
  return {
    type: "SCONind",
    userData,
    functionalUnits: bitsToUnits(units),
    tokenSettings: bitsToSettings(item?.tokenSettingItem ?? 0, availableTokens(units)),
    version,
    ...(first !== undefined && { initialSerialNumber: first }),
    ...(second !== undefined && { secondInitialSerialNumber: second }),
    ...(proposal?.callingSessionSelector && { callingSelector: proposal.callingSessionSelector }),
    ...(proposal?.calledSessionSelector && { calledSelector: proposal.calledSessionSelector }),
    ...(proposal?.connectionIdentifier && { connectionIdentifier: proposal.connectionIdentifier }),
  };
}

function describeConfirm({ spdu, agreement }: Incoming, userData: Uint8Array): SessionEvent {
  const { units = 0, owned = 0, version = 1 } = agreement ?? {};
  return {
    type: "SCONcnf+",
    userData,
    functionalUnits: bitsToUnits(units),
    tokens: bitsToTokens(owned),
    version,
    ...(agreement?.serialNumber !== undefined && {
      initialSerialNumber: agreement.serialNumber,
    }),
    ...(agreement?.secondSerialNumber !== undefined && {
      secondInitialSerialNumber: agreement.secondSerialNumber,
    }),
    ...(spdu?.calledSessionSelector && { calledSelector: spdu.calledSessionSelector }),
    ...(spdu?.connectionIdentifier && { connectionIdentifier: spdu.connectionIdentifier }),
  };
}

/** S-P-ABORT, and why. */
function describeAbort({ spdu, error }: Incoming, userData: Uint8Array): SessionEvent {
  const bits = spdu?.transportDisconnect ?? 0;
  const reason = !spdu
    ? abortReasons.transport
    : (bits & 4) !== 0
      ? abortReasons.protocol
      : (bits & 16) !== 0
        ? abortReasons.restriction
        : abortReasons.undefined;
  return { type: "SPABind", userData, reason, ...(error && { error }) };
}

/** S-RESYNCHRONIZE, with its types and numbers for one flow or for two. */
function describeResync(
  type: "SRSYNind" | "SRSYNcnf",
  { resync, settings, serialNumber }: Incoming,
  v: Variables,
  userData: Uint8Array,
): SessionEvent {
  const tokenSettings = settings ?? {};
  const nameOf = (flow: string) => resyncTypes["ras".indexOf(flow)];
  if (!isSymmetric(v)) {
    const first = nameOf(resync?.s ?? "no");
    const number = serialNumber ?? 0;
    return {
      type,
      userData,
      tokenSettings,
      serialNumber: number,
      ...(first && type === "SRSYNind" && { resyncType: first }),
    };
  }
  const { s, r, snb, rnb } = resync ?? { s: "no", r: "no", snb: 0, rnb: 0 };
  // The first number is that of the flow from the requestor.
  const [one, oneNumber, two, twoNumber] =
    type === "SRSYNind" ? [r, rnb, s, snb] : [s, snb, r, rnb];
  const firstType = nameOf(one);
  const secondType = nameOf(two);
  return {
    type,
    userData,
    tokenSettings,
    ...(firstType && { resyncType: firstType, serialNumber: oneNumber }),
    ...(secondType && { secondResyncType: secondType, secondSerialNumber: twoNumber }),
  };
}
