/**
 * A session, as applications have it: the driver of one session machine.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import {
  type AbortReason,
  type Agreement,
  functionalUnits,
  type Proposal,
  type Refusal,
  type ResumeRequest,
} from "../pure/native/establishment.ts";
import { type MessageKind, messageFrame } from "../pure/native/frames.ts";
import type { Cursor, KeptStream } from "../pure/native/keeper.ts";
import { SessionMachine } from "../pure/native/machine.ts";
import type { Message, PresentationContext } from "../pure/native/message.ts";
import type { MachineChanges, SessionEvent, SessionOutput } from "../pure/native/session-output.ts";
import { hex, letGoOctets } from "../pure/octets.ts";
import { Broadcast } from "./broadcast.ts";
import { Consumer } from "./consumer.ts";
import { Deliveries, isDelivered } from "./deliveries.ts";
import { Gate } from "./gate.ts";
import type { Keeping } from "./keeping.ts";
import { Queue } from "./queue.ts";
import type { Account } from "./quotas.ts";
import type { Flushable, Runtime } from "./runtime.ts";
import type {
  Identity,
  SendOptions,
  SessionChange,
  SessionEnd,
  SessionParts,
  SignalOptions,
} from "./session-parts.ts";
import { SessionEntry, SessionSink } from "./session-sources.ts";
import { SessionStreams } from "./session-streams.ts";
import type { SessionStream } from "./stream.ts";
import type { Transport } from "./transport.ts";
import { asSessionError, raced } from "./wait.ts";

interface Spdu {
  readonly octets: Uint8Array;
  readonly isExpedited: boolean;
}

/** Octets that may gather before the end of the turn: then they are sent at once. */
const FLUSH_OCTETS = 64 * 1024;

const SETTLED: Promise<void> = Promise.resolve();
const DONE: Promise<{ value: undefined; done: true }> = Promise.resolve({
  value: undefined,
  done: true,
});

/**
 * A conversation that outlives its transports. Iterate it for the messages of the peer; `send` yours.
 *
 * @example
 * const session = await connect("tcp://127.0.0.1:7700");
 * await session.send("hello");
 * for await (const message of session) console.log(message.value);
 */
export class Session implements AsyncIterable<Message>, AsyncDisposable, Flushable {
  readonly identity: Identity;
  /** When it was established, by whatever process, in ms since 1970. */
  readonly createdAt: number;
  /** What the peer said of itself: its selectors, user data and software. */
  readonly peer: Proposal;
  /** For those who build protocols on sessions. */
  readonly machine: SessionMachine;

  readonly #runtime: Runtime;
  readonly #contexts: readonly PresentationContext[];
  readonly #dialTo: SessionParts["dial"];
  readonly #agreeToRelease: SessionParts["agreeToRelease"];
  readonly #limits: SessionParts["limits"];
  readonly #onClosed: SessionParts["onClosed"];
  readonly #entry: SessionEntry;
  /** Present when everything is stored before it has an effect. */
  readonly #keeping: Keeping | undefined;
  readonly #account: Account | undefined;
  /** Opens whenever something was done. */
  #done: Gate | undefined;
  /** What waits in the store before it is the link's. */
  #apartOctets = 0;
  /** What of the backlog the account knows. */
  #charged = 0;
  /** Who waits for the peer to have what was sent. */
  #deliveries: Deliveries | undefined;
  /** The current transport with its number and, now and then, one that wants to be. */
  #transport: Transport | undefined;
  #number = 0;
  #others: Map<number, Transport | AbortController> | undefined;
  #unflushed = 0;
  #isDirty = false;
  #isSettling = false;
  #suspendedAt = 0;
  #wasReleaseAsked = false;
  #isReading = false;
  #consumer: Consumer | undefined;
  #isAwaitingDial = false;
  #more: Gate | undefined;
  /** Sends that wait for credit, by their ticket. */
  #waiters: Map<number, PromiseWithResolvers<void>> | undefined;
  #changes: Broadcast<SessionChange> | undefined;
  #streams: SessionStreams | undefined;
  #dialogue: Queue<Spdu> | undefined;
  #end: SessionEnd | undefined;
  #closed: PromiseWithResolvers<SessionEnd> | undefined;

