/**
 * What both sides agree on: computed by each of them from what was proposed and what was answered.
 * X.225 6.3, 7.1 to 7.4.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import type { SessionRequest } from "./primitives.ts";
import { unitsOf } from "./proposal.ts";
import type { ConnectAcceptItem, Spdu } from "./spdu.ts";
import type { Agreement } from "./spm.ts";
import {
  availableTokens,
  bitsToSettings,
  DEFAULT_UNITS,
  FU,
  hasSerialNumbers,
  ownedBy,
  resolveSettings,
  selectUnits,
} from "./units.ts";

/** What the responder's side of an agreement comes from. */
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

/** What the initiator's side of an agreement comes from. */
interface Asked {
  /** Our CONNECT SPDU. */
  readonly proposal: Spdu | undefined;
  readonly overflowAnswer: Spdu | undefined;
  readonly hasExpedited: boolean;
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

/** What the peer's ACCEPT agrees to. */
export function accepted(
  accept: Spdu,
  { proposal, overflowAnswer, hasExpedited }: Asked,
): Agreement {
  const item = accept.connectAcceptItem;
  const proposed = proposal?.sessionUserRequirements ?? DEFAULT_UNITS;
  const answered = accept.sessionUserRequirements ?? DEFAULT_UNITS;
  const units = selectUnits(proposed, answered, hasExpedited);
  const problem = ambiguity(units);
  if (problem) throw new ProtocolError("functionalUnits", "X.225 8.3 AC", problem);
  const offered = proposal?.connectAcceptItem?.versionNumber ?? 1;
  const versions = (item?.versionNumber ?? 1) & offered;
  if (versions === 0) {
    throw new ProtocolError("versionNotOffered", "X.225 8.3 AC", `${item?.versionNumber ?? 1}`);
  }
  const { toResponder = 0, toInitiator = 0 } = item?.tsduMaximumSize ?? {};
  checkSizes({ toResponder, toInitiator }, proposal, overflowAnswer);
  const tokens = availableTokens(units);
  const asked = bitsToSettings(proposal?.connectAcceptItem?.tokenSettingItem ?? 0, tokens);
  const settings = resolveSettings(
    asked,
    bitsToSettings(item?.tokenSettingItem ?? 0, tokens),
    tokens,
  );
  const numbered = hasSerialNumbers(units);
  const first = item?.largeInitialSerialNumber ?? item?.initialSerialNumber;
  const second = item?.largeSecondInitialSerialNumber ?? item?.secondInitialSerialNumber;
  if (numbered && first === undefined) {
    throw new ProtocolError("missingParameter", "X.225 8.3 AC", "initialSerialNumber");
  }
  const digits = item?.upperLimitSerialNumber;
  return {
    units,
    version: (versions & 2) !== 0 ? 2 : 1,
    owned: ownedBy("requestor", settings, tokens),
    serialNumber: numbered ? first : undefined,
    secondSerialNumber: numbered && (units & FU.SS) !== 0 ? (second ?? first) : undefined,
    serialDigits: digits === undefined ? 6 : Math.min(digits || 15, 15),
    sentTsduOctets: toResponder,
    receivedTsduOctets: toInitiator,
    peerTakesExtended: ((item?.protocolOptions ?? 0) & 1) !== 0,
  };
}

/** The units that our user takes: those it names, or all that were proposed, made unambiguous. */
export function answeredUnits(
  proposal: Spdu | undefined,
  request: SessionRequest | undefined,
): number {
  const { sessionUserRequirements: proposed = DEFAULT_UNITS } = proposal ?? {};
  if (request?.functionalUnits) return unitsOf(request);
  let units = proposed;
  if ((units & FU.FD) !== 0) units &= ~FU.HD;
  if ((units & FU.SY) !== 0) units &= ~FU.SS;
  return units;
}

/** Where the tokens are at first: what was proposed, and what our user chose where it may. */
export function answeredSettings(
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
export function answeredSizes(
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

/** X.225 6.3.5 and 7.2: no more than we proposed, and what OVERFLOW ACCEPT has said already. */
function checkSizes(
  { toResponder, toInitiator }: { readonly toResponder: number; readonly toInitiator: number },
  proposal: Spdu | undefined,
  overflowAnswer: Spdu | undefined,
): void {
  const ours = proposal?.connectAcceptItem?.tsduMaximumSize;
  const exceeds = (size: number, max: number | undefined) => size !== 0 && (!max || size > max);
  if (exceeds(toResponder, ours?.toResponder) || exceeds(toInitiator, ours?.toInitiator)) {
    throw new ProtocolError("tsduSizeNotOffered", "X.225 6.3.5", `${toResponder}/${toInitiator}`);
  }
  if (!overflowAnswer) return;
  const said = overflowAnswer.tsduMaximumSize ?? { toResponder: 0, toInitiator: 0 };
  if (said.toResponder !== toResponder || said.toInitiator !== toInitiator) {
    throw new ProtocolError("tsduSizeChanged", "X.225 8.3 AC", "AC differs from OA");
  }
}

function ambiguity(units: number): string | undefined {
  const duplex = units & (FU.HD | FU.FD);
  if (duplex !== FU.HD && duplex !== FU.FD) return "one of half-duplex and duplex has to remain";
  if ((units & FU.SY) !== 0 && (units & FU.SS) !== 0) return "minor or symmetric, not both";
  return undefined;
}
