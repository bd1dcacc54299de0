/** The requests that made an implementation say what it said: SPDUs turned back into primitives. */

import type { SessionRequest } from "../../../src/pure/iso8327/primitives.ts";
import type { Spdu } from "../../../src/pure/iso8327/spdu.ts";
import {
  availableTokens,
  bitsToSettings,
  bitsToTokens,
  bitsToUnits,
} from "../../../src/pure/iso8327/units.ts";

const resyncTypes = ["restart", "abandon", "set"] as const;
const ALL_TOKENS = 0x55;

export function requestOf(spdu: Spdu, proposedUnits = 0): SessionRequest | undefined {
  const { userData } = spdu;
  const data = userData ? { userData } : {};
  switch (spdu.type) {
    case "CN": {
      const item = spdu.connectAcceptItem;
      const units = spdu.sessionUserRequirements ?? 0;
      return {
        type: "SCONreq",
        functionalUnits: bitsToUnits(units),
        versions: ([1, 2] as const).filter((version) => (item?.versionNumber ?? 1) & version),
        ...(spdu.connectionIdentifier && { connectionIdentifier: spdu.connectionIdentifier }),
        ...(spdu.callingSessionSelector && { callingSelector: spdu.callingSessionSelector }),
        ...(spdu.calledSessionSelector && { calledSelector: spdu.calledSessionSelector }),
        ...(item?.tokenSettingItem !== undefined && {
          tokenSettings: bitsToSettings(item.tokenSettingItem, availableTokens(units)),
        }),
        ...(item?.initialSerialNumber !== undefined && {
          initialSerialNumber: item.initialSerialNumber,
        }),
        ...(item?.tsduMaximumSize && {
          tsduMaximumSize: {
            sent: item.tsduMaximumSize.toResponder,
            received: item.tsduMaximumSize.toInitiator,
          },
        }),
        ...data,
      };
    }
    case "AC": {
      const item = spdu.connectAcceptItem;
      const units = spdu.sessionUserRequirements ?? 0;
      const tokens = availableTokens(units & proposedUnits);
      return {
        type: "SCONrsp+",
        functionalUnits: bitsToUnits(units),
        tokenSettings: bitsToSettings(item?.tokenSettingItem ?? 0, tokens),
        ...(spdu.connectionIdentifier && { connectionIdentifier: spdu.connectionIdentifier }),
        ...(item?.initialSerialNumber !== undefined && {
          initialSerialNumber: item.initialSerialNumber,
        }),
        ...(spdu.calledSessionSelector && { calledSelector: spdu.calledSessionSelector }),
        ...data,
      };
    }
    case "RF":
      return {
        type: "SCONrsp-",
        reason: spdu.reasonCode ?? 0,
        functionalUnits: bitsToUnits(spdu.sessionUserRequirements ?? 0),
        ...(spdu.connectionIdentifier && { connectionIdentifier: spdu.connectionIdentifier }),
        ...data,
      };
    case "DT":
      return { type: "SDTreq", ...data };
    case "TD":
      return { type: "STDreq", ...data };
    case "EX":
      return { type: "SEXreq", ...data };
    case "GT":
      return { type: "SGTreq", tokens: bitsToTokens(spdu.tokenItem ?? 0), ...data };
    case "PT":
      return { type: "SPTreq", tokens: bitsToTokens(spdu.tokenItem ?? 0), ...data };
    case "MIP":
      return { type: "SSYNmreq", explicit: ((spdu.syncTypeItem ?? 0) & 1) === 0, ...data };
    case "MIA":
      return { type: "SSYNmrsp", serialNumber: spdu.serialNumber ?? -1, ...data };
    case "MAP":
      return { type: "SSYNMreq", ...data };
    case "MAA":
      return { type: "SSYNMrsp", ...data };
    case "RS":
      return {
        type: "SRSYNreq",
        resyncType: resyncTypes[spdu.resyncType ?? 0] ?? "set",
        serialNumber: spdu.serialNumber ?? -1,
        tokenSettings: bitsToSettings(spdu.tokenSettingItem ?? 0, ALL_TOKENS),
        ...data,
      };
    case "RA":
      return {
        type: "SRSYNrsp",
        serialNumber: spdu.serialNumber ?? -1,
        tokenSettings: bitsToSettings(spdu.tokenSettingItem ?? 0, ALL_TOKENS),
        ...data,
      };
    case "ED":
      return { type: "SUERreq", reason: spdu.reasonCode ?? 0, ...data };
    case "FN":
      return { type: "SRELreq", ...data };
    case "DN":
      return { type: "SRELrsp+", ...data };
    case "NF":
      return { type: "SRELrsp-", ...data };
    case "AB":
      return { type: "SUABreq", ...data };
    default:
      return undefined;
  }
}
