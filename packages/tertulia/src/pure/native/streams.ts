/**
 * The streams of a link: who sends next, within the credit of each and of the session, and what the
 * frames of streams say. They share lane 0 and the session's flow with the messages.
 *
 * Made when the first stream is: most sessions have none.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import { type LentMemory, NO_OCTETS, type Reader, utf8, Writer } from "../octets.ts";
import { CARRIED_OCTETS_MAX, type CarriedStream } from "./carried.ts";
import { creditExceeded, Flow } from "./flow.ts";
import { END, OPEN, RESET, STREAM_CREDIT, writeVarints } from "./frames.ts";
import type { KeptState, KeptStream } from "./kept-state.ts";
import type { LinkParts } from "./link-parts.ts";
import { tooLong } from "./peer-limits.ts";
import { Pending } from "./pending.ts";
import { type Received, StreamState } from "./stream.ts";

/** Octets of unsent journal up to which streams add to it: what overtakes never waits for more. */
const UNSENT_MAX = 128 * 1024;
/** Octets a stream keeps before its writer is told to wait. */
const PENDING_OCTETS = 256 * 1024;

/** Credit for a stream whose octets are dropped. */
const UNLIMITED = 2 ** 50;

/** The code of the RESET of a stream whose process is gone: what it held is not there any more. */
export const STREAM_LOST = 0xffff_ffff;
/** Streams whose loss is remembered until it is settled: the last ones. */
const LOST_MAX = 256;

/** What the streams tell. */
export interface StreamsListener {
  streamOpened(stream: StreamState): void;
  streamReadable(id: number): void;
  streamWritable(id: number): void;
  streamEnded(id: number): void;
  /** @param takenOctets - Of a stream that was lost: how far its reader had come. */
  streamReset(id: number, code: number, takenOctets: number): void;
}

export class Streams implements Iterable<StreamState> {
  readonly #parts: LinkParts;
  readonly #open: Map<number, StreamState> = new Map();
  /** Streams with something to send, in turn. */
  readonly #sending: Fifo<StreamState> = new Fifo();
  /** Streams of which something came in the chunk that is being received. */
  readonly #arrived: StreamState[] = [];
  #lent: LentMemory | undefined;
  /** Those that were lost with a process before this one. */
  lost: readonly KeptStream[] = [];
  #isCarrying = false;
  /** What a process before this one carried over, and what came since, is gone on with. */
  #goesOn = false;
  #nextId: number;
  #nextPeerId: number;
  #count = 0;
  #peerCount = 0;
  /** The widest window that was granted to one of them. */
  windowOctets = 0;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    [this.#nextId, this.#nextPeerId] = firstStreams(parts.isInitiator);
  }

  [Symbol.iterator](): IterableIterator<StreamState> {
    return this.#open.values();
  }

  get(id: number): StreamState | undefined {
    return this.#open.get(id);
  }