  /** Made by `connect` and by a listener. */
  constructor(parts: SessionParts) {
    this.#runtime = parts.runtime;
    this.identity = parts.identity;
    this.createdAt = Date.now() - (parts.ageMs ?? 0);
    this.peer = parts.established.peer;
    this.#contexts = parts.contexts;
    this.#dialTo = parts.dial;
    this.#agreeToRelease = parts.agreeToRelease;
    this.#limits = parts.limits;
    this.#onClosed = parts.onClosed;
    const now = parts.runtime.now();
    this.#transport = parts.transport;
    this.#keeping = parts.keeping;
    this.#account = parts.account;
    this.keyFingerprint = parts.transport?.peer.keyFingerprint ?? parts.keyFingerprint;
    const isKept = parts.keeping !== undefined;
    this.machine = new SessionMachine({ ...parts, isKept, transport: 0 }, now);
    this.#entry = new SessionEntry(this);
    parts.transport?.attach(new SessionSink(this, 0, parts.transport));
    // One that was kept dials at once.
    if (parts.kept) this.machine.tick(now);
    this.#settle();
  }

  /** What was agreed on when it was established. */
  get agreement(): Agreement {
    return this.machine.agreement;
  }

  /** Identifies the session to both sides. It opens nothing, and may be logged. */
  get id(): string {
    return hex(this.machine.sessionId);
  }

  /**
   * Whether a store keeps it: then it may outlive this process. One that has ended is kept until what
   * came before the end is settled.
   */
  get isKept(): boolean {
    return this.#keeping !== undefined;
  }

  /** Whether it has a transport now, waits for another one, or has ended. */
  get state(): "connected" | "suspended" | "closed" {
    return this.machine.state;
  }

  /** How it ended, or `undefined` while it lives. */
  get end(): SessionEnd | undefined {
    return this.#end;
  }

