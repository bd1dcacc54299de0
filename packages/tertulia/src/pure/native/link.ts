/**
 * The link: ordered frames, exactly once, over a succession of transports.
 *
 * It knows positions, acknowledgements, credit, messages and streams; it knows nothing of how a
 * transport comes to be, or of the session's life: that is the session machine's, which is also told
 * of every frame that is not the link's own.
 *
 * Octets come in by {@link Link.receive} and go out by {@link Link.compose}. What arrived for the
 * application waits here until it is taken, and taking it is what lets the peer send more.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { gatherOctets, type LentMemory, type Loan, NO_OCTETS, Reader, Writer } from "../octets.ts";
import { Arrivals } from "./arrivals.ts";
import { FrameReader } from "./frame-reader.ts";
import {
  ACK,
  CREDIT,
  DATA,
  DIALOGUE,
  DIALOGUE_EXPEDITED,
  END,
  type FINISH,
  type FINISHED,
  frameName,
  laneOf,
  MESSAGE,
  NOT_FINISHED,
  OPEN,
  OPTIONAL,
  RESET,
  STREAM_CREDIT,
} from "./frames.ts";
import { EVERYTHING } from "./held.ts";
import { Inbox } from "./inbox.ts";
import { Keeper } from "./keeper.ts";
import { KeptArrivals, type LookedInto } from "./kept-arrivals.ts";
import { type Cursor, type KeptSession, type KeptStream, runOf } from "./kept-state.ts";
import { Lanes } from "./lanes.ts";
import type { Limits } from "./limits.ts";
import { collect, type KeptParts, type LinkChanges, restoreSent } from "./link-keeping.ts";
import type { LinkListener, LinkParts } from "./link-parts.ts";
import type { PresentationContext } from "./message.ts";
import { Outbox } from "./outbox.ts";
import { MESSAGE_COST, type PeerLimits } from "./peer-limits.ts";
import { begin, type Positions, wrongPositions } from "./positions.ts";
import { heardAll, saidAll } from "./release.ts";
import type { Received, StreamState } from "./stream.ts";
import { Streams } from "./streams.ts";
import { Windows } from "./windows.ts";

/** An SPDU shorter than this is copied out of the chunk that it came in. */
const SPDU_VIEW_OCTETS = 4096;
/** Octets from which on a chunk is too much to be kept for a few messages in it. */
const LARGE_CHUNK_OCTETS = 4096;
/** Octets that go out as one chunk, whatever they are made of. */
const GATHER_OCTETS = 4096;

export class Link implements LookedInto {
  /** What is sent. */
  readonly outbox: Outbox;
  /** What came and waits to be taken. */
  readonly inbox: Inbox;
  /** Nothing is read any more: the session has ended, and messages that wait can still be taken. */
  isStopped = false;

  readonly #parts: LinkParts;
  readonly #listener: LinkListener;
  /** There while there is a transport. */
  #reader: FrameReader | undefined;
  readonly #lanes: Lanes = new Lanes();
  readonly #windows: Windows;

  /** Present when everything has to be stored before it has an effect. */
  readonly #keeper: Keeper | undefined;
  readonly #keptArrivals: KeptArrivals | undefined;

  // Receiving.
  readonly #arrivals: Arrivals;
  #isControlDirty = false;

  /** Made when first needed: most sessions have none. */
  #streams: Streams | undefined;

  /** FINISH or FINISHED is sent: nothing may follow it. */
  #isFinishing = false;
  /** The peer has sent one of them: nothing new may follow. */
  #hasHeardAll = false;

  /** The last round trip measured, in ms. */
  roundTripMs = 0;

