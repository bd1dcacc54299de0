/**
 * The session protocol machine (SPM): ISO/IEC 8327-1, X.225.
 *
 * Does what the state tables say, and nothing that they do not say. The transport below may be any
 * that keeps TSDUs apart: octets of its normal and expedited flow, connects and disconnects go in,
 * and come out as {@link SessionOutput}. The state changes in `#run` and `#violation` only.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { NO_OCTETS } from "../octets.ts";
import type { ConnectionOptions } from "./answer.ts";
import { type BoundBranch, branchFor, hasCell } from "./bound-tables.ts";
import { Connection, type ConnectionSnapshot } from "./connection.ts";
import { describe } from "./describe.ts";
import { fromRequest, fromSpdu } from "./incoming.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { Outgoing, type SessionOutput } from "./outgoing.ts";
import {
  abortReasons,
  type EventType,
  type SessionEvent,
  type SessionRequest,
} from "./primitives.ts";
import { endResync } from "./resync.ts";
import { Assembler, type SegmentsSnapshot } from "./segments.ts";
import type { Spdu } from "./spdu.ts";
import type { Incoming, Spm } from "./spm.ts";
import { type State, states } from "./table.ts";
import { decodeExpeditedTsdu, decodeTsdu, processingOrder } from "./tsdu.ts";
import { bitsToTokens, bitsToUnits, type FunctionalUnit, type Token } from "./units.ts";
import { available, initialVariables, isSymmetric, type Variables } from "./variables.ts";
import { reactionTo } from "./violations.ts";

/**
 * How strict a session machine is, what it keeps, and what it takes at a connection. All optional.
 */
export interface SessionOptions extends ConnectionOptions {
  /** Whether every violation aborts, or those that do no harm are forgiven. Default false. */
  readonly strict?: boolean;
  /**
   * Whether to report an error of the peer as an exception where X.225 A.4.1.2 b) lets us, instead
   * of aborting. The text warns that this can end in a deadlock. Default false.
   */
  readonly exceptionReports?: boolean;
  /** Whether to keep the transport connection for another session where we may. Default false. */
  readonly reuse?: boolean;
  /**
   * Whether SPDUs that were requested between two calls of `poll` leave in one TSDU where X.225 6.3.7
   * lets them: extended concatenation if the peer takes it, basic in any case. Default false.
   */
  readonly concatenate?: boolean;
  /** Bounds that differ from the defaults. */
  readonly limits?: Partial<Limits>;
  /** Told of each violation that was forgiven. */
  readonly report?: (violation: ProtocolError) => void;
}

/**
 * All that a machine knows between two events, as plain values and octets: whoever can write those
 * down can go on with the machine in another process.
 */
export interface MachineSnapshot {
  readonly state: State;
  readonly variables: Variables;
  readonly connection: ConnectionSnapshot;
  readonly segments: SegmentsSnapshot;
  readonly queue: readonly Incoming[];
  /** Until `tick` is due. */
  readonly remainingMs: number | undefined;
}

/**
 * The session protocol machine of X.225, without I/O: requests, TSDUs and `now` go in, {@link
 * SessionOutput} comes out.
 */
export class SessionMachine {
  readonly #limits: Limits;
  readonly #options: SessionOptions;
  readonly #assembler: Assembler;
  readonly #outgoing: Outgoing;
  readonly #spm: Spm;
  #state: State = "STA01";
  #v: Variables = initialVariables();
  #connection: Connection;
  #event: Incoming = { name: "" };
  #queue: Incoming[] = [];
  #now = 0;
  #deadline: number | undefined;
  #closing: SessionError | undefined;

