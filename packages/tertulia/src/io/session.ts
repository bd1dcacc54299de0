/**
 * A session, as applications have it.
 *
 * @module
 */

import { type AbortReason, abortReasons } from "../pure/native/abort.ts";
import type { Agreement, Proposal } from "../pure/native/establishment.ts";
import type { Cursor, KeptStream } from "../pure/native/kept-state.ts";
import type { SessionMachine } from "../pure/native/machine.ts";
import type { Message } from "../pure/native/message.ts";
import { hex } from "../pure/octets.ts";
import {
  aCount,
  aString,
  checkGiven,
  checkKind,
  octets as octetsKind,
  oneOf,
  signalOf,
} from "./option-kinds.ts";
import type { SessionDialogue } from "./session-dialogue.ts";
import { SessionDriver } from "./session-driver.ts";
import type {
  Identity,
  SendOptions,
  SessionChange,
  SessionEnd,
  SessionParts,
  SignalOptions,
} from "./session-parts.ts";
import { release } from "./session-release.ts";
import type { SessionStream } from "./stream.ts";
import type { Transport } from "./transport.ts";
import { raced } from "./wait.ts";

const anAbortReason = oneOf(abortReasons);

/**
 * A conversation that outlives its transports. Iterate it for the messages of the peer; `send` yours.
 * What is asked for with an argument of the wrong kind is refused with `ERR_ARGUMENT`.
 *
 * @example
 * const session = await connect("tcp://127.0.0.1:7700");
 * await session.send("hello");
 * for await (const message of session) console.log(message.value);
 */
export class Session implements AsyncIterable<Message>, AsyncDisposable {
  readonly identity: Identity;
  /** When it was established, by whatever process, in ms since 1970. */
  readonly createdAt: number;
  /** What the peer said of itself: its selectors, user data and software. */
  readonly peer: Proposal;
  /** Over TLS: what the peer's first transport proved to hold. */
  readonly keyFingerprint: string | undefined;
  /** What moves it. For what is built on sessions in this library. */
  readonly driver: SessionDriver;

  /** Made by `connect` and by a listener. */
  constructor(parts: SessionParts) {
    this.identity = parts.identity;
    this.createdAt = Date.now() - (parts.ageMs ?? 0);
    this.peer = parts.established.peer;
    this.keyFingerprint = parts.transport?.peer.keyFingerprint ?? parts.keyFingerprint;
    this.driver = new SessionDriver(this, parts);
    this.driver.begin(parts.kept !== undefined);
  }

  /** For those who build protocols on sessions. */
  get machine(): SessionMachine {
    return this.driver.machine;
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
    return this.driver.keeping !== undefined;
  }

  /** Whether it has a transport now, waits for another one, or has ended. */
  get state(): "connected" | "suspended" | "closed" {
    return this.machine.state;
  }

  /** How it ended, or `undefined` while it lives. */
  get end(): SessionEnd | undefined {
    return this.driver.end;
  }

  /** Resolves when it has ended, however; never rejects. */
  get closed(): Promise<SessionEnd> {
    return this.driver.closed;
  }

  /** The transport of now, if there is one. */
  get transport(): Transport | undefined {
    return this.driver.transports.current;
  }

  /** Octets that are sent and not yet acknowledged, or wait to be sent; a backlog before it counts. */
  get backlogOctets(): number {
    return this.driver.sender.backlogOctets;
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
    return this.driver.sender.send(value, options);
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
    options?: SignalOptions,
  ): Promise<void> {
    return this.driver.reader.consume(handler, options);
  }

