/**
 * What the initiator finds agreed on when its CONNECT is accepted: X.225 6.3 and 7.4. What the responder
 * does is in answer.ts.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import type { Spdu } from "./spdu.ts";
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

/** What the initiator's side of an agreement comes from. */
interface Asked {
  /** Our CONNECT SPDU. */
  readonly proposal: Spdu | undefined;
  readonly overflowAnswer: Spdu | undefined;
  readonly hasExpedited: boolean;
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

/** What is wrong with the functional units that are left, if anything. */
export function ambiguity(units: number): string | undefined {
  const duplex = units & (FU.HD | FU.FD);
  if (duplex !== FU.HD && duplex !== FU.FD) return "one of half-duplex and duplex has to remain";
  if ((units & FU.SY) !== 0 && (units & FU.SS) !== 0) return "minor or symmetric, not both";
  return undefined;
}