  constructor(options: SessionOptions = {}) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#assembler = new Assembler(this.#limits.ssduOctets);
    this.#outgoing = new Outgoing(options.concatenate ?? false);
    this.#connection = new Connection(options, this.#limits);
    this.#spm = this.#makeSpm();
  }

  /** The state, by its name in the standard. */
  get state(): State {
    return this.#state;
  }

  /** The variables of the standard, to look at. */
  get variables(): Readonly<Variables> {
    return this.#v;
  }

  /** The functional units in force. */
  get functionalUnits(): FunctionalUnit[] {
    return bitsToUnits(this.#v.units);
  }

  /** The tokens that are ours now. */
  get tokens(): Token[] {
    return bitsToTokens(this.#v.owned);
  }

  /** When `tick` is due, in milliseconds on the caller's clock, or `undefined` for never. */
  get deadline(): number | undefined {
    return this.#deadline;
  }

  /** Whether a request of this kind would be taken now, whatever its parameters. */
  allows(type: SessionRequest["type"]): boolean {
    const rows = type === "SRSYNreq" ? [type, "SRSYNreq(a)", "SRSYNreq(r)", "SRSYNreq(s)"] : [type];
    return rows.some((row) => hasCell(row, this.#state, this.#v));
  }

  /**
   * Takes a request or response of the user.
   *
   * @throws {SessionError} `ERR_STATE` when it is not allowed now; `ERR_ARGUMENT` or `ERR_LIMIT` for
   *   its parameters. Nothing has changed.
   */
  request(request: SessionRequest, now: number): void {
    this.#now = now;
    const event = this.#fromRequest(request);
    const branch = branchFor(event, this.#state, this.#spm);
    if (typeof branch === "string") {
      const detail = `${event.name} in ${this.#state}: ${states[this.#state]}`;
      throw new SessionError("ERR_STATE", detail);
    }
    if (event.name === "SCONreq") this.#connection.propose(event);
    this.#run(event, branch);
  }

  #fromRequest(request: SessionRequest): Incoming {
    const size = request.userData?.length ?? 0;
    // Nearly every request is this one, and nothing can be wrong with it.
    const isPlain = request.type === "SDTreq" && !isSymmetric(this.#v);
    if (isPlain && size > 0 && size <= this.#limits.ssduOctets) {
      return { name: "SDTreq", request, userData: request.userData ?? NO_OCTETS };
    }
    const event = fromRequest(request, this.#v, this.#state, {
      version: this.#connection.version,
      serialDigits: this.#connection.serialDigits,
      ssduOctets: this.#limits.ssduOctets,
    });
    return this.#connection.prepare(event, this.#v, this.#state);
  }

  /** T-CONNECT indication: a peer wants the transport that the session is to run on. */
  transportIndication(expedited: boolean, now: number): void {
    this.#now = now;
    this.#v.TEXP = expedited;
    this.#enter({ name: "TCONind" });
  }

  /** T-CONNECT confirm. */
  transportConfirm(expedited: boolean, now: number): void {
    this.#now = now;
    this.#v.TEXP = expedited;
    this.#enter({ name: "TCONcnf", overflows: this.#connection.overflows });
  }

  /** T-DISCONNECT indication. Calling it again does nothing. */
  transportDisconnected(now: number, error?: SessionError): void {
    this.#now = now;
    const cause = error ?? new SessionError("ERR_CLOSED", "the transport connection has ended");
    this.#enter({ name: "TDISind", error: cause });
  }

  /**
   * T-DATA indication: one whole TSDU. Octets of indications are views of it.
   *
   * Never throws because of what a peer sent: a violation becomes S-P-ABORT and an ABORT SPDU.
   */
  receive(tsdu: Uint8Array, now: number): void {
    this.#now = now;
    if (this.#state === "STA01" || this.#state === "STA01B") return;
    try {
      if (this.#isPlainData(tsdu)) {
        this.#take({ name: "DT", userData: tsdu.subarray(4) });
        return;
      }
      const { strict = false, report } = this.#options;
      const extended = this.#connection.weTakeExtended;
      for (const spdu of processingOrder(decodeTsdu(tsdu, { strict, report, extended }))) {
        this.#takeSpdu(spdu);
      }
    } catch (error) {
      this.#violation(error);
    }
  }

  /** T-EXPEDITED-DATA indication. */
  receiveExpedited(tsdu: Uint8Array, now: number): void {
    this.#now = now;
    if (this.#state === "STA01" || this.#state === "STA01B") return;
    try {
      const { strict = false, report } = this.#options;
      const spdu = decodeExpeditedTsdu(tsdu, { strict, report });
      if (!this.#v.TEXP) throw new ProtocolError("wrongFlow", "X.225 6.3.7", "no expedited flow");
      if (spdu.type === "AB" || spdu.prepareType === 2) this.#assembler.clear();
      this.#takeWhole(spdu);
    } catch (error) {
      this.#violation(error);
    }
  }

  /** Lets time pass. Calling it early does nothing. */
  tick(now: number): void {
    this.#now = now;
    if (this.#deadline === undefined || now < this.#deadline) return;
    this.#deadline = undefined;
    // The tables disconnect in silence; after PREPARE(ABORT) our user was told of nothing yet.
    if (this.#state === "STA15D") this.#tell("SPABind", { reason: abortReasons.undefined });
    this.#enter({ name: "TIM" });
  }

  /** What it knows now. Everything that it said has to be done before. */
  snapshot(now: number): MachineSnapshot {
    return {
      state: this.#state,
      variables: { ...this.#v },
      connection: this.#connection.snapshot,
      segments: this.#assembler.snapshot,
      queue: [...this.#queue],
      remainingMs: this.#deadline && Math.max(0, this.#deadline - now),
    };
  }

  /** Goes on from what another machine, with the same options, knew. */
  restore(snapshot: MachineSnapshot, now: number): void {
    const { state, variables, connection, segments, queue, remainingMs } = snapshot;
    this.#state = state;
    this.#v = { ...variables };
    this.#connection.restore(connection);
    this.#assembler.restore(segments);
    this.#queue = [...queue];
    this.#deadline = remainingMs === undefined ? undefined : now + remainingMs;
  }

  /** The next thing to do, or `undefined` when there is nothing more. */
  poll(): SessionOutput | undefined {
    return this.#outgoing.poll();
  }

  #isPlainData(tsdu: Uint8Array): boolean {
    return (
      tsdu.length > 4 &&
      tsdu[0] === 1 &&
      tsdu[1] === 0 &&
      tsdu[2] === 1 &&
      tsdu[3] === 0 &&
      this.#connection.receivedTsduOctets === 0 &&
      this.#connection.isAgreed
    );
  }

  #takeSpdu(spdu: Spdu): void {
    if (this.#connection.isAgreed && (spdu.type === "DT" || spdu.type === "TD")) {
      // X.225 6.3.5: the Enclosure Item is there if segmenting was selected, and only then.
      const isSegmenting = this.#connection.receivedTsduOctets > 0;
      if (isSegmenting !== (spdu.enclosureItem !== undefined)) {
        const detail = `${spdu.type} ${isSegmenting ? "without" : "with"} Enclosure Item`;
        throw new ProtocolError("enclosureItem", "X.225 6.3.5", detail);
      }
    }
    const isDiscarding =
      this.#v.discardReceived || ["STA15B", "STA15D", "STA16", "STA01A"].includes(this.#state);
    const whole = this.#assembler.take(spdu, isDiscarding);
    if (whole) this.#takeWhole(whole);
  }

  #takeWhole(spdu: Spdu): void {
    this.#connection.check(spdu);
    let event = fromSpdu(spdu, this.#v, this.#state);
    event = this.#connection.prepare(event, this.#v, this.#state);
    if (event.name === "CN" && this.#state === "STA01C") this.#connection.proposed(spdu);
    this.#take(event);
    // X.225 8.3.4: the tokens in an ACCEPT are a PLEASE TOKENS after it.
    if (spdu.type === "AC" && spdu.tokenItem !== undefined && this.#state === "STA713") {
      const tokens = spdu.tokenItem & available(this.#v);
      if (tokens !== 0) this.#take({ name: "PT", tokens });
    }
  }

  /** An event that a peer caused. */
  #take(event: Incoming): void {
    const branch = branchFor(event, this.#state, this.#spm);
    if (branch === "impossible") return;
    if (branch === "invalid") {
      throw new ProtocolError("unexpected", "X.225 A.4", `${event.name} in ${this.#state}`);
    }
    this.#run(event, branch);
  }

  /** An event of the transport or the clock: where it makes no sense, it does nothing. */
  #enter(event: Incoming): void {
    const branch = branchFor(event, this.#state, this.#spm);
    if (typeof branch !== "string") this.#run(event, branch);
  }

  #run(event: Incoming, { actions, next, after }: BoundBranch): void {
    this.#event = event;
    const before = this.#state;
    for (const action of actions) action(this.#spm);
    this.#state = next;
    if (before !== next) this.#entered(before, event);
    for (const action of after) action(this.#spm);
  }

  /** What goes with a new state, whatever the cell. */
  #entered(before: State, event: Incoming): void {
    switch (this.#state) {
      case "STA01":
      case "STA01C":
        if (before === "STA01") return;
        this.#forget();
        break;
      case "STA713":
        // X.225 Annex A: Vrsp is "no" in STA713, however it is entered.
        endResync(this.#v);
        break;
      case "STA15B":
        // X.225 7: what follows PREPARE(RESYNCHRONIZE) is discarded. Only the tables with
        // symmetric synchronization say so by an action.
        if (event.name === "PR-RS" && !isSymmetric(this.#v)) {
          this.#v.discardReceived = this.#v.discardSent = true;
        }
        break;
      case "STA15D":
        // The ABORT that was announced may never come: the tables let TIM run out here, but do not
        // start it.
        this.#startTimer();
        break;
    }
  }

  /** What a session knew ends with it. What the transport is stays, if the transport stays. */
  #forget(): void {
    const { Vtca, TEXP } = this.#v;
    this.#v = initialVariables();
    if (this.#state === "STA01C") {
      this.#v.Vtca = Vtca;
      this.#v.TEXP = TEXP;
    }
    this.#assembler.clear();
    this.#queue = [];
    this.#deadline = undefined;
    this.#connection = new Connection(this.#options, this.#limits);
  }

  /** The peer broke the protocol. */
  #violation(error: unknown): void {
    // Anything else is a bug of ours.
    if (!(error instanceof SessionError)) throw error;
    this.#assembler.clear();
    switch (reactionTo(this.#state, this.#v, this.#options.exceptionReports ?? false)) {
      case "ignore":
        return;
      case "disconnect":
        this.#outgoing.push({ type: "close", error });
        this.#state = "STA01";
        this.#forget();
        return;
      case "report": {
        const reason = error instanceof ProtocolError ? 0 : 1;
        this.#send({ type: "ER", reflectParameterValues: NO_REFLECTION });
        this.#tell("SPERind", { reason, error });
        this.#state = "STA20";
        return;
      }
      case "abort": {
        const isLimit = error.code === "ERR_LIMIT";
        const reason = isLimit ? abortReasons.restriction : abortReasons.protocol;
        this.#tell("SPABind", { reason, error });
        const spdu: Spdu = { type: "AB", transportDisconnect: isLimit ? 1 | 16 : 1 | 4 };
        if (this.#v.TEXP) this.#outgoing.sendExpedited(spdu);
        else this.#send(spdu);
        this.#closing = error;
        this.#startTimer();
        this.#state = "STA16";
      }
    }
  }

  #makeSpm(): Spm {
    const machine = this;
    return {
      get v() {
        return machine.#v;
      },
      get event() {
        return machine.#event;
      },
      keepsTransport: ({ request }) => request?.keepTransport ?? this.#options.reuse ?? false,
      send: (spdu) => this.#send(spdu),
      sendExpedited: (spdu) => this.#outgoing.sendExpedited(spdu),
      sendConnect: () => this.#outgoing.sendWhole(this.#connection.connect(this.#v.TEXP)),
      sendOverflow: () => {
        for (const spdu of this.#connection.overflow()) this.#outgoing.sendWhole(spdu);
      },
      sendAccept: () => this.#send(this.#connection.accept(this.#event)),
      acceptOverflow: () => this.#outgoing.sendWhole(this.#connection.overflowAccept()),
      keepUserData: () => this.#connection.keep(this.#event.userData ?? NO_OCTETS),
      refuse: (keepTransport) => this.#send(this.#connection.refuse(this.#event, keepTransport)),
      abort: (keepTransport) => this.#abort(keepTransport),
      agree: () => {
        const { agreement } = this.#event;
        if (!agreement) return;
        this.#connection.agree(agreement);
        Object.assign(this.#v, {
          units: agreement.units,
          Vsc: false,
          Vcoll: false,
          Vdnr: false,
          Vact: false,
          VAdo: -1,
          VAdi: -1,
        });
      },
      tell: (type, extra) => this.#tell(type, extra),
      connectTransport: () => {
        this.#outgoing.push({ type: "connect", expedited: this.#connection.wantsExpedited });
      },
      acceptTransport: () => this.#outgoing.push({ type: "accept" }),
      disconnectTransport: () => {
        this.#outgoing.flush();
        const error = this.#closing;
        this.#closing = undefined;
        this.#outgoing.push({ type: "close", ...(error && { error }) });
      },
      startTimer: () => this.#startTimer(),
      stopTimer: () => {
        this.#deadline = undefined;
      },
      queue: () => {
        const { queuedEvents } = this.#limits;
        if (this.#queue.length >= queuedEvents) {
          throw new SessionError("ERR_LIMIT", `at most ${queuedEvents} events may wait`);
        }
        this.#queue.push(this.#event);
      },
      forgetQueue: () => {
        this.#queue = [];
      },
      replay: () => {
        const events = this.#queue;
        this.#queue = [];
        for (const event of events) this.#take(event);
      },
    };
  }

  #startTimer(): void {
    this.#deadline = this.#now + this.#limits.timMs;
  }

  #abort(keepTransport: boolean): void {
    const { userData = NO_OCTETS } = this.#event;
    const transportDisconnect = (keepTransport ? 0 : 1) | 2;
    const spdu: Spdu = {
      type: "AB",
      transportDisconnect,
      ...(userData.length > 0 && { userData }),
    };
    // X.225 7: on the expedited flow if it fits there, else announced there.
    if (this.#v.TEXP && userData.length <= 9) {
      this.#outgoing.sendExpedited(spdu);
      return;
    }
    if (this.#v.TEXP) this.#outgoing.sendExpedited({ type: "PR", prepareType: 4 });
    this.#send(spdu);
  }

  #send(spdu: Spdu): void {
    this.#outgoing.send(spdu, this.#connection);
  }

  #tell(type: EventType, extra: Partial<SessionEvent> = {}): void {
    const event =
      type === "SCONind"
        ? this.#connection.indication(this.#event)
        : describe(type, this.#event, this.#v);
    this.#outgoing.push({ type: "event", event: { ...event, ...extra } });
  }
}

/** X.225 8.3 ER: what is reflected has to be there; of a broken SPDU we give its unknown SI. */
const NO_REFLECTION = Uint8Array.of(0);
