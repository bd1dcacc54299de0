/**
 * What a user proposes with S-CONNECT, what it cannot, and the SPDUs that say it: X.225 6.3, 7.1 and
 * 8.3.1.
 *
 * @module
 */

import { SessionError } from "../errors.ts";
import { NO_OCTETS } from "../octets.ts";
import type { SessionRequest } from "./primitives.ts";
import { type ConnectAcceptItem, EXTENDED_DATA_MAX, type Spdu } from "./spdu.ts";
import { availableTokens, FU, hasSerialNumbers, settingsToBits, unitsToBits } from "./units.ts";

/** X.225 7: version 1 is not suitable for more octets of user data. */
export const V1_USER_DATA_MAX = 512;

const CDO_DATA_MAX = 65_528;

/**
 * @param connectOctets - How much user data there may be.
 * @throws {SessionError} `ERR_ARGUMENT`, `ERR_LIMIT`.
 */
export function checkProposal(request: SessionRequest, connectOctets: number): void {
  const units = unitsOf(request);
  const rules: readonly (readonly [broken: boolean, rule: string])[] = [
    [(units & (FU.HD | FU.FD)) === 0, "half-duplex or duplex has to be proposed"],
    [(units & FU.CD) !== 0 && (units & FU.ACT) === 0, "capability needs activity"],
    [(units & FU.EXCEP) !== 0 && (units & FU.HD) === 0, "exceptions need half-duplex"],
    [
      (units & FU.DS) !== 0 && (units & (FU.SY | FU.SS)) === 0,
      "data-separation needs minor or symmetric",
    ],
  ];
  for (const [broken, rule] of rules) {
    if (broken) throw new SessionError("ERR_ARGUMENT", `X.225 6.3: ${rule}`);
  }
  for (const [name, octets, max] of [
    ["callingSelector", request.callingSelector, 16],
    ["calledSelector", request.calledSelector, 16],
    ["callingReference", request.connectionIdentifier?.callingReference, 64],
    ["commonReference", request.connectionIdentifier?.commonReference, 64],
    ["additionalReference", request.connectionIdentifier?.additionalReference, 4],
  ] as const) {
    if (octets && octets.length > max) {
      throw new SessionError("ERR_ARGUMENT", `${name}: at most ${max} octets`);
    }
  }
  const size = request.userData?.length ?? 0;
  if (size > connectOctets) {
    throw new SessionError("ERR_LIMIT", `user data: at most ${connectOctets}, have ${size}`);
  }
  // X.225 7: version 1 is not suitable for more than 512 octets.
  if (size > V1_USER_DATA_MAX && (offeredVersions(request) & 2) === 0) {
    throw new SessionError("ERR_LIMIT", "user data above 512 octets needs version 2");
  }
}

/** Whether the user data of a CONNECT does not fit into it. */
export function overflows(request: SessionRequest | undefined): boolean {
  return (request?.userData?.length ?? 0) > EXTENDED_DATA_MAX;
}

/** The CONNECT SPDU for what our user asked. */
export function connectSpdu(
  request: SessionRequest,
  { hasExpedited, takesExtended }: { hasExpedited: boolean; takesExtended: boolean },
): Spdu {
  const { userData = NO_OCTETS, serialDigits, tsduMaximumSize } = request;
  // X.225 8.3.1: expedited data needs the transport expedited flow.
  const units = unitsOf(request) & (hasExpedited ? -1 : ~FU.EX);
  const tokens = availableTokens(units);
  const numbers = serialNumbers(
    units,
    request.initialSerialNumber,
    request.secondInitialSerialNumber,
    serialDigits,
  );
  const connectAcceptItem: ConnectAcceptItem = {
    protocolOptions: takesExtended ? 1 : 0,
    ...(tsduMaximumSize && {
      tsduMaximumSize: {
        toResponder: tsduMaximumSize.sent,
        toInitiator: tsduMaximumSize.received,
      },
    }),
    versionNumber: offeredVersions(request),
    ...(tokens !== 0 &&
      request.tokenSettings && {
        tokenSettingItem: settingsToBits(request.tokenSettings, tokens),
      }),
    ...numbers,
  };
  return {
    type: "CN",
    ...(request.connectionIdentifier && { connectionIdentifier: request.connectionIdentifier }),
    connectAcceptItem,
    sessionUserRequirements: units,
    ...(request.callingSelector && { callingSessionSelector: request.callingSelector }),
    ...(request.calledSelector && { calledSessionSelector: request.calledSelector }),
    ...(overflows(request) && { dataOverflow: 1 }),
    ...(userData.length > 0 && { userData: userData.subarray(0, EXTENDED_DATA_MAX) }),
  };
}

/** X.225 7: the rest of the user data, after OVERFLOW ACCEPT. */
export function overflowSpdus(
  { userData = NO_OCTETS }: SessionRequest,
  overflowAnswer: Spdu | undefined,
): Spdu[] {
  const rest = userData.subarray(EXTENDED_DATA_MAX);
  const { toResponder = 0 } = overflowAnswer?.tsduMaximumSize ?? {};
  // SI, LI of three octets, Enclosure Item, PGI with LI of three octets.
  const room = Math.max(1, Math.min(CDO_DATA_MAX, (toResponder || 65_539) - 11));
  const spdus: Spdu[] = [];
  for (let at = 0; at < rest.length; at += room) {
    const enclosureItem = at + room >= rest.length ? 2 : 0;
    spdus.push({ type: "CDO", enclosureItem, userData: rest.subarray(at, at + room) });
  }
  return spdus;
}

/** The versions to offer, as bits: only the second when the user data need it. */
function offeredVersions({ versions = [1, 2], userData = NO_OCTETS }: SessionRequest): number {
  const bits = versions.reduce<number>((sum, version) => sum | version, 0);
  return userData.length > V1_USER_DATA_MAX ? bits & 2 : bits;
}

/** The functional units that a user names; duplex when it names none. */
export function unitsOf(request: SessionRequest | undefined): number {
  return unitsToBits(request?.functionalUnits ?? ["duplex"]);
}

/** PI 23 and 55, or 56 to 58 when a limit other than six digits is wanted. */
export function serialNumbers(
  units: number,
  first = 1,
  second = 1,
  digits: number | undefined = undefined,
): Partial<ConnectAcceptItem> {
  if (!hasSerialNumbers(units)) return {};
  const isSymmetricUnit = (units & FU.SS) !== 0;
  if (digits === undefined) {
    return {
      initialSerialNumber: first,
      ...(isSymmetricUnit && { secondInitialSerialNumber: second }),
    };
  }
  return {
    upperLimitSerialNumber: digits,
    largeInitialSerialNumber: first,
    ...(isSymmetricUnit && { largeSecondInitialSerialNumber: second }),
  };
}
