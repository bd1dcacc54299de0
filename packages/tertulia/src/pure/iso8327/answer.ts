/**
 * What a CONNECT of the peer is answered with: what both sides agree on then, the SPDUs that say so, and
 * why it is refused. X.225 6.3, 7.2 to 7.4 and 8.3.2 to 8.3.5.
 *
 * @module
 */

import { SessionError } from "../errors.ts";
import { equalOctets, NO_OCTETS } from "../octets.ts";
import { ambiguity } from "./agreement.ts";
import type { Limits } from "./limits.ts";
import type { SessionRequest } from "./primitives.ts";
import { serialNumbers, unitsOf, V1_USER_DATA_MAX } from "./proposal.ts";
import type { ConnectAcceptItem, Spdu } from "./spdu.ts";
import type { Agreement, Incoming } from "./spm.ts";
import {
  availableTokens,
  bitsToSettings,
  DEFAULT_UNITS,
  FU,
  hasSerialNumbers,
  ownedBy,
  resolveSettings,
  selectUnits,
  settingsToBits,
  tokensToBits,
} from "./units.ts";

/** What a session machine takes and proposes when a connection is made. All optional. */
export interface ConnectionOptions {
  /** The versions that we take when asked. Default both. */
  readonly versions?: readonly (1 | 2)[];
  /** Our session selector: a CONNECT that calls another one is refused. Default: any is taken. */
  readonly selector?: Uint8Array;
  /** Whether we can receive extended concatenation. Default true. */
  readonly extendedConcatenation?: boolean;
  /** The largest TSDU to send and to receive, when asked; 0, the default, is no limit. */
  readonly tsduMaximumSize?: { readonly sent: number; readonly received: number };
}

/** Reason codes of REFUSE: X.225 8.3.5. */
export const refuseReasons = {
  user: 0,
  congestion: 1,
  userWithData: 2,
  selectorUnknown: 129,
  userNotAttached: 130,
  spmCongestion: 131,
  versions: 132,
  unspecified: 133,
  restriction: 134,
} as const;

/** What an agreement comes from. */
interface Answer {
  /** The CONNECT SPDU. */
  readonly proposal: Spdu | undefined;
  /** What our user answered. */
  readonly request: SessionRequest | undefined;
  readonly version: 1 | 2;
  /** Whether the transport has an expedited flow. */
  readonly hasExpedited: boolean;
  readonly serialDigitsMax: number;
  readonly tsduMaximumSize: SessionRequest["tsduMaximumSize"];
}

/** Why our own rules refuse a CONNECT: a reason code of REFUSE. `undefined` when they do not. */
export function refusalOf(
  connect: Spdu,
  options: ConnectionOptions,
  { connectOctets }: Limits,
): number | undefined {
  const { sessionUserRequirements = DEFAULT_UNITS, calledSessionSelector, userData } = connect;
  if (commonVersions(connect, options) === 0) return refuseReasons.versions;
  const { selector } = options;
  if (selector && calledSessionSelector && !equalOctets(selector, calledSessionSelector)) {
    return refuseReasons.selectorUnknown;
  }
  if ((sessionUserRequirements & (FU.HD | FU.FD)) === 0) return refuseReasons.unspecified;
  const isLong = (userData?.length ?? 0) > V1_USER_DATA_MAX || connect.dataOverflow === 1;
  if (isLong && (commonVersions(connect, options) & 2) === 0) return refuseReasons.versions;
  if ((userData?.length ?? 0) > connectOctets) return refuseReasons.restriction;
  return undefined;
}

/** What our positive response agrees to. */
export function answered({
  proposal,
  request,
  version,
  hasExpedited,
  serialDigitsMax,
  tsduMaximumSize,
}: Answer): Agreement {
  const item = proposal?.connectAcceptItem;
  const proposed = proposal?.sessionUserRequirements ?? DEFAULT_UNITS;
  const units = selectUnits(proposed, answeredUnits(proposal, request), hasExpedited);
  const problem = ambiguity(units);
  if (problem) throw new SessionError("ERR_ARGUMENT", `X.225 6.3: ${problem}`);
  const tokens = availableTokens(units);
  const sizes = answeredSizes(proposal, tsduMaximumSize);
  const numbered = hasSerialNumbers(units);
  const digits = item?.upperLimitSerialNumber;
  const first = item?.largeInitialSerialNumber ?? item?.initialSerialNumber ?? 1;
  const second = item?.largeSecondInitialSerialNumber ?? item?.secondInitialSerialNumber ?? 1;
  return {
    units,
    version,
    owned: ownedBy("acceptor", answeredSettings(proposal, units, request), tokens),
    serialNumber: numbered ? (request?.initialSerialNumber ?? first) : undefined,
    secondSerialNumber:
      numbered && (units & FU.SS) !== 0
        ? (request?.secondInitialSerialNumber ?? second)
        : undefined,
    serialDigits: digits === undefined ? 6 : Math.min(digits || 15, serialDigitsMax, 15),
    sentTsduOctets: sizes?.toInitiator ?? 0,
    receivedTsduOctets: sizes?.toResponder ?? 0,
    peerTakesExtended: ((item?.protocolOptions ?? 0) & 1) !== 0,
  };
}