  constructor(
    isInitiator: boolean,
    limits: Limits,
    peer: PeerLimits,
    contexts: readonly PresentationContext[],
    listener: LinkListener,
    keeps?: "waiting" | "overlapping",
  ) {
    this.#listener = listener;
    this.#reader = new FrameReader(limits.frameOctetsMax);
    this.#windows = new Windows(limits, peer);
    this.#arrivals = new Arrivals(limits.acknowledgeMs);
    // The peer grants anew when half of its window is read: what waits for that must fit into a half.
    const half = Math.min(peer.messageCredit, peer.sessionCredit) >> 1;
    const segmentOctets = Math.min(peer.frameOctetsMax, half - MESSAGE_COST);
    if (keeps !== undefined) {
      // Credit does not count headers, OPEN and the like: as much again, and some.
      const heldOctetsMax = 2 * limits.sessionWindowOctets + 1024 * 1024;
      this.#keeper = new Keeper(heldOctetsMax, limits.frameOctetsMax, keeps === "overlapping");
      this.#lanes.storedUpTo(0, 0);
    }
    this.#parts = {
      isInitiator,
      limits,
      peer,
      segmentOctets,
      lane0: this.#lanes.lane0,
      lane1: this.#lanes.lane1,
      windows: this.#windows,
      keeper: this.#keeper,
      listener,
    };
    this.outbox = new Outbox(this.#parts);
    this.inbox = new Inbox(this.#parts, contexts);
    if (this.#keeper !== undefined) {
      const { inbox } = this;
      this.#keptArrivals = new KeptArrivals(this.#parts, this.#keeper, this.#arrivals, inbox, this);
    }
  }

  // What the application asks for.

  /**
   * Puts a frame of the release behind everything that was sent. Behind FINISH and FINISHED nothing
   * more may be said, unless the peer declines.
   */
  sendRelease(type: typeof FINISH | typeof FINISHED | typeof NOT_FINISHED): void {
    this.#lanes.lane0.append(type, NO_OCTETS);
    this.#isFinishing = type !== NOT_FINISHED;
    // Then the peer goes on.
    if (type === NOT_FINISHED) this.#hasHeardAll = false;
  }

  /** The peer declined to end: streams may be written to again. */
  resumeSending(): void {
    this.#isFinishing = false;
  }

  /** The peer says that it has said everything. @throws {ProtocolError} in the middle of a message. */
  heardAll(): void {
    if (this.inbox.isIncomplete) {
      throw new ProtocolError("segmentsMixed", "Tertulia 6.2", "an end before the last");
    }
    this.#hasHeardAll = true;
  }

  /** Has what was received acknowledged at once: the peer waits for it. */
  acknowledge(): void {
    this.#isControlDirty = true;
  }

  /**
   * @throws {SessionError} `ERR_LIMIT` when the peer takes no more streams, or no such label;
   *   `ERR_STATE` when the session is ending.
   */
  openStream(label: string): StreamState {
    this.#checkFinishing();
    return this.#theStreams.open(label);
  }

  stream(id: number): StreamState | undefined {
    return this.#streams?.get(id);
  }

  /** Streams that were lost with a process before this one, and that nobody has settled. */
  get lostStreams(): readonly KeptStream[] {
    return this.#streams?.lost ?? [];
  }

  /** The application knows of the streams that were lost. */
  settleLost(): void {
    if (this.#streams) this.#streams.lost = [];
  }

  get streams(): Iterable<StreamState> {
    return this.#streams ?? [];
  }

  /**
   * Queues octets of a stream; false when the writer should wait for `streamWritable`.
   *
   * @param isGiven - Their memory is the link's, to be let go of as soon as they are in the journal.
   * @param lent - Their memory: they are there until this returns, unless it is kept.
   * @throws {SessionError} `ERR_STATE` when the stream, or the session, is ending; `ERR_LIMIT` when
   *   too much waits already.
   */
  writeStream(
    stream: StreamState,
    octets: Uint8Array,
    isGiven = false,
    lent?: LentMemory,
  ): boolean {
    this.#checkFinishing();
    return this.#theStreams.write(stream, octets, isGiven, lent);
  }

  /** Says that nothing more will be written; the peer is told behind what is pending. */
  endStream(stream: StreamState): void {
    this.#streams?.end(stream);
  }

  /** Ends both directions now. What is pending or unread is dropped. */
  resetStream(stream: StreamState, code: number): void {
    this.#streams?.reset(stream, code);
  }

  /** The oldest octets of a stream that wait. */
  readStream(stream: StreamState): Uint8Array | undefined {
    const octets = this.#streams?.read(stream);
    if (octets && stream.flow.isDue) this.#isControlDirty = true;
    return octets;
  }

  /** The same, perhaps in memory that is to be given back. */
  takeStream(stream: StreamState): Received | undefined {
    const received = this.#streams?.take(stream);
    if (received && stream.flow.isDue) this.#isControlDirty = true;
    return received;
  }

  /** Whether everything that was asked to be sent is in the journal. */
  get isDrained(): boolean {
    return this.outbox.waitingOctets === 0 && (this.#streams?.isDrained ?? true);
  }

  /** Whether the peer has acknowledged everything that was sent. */
  get isAcknowledged(): boolean {
    return this.#lanes.isAcknowledged;
  }

  /** A count that grows whenever anything arrives, here or there. */
  get progress(): number {
    const { received0, received1 } = this.#arrivals;
    const [acknowledged0, acknowledged1] = this.#lanes.acknowledged;
    return acknowledged0 + acknowledged1 + received0 + received1;
  }

  /** What the peer has committed, on lane 0 and lane 1. */
  get acknowledged(): readonly [number, number] {
    return this.#lanes.acknowledged;
  }

  /** Messages that were sent, by lane, where they are kept. */
  get sentMessages(): readonly [number, number] {
    return [this.#keeper?.messages0 ?? 0, this.#keeper?.messages1 ?? 0];
  }

  /** Octets kept for the peer, in the journal and before it. */
  get backlogOctets(): number {
    return this.#lanes.size + this.outbox.waitingOctets;
  }

  /** Octets that came and that the application has not taken. */
  get unreadOctets(): number {
    return this.#windows.waiting;
  }

  // Transports.

  get positions(): Positions {
    return {
      received: this.#arrivals.received,
      retained: this.#lanes.starts,
    };
  }

  /** Positions behind the last octet that was sent on each lane. */
  get ends(): readonly [number, number] {
    return this.#lanes.ends;
  }

  /** What is wrong with where the peer says it stands, if anything. */
  checkPositions(peer: Positions): string | undefined {
    // What is kept of what came, and not looked into, it need not send again.
    const arrived = this.#keeper?.held.arrived ?? this.#arrivals.received;
    return wrongPositions(peer, this.#lanes.given, arrived);
  }

  /**
   * Keeps everything that can be sent now until `attach` or `unhold`: a new transport is on its way,
   * and begins where the peer stands when it answers there, whatever it acknowledges here meanwhile.
   */
  hold(): void {
    this.#lanes.hold();
  }

  /** The new transport came to nothing. */
  unhold(): void {
    this.#lanes.unhold();
    this.#pump();
  }

  /**
   * Goes over to a new transport. Each side begins where the other stands, or behind it with the
   * first octet that it said it retains; and each knows that of the other.
   *
   * @param declared - What we said of ourselves.
   * @returns How many messages the peer does not have.
   */
  attach(peer: Positions, declared: Positions): number {
    const replayed = this.#lanes.rewind(begin(peer, declared, 0), begin(peer, declared, 1));
    this.#arrivals.attach(begin(declared, peer, 0), begin(declared, peer, 1));
    this.#reader = new FrameReader(this.#parts.limits.frameOctetsMax);
    this.#keeper?.overlap?.attach();
    this.#restate();
    this.#pump();
    return replayed + (this.outbox.waiting?.length ?? 0);
  }

  // What has to be stored first.

  /** Positions to which everything was settled when what was taken is. */
  get taken(): Cursor {
    return this.#keeper?.taken ?? this.#arrivals.received;
  }

  /** The application is done with what it took. */
  settle(now: number): void {
    this.#keeper?.settle(now);
  }

  /** Whether the application is done with everything that came, as far as that is kept. */
  get isSettled(): boolean {
    return this.#keeper?.isSettled ?? true;
  }

  /** Whether something has come, or was sent, that `collect` has not given. */
  get isUncollected(): boolean {
    const keeper = this.#keeper;
    if (keeper === undefined) return false;
    const [end0, end1] = this.#lanes.ends;
    const isSent = end0 > keeper.told0 || end1 > keeper.told1;
    const hasStaged = this.#keptArrivals?.hasStaged ?? false;
    return isSent || hasStaged || (keeper.overlap?.isNew ?? false);
  }

  /** The link as it is to be stored. */
  get #kept(): KeptParts | undefined {
    const keeper = this.#keeper;
    if (keeper === undefined) return undefined;
    return {
      ...this.#parts,
      keeper,
      received: this.#arrivals.received,
      waiting: this.outbox.waiting,
      streams: this.#streams,
      hasStaged: this.#keptArrivals?.hasStaged ?? false,
      isNew: this.isUncollected,
    };
  }

  /** When something is to be stored that could wait until now; 0 for not at all. */
  get settleAt(): number {
    return this.#keeper?.settleAt ?? 0;
  }

  /**
   * What has to be stored now, if anything.
   *
   * @param isForced - Also what could wait, and the state when nothing else is new.
   */
  collect(now: number, isForced: boolean): LinkChanges | undefined {
    const parts = this.#kept;
    this.#keptArrivals?.collected(now);
    return parts && collect(parts, now, isForced);
  }

  /** The oldest SPDU of a lane has had its effect on what is kept of the dialogue. */
  tookSpdu(lane: 0 | 1, now: number): void {
    this.#keeper?.tookSpdu(lane, now);
  }

  /** Leaves the streams as they are for the process that goes on with them; or no more. */
  carryStreams(isCarrying: boolean): void {
    if (this.#keeper !== undefined) this.#theStreams.isCarrying = isCarrying;
  }

  /** What is kept of the dialogue has changed. */
  keepLater(now: number): void {
    this.#keeper?.settleLater(now);
  }

  /**
   * What was collected is stored: it may be sent, and looked into.
   *
   * @throws {ProtocolError} as `receive`.
   */
  stored(changes: LinkChanges): void {
    const keeper = this.#keeper;
    if (keeper === undefined) return;
    const { ends, overlap } = changes.state;
    keeper.overlap?.storedUpTo(ends, overlap);
    if (overlap.isAhead) this.#lanes.storedUpTo(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    else this.#lanes.storedUpTo(ends[0], ends[1]);
    this.#keptArrivals?.stored(changes);
  }

  /** The peer does not come back: as {@link KeptArrivals.lookAtAll}. */
  lookAtAll(): void {
    this.#keptArrivals?.lookAtAll();
  }

  /**
   * Stands where a stored link stood. Streams are lost with the process that had them, and their
   * peer is told, unless that process carried them over.
   *
   * @param cursor - What the application has besides: it may keep its own place with its own data.
   * @param carriesStreams - Goes on with streams that were carried over.
   * @throws {ProtocolError} `journalShort`, and what `receive` throws.
   */
  restore(kept: KeptSession, now: number, cursor: Cursor = [0, 0], carriesStreams = false): void {
    const keeper = this.#keeper;
    if (keeper === undefined) return;
    const { state, entries } = kept;
    const isFinishing = saidAll.has(state.release);
    // Behind FINISH nothing more is said on a stream.
    const goesOn = carriesStreams && !isFinishing;
    const received = runOf(entries, "received", state.receivedEnd);
    restoreSent({ ...this.#parts, keeper }, this.outbox.theWaiting, kept);
    keeper.forgottenReceived = received.start;
    const [next, nextPeer] = state.nextStreams;
    // Once there was one; or one that came since is as new as if it came now.
    if (next + nextPeer > 1 || state.carried) this.#theStreams.restore(state, goesOn);
    keeper.overlap?.restore(state.overlap, state.ends);
    this.#keptArrivals?.restore(state, received, now);
    this.#hasHeardAll = heardAll.has(state.release);
    this.#keptArrivals?.restoreRest(state, received, cursor);
    const settled = [Math.max(cursor[0], state.cursor[0]), Math.max(cursor[1], state.cursor[1])];
    const [count0, count1] = keeper.countSettled([settled[0] ?? 0, settled[1] ?? 0]);
    this.inbox.skip(count0, count1);
    keeper.settle(now);
    this.#isFinishing = isFinishing;
    this.#streams?.loseOthers(isFinishing);
  }

  /** What a process before this one may have looked into is looked into: credit is granted again. */
  restored(): void {
    this.#windows.restored();
    this.#streams?.restored();
    this.#isControlDirty = true;
  }

  /** It has been quiet for a while: gives back what it keeps for a load that may not come again. */
  relax(): void {
    this.#lanes.relax();
  }

  /** What was read only in part is gone with its transport. */
  detach(): void {
    this.relax();
    this.#reader = undefined;
    this.#arrivals.detach();
  }

  /** Reads nothing any more. */
  stop(): void {
    this.isStopped = true;
    this.#streams?.gather();
    this.detach();
  }

  /** When something is due to be said, or 0. */
  get deadline(): number {
    return this.#arrivals.dueAt;
  }

  /**
   * Takes octets of the current transport.
   *
   * @param loan - They are there until {@link gather} is called, unless it is taken or its memory kept.
   * @throws {ProtocolError} when the peer broke a rule: the session machine's to deal with.
   */
  receive(chunk: Uint8Array, now: number, loan?: Loan): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    if (this.#keptArrivals !== undefined) {
      return this.#keptArrivals.receive(reader, chunk, now, loan);
    }
    const unread = this.inbox.ordinaryLength;
    const arrivals = this.#arrivals;
    const { messages, session } = this.#windows;
    const before = session.received;
    this.inbox.expect();
    reader.feed(chunk, loan);
    if (this.#streams) this.#streams.lent = loan?.memory;
    while (!this.isStopped && reader.next()) {
      const { type } = reader;
      if (type >= MESSAGE && type < OPTIONAL && (type & 0x30) !== 0x20) {
        if (!arrivals.receive0(reader.size)) continue;
        reader.hold();
        if (this.#hasHeardAll) behindTheEnd(type);
        this.inbox.receive(type, reader.octets, reader.start, reader.end);
      } else {
        this.#receiveOther(type, reader);
      }
    }
    // What came on a loan waits a little: who reads it at once needs no copy.
    if (loan === undefined) this.#streams?.gather();
    // Messages that are a small part of their chunk pin far more than what credit counts.
    const counted = session.received - before;
    if (chunk.length >= LARGE_CHUNK_OCTETS && counted * 4 < chunk.length) this.inbox.letGo(unread);
    this.inbox.announce();
    const window = Math.max(messages.windowOctets, this.#streams?.windowOctets ?? 0);
    if (arrivals.look(now, window)) this.#isControlDirty = true;
  }

  /** The loan ends: what came on it and nobody has read is put elsewhere. */
  gather(): void {
    this.#streams?.gather();
  }

  /** Whether what is sent may go out before it is stored, as without a store it always may. */
  get isAhead(): boolean {
    return this.#lanes.isAhead;
  }

  /** Whether there is something to send now. */
  isSendDue(now: number): boolean {
    return (
      this.#isControlDirty ||
      this.#keeper?.overlap?.isDirty ||
      this.#lanes.hasUnsent ||
      this.#arrivals.isDue(now) ||
      this.#windows.isDue
    );
  }

  /**
   * Adds what is to be sent now, about `octetsMax` of it, as views that stay as they are until they
   * are acknowledged. Returns how many octets that is.
   */
  compose(now: number, octetsMax: number, into: Uint8Array[]): number {
    if (!this.isSendDue(now)) return 0;
    const first = into.length;
    const control = this.#composeControl(now);
    if (control.length > 0) into.push(control);
    const octets = control.length + this.#lanes.take(octetsMax, into);
    // A transport takes one short chunk with less effort than two: here a copy is the cheaper way.
    if (octets <= GATHER_OCTETS && into.length - first > 1)
      into.push(gatherOctets(into.splice(first)));
    // The journal has room again when what the peer acknowledged on another transport was sent anew.
    if (this.outbox.waitingOctets > 0) this.#pump();
    else this.#streams?.pump();
    return octets;
  }

  #composeControl(now: number): Uint8Array {
    const { overlap, held, isRestoring = false } = this.#keeper ?? {};
    const tells = overlap?.isDirty ?? false;
    const isDirty = this.#isControlDirty;
    const roundTrip = this.roundTripMs;
    this.#isControlDirty = false;
    const arrivals = this.#arrivals;
    const acknowledges = isDirty || arrivals.isWorthwhile(now, this.#keeper !== undefined);
    // What a process before this one granted is not known before the peer has said what it stored.
    const grants = !isRestoring && (isDirty || this.#windows.isWorthwhile);
    if (!acknowledges && !grants && !tells) return NO_OCTETS;
    const body = new Writer();
    if (tells) overlap?.write(body);
    if (acknowledges) {
      // What arrived in another life of the peer's it does not know of.
      const isKnown = overlap?.isHeard !== false;
      arrivals.writeAck(body, (isKnown && held?.arrived) || arrivals.received);
    }
    if (grants) this.#windows.writeCredit(body, now, roundTrip);
    this.#streams?.writeGrants(body, now, roundTrip);
    return body.finish();
  }

  // What comes in.

  #receiveOther(type: number, reader: FrameReader): void {
    const lane = laneOf(type);
    if (lane === 0 && !this.#arrivals.receive0(reader.size)) return;
    if (lane === 1 && !this.#arrivals.receive1(reader.size)) return;
    this.dispatch(type, reader);
  }

  /** Does what a frame says. */
  dispatch(type: number, reader: FrameReader): void {
    if (type >= MESSAGE && type < OPTIONAL) return this.#receiveMessage(type, reader);
    const body = reader.body();
    switch (type) {
      case ACK:
        this.#lanes.receiveAck(
          new Reader(body, "Tertulia 2.2 ACK"),
          this.#keeper?.overlap?.stored ?? EVERYTHING,
        );
        return this.#pump();
      case CREDIT:
        this.#windows.receiveCredit(new Reader(body, "Tertulia 2.2 CREDIT"));
        return this.#pump();
      case STREAM_CREDIT:
        return this.#theStreams.receiveCredit(new Reader(body, "Tertulia 2.2 STREAM_CREDIT"));
      case OPEN:
        if (this.#hasHeardAll) behindTheEnd(type);
        return this.#theStreams.receiveOpen(
          new Reader(body, "Tertulia 2.2 OPEN"),
          this.#keeper?.isRestoring ?? false,
          this.#isFinishing,
        );
      case DATA:
        if (this.#hasHeardAll) behindTheEnd(type);
        reader.borrow();
        return this.#theStreams.receiveData(
          new Reader(body, "Tertulia 2.2 DATA"),
          reader.isApart,
          this.#keeper?.isRestoring ?? false,
        );
      case END:
        return this.#theStreams.receiveEnd(new Reader(body, "Tertulia 2.2 END"));
      case RESET:
        return this.#theStreams.receiveReset(new Reader(body, "Tertulia 2.2 RESET"));
      case DIALOGUE:
        this.inbox.receiveSpdu(body.length, false);
        this.inbox.announce();
        // A short view would pin a whole chunk, of which credit counts the view only.
        if (body.length < SPDU_VIEW_OCTETS) return this.#listener.dialogue(body.slice(), false);
        reader.hold();
        return this.#listener.dialogue(reader.body(), false);
      case DIALOGUE_EXPEDITED:
        this.inbox.receiveSpdu(body.length, true);
        return this.#listener.dialogue(body.slice(), true);
    }
    if (type >= OPTIONAL) return;
    this.inbox.announce();
    reader.hold();
    this.#listener.control(type, reader.body());
  }

  #receiveMessage(type: number, reader: FrameReader): void {
    if (laneOf(type) === 1) return this.inbox.receiveExpedited(type, reader.body());
    if (this.#hasHeardAll) behindTheEnd(type);
    this.inbox.receive(type, reader.octets, reader.start, reader.end);
  }

  /** Moves what waits into the journal, as far as credit and room go. */
  #pump(): void {
    this.outbox.pump();
    this.#streams?.pump();
  }

  get #theStreams(): Streams {
    this.#streams ??= new Streams(this.#parts);
    return this.#streams;
  }

  #checkFinishing(): void {
    if (this.#isFinishing) {
      throw new SessionError("ERR_STATE", "no stream octets after the release was asked for");
    }
  }

  /** After a resume everything that is only ever stated is stated again. */
  #restate(): void {
    this.#isControlDirty = true;
    this.#streams?.restate();
  }
}

function behindTheEnd(type: number): never {
  throw new ProtocolError("unexpectedFrame", "Tertulia 9.1", `${frameName(type)} behind FINISH`);
}
