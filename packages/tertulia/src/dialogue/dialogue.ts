/**
 * A dialogue: the session service of X.215 with its own words, over any transport connection.
 *
 * Requests are methods; what the standard confirms is a promise; what the peer does is an async
 * iterable of indications. The state tables decide what is allowed.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { SessionMachine, type SessionOptions } from "../pure/iso8327/machine.ts";
import type {
  ConnectParameters,
  EventType,
  SessionEvent,
  SessionRequest,
} from "../pure/iso8327/primitives.ts";
import type { LinkingInformation } from "../pure/iso8327/spdu.ts";
import type { State } from "../pure/iso8327/table.ts";
import type { FunctionalUnit, Token } from "../pure/iso8327/units.ts";
import { NO_OCTETS } from "../pure/octets.ts";
import { type Indication, type IndicationType, indicationTypes } from "./indication.ts";
import { type DialogueSnapshot, decodeDialogue, encodeDialogue } from "./kept.ts";
import type { TransportConnection } from "./transport.ts";

export interface DialogueOptions extends SessionOptions {
  /** Indications that may wait for us before the peer is slowed down. Default 256. */
  readonly indicationsMax?: number;
  /** Octets of user data that may wait in them before it is. Default 1 MiB: one more may be long. */
  readonly indicationOctetsMax?: number;
  /** Ends the waiting for the connection. */
  readonly signal?: AbortSignal;
}

export interface ConnectOptions extends ConnectParameters {
  readonly userData?: Uint8Array;
}

/** The parameters of an S-CONNECT response. */
export type AcceptOptions = Pick<
  SessionRequest,
  | "connectionIdentifier"
  | "functionalUnits"
  | "initialSerialNumber"
  | "secondInitialSerialNumber"
  | "tokenSettings"
  | "tokens"
  | "userData"
> & {
  /** Our session selector, to be told. */
  readonly selector?: Uint8Array;
};

export type RefuseOptions = Pick<
  SessionRequest,
  "connectionIdentifier" | "functionalUnits" | "keepTransport" | "reason" | "userData"
>;

export type ResynchronizeOptions = Pick<
  SessionRequest,
  | "resyncType"
  | "secondResyncType"
  | "secondSerialNumber"
  | "serialNumber"
  | "tokenSettings"
  | "userData"
>;

/** The peer, or the provider, ended the dialogue at once. What was on its way may be lost. */
export class DialogueAborted extends SessionError {
  override readonly name = "DialogueAborted";
  /** Of S-U-ABORT: what the peer's user said. */
  readonly userData: Uint8Array;
  /** Whether it was the provider: S-P-ABORT, and not the peer's user. */
  readonly isProvider: boolean;

  constructor(event: SessionEvent) {
    const isProvider = event.type === "SPABind";
    const code = event.error?.code === "ERR_PROTOCOL" ? "ERR_PROTOCOL" : "ERR_ABORTED";
    const detail = event.error ? `: ${event.error.message}` : "";
    super(code, `S-${isProvider ? "P" : "U"}-ABORT${detail}`, { cause: event.error });
    this.userData = event.userData;
    this.isProvider = isProvider;
  }
}

/** A point in the dialogue that both sides can go back to. */
export interface MinorPoint {
  readonly serialNumber: number;
  /** Resolves when the peer has confirmed this point or a later one. */
  readonly confirmed: Promise<void>;
}

interface Waiter {
  readonly resolve: (event: SessionEvent) => void;
  readonly reject: (error: unknown) => void;
}

const purged: ReadonlySet<IndicationType> = new Set([
  "S-DATA",
  "S-EXPEDITED-DATA",
  "S-SYNC-MAJOR",
  "S-SYNC-MINOR",
  "S-TYPED-DATA",
]);
const purging: ReadonlySet<string> = new Set([
  "SACTDind",
  "SACTDreq",
  "SACTIind",
  "SACTIreq",
  "SRSYNind",
  "SRSYNreq",
]);
const allTokens = ["data", "minor", "major", "release"] as const;
const DONE: Promise<void> = Promise.resolve();