  /** The next number of a stream of ours, and of the peer's. */
  get next(): readonly [number, number] {
    return [this.#nextId, this.#nextPeerId];
  }

  // What the application asks for.

  /** @throws {SessionError} `ERR_LIMIT` when the peer takes no more streams, or no such label. */
  open(label: string): StreamState {
    const { limits, peer, lane0 } = this.#parts;
    const octets = utf8(label);
    if (octets.length > limits.labelOctetsMax) {
      tooLong("a stream's label", octets.length, limits.labelOctetsMax);
    }
    if (this.#count >= peer.streamsMax) {
      throw new SessionError("ERR_LIMIT", `the peer takes ${peer.streamsMax} streams`);
    }
    const stream = this.#add(this.#nextId, label);
    this.#nextId += 2;
    this.#count += 1;
    lane0.append(OPEN, octets, stream.id);
    return stream;
  }

  /**
   * Queues octets of a stream; false when the writer should wait for `streamWritable`.
   *
   * @param isGiven - They are copied into the journal, and their memory is let go of at once.
   * @param lent - Their memory: they are there until this returns, unless it is kept.
   * @throws {SessionError} `ERR_STATE` when the stream is ending; `ERR_LIMIT` when too much waits
   *   already.
   */
  write(stream: StreamState, octets: Uint8Array, isGiven: boolean, lent?: LentMemory): boolean {
    if (stream.isEnding || !this.#open.has(stream.id)) {
      throw new SessionError("ERR_STATE", `write to stream ${stream.id}, which has ended`);
    }
    if (this.#isCarrying) {
      throw new SessionError("ERR_STATE", `write to stream ${stream.id}, which is carried over`);
    }
    const limit = this.#parts.limits.waitingOctetsMax;
    if (stream.pendingOctets > limit) {
      throw new SessionError("ERR_LIMIT", `${limit} octets wait already: await write()`);
    }
    if (octets.length > 0) {
      const pending = new Pending(octets, isGiven, lent);
      stream.pending.push(pending);
      stream.pendingOctets += octets.length;
      this.#queue(stream);
      this.pump();
      pending.keep();
    }
    stream.isBlocked = stream.pendingOctets > PENDING_OCTETS;
    return !stream.isBlocked;
  }

  /** Says that nothing more will be written; the peer is told behind what is pending. */
  end(stream: StreamState): void {
    if (stream.isEnding || !this.#open.has(stream.id)) return;
    stream.isEnding = true;
    this.#queue(stream);
    this.pump();
  }

  /** Ends both directions now. What is pending or unread is dropped. */
  reset(stream: StreamState, code: number): void {
    if (this.#open.has(stream.id)) {
      this.#parts.lane0.append(RESET, resetBody(stream, code), stream.id);
      this.#retire(stream);
    }
    this.#drop(stream);
  }

  /** The oldest octets of a stream that wait. */
  read(stream: StreamState): Uint8Array | undefined {
    if (this.#isCarrying) return undefined;
    const octets = stream.read();
    if (octets) this.#parts.windows.session.consumed += octets.length;
    return octets;
  }

  /** The same, perhaps in memory that is to be given back. */
  take(stream: StreamState): Received | undefined {
    if (this.#isCarrying) return undefined;
    const received = stream.take(this.#lent);
    if (received) this.#parts.windows.session.consumed += received.octets.length;
    return received;
  }

  /** Whether everything that was written is in the lane0. */
  get isDrained(): boolean {
    for (const { pendingOctets, isEnding, isEndSent } of this) {
      if (pendingOctets > 0 || (isEnding && !isEndSent)) return false;
    }
    return true;
  }

  // What waits to go out.

  /** Moves what is pending into the journal, as far as credit and room go, in turn. */
  pump(): void {
    const { lane0, limits } = this.#parts;
    for (let turns = this.#sending.length; turns > 0; turns--) {
      if (lane0.unsent > UNSENT_MAX) return;
      if (lane0.size >= limits.journalOctetsMax) return;
      const stream = this.#sending.shift();
      if (stream === undefined) return;
      stream.isQueued = false;
      if (!this.#open.has(stream.id)) continue;
      if (this.#pumpOne(stream)) {
        // It has more and may send it: behind the others, and then again.
        this.#queue(stream);
        turns += 1;
      }
    }
  }

  /** Sends one piece; whether it could send another. */
  #pumpOne(stream: StreamState): boolean {
    const { lane0, windows, segmentOctets, listener } = this.#parts;
    const { session } = windows;
    const first = stream.pending.peek();
    if (first === undefined) {
      if (stream.isEnding && !stream.isEndSent) {
        stream.isEndSent = true;
        lane0.append(END, NO_OCTETS, stream.id);
        this.#retireIfOver(stream);
      }
      return false;
    }
    const room = Math.min(stream.flow.room, session.room, segmentOctets - 9);
    if (room <= 0) {
      // The stream's own credit brings it back to the queue; the session's must find it there.
      if (stream.flow.room > 0) this.#queue(stream);
      return false;
    }
    const size = first.moveTo(lane0, stream.id, room);
    if (first.isEmpty) stream.pending.shift();
    stream.flow.sent += size;
    stream.pendingOctets -= size;
    session.sent += size;
    if (stream.isBlocked && stream.pendingOctets <= PENDING_OCTETS / 2) {
      stream.isBlocked = false;
      listener.streamWritable(stream.id);
    }
    return stream.pendingOctets > 0 || stream.isEnding;
  }

  /** Writes what the streams that were read from may be sent anew. */
  writeGrants(writer: Writer, now: number, roundTripMs: number): void {
    for (const stream of this) {
      if (stream.isPeerEnded || !(stream.isCreditDirty || stream.flow.isWorthwhile)) continue;
      stream.isCreditDirty = false;
      writeVarints(writer, STREAM_CREDIT, stream.id, stream.flow.grant(now, roundTripMs));
      this.windowOctets = Math.max(this.windowOctets, stream.flow.windowOctets);
    }
  }

  /** After a resume what is only ever stated is stated again. */
  restate(): void {
    for (const stream of this) stream.isCreditDirty = true;
  }

  // What comes in.

  receiveCredit(fields: Reader): void {
    const stream = this.#open.get(fields.varint());
    // A grant may cross our reset of the stream.
    if (stream === undefined) return;
    stream.flow.allow(fields.varint());
    if (stream.pendingOctets > 0) this.#queue(stream);
    this.pump();
  }

  /**
   * @param isAgain - It came before this process began, and the one that had the stream is gone.
   * @param isFinishing - As for {@link loseOthers}.
   */
  receiveOpen(fields: Reader, isAgain: boolean, isFinishing: boolean): void {
    const { limits, listener } = this.#parts;
    const id = fields.varint();
    if (id !== this.#nextPeerId) {
      const detail = `opened ${id}, next is ${this.#nextPeerId}`;
      throw new ProtocolError("badStreamId", "Tertulia 7.1", detail);
    }
    if (this.#peerCount >= limits.streamsMax) {
      throw new ProtocolError("tooManyStreams", "Tertulia 7.1", `limit ${limits.streamsMax}`);
    }
    if (fields.remaining > limits.labelOctetsMax) {
      throw new ProtocolError("labelTooLong", "Tertulia 7.1", `${fields.remaining} octets`);
    }
    this.#nextPeerId += 2;
    this.#peerCount += 1;
    const label = fields.utf8(fields.remaining);
    const stream = this.#add(id, label);
    if (!isAgain || this.#goesOn) return listener.streamOpened(stream);
    const lost = { id, label, takenOctets: 0, writtenOctets: 0 };
    this.lost = [...this.lost, lost].slice(-LOST_MAX);
    this.#lose(stream, isFinishing);
  }

  /**
   * @param isApart - Nobody else has the memory of these octets.
   * @param isAgain - They came before this process began: what was granted for them is not known.
   */
  receiveData(fields: Reader, isApart: boolean, isAgain: boolean): void {
    const { windows, listener } = this.#parts;
    const { session } = windows;
    const stream = this.#peerStream(fields.varint());
    const octets = fields.rest();
    session.receive(octets.length);
    if (stream === undefined || stream.isLost) {
      session.consumed += octets.length;
      return;
    }
    if (stream.isPeerEnded) throw new ProtocolError("dataAfterEnd", "Tertulia 7.3", `${stream.id}`);
    if (!isAgain && !stream.flow.allows(octets.length)) creditExceeded(`stream ${stream.id}`);
    if (octets.length === 0) return;
    const isFirst = !stream.isReadable;
    if (isApart) stream.pushApart(octets);
    else if (stream.push(octets)) this.#arrived.push(stream);
    if (isFirst) listener.streamReadable(stream.id);
  }

  /** The memory of what is received until {@link gather}, if it may be kept. */
  set lent(lent: LentMemory | undefined) {
    this.#lent = lent;
  }

  /** Nothing more comes of the chunk that was received: lets go of it. */
  gather(): void {
    const lent = this.#lent;
    this.#lent = undefined;
    if (this.#arrived.length === 0) return;
    for (const stream of this.#arrived) stream.gather(lent);
    this.#arrived.length = 0;
  }

  receiveEnd(fields: Reader): void {
    const stream = this.#peerStream(fields.varint());
    if (stream === undefined || stream.isPeerEnded) return;
    stream.isPeerEnded = true;
    this.#parts.listener.streamEnded(stream.id);
    this.#retireIfOver(stream);
  }

  receiveReset(fields: Reader): void {
    const stream = this.#peerStream(fields.varint());
    const code = fields.varint();
    const takenOctets = code === STREAM_LOST && fields.remaining > 0 ? fields.varint() : 0;
    if (stream === undefined) return;
    this.#retire(stream);
    this.#drop(stream);
    this.#parts.listener.streamReset(stream.id, code, takenOctets);
  }

  /** The stream of a frame; `undefined` when it was there once, which is how frames cross a reset. */
  #peerStream(id: number): StreamState | undefined {
    const stream = this.#open.get(id);
    if (stream) return stream;
    const next = this.#isOurs(id) ? this.#nextId : this.#nextPeerId;
    if (id >= next) throw new ProtocolError("badStreamId", "Tertulia 7.1", `${id} is not open`);
    return undefined;
  }

  // Beginning again.

  /** What a restart needs to know of those that are open. */
  get kept(): KeptStream[] {
    return Array.from(this, ({ id, label, flow }) => ({
      id,
      label,
      takenOctets: flow.consumed,
      writtenOctets: flow.sent,
    }));
  }

  /** Everything is left as it is for the next process: nothing is written or taken any more. */
  set isCarrying(isCarrying: boolean) {
    this.#isCarrying = isCarrying;
    for (const stream of [...this]) this.#retireIfOver(stream);
  }

  /** What the next process needs to go on with them, while they are left as they are. */
  get carried(): CarriedStream[] | undefined {
    if (!this.#isCarrying) return undefined;
    const carried: CarriedStream[] = [];
    let octets = 0;
    for (const stream of this) {
      octets += stream.pendingOctets + stream.flow.waiting;
      if (octets <= CARRIED_OCTETS_MAX) carried.push(stream.carried);
    }
    return carried;
  }

  /**
   * Those that were open are again, to be lost once what came on them is read.
   *
   * @param goesOn - But for those that are carried over: they are told of as if they were opened now.
   */
  restore({ nextStreams, streams, lost, carried }: KeptState, goesOn: boolean): void {
    const { windows, listener } = this.#parts;
    const { session } = windows;
    // After any other end it is not known whether somebody has used one that came since.
    this.#goesOn = goesOn && carried !== undefined;
    [this.#nextId, this.#nextPeerId] = nextStreams;
    const byId = new Map(goesOn ? carried?.map((each) => [each.id, each]) : []);
    const isLost = ({ id }: KeptStream) => !byId.has(id);
    this.lost = [...lost, ...streams.filter(isLost)].slice(-LOST_MAX);
    for (const { id, label, takenOctets, writtenOctets } of streams) {
      const stream = this.#add(id, label);
      const { flow } = stream;
      flow.consumed = flow.received = takenOctets;
      flow.sent = writtenOctets;
      if (this.#isOurs(id)) this.#count += 1;
      else this.#peerCount += 1;
      const state = byId.get(id);
      if (state === undefined) {
        stream.isLost = true;
        continue;
      }
      stream.goOn(state);
      // What nobody has looked at yet is as good as new.
      const used = takenOctets + writtenOctets + stream.pendingOctets > 0 || stream.isEnding;
      stream.isCarried = used || this.#isOurs(id);
      session.received += state.unread.length;
      if (stream.pendingOctets > 0 || stream.isEnding) this.#queue(stream);
      listener.streamOpened(stream);
    }
  }

  /** Loses what was open in the process before this one, unless it goes on. */
  loseOthers(isFinishing: boolean): void {
    for (const stream of [...this]) {
      if (!this.#goesOn || stream.isLost) this.#lose(stream, isFinishing);
      else this.#retireIfOver(stream);
    }
  }

  /** Everything that came on them before this process began is read; what may have been granted is. */
  restored(): void {
    for (const stream of this) {
      // Of one that nothing was taken of only the first window is granted; the peer may not know it yet.
      if (stream.isLost || stream.flow.consumed === 0) continue;
      stream.flow.restored();
      stream.isCreditDirty = true;
    }
  }

  /** Its process is gone, and what it held. The peer is told, unless nothing may be said any more. */
  #lose(stream: StreamState, isFinishing: boolean): void {
    // Behind FINISH nothing is said, a reset neither: what the peer still has to say is let in.
    if (!isFinishing) return this.reset(stream, STREAM_LOST);
    stream.isLost = true;
    stream.flow.granted = UNLIMITED;
    stream.isCreditDirty = true;
  }

  #queue(stream: StreamState): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    this.#sending.push(stream);
  }

  #add(id: number, label: string): StreamState {
    const { limits, peer } = this.#parts;
    const flow = new Flow(limits.windowOctets, limits.windowOctetsMax, peer.streamCredit);
    const stream = new StreamState(id, label, flow);
    this.#open.set(id, stream);
    return stream;
  }

  /** One that is carried over is still known: what is unread has to go over, too. */
  #retireIfOver(stream: StreamState): void {
    if (stream.isEndSent && stream.isPeerEnded && !this.#isCarrying) this.#retire(stream);
  }

  /** Forgets a stream that both sides ended; what is unread stays with whoever holds the stream. */
  #retire(stream: StreamState): void {
    this.#open.delete(stream.id);
    if (this.#isOurs(stream.id)) this.#count -= 1;
    else this.#peerCount -= 1;
  }

  /** Drops what is pending and unread; it frees the session's window as if it had been read. */
  #drop(stream: StreamState): void {
    this.#parts.windows.session.consumed += stream.flow.waiting;
    stream.clear();
  }

  #isOurs(id: number): boolean {
    return id % 2 === this.#nextId % 2;
  }
}

/** Whose stream is lost hears how far it was taken. */
function resetBody({ flow }: StreamState, code: number): Uint8Array {
  const body = new Writer().varint(code);
  return (code === STREAM_LOST ? body.varint(flow.consumed) : body).finish();
}

/** The first number of a stream of ours, and of the peer's. */
export function firstStreams(isInitiator: boolean): readonly [number, number] {
  return isInitiator ? [0, 1] : [1, 0];
}