/** The ACCEPT SPDU for what our user answered. */
export function acceptSpdu(
  { request, agreement, userData = NO_OCTETS }: Incoming,
  proposal: Spdu | undefined,
  { extendedConcatenation = true, tsduMaximumSize }: ConnectionOptions,
): Spdu {
  const { units = 0, version = 1 } = agreement ?? {};
  const tokens = availableTokens(units);
  const settings = answeredSettings(proposal, units, request);
  const sizes = answeredSizes(proposal, tsduMaximumSize);
  const { upperLimitSerialNumber } = proposal?.connectAcceptItem ?? {};
  const please = request?.tokens ? tokensToBits(request.tokens) & tokens : 0;
  const connectAcceptItem: ConnectAcceptItem = {
    protocolOptions: extendedConcatenation ? 1 : 0,
    ...(sizes && { tsduMaximumSize: sizes }),
    versionNumber: version === 2 ? 2 : 1,
    ...(tokens !== 0 && { tokenSettingItem: settingsToBits(settings, tokens) }),
    ...serialNumbers(
      hasSerialNumbers(units) ? units : 0,
      agreement?.serialNumber,
      agreement?.secondSerialNumber,
      upperLimitSerialNumber === undefined ? undefined : agreement?.serialDigits,
    ),
  };
  return {
    type: "AC",
    ...(request?.connectionIdentifier && { connectionIdentifier: request.connectionIdentifier }),
    connectAcceptItem,
    ...(please !== 0 && { tokenItem: please }),
    sessionUserRequirements: answeredUnits(proposal, request),
    ...(request?.calledSelector && { calledSessionSelector: request.calledSelector }),
    ...(userData.length > 0 && { userData }),
  };
}

/** The REFUSE SPDU: our user's, or our own where there is a `refusal`. */
export function refuseSpdu(
  { request, refusal, userData = NO_OCTETS }: Incoming,
  keepTransport: boolean,
  proposal: Spdu | undefined,
  options: ConnectionOptions,
): Spdu {
  const isUsers = refusal === undefined;
  const hasData = isUsers && userData.length > 0;
  const reasonCode = refusal ?? (hasData ? refuseReasons.userWithData : (request?.reason ?? 0));
  return {
    type: "RF",
    ...(request?.connectionIdentifier && { connectionIdentifier: request.connectionIdentifier }),
    transportDisconnect: keepTransport ? 0 : 1,
    ...(reasonCode === refuseReasons.userWithData && {
      sessionUserRequirements: answeredUnits(proposal, request),
    }),
    ...(reasonCode === refuseReasons.versions && { versionNumber: ownVersions(options) }),
    reasonCode,
    ...(hasData && { userData }),
  };
}

/** The OVERFLOW ACCEPT SPDU: the rest of the user data may come. */
export function overflowAcceptSpdu(
  proposal: Spdu | undefined,
  { tsduMaximumSize }: ConnectionOptions,
): Spdu {
  const sizes = answeredSizes(proposal, tsduMaximumSize);
  return {
    type: "OA",
    ...(sizes && { tsduMaximumSize: sizes }),
    versionNumber: 2,
  };
}

function ownVersions({ versions = [1, 2] }: ConnectionOptions): number {
  return versions.reduce<number>((sum, version) => sum | version, 0);
}

/** The versions that were proposed and that we take, as bits. */
export function commonVersions(proposal: Spdu, options: ConnectionOptions): number {
  const { versionNumber = 1 } = proposal.connectAcceptItem ?? {};
  return versionNumber & ownVersions(options);
}

/** The units that our user takes: those it names, or all that were proposed, made unambiguous. */
function answeredUnits(proposal: Spdu | undefined, request: SessionRequest | undefined): number {
  const { sessionUserRequirements: proposed = DEFAULT_UNITS } = proposal ?? {};
  if (request?.functionalUnits) return unitsOf(request);
  let units = proposed;
  if ((units & FU.FD) !== 0) units &= ~FU.HD;
  if ((units & FU.SY) !== 0) units &= ~FU.SS;
  return units;
}

/** Where the tokens are at first: what was proposed, and what our user chose where it may. */
function answeredSettings(
  proposal: Spdu | undefined,
  units: number,
  request: SessionRequest | undefined,
): ReturnType<typeof bitsToSettings> {
  const tokens = availableTokens(units);
  const { tokenSettingItem = 0 } = proposal?.connectAcceptItem ?? {};
  const asked = bitsToSettings(tokenSettingItem, tokens);
  return resolveSettings(asked, request?.tokenSettings ?? {}, tokens);
}

/** X.225 6.3.5: the lesser of what both want, in each direction; 0 is no limit and wins. */
function answeredSizes(
  proposal: Spdu | undefined,
  ours: SessionRequest["tsduMaximumSize"],
): ConnectAcceptItem["tsduMaximumSize"] {
  const { toResponder = 0, toInitiator = 0 } = proposal?.connectAcceptItem?.tsduMaximumSize ?? {};
  const { sent = 0, received = 0 } = ours ?? {};
  const lesser = (one: number, other: number) =>
    one === 0 || other === 0 ? 0 : Math.min(one, other);
  const sizes = {
    toResponder: lesser(toResponder, received),
    toInitiator: lesser(toInitiator, sent),
  };
  return sizes.toResponder === 0 && sizes.toInitiator === 0 ? undefined : sizes;
}