/** What ends the waiting for a confirm, besides the confirm: X.215's table of collisions. */
const overtaken: Readonly<Partial<Record<EventType, readonly EventType[]>>> = {
  SRSYNind: ["SRSYNcnf", "SSYNMcnf", "SACTEcnf", "SRELcnf+"],
  SACTIind: ["SRSYNcnf", "SSYNMcnf", "SACTEcnf", "SCDcnf"],
  SACTDind: ["SRSYNcnf", "SSYNMcnf", "SACTEcnf"],
  SUERind: ["SSYNMcnf", "SACTEcnf", "SRELcnf+"],
  SPERind: ["SSYNMcnf", "SACTEcnf", "SRELcnf+", "SCDcnf"],
};

/**
 * Asks for a dialogue on a transport connection that this side initiated.
 *
 * @throws {SessionError} `ERR_REFUSED` when the peer says no; {@link DialogueAborted} when it aborts.
 */
export async function connectDialogue(
  transport: TransportConnection,
  parameters: ConnectOptions = {},
  options: DialogueOptions = {},
): Promise<Dialogue> {
  const dialogue = new Dialogue(transport, options);
  await dialogue.connect(parameters);
  return dialogue;
}

/** Waits for the peer to ask for a dialogue on a transport connection that it initiated. */
export async function awaitDialogue(
  transport: TransportConnection,
  options: DialogueOptions = {},
): Promise<DialogueRequest> {
  const dialogue = new Dialogue(transport, options);
  return { dialogue, indication: await dialogue.asked() };
}

/**
 * Goes on with the dialogue that a session of a store carried before this process began: tokens,
 * points and activity are where they were. Indications that were not settled come again: an indication
 * is settled by the next request or response of ours, or by asking for the next one.
 *
 * @param options - As before the restart.
 * @throws {SessionError} `ERR_STATE` when there was none, `ERR_STORE` when a later version wrote it.
 */
export function resumeDialogue(
  transport: TransportConnection,
  options: DialogueOptions = {},
): Dialogue {
  if (transport.keeping?.kept) return new Dialogue(transport, options);
  throw new SessionError("ERR_STATE", "no dialogue was kept");
}

/** What {@link awaitDialogue} found: answer it with `dialogue.accept` or `dialogue.refuse`. */
export interface DialogueRequest {
  readonly dialogue: Dialogue;
  /** The S-CONNECT indication. */
  readonly indication: Indication;
}

export class Dialogue implements AsyncIterable<Indication>, AsyncDisposable {
  readonly #transport: TransportConnection;
  readonly #machine: SessionMachine;
  readonly #indicationsMax: number;
  readonly #indicationOctetsMax: number;
  #indicationOctets = 0;
  readonly #signal: AbortSignal | undefined;
  readonly #waiters = new Map<EventType, Waiter>();
  readonly #points: (MinorPoint & PromiseWithResolvers<void>)[] = [];
  #indications: Indication[] = [];
  #first = 0;
  #reader: ((result: IteratorResult<Indication>) => void) | undefined;
  #failReader: ((error: unknown) => void) | undefined;
  #asked: Waiter | undefined;
  #request: Indication | undefined;
  #ended = false;
  #error: SessionError | undefined;
  #isPaused = false;
  #isBusy = false;
  readonly #isGathering: boolean;
  #isSettleDue = false;
  #timer: NodeJS.Timeout | undefined;
  #confirm: SessionEvent | undefined;
  /** What its user was given last, and has not settled. */
  #taken: Indication | undefined;
  readonly #unanswered = new Map<EventType, Promise<SessionEvent>>();
  readonly #onAbort = () => this.#fail(this.#signal?.reason);