  /** Resolves when it has ended, however; never rejects. */
  get closed(): Promise<SessionEnd> {
    if (this.#end) return Promise.resolve(this.#end);
    this.#closed ??= Promise.withResolvers();
    return this.#closed.promise;
  }

  /** The transport of now, if there is one. */
  get transport(): Transport | undefined {
    return this.#transport;
  }

  /** Over TLS: what the peer's first transport proved to hold. */
  readonly keyFingerprint: string | undefined;

  /** Octets that are sent and not yet acknowledged, or wait to be sent; a backlog before it counts. */
  get backlogOctets(): number {
    return this.machine.link.backlogOctets + this.#apartOctets;
  }

  /**
   * Sends a message. Awaiting it is backpressure: the promise is settled already while the peer has
   * given credit, and else waits for it. A message that was accepted arrives once and in order as
   * long as the session lives, over however many transports. Where more than `memory` was agreed on
   * the promise settles when our store has the message: from then on it survives this process.
   *
   * @throws {SessionError} `ERR_CLOSED`, `ERR_STATE` after a release was asked for, `ERR_LIMIT` when
   *   it is longer than the peer takes or when too much waits, `ERR_ARGUMENT` when no agreed context
   *   takes the value. Nothing was sent then, and neither when the signal was aborted before.
   */
  send(value: unknown, options?: SendOptions): Promise<void> {
    try {
      options?.signal?.throwIfAborted();
      const contexts = this.#contexts;
      let index = 0;
      if (options?.context !== undefined) index = this.#contextIndex(options.context);
      else while (!contexts[index]?.accepts(value)) this.#fits(index++, value);
      const octets = this.#encode(contexts[index] as PresentationContext, value); // it was found
      const kind = options?.kind ?? "normal";
      return this.#sendOctets(kind, index, octets, options?.signal, options?.isGathered);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Takes messages one by one: `handler` is called for each, and the next waits until it has
   * returned, or what it returned has resolved. The fastest way to receive.
   *
   * Where more than `memory` was agreed on, a message is settled when its handler has returned, and
   * the store knows 50 ms later at most: what was handled just before a crash is handled again. To
   * rule that out, see {@link commit} and {@link cursor}.
   *
   * Resolves when the peer has nothing more to say; rejects with the error that ended the session,
   * or with what `handler` threw: the message that it threw at is gone, the others wait.
   */
  consume(
    handler: (message: Message) => void | Promise<void>,
    { signal }: SignalOptions = {},
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.#beginReading();
      const consumer = new Consumer(handler, resolve, reject);
      this.#consumer = consumer;
      if (signal) consumer.heed(signal, () => this.#consumed(consumer, signal));
      this.#handOver();
    });
  }

  /**
   * The messages of the peer. The iteration ends when the peer has nothing more to say, and throws
   * the error that ended the session otherwise, after the last message that came. Asking for the next
   * message settles the ones before, as {@link consume} does.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    this.#beginReading();
    let hasLeft = false;
    return {
      next: () => {
        if (hasLeft) return DONE;
        if (this.#keeping !== undefined) this.#settleTaken();
        const message = this.machine.take();
        if (message === undefined) return this.#nextMessage();
        if (!this.#isDirty) this.#markDirty();
        return Promise.resolve({ value: message, done: false });
      },
      return: () => {
        if (!hasLeft) this.#isReading = false;
        hasLeft = true;
        return DONE;
      },
    };
  }

  /**
   * Settles everything that was taken. Resolves when the store has that: after a crash none of it
   * comes again. In `memory` durability there is nothing to settle.
   *
   * @throws {SessionError} `ERR_STORE`, or why the session ended first.
   */
  async commit({ signal }: SignalOptions = {}): Promise<void> {
    const keeping = this.#keeping;
    if (keeping === undefined) return;
    const mark = this.machine.commit(this.#runtime.now());
    this.#settle();
    if (this.machine.storedMark < mark) await raced(keeping.wait(mark), signal);
  }

  /**
   * How far the application has taken what came. An application may keep these two numbers in one
   * transaction with its own data; given back as `cursorOf` when the session is opened again, what was
   * taken up to there does not come again: exactly once in effect, whatever crashes when.
   */
  get cursor(): Cursor {
    return this.machine.link.taken;
  }

  /**
   * How many messages were sent since the session began, in any process, expedited ones not among
   * them. After a restart: those that our store has, which are exactly those that will arrive, and the
   * first ones that were sent. In `memory` durability it is not counted.
   */
  get sentMessages(): number {
    return this.machine.link.sentMessages[0];
  }

  /** As {@link sentMessages}, for expedited ones. */
  get sentExpedited(): number {
    return this.machine.link.sentMessages[1];
  }

  /**
   * Resolves when the peer has everything that was sent until now; what that is worth says
   * `agreement.durability`: in `disk`, that its store has it.
   *
   * @throws {SessionError} Why the session ended first.
   */
  async delivered({ signal }: SignalOptions = {}): Promise<void> {
    this.#checkOpen();
    const last = [...(this.#waiters?.values() ?? [])].at(-1);
    if (last) await raced(last.promise, signal);
    const { ends } = this.machine.link;
    if (isDelivered(ends, this.machine.link.acknowledged)) return;
    this.#deliveries ??= new Deliveries();
    await raced(this.#deliveries.wait(ends), signal);
  }

  /** Resolves when our store has everything that was sent until now. In `memory`: at once. */
  async stored(): Promise<void> {
    const keeping = this.#keeping;
    if (keeping === undefined) return;
    const mark = this.machine.nextMark;
    this.#settle();
    if (this.machine.storedMark < mark) await keeping.wait(mark);
  }

  /**
   * Keeps some octets beside the session, in the place of what was noted before: in one batch with
   * whatever is stored of it next, for example by {@link commit}. They are there after a restart, and
   * are forgotten with the session. In `memory` durability nothing is kept.
   */
  note(octets: Uint8Array): void {
    this.#keeping?.note(octets);
  }

  /** What was noted last, by whatever process; `undefined` when nothing was. @throws {StoreError} */
  async readNote(): Promise<Uint8Array | undefined> {
    return this.#keeping?.readNote();
  }

  /**
   * Whether {@link stored} and {@link commit} would begin to store at once. What several sessions of one
   * store store in one turn is stored together: all of it, or nothing.
   */
  get isStoreReady(): boolean {
    return this.machine.isStoreReady;
  }

  /**
   * Lets go of the session without ending it, once what was sent is stored: for a planned restart. The
   * peer waits, and the session goes on where its store is opened again. In `memory` durability there
   * is nothing to go on with, and this is an abort.
   *
   * @param options.signal - Stops the waiting for a store that has no room: what it does not have yet is
   *   gone with the process, as in a crash.
   */
  async park({ signal }: SignalOptions = {}): Promise<void> {
    if (this.#keeping === undefined) return this.abort("shut down", "shutdown");
    await raced(this.stored(), signal).catch(() => {});
    this.parkNow();
  }

  /** As {@link park}, in this turn: what is not stored yet is gone with the process, as in a crash. */
  parkNow(): void {
    if (this.#keeping === undefined) return this.abort("shut down", "shutdown");
    this.machine.park();
    this.#settle();
  }

  /** What becomes of the link, from now on. Each iteration sees every change, up to the last 256. */
  changes(): AsyncIterable<SessionChange> {
    this.#changes ??= new Broadcast(256);
    if (this.#end) this.#changes.end();
    return this.#changes.subscribe();
  }

  /**
   * Opens a stream of octets beside the messages, with credit of its own.
   *
   * @throws {SessionError} `ERR_LIMIT` when the peer takes no more, `ERR_CLOSED`, `ERR_STATE` when
   *   streams were not agreed on, or after a release was asked for.
   */
  openStream(label = ""): SessionStream {
    this.checkSend();
    this.#checkUnit("streams");
    return this.#allStreams().add(this.machine.link.openStream(label));
  }

  /**
   * Streams that were open when a process before this one died, with how far both directions had come:
   * of what the peer wrote the application had taken so much at least, and of what it had written
   * itself so much was kept. The peer's ends fail with a `StreamLostError`. They are told of until
   * the next {@link commit}.
   */
  get lostStreams(): readonly KeptStream[] {
    return this.machine.link.lostStreams;
  }

  /** Streams that the peer opens. Those that nobody takes are reset, from `limits.streamsMax` on. */
  get streams(): AsyncIterable<SessionStream> {
    const { incoming } = this.#allStreams();
    if (this.#end) incoming.end();
    return incoming;
  }

  /**
   * Ends the session in order: everything that was sent arrives, everything the peer has to say is
   * received, and both know that the other knows. Resolves when that is so. Streams end with the
   * session: end them first if their reader is to see an end and not an error. Where more than
   * `memory` was agreed on, it settles what was taken until now; what was not is still to be read, and
   * until then the store has it: after a crash it comes again, with a session that has ended.
   *
   * @param options.signal - Stops the waiting. What was asked for cannot be taken back.
   * @throws {SessionError} `ERR_REFUSED` when the peer has more to say: the session goes on then.
   *   `ERR_CLOSED` when it has ended already, `ERR_ABORTED`, also when it took `limits.releaseMs`,
   *   `ERR_RESUME`.
   */
  async release({ signal }: SignalOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    if (this.#keeping !== undefined && !this.#consumer?.isBusy) this.#settleTaken();
    this.machine.requestRelease(this.#runtime.now());
    this.#settle();
    const changes = this.changes()[Symbol.asyncIterator]();
    try {
      while (this.#end === undefined) {
        const { value, done } = await raced(changes.next(), signal);
        if (done) break;
        if (value.type === "releaseRefused") {
          throw new SessionError("ERR_REFUSED", "the peer has more to say");
        }
      }
    } finally {
      void changes.return?.();
    }
    if (this.#end?.error) throw this.#end.error;
  }

  /** Ends the session now. What was not acknowledged may be lost; the peer is told, if it can be. */
  abort(message = "aborted by the application", reason: AbortReason = "user"): void {
    this.machine.abort(reason, message);
    this.#settle();
  }

  /** Goes over to a new transport while the old one is still there. Initiator only. */
  migrate(location?: string): void {
    this.machine.migrate(this.#runtime.now(), location);
    this.#settle();
  }

  /** Asks the initiator to go over to a new transport: to `location`, or just anew. */
  goAway(afterMs: number, jitterMs: number, location?: string): void {
    this.machine.goAway(afterMs, jitterMs, location);
    this.#settle();
  }

  /** Says that something happened to the network: a silent link is noticed in seconds. */
  probe(): void {
    this.machine.probe(this.#runtime.now());
    this.#settle();
  }

  /** Drops the current transport as if the network had: for tests, and for demonstrations. */
  breakTransport(): void {
    this.#transport?.abort();
  }

  /** Aborts it unless it has ended. Never waits for the peer. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.abort("disposed of");
  }

  // For the dialogue machine, whose transport this is.

  /** Octets that {@link sendDialogue} takes at once. */
  get dialogueOctetsMax(): number {
    return this.machine.link.spduOctetsMax;
  }

  /** Whether as much waits for credit as may, by `waitingOctetsMax`: {@link sendDialogue} asks nobody. */
  get isDialogueFull(): boolean {
    return this.machine.link.waitingOctets >= this.#limits.waitingOctetsMax;
  }

  /** Carries octets of a dialogue to the peer's: in order, or past what waits. */
  sendDialogue(octets: Uint8Array, isExpedited = false): void {
    this.#checkOpen();
    this.machine.link.sendDialogue(octets, isExpedited);
    this.#markDirty();
  }

  /**
   * What was kept of the dialogue when this session was taken up again after a restart: what the last
   * `snapshot` of {@link keepDialogue} gave.
   */
  get keptDialogue(): Uint8Array | undefined {
    return this.machine.keptDialogue;
  }

  /**
   * Has what `snapshot` gives kept with every batch, as of that instant, together with what the
   * dialogue has sent by then and with what {@link tookDialogue} has told of. To stop: without one.
   */
  keepDialogue(snapshot?: () => Uint8Array): void {
    this.machine.snapshotDialogue = snapshot ?? (() => undefined);
    this.dialogueChanged();
  }

  /** What is to be kept of the dialogue has changed, though nothing was sent and nothing has come. */
  dialogueChanged(): void {
    this.machine.link.keepLater(this.#runtime.now());
    if (this.#keeping !== undefined) this.#markDirty();
  }

  /** The oldest SPDU of `dialogue` on a flow has had its effect: it does not come again. */
  tookDialogue(isExpedited: boolean): void {
    this.machine.tookSpdu(isExpedited ? 1 : 0, this.#runtime.now());
  }

  /**
   * What the peer's dialogue sent. Taking one is credit for the peer: as many octets may wait here as
   * `windowOctets` says, together with messages. Where a store keeps the session, say `tookDialogue` of
   * each.
   */
  get dialogue(): AsyncIterable<{ readonly octets: Uint8Array; readonly isExpedited: boolean }> {
    this.#dialogue ??= new Queue();
    if (this.#end) this.#dialogue.end();
    return this.#readDialogue(this.#dialogue);
  }

  async *#readDialogue(spdus: Queue<Spdu>): AsyncGenerator<Spdu, undefined> {
    for await (const spdu of spdus) {
      this.machine.link.readSpdu(spdu.octets.length, spdu.isExpedited);
      if (!this.#end) this.#markDirty();
      yield spdu;
    }
    return undefined;
  }

  // For those who keep what they send themselves.

  /** The octets of a value, and the frame type that they go by, as {@link sendEncoded} takes them. */
  encode(value: unknown, options?: SendOptions): { type: number; octets: Uint8Array } {
    const contexts = this.#contexts;
    let index = 0;
    if (options?.context !== undefined) index = this.#contextIndex(options.context);
    else while (!contexts[index]?.accepts(value)) this.#fits(index++, value);
    const kind = options?.kind ?? "normal";
    if (kind === "expedited") throw new SessionError("ERR_ARGUMENT", "it is not to wait");
    if (kind !== "normal") this.#checkUnit(kind);
    const octets = this.#encode(contexts[index] as PresentationContext, value); // it was found
    const { messageOctetsMax } = this.peer.limits;
    if (octets.length > messageOctetsMax) {
      const message = `${octets.length} octets, the peer takes ${messageOctetsMax}`;
      throw new SessionError("ERR_LIMIT", message);
    }
    return { type: messageFrame(kind, index), octets };
  }

  /** As {@link send}, of what has passed {@link checkSend}. */
  sendEncoded(type: number, octets: Uint8Array): Promise<void> {
    const ticket = this.machine.send(type, octets);
    return this.#sent(ticket, octets.length);
  }

  /** Says how much waits apart from the session, and is its backlog all the same. */
  setApart(octets: number): void {
    this.#apartOctets = octets;
    this.#charge();
  }

  /** Resolves when something was sent, has come, or was stored: look again. */
  async changed(): Promise<void> {
    if (this.#end) return;
    this.#done ??= new Gate();
    await this.#done.wait();
  }

  /** Has what was told to `keeping` stored; resolves when it is. */
  keepMore(keeping: Keeping): Promise<void> {
    const mark = this.machine.keepMore();
    this.#markDirty();
    return keeping.wait(mark);
  }

  /** Where it is kept, beyond `memory`. */
  get keeping(): Keeping | undefined {
    return this.#keeping;
  }

  // For the listener and the runtime.

  /** Somebody who claims to be the peer came on this transport. Returns why not, if not. */
  resume(transport: Transport, request: ResumeRequest, rest: Uint8Array): Refusal | undefined {
    const number = this.machine.allotTransport();
    this.#others ??= new Map();
    this.#others.set(number, transport);
    const now = this.#runtime.now();
    const refusal = this.machine.resume(number, request, transport.binding, rest, now);
    if (refusal) this.#others.delete(number);
    else transport.attach(new SessionSink(this, number, transport));
    this.#settle();
    return refusal;
  }

  /** The end of the turn: sends what there is. */
  flush(): void {
    this.#isDirty = false;
    this.#settle();
  }

  /** A transport of this session has octets. */
  transportReceived(number: number, octets: Uint8Array): void {
    const isGiven = number === this.#number && this.#transport?.givesAway === true;
    this.machine.receive(number, octets, this.#runtime.now());
    if (isGiven && !this.machine.link.isChunkHeld) letGoOctets(octets);
    this.#settle();
    if (this.#deliveries !== undefined) this.#delivered(this.#deliveries);
  }

  /** A transport of this session has room again. */
  transportDrained(number: number): void {
    if (number !== this.machine.currentTransport) return;
    this.machine.isClogged = false;
    this.#settle();
  }

  /** What a stream does is done by its session. */
  markDirty(): void {
    this.#markDirty();
  }

  /** Octets of a stream were taken. */
  streamRead(): void {
    if (this.#keeping !== undefined) this.machine.link.keepLater(this.#runtime.now());
    this.#markDirty();
  }

  /** @throws {SessionError} `ERR_CLOSED`, `ERR_STATE` after a release was asked for. */
  checkSend(octets = 0): void {
    this.#checkOpen();
    this.#account?.check(octets, this.isKept);
    const { releaseState } = this.machine;
    if (releaseState === "open" || releaseState === "asked") return;
    throw new SessionError("ERR_STATE", "the release was asked for");
  }

  // Private.

  #fits(index: number, value: unknown): void {
    if (index < this.#contexts.length) return;
    const names = this.#contexts.map(({ name }) => name).join(", ");
    throw new SessionError("ERR_ARGUMENT", `no agreed context (${names}) takes a ${typeof value}`);
  }

  #encode(context: PresentationContext, value: unknown): Uint8Array {
    let octets: Uint8Array;
    try {
      octets = context.encode(value);
    } catch (error) {
      throw new SessionError("ERR_ARGUMENT", `not a value of ${context.name}`, { cause: error });
    }
    if (octets instanceof Uint8Array) return octets; // nothing else may get into the link
    throw new SessionError("ERR_ARGUMENT", `the context ${context.name} made no Uint8Array of it`);
  }

  #contextIndex(name: string): number {
    const index = this.#contexts.findIndex((context) => context.name === name);
    if (index >= 0) return index;
    throw new SessionError("ERR_ARGUMENT", `context ${name} was not agreed on`);
  }

  #sendOctets(
    kind: MessageKind,
    context: number,
    octets: Uint8Array,
    signal: AbortSignal | undefined,
    isGathered = false,
  ): Promise<void> {
    this.#account?.check(octets.length, this.isKept);
    let ticket: number;
    if (kind === "normal") {
      ticket = this.machine.send(NORMAL | context, octets);
    } else {
      this.#checkUnit(kind);
      const frame = messageFrame(kind, context);
      ticket =
        kind === "expedited"
          ? this.machine.sendExpedited(frame, octets)
          : this.machine.send(frame, octets);
    }
    return this.#sent(ticket, octets.length, signal, isGathered);
  }

  /** Something is in the link; settles when it is journaled, and stored where it is kept. */
  #sent(
    ticket: number,
    size: number,
    signal?: AbortSignal | undefined,
    isGathered = false,
  ): Promise<void> {
    this.#charge();
    this.#unflushed += size + 2;
    if (isGathered || (this.#isDirty && this.#unflushed >= FLUSH_OCTETS)) this.#settle();
    else this.#markDirty();
    if (this.#keeping !== undefined) return this.#whenStored(this.#keeping, ticket, signal);
    if (ticket === 0) return SETTLED;
    const waiter = this.#waitFor(ticket);
    return signal ? raced(waiter, signal) : waiter;
  }

  #waitFor(ticket: number): Promise<void> {
    const waiter = Promise.withResolvers<void>();
    this.#waiters ??= new Map();
    this.#waiters.set(ticket, waiter);
    return waiter.promise;
  }

  /** Settles when our store has what was just sent. */
  #whenStored(keeping: Keeping, ticket: number, signal: AbortSignal | undefined): Promise<void> {
    const stored =
      ticket === 0
        ? keeping.wait(this.machine.nextMark)
        : this.#waitFor(ticket).then(() => keeping.wait(this.machine.nextMark));
    // Not everybody who sends waits: that is theirs to decide.
    if (ticket !== 0) stored.catch(() => {});
    return signal ? raced(stored, signal) : stored;
  }

  #settleTaken(): void {
    this.machine.link.settle(this.#runtime.now());
  }

  #delivered(deliveries: Deliveries): void {
    deliveries.acknowledged(this.machine.link.acknowledged);
    if (deliveries.isEmpty) this.#deliveries = undefined;
  }

  #checkOpen(): void {
    if (this.#end) throw new SessionError("ERR_CLOSED", "the session has ended");
  }

  #checkUnit(unit: Exclude<MessageKind, "normal"> | "streams"): void {
    if ((this.agreement.functionalUnits & functionalUnits[unit]) === 0) {
      throw new SessionError("ERR_STATE", `the functional unit ${unit} was not agreed on`);
    }
  }

  // Reading.

  #beginReading(): void {
    if (this.#isReading) throw new SessionError("ERR_STATE", "somebody reads this session already");
    this.#isReading = true;
  }

  async #nextMessage(): Promise<IteratorResult<Message, undefined>> {
    let isOver = true;
    try {
      for (;;) {
        const message = this.machine.take();
        if (message) {
          this.#markDirty();
          isOver = false;
          return { value: message, done: false };
        }
        if (!(await this.#moreToRead())) return { value: undefined, done: true };
      }
    } finally {
      if (isOver) this.#isReading = false;
    }
  }

  /** Waits until there is a message; false when there will be none. Throws why, if for no good reason. */
  async #moreToRead(): Promise<boolean> {
    if (this.machine.link.isReadable) return true;
    if (this.#end) {
      if (this.#end.error) throw this.#end.error;
      return false;
    }
    if (this.#wasReleaseAsked) {
      // It goes on from there, or the answer ends it: look again.
      await this.#answerRelease();
      return true;
    }
    this.#more ??= new Gate();
    await this.#more.wait();
    return true;
  }

  /**
   * Hands messages to `consume`'s handler until one of them is to be waited for. Not an async function:
   * what such a one keeps while it waits is half of what an idle session needs.
   */
  #handOver(): void {
    const consumer = this.#consumer;
    if (consumer === undefined || consumer.isBusy) return;
    try {
      for (let message = this.machine.take(); message; message = this.machine.take()) {
        const handled = consumer.handler(message);
        if (handled !== undefined) {
          // What was taken is credit: a slow handler must not keep it from the peer.
          this.#markDirty();
          return this.#await(handled, consumer);
        }
        if (this.#keeping !== undefined) this.#settleTaken();
        if (this.#consumer !== consumer) return;
      }
      this.#markDirty();
      if (this.#end) this.#consumed(consumer, this.#end.error && { reason: this.#end.error });
      else if (this.#wasReleaseAsked) this.#await(this.#answerRelease(), consumer);
    } catch (error) {
      this.#consumed(consumer, { reason: error });
    }
  }

  /** Goes on when this has resolved. */
  #await(handled: Promise<void>, consumer: Consumer): void {
    consumer.isBusy = true;
    handled.then(
      () => {
        consumer.isBusy = false;
        if (this.#keeping !== undefined) this.#settleTaken();
        this.#handOver();
      },
      (reason) => this.#consumed(consumer, { reason }),
    );
  }

  /** `consume` is over: normally, or because of something. */
  #consumed(consumer: Consumer, why?: { readonly reason: unknown }): void {
    if (this.#consumer !== consumer) return;
    this.#consumer = undefined;
    this.#isReading = false;
    consumer.end(why);
  }

  /** Something came for whoever reads. */
  #wake(): void {
    this.#handOver();
    this.#more?.open();
  }

  /** The peer has said everything and wants to end. An application that cannot say whether it may, may not. */
  async #answerRelease(): Promise<void> {
    this.#wasReleaseAsked = false;
    let isAgreed = true;
    try {
      isAgreed = (await this.#agreeToRelease?.(this)) ?? true;
    } catch (error) {
      const { message } = asSessionError(error);
      return this.abort(`agreeToRelease failed: ${message}`);
    }
    // The session may have ended meanwhile, or somebody else may have answered.
    if (this.#end || this.machine.releaseState !== "asked") return;
    this.machine.answerRelease(isAgreed, this.#runtime.now());
    this.#settle();
  }

  // Driving.

  #markDirty(): void {
    // While it settles, what there is to send is sent at the end of that.
    if (this.#isDirty || this.#isSettling) return;
    this.#isDirty = true;
    this.#runtime.flushLater(this);
  }

  /** Does everything that the machine says, and sees to its timer. */
  #settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    this.#unflushed = 0;
    const now = this.#runtime.now();
    const { machine } = this;
    try {
      for (let output = machine.poll(now); output; output = machine.poll(now)) this.#do(output);
    } finally {
      this.#isSettling = false;
    }
    this.#charge();
    this.#done?.open();
    this.#runtime.schedule(this.#entry);
  }

  /** Tells the account how much the backlog is now. */
  #charge(): void {
    if (this.#account === undefined) return;
    const octets = this.#end ? 0 : this.backlogOctets;
    this.#account.changed(octets - this.#charged);
    this.#charged = octets;
  }

  #do(output: SessionOutput): void {
    switch (output.type) {
      case "send": {
        const transport = this.#transportOf(output.transport);
        if (!(transport?.write(output.chunks) ?? true)) this.#clogged(output.transport);
        return;
      }
      case "close":
        return this.#drop(output.transport, output.error);
      case "dial":
        return this.#dial(output.transport, output.location);
      case "store":
        return this.#store(output.mark, output.changes);
      case "event":
        return this.#happened(output.event);
    }
  }

  #store(mark: number, changes: MachineChanges): void {
    this.#keeping?.write(changes).then(
      () => {
        this.machine.stored(mark);
        this.#settle();
        this.#keeping?.stored(mark);
      },
      (error) => {
        const reason = asSessionError(error);
        this.machine.storeFailed(reason);
        this.#settle();
        this.#keeping?.ended(reason);
      },
    );
  }

  #clogged(number: number): void {
    if (number === this.machine.currentTransport) this.machine.isClogged = true;
  }

  #transportOf(number: number): Transport | undefined {
    if (number === this.#number && this.#transport) return this.#transport;
    const other = this.#others?.get(number);
    return other instanceof AbortController ? undefined : other;
  }

  /** Ends a transport of ours, or the attempt to open it. One that is gone already is nobody's. */
  #drop(number: number, error: SessionError | undefined): void {
    const other = this.#others?.get(number);
    const transport = this.#transportOf(number);
    if (number === this.#number) this.#transport = undefined;
    this.#others?.delete(number);
    if (other instanceof AbortController) other.abort(error);
    else if (error) transport?.abort();
    else transport?.end();
  }

  #dial(number: number, location: string | undefined): void {
    const controller = new AbortController();
    this.#others ??= new Map();
    this.#others.set(number, controller);
    const dial = this.#dialTo?.(location);
    if (dial === undefined) return;
    dial(controller.signal).then(
      (transport) => {
        if (controller.signal.aborted) return transport.abort();
        this.#others?.set(number, transport);
        transport.attach(new SessionSink(this, number, transport));
        this.machine.opened(number, transport.binding);
        this.#settle();
      },
      (error) => {
        if (controller.signal.aborted) return;
        this.#others?.delete(number);
        this.machine.ended(number, this.#runtime.now(), asSessionError(error));
        this.#settle();
      },
    );
  }

  /** A transport of this session is over. */
  transportEnded(number: number, transport: Transport, error?: SessionError): void {
    if (this.#others?.get(number) === transport) this.#others.delete(number);
    if (this.#transport === transport) this.#transport = undefined;
    this.machine.ended(number, this.#runtime.now(), error);
    this.#settle();
  }

  #happened(event: SessionEvent): void {
    switch (event.type) {
      case "readable":
        return this.#wake();
      case "accepted":
        this.#waiters?.get(event.ticket)?.resolve();
        this.#waiters?.delete(event.ticket);
        return;
      case "suspended":
        this.#suspendedAt = this.#runtime.now();
        this.#setAwaitingDial(this.machine.role === "initiator");
        return this.#changed(event);
      case "resumed":
        return this.#resumed(event.epoch, event.replayed, event.isMove);
      case "retrying":
      case "moving":
      case "releaseRefused":
        return this.#changed(event);
      case "releaseAsked":
        this.#wasReleaseAsked = true;
        if (this.#isReading || this.machine.link.isReadable) this.#wake();
        else void this.#answerRelease();
        return;
      case "dialogue":
        this.#dialogue ??= new Queue();
        this.#dialogue.push(event);
        return;
      case "streamOpened":
        return this.#allStreams().opened(event.stream);
      case "streamReadable":
      case "streamWritable":
      case "streamEnded":
      case "streamReset":
        return this.#streams?.happened(event);
      case "closed":
        return this.#ended(event);
    }
  }

  #setAwaitingDial(isAwaiting: boolean): void {
    if (this.#isAwaitingDial === isAwaiting) return;
    this.#isAwaitingDial = isAwaiting;
    if (isAwaiting) this.#runtime.awaitsDial();
    else this.#runtime.dialAwaited();
  }

  #resumed(epoch: number, replayed: number, isMove: boolean): void {
    this.#setAwaitingDial(false);
    const number = this.machine.currentTransport;
    const transport = number === undefined ? undefined : this.#transportOf(number);
    if (number !== undefined && transport) {
      this.#others?.delete(number);
      this.#transport = transport;
      this.#number = number;
    }
    if (isMove) {
      this.#changed({ type: "moved", epoch, kind: this.#transport?.kind ?? "" });
      return;
    }
    const suspendedMs = Math.round(this.#runtime.now() - this.#suspendedAt);
    this.#changed({ type: "resumed", epoch, replayed, suspendedMs });
  }

  #changed(change: SessionChange): void {
    this.#changes?.push(change);
  }

  #ended({ outcome, error, abort }: Extract<SessionEvent, { type: "closed" }>): void {
    const end = { outcome, ...(error && { error }), ...(abort && { abort }) };
    this.#end = end;
    this.#runtime.unschedule(this.#entry);
    this.#setAwaitingDial(false);
    const reason = error ?? new SessionError("ERR_CLOSED", "the session has ended");
    for (const { reject } of this.#waiters?.values() ?? []) reject(reason);
    this.#waiters = undefined;
    if (!this.machine.hasRest) this.#keeping?.ended(reason);
    this.#deliveries?.end(reason);
    this.#deliveries = undefined;
    this.#streams?.end(reason);
    this.#dialogue?.end();
    this.#changed({ type: "closed", end });
    this.#changes?.end();
    this.#closed?.resolve(end);
    this.#wake();
    this.#onClosed?.(this, end);
  }

  #allStreams(): SessionStreams {
    this.#streams ??= new SessionStreams(this, this.#limits.streamsMax);
    return this.#streams;
  }
}

const NORMAL = messageFrame("normal", 0);
