/**
 * What two session machines agree on when a connection is made: X.225 6.3 and 7.1 to 7.4. Makes the
 * SPDUs of connection establishment, and keeps what they settle.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { concatOctets, equalOctets, NO_OCTETS } from "../octets.ts";
import { describeAbort, describeResync } from "./describe.ts";
import type { Limits } from "./limits.ts";
import type { EventType, SessionEvent, SessionRequest } from "./primitives.ts";
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
  ownedBy,
  resolveSettings,
  selectUnits,
  settingsToBits,
  tokensToBits,
  unitsToBits,
} from "./units.ts";
import { available, type Variables } from "./variables.ts";

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
const V1_USER_DATA_MAX = 512;

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
        this.#checkRequest(event.request ?? { type: "SCONreq" });
        return { ...event, overflows: (event.userData?.length ?? 0) > EXTENDED_DATA_MAX };
      case "SCONrsp+":
        return state === "STA08" ? { ...event, agreement: this.#answer(event, v) } : event;
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
      versionNumber: this.#offeredVersions(request),
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
    const sizes = this.#sizes(this.#proposal);
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
    const settings = this.#settings(units, request);
    const sizes = this.#sizes(this.#proposal);
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
      sessionUserRequirements: this.#answeredUnits(request),
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
        sessionUserRequirements: this.#answeredUnits(request),
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

  #checkRequest(request: SessionRequest): void {
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
    const { connectOctets } = this.#limits;
    if (size > connectOctets) {
      throw new SessionError("ERR_LIMIT", `user data: at most ${connectOctets}, have ${size}`);
    }
    // X.225 7: version 1 is not suitable for more than 512 octets.
    if (size > V1_USER_DATA_MAX && (this.#offeredVersions(request) & 2) === 0) {
      throw new SessionError("ERR_LIMIT", "user data above 512 octets needs version 2");
    }
  }

  #offeredVersions({ versions = [1, 2], userData = NO_OCTETS }: SessionRequest): number {
    const bits = versions.reduce<number>((sum, version) => sum | version, 0);
    return userData.length > V1_USER_DATA_MAX ? bits & 2 : bits;
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

  /** The units that our user takes: those it names, or all that were proposed, made unambiguous. */
  #answeredUnits(request: SessionRequest | undefined): number {
    const { sessionUserRequirements: proposed = DEFAULT_UNITS } = this.#proposal ?? {};
    if (request?.functionalUnits) return unitsOf(request);
    let units = proposed;
    if ((units & FU.FD) !== 0) units &= ~FU.HD;
    if ((units & FU.SY) !== 0) units &= ~FU.SS;
    return units;
  }

  #settings(units: number, request: SessionRequest | undefined): ReturnType<typeof bitsToSettings> {
    const tokens = availableTokens(units);
    const { tokenSettingItem = 0 } = this.#proposal?.connectAcceptItem ?? {};
    const asked = bitsToSettings(tokenSettingItem, tokens);
    return resolveSettings(asked, request?.tokenSettings ?? {}, tokens);
  }

  /** X.225 6.3.5: the lesser of what both want, in each direction; 0 is no limit and wins. */
  #sizes(proposal: Spdu | undefined): ConnectAcceptItem["tsduMaximumSize"] {
    const { toResponder = 0, toInitiator = 0 } = proposal?.connectAcceptItem?.tsduMaximumSize ?? {};
    const { sent = 0, received = 0 } = this.#options.tsduMaximumSize ?? {};
    const lesser = (one: number, other: number) =>
      one === 0 || other === 0 ? 0 : Math.min(one, other);
    const sizes = {
      toResponder: lesser(toResponder, received),
      toInitiator: lesser(toInitiator, sent),
    };
    return sizes.toResponder === 0 && sizes.toInitiator === 0 ? undefined : sizes;
  }

  #answer({ request }: Incoming, v: Variables): Agreement {
    const item = this.#proposal?.connectAcceptItem;
    const proposed = this.#proposal?.sessionUserRequirements ?? DEFAULT_UNITS;
    const units = selectUnits(proposed, this.#answeredUnits(request), v.TEXP);
    const problem = ambiguity(units);
    if (problem) throw new SessionError("ERR_ARGUMENT", `X.225 6.3: ${problem}`);
    const tokens = availableTokens(units);
    const sizes = this.#sizes(this.#proposal);
    const numbered = hasSerialNumbers(units);
    const digits = item?.upperLimitSerialNumber;
    const first = item?.largeInitialSerialNumber ?? item?.initialSerialNumber ?? 1;
    const second = item?.largeSecondInitialSerialNumber ?? item?.secondInitialSerialNumber ?? 1;
    return {
      units,
      version: this.version,
      owned: ownedBy("acceptor", this.#settings(units, request), tokens),
      serialNumber: numbered ? (request?.initialSerialNumber ?? first) : undefined,
      secondSerialNumber:
        numbered && (units & FU.SS) !== 0
          ? (request?.secondInitialSerialNumber ?? second)
          : undefined,
      serialDigits:
        digits === undefined ? 6 : Math.min(digits || 15, this.#limits.serialDigits, 15),
      sentTsduOctets: sizes?.toInitiator ?? 0,
      receivedTsduOctets: sizes?.toResponder ?? 0,
      peerTakesExtended: ((item?.protocolOptions ?? 0) & 1) !== 0,
    };
  }

  #accepted(accept: Spdu, v: Variables): Agreement {
    const item = accept.connectAcceptItem;
    const proposal = this.#proposal;
    const proposed = proposal?.sessionUserRequirements ?? DEFAULT_UNITS;
    const answered = accept.sessionUserRequirements ?? DEFAULT_UNITS;
    const units = selectUnits(proposed, answered, v.TEXP);
    const problem = ambiguity(units);
    if (problem) throw new ProtocolError("functionalUnits", "X.225 8.3 AC", problem);
    const offered = proposal?.connectAcceptItem?.versionNumber ?? 1;
    const versions = (item?.versionNumber ?? 1) & offered;
    if (versions === 0) {
      throw new ProtocolError("versionNotOffered", "X.225 8.3 AC", `${item?.versionNumber ?? 1}`);
    }
    const { toResponder = 0, toInitiator = 0 } = item?.tsduMaximumSize ?? {};
    this.#checkSizes(toResponder, toInitiator);
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
  #checkSizes(toResponder: number, toInitiator: number): void {
    const ours = this.#proposal?.connectAcceptItem?.tsduMaximumSize;
    const exceeds = (size: number, max: number | undefined) => size !== 0 && (!max || size > max);
    if (exceeds(toResponder, ours?.toResponder) || exceeds(toInitiator, ours?.toInitiator)) {
      throw new ProtocolError("tsduSizeNotOffered", "X.225 6.3.5", `${toResponder}/${toInitiator}`);
    }
    if (!this.#overflowAnswer) return;
    const said = this.#overflowAnswer.tsduMaximumSize ?? { toResponder: 0, toInitiator: 0 };
    if (said.toResponder !== toResponder || said.toInitiator !== toInitiator) {
      throw new ProtocolError("tsduSizeChanged", "X.225 8.3 AC", "AC differs from OA");
    }
  }
}

function unitsOf(request: SessionRequest | undefined): number {
  return unitsToBits(request?.functionalUnits ?? ["duplex"]);
}

function ambiguity(units: number): string | undefined {
  const duplex = units & (FU.HD | FU.FD);
  if (duplex !== FU.HD && duplex !== FU.FD) return "one of half-duplex and duplex has to remain";
  if ((units & FU.SY) !== 0 && (units & FU.SS) !== 0) return "minor or symmetric, not both";
  return undefined;
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
