/**
 * What two session machines agree on when a connection is made: X.225 6.3 and 7.1 to 7.4. Makes the
 * SPDUs of connection establishment, and keeps what they settle.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { concatOctets, equalOctets, NO_OCTETS } from "../octets.ts";
import { accepted, answered, answeredSettings, answeredSizes, answeredUnits } from "./agreement.ts";
import { describeAbort, describeResync } from "./describe.ts";
import type { Limits } from "./limits.ts";
import type { EventType, SessionEvent, SessionRequest } from "./primitives.ts";
import { checkProposal, offeredVersions, unitsOf, V1_USER_DATA_MAX } from "./proposal.ts";
import { type ConnectAcceptItem, EXTENDED_DATA_MAX, type Spdu } from "./spdu.ts";
import type { Agreement, Incoming } from "./spm.ts";
import type { State } from "./table.ts";
import {
  availableTokens,
  bitsToSettings,
  bitsToTokens,
  bitsToUnits,
  DEFAULT_UNITS,
  FU,
  hasSerialNumbers,
  settingsToBits,
  tokensToBits,
} from "./units.ts";
import { available, type Variables } from "./variables.ts";

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

const CDO_DATA_MAX = 65_528;

/** What a connection has been told and has settled. */
export interface ConnectionSnapshot {
  readonly request: SessionRequest | undefined;
  readonly proposal: Spdu | undefined;
  readonly overflowAnswer: Spdu | undefined;
  readonly parts: readonly Uint8Array[];
  readonly agreement: Agreement | undefined;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #limits: Limits;
  #request: SessionRequest | undefined;
  #proposal: Spdu | undefined;
  #overflowAnswer: Spdu | undefined;
  #parts: Uint8Array[] = [];
  #partOctets = 0;
  #agreement: Agreement | undefined;

  constructor(options: ConnectionOptions, limits: Limits) {
    this.#options = options;
    this.#limits = limits;
  }