  constructor(transport: TransportConnection, options: DialogueOptions = {}) {
    this.#transport = transport;
    this.#machine = new SessionMachine(options);
    this.#indicationsMax = options.indicationsMax ?? 256;
    this.#indicationOctetsMax = options.indicationOctetsMax ?? 1_048_576;
    this.#signal = options.signal;
    const { keeping } = transport;
    // A store may look at any time: what was requested has to be in the session by then.
    this.#isGathering = options.concatenate === true && keeping === undefined;
    if (keeping?.kept) this.#restore(decodeDialogue(keeping.kept));
    else if (!transport.isInitiator) this.#machine.transportIndication(transport.expedited, now());
    keeping?.keep(() => encodeDialogue(this.#snapshot()));
    transport.attach({
      data: (tsdu) => {
        this.#machine.receive(tsdu, now());
        this.#settle();
      },
      expeditedData: (tsdu) => {
        this.#machine.receiveExpedited(tsdu, now());
        this.#settle();
      },
      disconnected: (error) => {
        this.#machine.transportDisconnected(now(), error);
        this.#settle();
        this.#end(error);
      },
    });
    this.#settle();
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (this.#signal?.aborted) this.#onAbort();
  }

  /** The state of the machine, by its name in X.225. */
  get state(): State {
    return this.#machine.state;
  }

  get functionalUnits(): readonly FunctionalUnit[] {
    return this.#machine.functionalUnits;
  }

  /** The tokens that are on this side. */
  get tokens(): readonly Token[] {
    return this.#machine.tokens;
  }

  /** The serial number that the next synchronization point of this side will have. */
  get nextSerialNumber(): number {
    const { VM, VMs, units } = this.#machine.variables;
    return (units & 0x0800) !== 0 ? VMs : VM;
  }

  /** The lowest serial number that is not confirmed yet. */
  get unconfirmedSerialNumber(): number {
    const { VA, VAs, units } = this.#machine.variables;
    return (units & 0x0800) !== 0 ? VAs : VA;
  }

  /** Whether an activity is in progress. */
  get isInActivity(): boolean {
    return this.#machine.variables.Vact;
  }

  /** What the peer answered to our S-CONNECT: the confirm primitive. */
  get confirm(): SessionEvent | undefined {
    return this.#confirm;
  }

  /**
   * After a restart: the confirms that requests of the process before wait for, such as `SSYNMcnf`.
   */
  get unanswered(): ReadonlyMap<EventType, Promise<SessionEvent>> {
    return this.#unanswered;
  }

  /** The minor points of ours that are not confirmed. */
  get unconfirmedPoints(): readonly MinorPoint[] {
    return this.#points.map(({ serialNumber, confirmed }) => ({ serialNumber, confirmed }));
  }

  /** Whether the dialogue is over. The transport may have been kept for another one. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Whether so much waits to be sent that the next `data` should be awaited. */
  get mustWait(): boolean {
    return this.#transport.room !== undefined;
  }

  /** S-CONNECT request; {@link connectDialogue} calls it. */
  async connect(parameters: ConnectOptions = {}): Promise<void> {
    this.#confirm = await this.#ask({ ...parameters, type: "SCONreq" }, "SCONcnf+");
  }

  /** The S-CONNECT indication; {@link awaitDialogue} calls it. */
  asked(): Promise<Indication> {
    const request = this.#request;
    if (request) return Promise.resolve(request);
    if (this.#ended) return Promise.reject(this.#closed());
    return new Promise((resolve, reject) => {
      // The waiter's event is the indication, which has the same fields.
      this.#asked = { resolve: (event) => resolve(event as unknown as Indication), reject };
    });
  }

  /** S-CONNECT response, positive. */
  accept({ selector, ...options }: AcceptOptions = {}): void {
    this.#say({ type: "SCONrsp+", ...options, ...(selector && { calledSelector: selector }) });
  }

  /** S-CONNECT response, negative. */
  refuse(options: RefuseOptions = {}): void {
    this.#say({ type: "SCONrsp-", ...options });
  }

  /**
   * S-DATA request.
   *
   * Settled already unless the peer or the network is slow: awaiting it is backpressure.
   *
   * @param userData - At least one octet, handed over for good: nobody may write into it any more.
   * @throws {SessionError} `ERR_STATE` without the data token in half-duplex, or out of turn.
   */
  data(userData: Uint8Array): Promise<void> {
    return this.#send("SDTreq", userData);
  }

  /** S-TYPED-DATA request: data that needs no token. */
  typedData(userData: Uint8Array): Promise<void> {
    return this.#send("STDreq", userData);
  }

  /** S-EXPEDITED-DATA request: 1 to 14 octets that may overtake data. */
  expeditedData(userData: Uint8Array): Promise<void> {
    return this.#send("SEXreq", userData);
  }

  /** S-CAPABILITY-DATA request, between activities. Resolves with what the peer answered. */
  async capabilityData(userData: Uint8Array = NO_OCTETS): Promise<Uint8Array> {
    return (await this.#ask({ type: "SCDreq", userData }, "SCDcnf")).userData;
  }

  respondCapabilityData(userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: "SCDrsp", userData });
  }

  /** S-TOKEN-GIVE request. */
  giveTokens(tokens: readonly Token[], userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: "SGTreq", tokens, userData });
  }

  /** S-TOKEN-PLEASE request. */
  pleaseTokens(tokens: readonly Token[], userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: "SPTreq", tokens, userData });
  }

  /** S-CONTROL-GIVE request: all tokens, between activities. */
  giveControl(userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: "SCGreq", userData });
  }

  /**
   * S-SYNC-MINOR request: marks a point in the dialogue.
   *
   * @param options.explicit - Whether the peer is asked to confirm. Default true.
   * @param options.separation - Whether what follows survives a purge of what came before.
   */
  syncMinor(
    options: Pick<SessionRequest, "explicit" | "separation" | "userData"> = {},
  ): MinorPoint {
    const serialNumber = this.nextSerialNumber;
    this.#say({ type: "SSYNmreq", ...options });
    return { serialNumber, confirmed: this.#addPoint(serialNumber) };
  }

  /**
   * S-SYNC-MINOR response: confirms the point of this number, and all before it.
   *
   * The number is that of the indication; more points may have come that are not read yet.
   */
  respondSyncMinor(serialNumber: number, userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: "SSYNmrsp", serialNumber, userData });
  }

  /** S-SYNC-MAJOR request. Resolves with the serial number when the peer has confirmed it. */
  async syncMajor(userData: Uint8Array = NO_OCTETS): Promise<number> {
    const serialNumber = this.nextSerialNumber;
    await this.#ask({ type: "SSYNMreq", userData }, "SSYNMcnf");
    return serialNumber;
  }

  respondSyncMajor(userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: "SSYNMrsp", userData });
  }

  /**
   * S-RESYNCHRONIZE request: sets the dialogue back. What is on its way is thrown away.
   *
   * Resolves with the confirm: the serial number and the token settings in force. Tokens stay where
   * they are unless `tokenSettings` says otherwise.
   *
   * @throws {SessionError} `ERR_REFUSED` when a request of the peer prevailed over this one.
   */
  resynchronize(options: ResynchronizeOptions = {}): Promise<SessionEvent> {
    const mine = this.tokens;
    const tokenSettings = Object.fromEntries(
      allTokens.map((token) => [token, mine.includes(token) ? "requestor" : "acceptor"] as const),
    );
    return this.#ask({ type: "SRSYNreq", tokenSettings, ...options }, "SRSYNcnf");
  }

  respondResynchronize(
    options: Pick<
      SessionRequest,
      "secondSerialNumber" | "serialNumber" | "tokenSettings" | "userData"
    > = {},
  ): void {
    this.#say({ type: "SRSYNrsp", ...options });
  }

  /** S-U-EXCEPTION-REPORT request. */
  reportException(reason = 0, userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: "SUERreq", reason, userData });
  }

  /** S-ACTIVITY-START request: an identifier of 1 to 6 octets. */
  startActivity(activityIdentifier: Uint8Array, userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: "SACTSreq", activityIdentifier, userData });
  }

  /** S-ACTIVITY-RESUME request: goes on with an activity that was interrupted, here or elsewhere. */
  resumeActivity(
    activityIdentifier: Uint8Array,
    linkingInformation: LinkingInformation,
    userData: Uint8Array = NO_OCTETS,
  ): void {
    this.#say({ type: "SACTRreq", activityIdentifier, linkingInformation, userData });
  }

  /** S-ACTIVITY-INTERRUPT request: stops the activity so that it can be resumed. */
  async interruptActivity(reason = 0, userData: Uint8Array = NO_OCTETS): Promise<void> {
    await this.#ask({ type: "SACTIreq", reason, userData }, "SACTIcnf");
  }

  respondInterruptActivity(userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: "SACTIrsp", userData });
  }

  /** S-ACTIVITY-DISCARD request: stops the activity as if it had never been. */
  async discardActivity(reason = 0, userData: Uint8Array = NO_OCTETS): Promise<void> {
    await this.#ask({ type: "SACTDreq", reason, userData }, "SACTDcnf");
  }

  respondDiscardActivity(userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: "SACTDrsp", userData });
  }

  /** S-ACTIVITY-END request. Resolves with the serial number of its last point when confirmed. */
  async endActivity(userData: Uint8Array = NO_OCTETS): Promise<number> {
    const serialNumber = this.nextSerialNumber;
    await this.#ask({ type: "SACTEreq", userData }, "SACTEcnf");
    return serialNumber;
  }

  respondEndActivity(userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: "SACTErsp", userData });
  }

  /**
   * S-RELEASE request. Resolves with the peer's answer; after an affirmative one the dialogue is over.
   *
   * @param options.keepTransport - Whether the transport connection is to be kept for another dialogue.
   */
  async release(
    options: Pick<SessionRequest, "keepTransport" | "userData"> = {},
  ): Promise<{ readonly affirmative: boolean; readonly userData: Uint8Array }> {
    const { type, userData } = await this.#ask({ type: "SRELreq", ...options }, "SRELcnf+");
    return { affirmative: type === "SRELcnf+", userData };
  }

  /** S-RELEASE response. Negative only with the functional unit negotiated release. */
  respondRelease(affirmative = true, userData: Uint8Array = NO_OCTETS): void {
    this.#say({ type: affirmative ? "SRELrsp+" : "SRELrsp-", userData });
  }

  /** S-U-ABORT request: ends the dialogue at once. Calling it again does nothing. */
  abort(userData: Uint8Array = NO_OCTETS): void {
    if (this.#ended) return;
    this.#say({ type: "SUABreq", userData });
    this.#end(new SessionError("ERR_ABORTED", "aborted by us"));
  }

  /** The indications, until the dialogue is over. Iterated once; throws how it was aborted. */
  [Symbol.asyncIterator](): AsyncIterator<Indication, undefined> {
    return {
      next: () => this.#nextIndication(),
      return: async () => ({ done: true, value: undefined }),
    };
  }

  /** The next indication, or `undefined` when the dialogue is over. */
  async next(): Promise<Indication | undefined> {
    return (await this.#nextIndication()).value;
  }

  /** Aborts unless the dialogue is over. Never waits for the peer. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended && this.#machine.state !== "STA01") {
      try {
        this.abort();
      } catch (error) {
        // Some states, like that of an end in progress, have no abort: then it is over anyway.
        if (!(error instanceof SessionError)) throw error;
      }
    }
    this.#end(undefined);
    this.#transport.disconnect();
    clearTimeout(this.#timer);
  }

  #addPoint(serialNumber: number): Promise<void> {
    const point = Promise.withResolvers<void>();
    this.#points.push({ serialNumber, confirmed: point.promise, ...point });
    // Nobody has to wait for a confirmation; its absence is no error by itself.
    point.promise.catch(() => {});
    return point.promise;
  }

  #snapshot(): DialogueSnapshot {
    const unread = this.#indications.slice(this.#first);
    return {
      machine: this.#machine.snapshot(now()),
      indications: this.#taken ? [this.#taken, ...unread] : unread,
      points: this.#points.map(({ serialNumber }) => serialNumber),
      unanswered: [...this.#waiters.keys()],
      request: this.#machine.state === "STA08" ? this.#request : undefined,
      confirm: this.#confirm,
    };
  }

  #restore({ machine, indications, points, unanswered, ...kept }: DialogueSnapshot): void {
    this.#machine.restore(machine, now());
    this.#indications = [...indications];
    this.#indicationOctets = octetsIn(indications);
    for (const serialNumber of points) void this.#addPoint(serialNumber);
    for (const type of unanswered) {
      const { promise, ...waiter } = Promise.withResolvers<SessionEvent>();
      // Who asked is gone.
      promise.catch(() => {});
      this.#waiters.set(type, waiter);
      this.#unanswered.set(type, promise);
    }
    this.#request = kept.request;
    this.#confirm = kept.confirm;
  }

  /** The last indication has had its effect. */
  #settleTaken(): void {
    if (this.#taken === undefined) return;
    this.#taken = undefined;
    this.#transport.keeping?.changed();
  }

  #nextIndication(): Promise<IteratorResult<Indication, undefined>> {
    const isKept = this.#transport.keeping !== undefined;
    if (isKept) this.#settleTaken();
    const value = this.#indications[this.#first];
    if (value) {
      if (isKept) this.#taken = value;
      this.#first += 1;
      this.#indicationOctets -= value.userData.length;
      if (this.#first === this.#indications.length) {
        this.#indications = [];
        this.#first = 0;
        this.#pause(false);
      }
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) {
      if (this.#error) return Promise.reject(this.#error);
      return Promise.resolve({ done: true, value: undefined });
    }
    if (this.#reader) throw new SessionError("ERR_STATE", "indications are being read already");
    return new Promise((resolve, reject) => {
      this.#reader = resolve as (result: IteratorResult<Indication>) => void;
      this.#failReader = reject;
    });
  }

  #send(type: "SDTreq" | "STDreq" | "SEXreq", userData: Uint8Array): Promise<void> {
    this.#say({ type, userData });
    return this.#transport.room ?? DONE;
  }

  #say(request: SessionRequest): void {
    if (this.#ended) throw this.#closed();
    if (this.#transport.isFull && request.type !== "SUABreq") {
      throw new SessionError("ERR_LIMIT", "too much waits to be sent already: await data()");
    }
    this.#machine.request(request, now());
    this.#taken = undefined;
    if (purging.has(request.type)) this.#purge();
    if (this.#isGathering && request.type !== "SUABreq") this.#settleLater();
    else this.#settle();
  }

  /** At the end of the turn, so that what is requested in one turn can leave in one TSDU. */
  #settleLater(): void {
    if (this.#isSettleDue) return;
    this.#isSettleDue = true;
    queueMicrotask(() => {
      this.#isSettleDue = false;
      this.#settle();
    });
  }

  /** A request that is confirmed. */
  #ask(request: SessionRequest, confirm: EventType): Promise<SessionEvent> {
    return new Promise((resolve, reject) => {
      this.#say(request);
      if (this.#ended) {
        reject(this.#closed());
        return;
      }
      this.#waiters.set(confirm, { resolve, reject });
    });
  }

  #settle(): void {
    const machine = this.#machine;
    for (let output = machine.poll(); output; output = machine.poll()) {
      switch (output.type) {
        case "send":
          this.#guard(() => this.#transport.data(output.head, output.octets));
          break;
        case "event":
          this.#tell(output.event);
          break;
        case "sendExpedited":
          this.#guard(() => this.#transport.expeditedData(output.octets));
          break;
        case "connect":
          machine.transportConfirm(this.#transport.expedited, now());
          break;
        case "accept":
          break;
        case "close":
          this.#transport.disconnect();
          this.#end(output.error);
          break;
      }
    }
    if (machine.deadline !== undefined || this.#timer) this.#setTimer();
    const { state } = machine;
    const isIdle = state === "STA01" || state === "STA01B" || state === "STA01C";
    // Idle again: released or refused, and the transport kept, or the end of it.
    if (isIdle && this.#isBusy) this.#end(undefined);
    this.#isBusy = !isIdle;
  }

  /** The transport may have ended before its user was told: that comes by itself. */
  #guard(send: () => void): void {
    try {
      send();
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
    }
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { deadline } = this.#machine;
    if (deadline === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#machine.tick(now());
        this.#settle();
      },
      Math.max(0, deadline - now()),
    );
  }

  #tell(event: SessionEvent): void {
    const { type } = event;
    if (type === "SDTind") {
      this.#push({ type: "S-DATA", userData: event.userData });
      return;
    }
    for (const waiting of overtaken[type] ?? []) {
      this.#settleWaiter(waiting, new SessionError("ERR_REFUSED", `overtaken by ${type}`));
    }
    if (purging.has(type)) this.#purge();
    const indication = indicationTypes[type];
    switch (type) {
      case "SCONind": {
        const asked = { ...event, type: "S-CONNECT" } as const;
        this.#request = asked;
        // The waiter takes an event; see asked().
        this.#asked?.resolve(asked as unknown as SessionEvent);
        break;
      }
      case "SCONcnf-": {
        const why = new SessionError("ERR_REFUSED", `S-CONNECT refused, reason ${event.reason}`);
        this.#settleWaiter("SCONcnf+", Object.assign(why, { userData: event.userData }));
        this.#end(undefined);
        break;
      }
      case "SUABind":
      case "SPABind":
        this.#end(new DialogueAborted(event));
        break;
      case "SRELcnf-":
        this.#settleWaiter("SRELcnf+", undefined, event);
        break;
      case "SRELcnf+":
        this.#settleWaiter(type, undefined, event);
        break;
      case "SSYNmcnf":
        this.#confirmPoints(event.serialNumber ?? 0);
        break;
      case "SSYNMcnf":
      case "SACTEcnf":
        this.#confirmPoints(Number.POSITIVE_INFINITY);
        this.#settleWaiter(type, undefined, event);
        break;
      default:
        if (type === "SRSYNind" || type === "SRSYNcnf" || type.startsWith("SACT")) {
          this.#dropPoints();
        }
        if (indication) this.#push({ ...event, type: indication });
        else this.#settleWaiter(type, undefined, event);
        return;
    }
    if (indication && type !== "SCONind") this.#push({ ...event, type: indication });
  }

  #settleWaiter(type: EventType, error: unknown, event?: SessionEvent): void {
    const waiter = this.#waiters.get(type);
    this.#waiters.delete(type);
    if (event) waiter?.resolve(event);
    else waiter?.reject(error);
  }

  #confirmPoints(serialNumber: number): void {
    while ((this.#points[0]?.serialNumber ?? Number.NaN) <= serialNumber) {
      this.#points.shift()?.resolve();
    }
  }

  #dropPoints(): void {
    for (const { serialNumber, reject } of this.#points.splice(0)) {
      reject(new SessionError("ERR_REFUSED", `point ${serialNumber} was undone`));
    }
  }

  #push(indication: Indication): void {
    const reader = this.#reader;
    if (reader) {
      this.#reader = undefined;
      this.#failReader = undefined;
      if (this.#transport.keeping) this.#taken = indication;
      reader({ done: false, value: indication });
      return;
    }
    this.#indications.push(indication);
    this.#indicationOctets += indication.userData.length;
    const isFull = this.#indications.length - this.#first >= this.#indicationsMax;
    if (isFull || this.#indicationOctets >= this.#indicationOctetsMax) this.#pause(true);
  }

  /**
   * X.215: what a resynchronization undoes is not indicated any more, though it has come already;
   * with data separation, or for one flow only, it goes on.
   */
  #purge(): void {
    if (!this.#machine.variables.discardReceived || this.#indications.length === 0) return;
    const { VAdo, VA, units } = this.#machine.variables;
    if ((units & 0x1000) !== 0 && VAdo >= VA) return;
    this.#indications = this.#indications
      .slice(this.#first)
      .filter(({ type }) => !purged.has(type));
    this.#first = 0;
    this.#indicationOctets = octetsIn(this.#indications);
    if (this.#indications.length === 0) this.#pause(false);
  }

  #pause(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    this.#transport.pause(isPaused);
  }

  #fail(reason: unknown): void {
    if (this.#ended) return;
    const error = new SessionError("ERR_CLOSED", "ended by its signal", { cause: reason });
    this.#guard(() => this.#say({ type: "SUABreq" }));
    this.#end(error, reason);
  }

  /** Over. `reason`, if there is one, is what those who wait are told instead of the error. */
  #end(error: SessionError | undefined, reason?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#transport.keeping?.keep();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    if (this.#machine.state === "STA01C") this.#transport.detach();
    const why = reason ?? this.#closed();
    for (const { reject } of this.#waiters.values()) reject(why);
    this.#waiters.clear();
    for (const { reject } of this.#points.splice(0)) reject(why);
    this.#asked?.reject(why);
    const [reader, failReader] = [this.#reader, this.#failReader];
    this.#reader = undefined;
    this.#failReader = undefined;
    if (error) failReader?.(reason ?? error);
    else reader?.({ done: true, value: undefined });
  }

  #closed(): SessionError {
    return this.#error ?? new SessionError("ERR_CLOSED", "the dialogue is over");
  }
}

function octetsIn(indications: readonly Indication[]): number {
  return indications.reduce((sum, { userData }) => sum + userData.length, 0);
}

function now(): number {
  return performance.now();
}