  /**
   * The messages of the peer. The iteration ends when the peer has nothing more to say, and throws
   * the error that ended the session otherwise, after the last message that came. Asking for the next
   * message settles the ones before, as {@link consume} does.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return this.driver.reader.iterate();
  }

  /**
   * Settles everything that was taken. Resolves when the store has that: after a crash none of it
   * comes again. In `memory` durability there is nothing to settle.
   *
   * @throws {SessionError} `ERR_STORE`, or why the session ended first.
   */
  async commit(options?: SignalOptions): Promise<void> {
    const signal = signalOf(options);
    if (!this.isKept) return;
    await this.driver.storeUpTo(this.machine.commit(this.driver.now()), signal);
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
  async delivered(options?: SignalOptions): Promise<void> {
    await this.driver.sender.delivered(signalOf(options));
  }

  /** Resolves when our store has everything that was sent until now. In `memory`: at once. */
  async stored(): Promise<void> {
    if (this.isKept) await this.driver.storeUpTo(this.machine.nextMark);
  }

  /**
   * Keeps some octets beside the session, in the place of what was noted before: in one batch with
   * whatever is stored of it next, for example by {@link commit}. They are there after a restart, and
   * are forgotten with the session. In `memory` durability nothing is kept.
   */
  note(octets: Uint8Array): void {
    checkGiven("note", octets, octetsKind);
    this.driver.keeping?.note(octets);
  }

  /** What was noted last, by whatever process; `undefined` when nothing was. @throws {StoreError} */
  async readNote(): Promise<Uint8Array | undefined> {
    return this.driver.keeping?.readNote();
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
  async park(options?: SignalOptions): Promise<void> {
    const signal = signalOf(options);
    if (!this.isKept) return this.abort("shut down", "shutdown");
    await raced(this.stored(), signal).catch(() => {});
    this.parkNow();
  }

  /** As {@link park}, in this turn: what is not stored yet is gone with the process, as in a crash. */
  parkNow(): void {
    if (!this.isKept) return this.abort("shut down", "shutdown");
    this.machine.park();
    this.driver.settle();
  }

  /**
   * Leaves the streams as they are, from this instant, for the process that goes on with the session:
   * until it is parked nothing more is read of them or written, and a listener with `carriesStreams`
   * has them again where its store is opened next. Without it, or if this process ends otherwise, they
   * are lost. In `memory` durability nothing is carried.
   *
   * @param isCarrying - False: it is not to be, and they go on here.
   */
  carryStreams(isCarrying = true): void {
    if (!this.isKept) return;
    this.machine.carryStreams(isCarrying);
    if (!isCarrying) this.driver.streams.goOn();
    this.driver.settle();
  }

  /** What becomes of the link, from now on. Each iteration sees every change, up to the last 256. */
  changes(): AsyncIterable<SessionChange> {
    return this.driver.changes();
  }

  /**
   * Opens a stream of octets beside the messages, with credit of its own.
   *
   * @throws {SessionError} `ERR_LIMIT` when the peer takes no more, `ERR_CLOSED`, `ERR_STATE` when
   *   streams were not agreed on, or after a release was asked for.
   */
  openStream(label = ""): SessionStream {
    checkKind("label", label, aString);
    this.driver.sender.check();
    this.driver.checkUnit("streams");
    return this.driver.streams.add(this.machine.link.openStream(label));
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

  /**
   * Streams that the peer opens. Those that nobody takes are reset, from `limits.streamsMax` on. Those
   * of either side that a process before this one has carried over come first.
   */
  get streams(): AsyncIterable<SessionStream> {
    return this.driver.streams.incoming;
  }

  /** What it carries for the machine of a dialogue, whose transport it is. */
  get dialogue(): SessionDialogue {
    return this.driver.dialogue;
  }

  /**
   * What was kept of the dialogue when this session was taken up again after a restart: what the last
   * `snapshot` of {@link SessionDialogue.keep} gave.
   */
  get keptDialogue(): Uint8Array | undefined {
    return this.machine.keptDialogue;
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
  async release(options?: SignalOptions): Promise<void> {
    await release(this.driver, signalOf(options));
  }

  /** Ends the session now. What was not acknowledged may be lost; the peer is told, if it can be. */
  abort(message = "aborted by the application", reason: AbortReason = "user"): void {
    checkGiven("message", message, aString);
    checkGiven("reason", reason, anAbortReason);
    this.machine.abort(reason, message);
    this.driver.settle();
  }

  /** Goes over to a new transport while the old one is still there. Initiator only. */
  migrate(location?: string): void {
    checkKind("location", location, aString);
    this.machine.migrate(this.driver.now(), location);
    this.driver.settle();
  }

  /** Asks the initiator to go over to a new transport: to `location`, or just anew. */
  goAway(afterMs: number, jitterMs: number, location?: string): void {
    checkKind("afterMs", afterMs, aCount);
    checkKind("jitterMs", jitterMs, aCount);
    checkKind("location", location, aString);
    this.machine.goAway(afterMs, jitterMs, location);
    this.driver.settle();
  }

  /** Says that something happened to the network: a silent link is noticed in seconds. */
  probe(): void {
    this.machine.probe(this.driver.now());
    this.driver.settle();
  }

  /** Drops the current transport as if the network had: for tests, and for demonstrations. */
  breakTransport(): void {
    this.transport?.abort();
  }

  /** Aborts it unless it has ended. Never waits for the peer. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.abort("disposed of");
  }
}