  get snapshot(): ConnectionSnapshot {
    return {
      request: this.#request,
      proposal: this.#proposal,
      overflowAnswer: this.#overflowAnswer,
      parts: [...this.#parts],
      agreement: this.#agreement,
    };
  }

  restore({ request, proposal, overflowAnswer, parts, agreement }: ConnectionSnapshot): void {
    this.#request = request;
    this.#proposal = proposal;
    this.#overflowAnswer = overflowAnswer;
    this.#parts = [...parts];
    this.#partOctets = parts.reduce((sum, part) => sum + part.length, 0);
    this.#agreement = agreement;
  }

  get isAgreed(): boolean {
    return this.#agreement !== undefined;
  }

  get version(): 1 | 2 {
    if (this.#agreement) return this.#agreement.version;
    return this.#proposal && !this.#request && (this.#commonVersions(this.#proposal) & 2) !== 0
      ? 2
      : 1;
  }

  get serialDigits(): number {
    return this.#agreement?.serialDigits ?? 6;
  }

  get sentTsduOctets(): number {
    return this.#agreement?.sentTsduOctets ?? 0;
  }

  get receivedTsduOctets(): number {
    return this.#agreement?.receivedTsduOctets ?? 0;
  }

  get weTakeExtended(): boolean {
    return this.#options.extendedConcatenation ?? true;
  }

  get peerTakesExtended(): boolean {
    return this.#agreement?.peerTakesExtended ?? false;
  }

  get wantsExpedited(): boolean {
    return (unitsOf(this.#request) & FU.EX) !== 0;
  }

  /** Whether the user data of our CONNECT does not fit into it. */
  get overflows(): boolean {
    return (this.#request?.userData?.length ?? 0) > EXTENDED_DATA_MAX;
  }

  /** Keeps what our user asked for. */
  propose({ request }: Incoming): void {
    this.#request = request;
  }

  /** Keeps what the peer asked for. */
  proposed(connect: Spdu): void {
    this.#proposal = connect;
  }

  agree(agreement: Agreement): void {
    this.#agreement = agreement;
  }

  /** Adds to an event of connection establishment what the predicates ask about. */
  prepare(event: Incoming, v: Variables, state: State): Incoming {
    switch (event.name) {
      case "SCONreq":
        checkProposal(event.request ?? { type: "SCONreq" }, this.#limits.connectOctets);
        return { ...event, overflows: (event.userData?.length ?? 0) > EXTENDED_DATA_MAX };
      case "SCONrsp+":
        return state === "STA08" ? { ...event, agreement: this.#answered(event, v) } : event;
      case "CN": {
        if (state !== "STA01C" || !event.spdu) return event;
        const refusal = this.#refusal(event.spdu);
        const overflows = event.spdu.dataOverflow === 1;
        return { ...event, overflows, ...(refusal !== undefined && { refusal }) };
      }
      case "CDO":
        // The last part is handed on without being kept: it counts all the same.
        this.#checkOctets(event.userData?.length ?? 0);
        return { ...event, isLast: ((event.spdu?.enclosureItem ?? 2) & 2) !== 0 };
      case "OA":
        if (event.spdu?.versionNumber !== 2) {
          throw new ProtocolError("versionNotOffered", "X.225 8.3 OA", "must be 2");
        }
        this.#overflowAnswer = event.spdu;
        return event;
      case "AC":
        return state === "STA02A" && event.spdu
          ? { ...event, agreement: this.#accepted(event.spdu, v) }
          : event;
      default:
        return event;
    }
  }

  /** X.225 8.3: what version 1 does not allow. */
  check({ type, userData = NO_OCTETS }: Spdu): void {
    if (!this.#agreement || this.#agreement.version === 2 || userData.length === 0) return;
    if (type === "DT" || type === "TD" || type === "EX") return;
    if (["GT", "GTC", "AI", "AIA", "AD", "ADA"].includes(type)) {
      throw new ProtocolError("userDataInVersion1", `X.225 8.3 ${type}`, "none allowed");
    }
    const max = type === "AB" ? 9 : V1_USER_DATA_MAX;
    if (userData.length > max) {
      const detail = `at most ${max}, have ${userData.length}`;
      throw new ProtocolError("userDataInVersion1", `X.225 8.3 ${type}`, detail);
    }
  }

  /** The CONNECT SPDU for what our user asked. */
  connect(hasExpedited: boolean): Spdu {
    const request = this.#request ?? { type: "SCONreq" };
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
      protocolOptions: this.weTakeExtended ? 1 : 0,
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
    this.#proposal = {
      type: "CN",
      ...(request.connectionIdentifier && { connectionIdentifier: request.connectionIdentifier }),
      connectAcceptItem,
      sessionUserRequirements: units,
      ...(request.callingSelector && { callingSessionSelector: request.callingSelector }),
      ...(request.calledSelector && { calledSessionSelector: request.calledSelector }),
      ...(this.overflows && { dataOverflow: 1 }),
      ...(userData.length > 0 && { userData: userData.subarray(0, EXTENDED_DATA_MAX) }),
    };
    return this.#proposal;
  }

  /** X.225 7: the rest of the user data, after OVERFLOW ACCEPT. */
  overflow(): Spdu[] {
    const rest = (this.#request?.userData ?? NO_OCTETS).subarray(EXTENDED_DATA_MAX);
    const { toResponder = 0 } = this.#overflowAnswer?.tsduMaximumSize ?? {};
    // SI, LI of three octets, Enclosure Item, PGI with LI of three octets.
    const room = Math.max(1, Math.min(CDO_DATA_MAX, (toResponder || 65_539) - 11));
    const spdus: Spdu[] = [];
    for (let at = 0; at < rest.length; at += room) {
      const enclosureItem = at + room >= rest.length ? 2 : 0;
      spdus.push({ type: "CDO", enclosureItem, userData: rest.subarray(at, at + room) });
    }
    return spdus;
  }

  overflowAccept(): Spdu {
    const sizes = answeredSizes(this.#proposal, this.#options.tsduMaximumSize);
    return {
      type: "OA",
      ...(sizes && { tsduMaximumSize: sizes }),
      versionNumber: 2,
    };
  }

  /** Keeps user data of a CONNECT until the rest of it has come. */
  keep(octets: Uint8Array): void {
    this.#checkOctets(octets.length);
    this.#partOctets += octets.length;
    this.#parts.push(octets);
  }

  #checkOctets(more: number): void {
    const { connectOctets } = this.#limits;
    if (this.#partOctets + more > connectOctets) {
      throw new SessionError("ERR_LIMIT", `user data of CONNECT: at most ${connectOctets} octets`);
    }
  }

  accept({ request, agreement, userData = NO_OCTETS }: Incoming): Spdu {
    const { units = 0, version = 1 } = agreement ?? {};
    const tokens = availableTokens(units);
    const settings = answeredSettings(this.#proposal, units, request);
    const sizes = answeredSizes(this.#proposal, this.#options.tsduMaximumSize);
    const { upperLimitSerialNumber } = this.#proposal?.connectAcceptItem ?? {};
    const please = request?.tokens ? tokensToBits(request.tokens) & tokens : 0;
    const connectAcceptItem: ConnectAcceptItem = {
      protocolOptions: this.weTakeExtended ? 1 : 0,
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
      sessionUserRequirements: answeredUnits(this.#proposal, request),
      ...(request?.calledSelector && { calledSessionSelector: request.calledSelector }),
      ...(userData.length > 0 && { userData }),
    };
  }

  refuse({ request, refusal, userData = NO_OCTETS }: Incoming, keepTransport: boolean): Spdu {
    const isUsers = refusal === undefined;
    const hasData = isUsers && userData.length > 0;
    const reasonCode = refusal ?? (hasData ? refuseReasons.userWithData : (request?.reason ?? 0));
    return {
      type: "RF",
      ...(request?.connectionIdentifier && { connectionIdentifier: request.connectionIdentifier }),
      transportDisconnect: keepTransport ? 0 : 1,
      ...(reasonCode === refuseReasons.userWithData && {
        sessionUserRequirements: answeredUnits(this.#proposal, request),
      }),
      ...(reasonCode === refuseReasons.versions && { versionNumber: this.#ownVersions() }),
      reasonCode,
      ...(hasData && { userData }),
    };
  }

  /** A primitive for the user, with the parameters that X.215 gives it. */
  describe(type: EventType, event: Incoming, v: Variables): SessionEvent {
    const { userData = NO_OCTETS, spdu } = event;
    if (type === "SDTind") return { type, userData };
    switch (type) {
      case "SCONind":
        return this.#describeConnect(event);
      case "SCONcnf+":
        return this.#describeConfirm(event, userData);
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

  #describeConnect({ spdu, userData = NO_OCTETS }: Incoming): SessionEvent {
    const proposal = this.#proposal ?? spdu;
    const item = proposal?.connectAcceptItem;
    const units = proposal?.sessionUserRequirements ?? DEFAULT_UNITS;
    const first = item?.largeInitialSerialNumber ?? item?.initialSerialNumber;
    const second = item?.largeSecondInitialSerialNumber ?? item?.secondInitialSerialNumber;
    return {
      type: "SCONind",
      userData: this.#parts.length === 0 ? userData : concatOctets([...this.#parts, userData]),
      functionalUnits: bitsToUnits(units),
      tokenSettings: bitsToSettings(item?.tokenSettingItem ?? 0, availableTokens(units)),
      version: proposal && (this.#commonVersions(proposal) & 2) !== 0 ? 2 : 1,
      ...(first !== undefined && { initialSerialNumber: first }),
      ...(second !== undefined && { secondInitialSerialNumber: second }),
      ...(proposal?.callingSessionSelector && {
        callingSelector: proposal.callingSessionSelector,
      }),
      ...(proposal?.calledSessionSelector && { calledSelector: proposal.calledSessionSelector }),
      ...(proposal?.connectionIdentifier && {
        connectionIdentifier: proposal.connectionIdentifier,
      }),
    };
  }

  #describeConfirm({ spdu, agreement }: Incoming, userData: Uint8Array): SessionEvent {
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

  #answered({ request }: Incoming, { TEXP }: Variables): Agreement {
    return answered({
      proposal: this.#proposal,
      request,
      version: this.version,
      hasExpedited: TEXP,
      serialDigitsMax: this.#limits.serialDigits,
      tsduMaximumSize: this.#options.tsduMaximumSize,
    });
  }

  #accepted(accept: Spdu, { TEXP }: Variables): Agreement {
    return accepted(accept, {
      proposal: this.#proposal,
      overflowAnswer: this.#overflowAnswer,
      hasExpedited: TEXP,
    });
  }

  #ownVersions(): number {
    return (this.#options.versions ?? [1, 2]).reduce<number>((sum, version) => sum | version, 0);
  }

  #commonVersions(proposal: Spdu): number {
    const { versionNumber = 1 } = proposal.connectAcceptItem ?? {};
    return versionNumber & this.#ownVersions();
  }

  #refusal(connect: Spdu): number | undefined {
    const { sessionUserRequirements = DEFAULT_UNITS, calledSessionSelector, userData } = connect;
    if (this.#commonVersions(connect) === 0) return refuseReasons.versions;
    const { selector } = this.#options;
    if (selector && calledSessionSelector && !equalOctets(selector, calledSessionSelector)) {
      return refuseReasons.selectorUnknown;
    }
    if ((sessionUserRequirements & (FU.HD | FU.FD)) === 0) return refuseReasons.unspecified;
    const isLong = (userData?.length ?? 0) > V1_USER_DATA_MAX || connect.dataOverflow === 1;
    if (isLong && (this.#commonVersions(connect) & 2) === 0) return refuseReasons.versions;
    if ((userData?.length ?? 0) > this.#limits.connectOctets) return refuseReasons.restriction;
    return undefined;
  }
}

/** PI 23 and 55, or 56 to 58 when a limit other than six digits is wanted. */
function serialNumbers(
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
