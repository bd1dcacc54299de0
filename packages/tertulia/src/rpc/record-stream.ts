/**
 * RPC messages over one octet stream: a TCP, TLS or Unix socket.
 *
 * Messages are written straight into a slab, which goes out once per turn of the event loop; what
 * comes in is read where it lies. Both directions may carry calls and replies.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { BusyPoll } from "../io/busy-poll.ts";
import { SessionError } from "../pure/errors.ts";
import { NO_OCTETS, unwrittenOctets } from "../pure/octets.ts";
import { XDR_LIMITS, type XdrLimits } from "../pure/oncrpc/limits.ts";
import { RecordDecoder, recordMark } from "../pure/oncrpc/record.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import type { Unfinished } from "./unfinished.ts";

/** A slab goes out when it holds this much, even before the turn ends: the peer has something to do then. */
const SLAB_OCTETS = 32 * 1024;
/** What a stream begins with: most connections write little, and there may be thousands. */
const SLAB_LEAST = 4 * 1024;
/** A slab that grew beyond this for a large message is not kept for the next. */
const SLAB_KEPT_OCTETS = 8 * SLAB_OCTETS;

export interface StreamOptions {
  /** Octets of a record, all its fragments together. Default 4 MiB. */
  readonly recordMax?: number;
  /** Fragments of a record. Default 65,536. */
  readonly fragmentsMax?: number;
  /** Bounds of the structures in a record. */
  readonly xdr?: Partial<XdrLimits>;
  /**
   * How long the process stays awake after a message went out alone, for one that comes at once: where one
   * short call follows another, that makes them several times as fast. It is done only while it has paid,
   * never for several clients at a time, and never on a single processor. Default 0.1; 0: never.
   */
  readonly pollMs?: number;
}

/** Octets of a slab that a socket reads into, and the least that is left of one before the next is taken. */
const READ_OCTETS = 64 * 1024;
const READ_LEAST = 8 * 1024;

/**
 * Where a socket of ours puts what it reads: slabs that are filled and never filled again, so that views
 * of them may be kept. Node else makes a buffer of 64 KiB for each read, however short.
 */
export class SocketFeed {
  readonly onread: {
    readonly buffer: () => Uint8Array;
    readonly callback: (size: number, octets: Uint8Array) => boolean;
  };
  #slab = unwrittenOctets(READ_OCTETS);
  #at = 0;
  #waiting: Uint8Array[] = [];
  #user: ((octets: Uint8Array) => void) | undefined;

  constructor() {
    this.onread = {
      buffer: () => {
        if (this.#slab.length - this.#at < READ_LEAST) {
          this.#slab = unwrittenOctets(READ_OCTETS);
          this.#at = 0;
        }
        return this.#slab.subarray(this.#at);
      },
      callback: (size, octets) => {
        this.#at += size;
        const chunk = octets.subarray(0, size);
        if (this.#user === undefined) this.#waiting.push(chunk);
        else this.#user(chunk);
        return true;
      },
    };
  }

  /** Hands over what was read, from the beginning. */
  attach(user: (octets: Uint8Array) => void): void {
    this.#user = user;
    for (const chunk of this.#waiting) user(chunk);
    this.#waiting = [];
  }
}

/** Who uses a stream. */
export interface StreamUser {
  /** Takes one record; false means: no more for now, until {@link RecordStream.resume}. */
  record(reader: XdrReader): boolean;
  /** The peer sends no more but may still read. Without this, its end is the end of both. */
  halfEnded?(): void;
  /** The stream ended: properly without an error. Told once. */
  ended(error: SessionError | undefined): void;
}

export class RecordStream {
  readonly writer: XdrWriter = new XdrWriter(new Uint8Array(SLAB_LEAST));
  readonly #socket: Socket;
  readonly #user: StreamUser;
  readonly #decoder: RecordDecoder;
  readonly #reader: XdrReader;
  readonly #poll: BusyPoll | undefined;
  /** Messages in the slab. */
  #messages = 0;
  readonly #flushNow = (): void => {
    this.#isFlushDue = false;
    this.flush();
  };
  #isFlushDue = false;
  #isReading = false;
  #isPaused = false;
  #isEnded = false;
  #isDetached = false;
  #mark = 0;
  readonly #onData = (chunk: Uint8Array): void => {
    this.#poll?.received();
    this.#decoder.receive(chunk);
    this.#read();
  };
  readonly #onError = (cause: Error): void => {
    this.#end(new SessionError("ERR_CLOSED", `connection lost: ${cause.message}`, { cause }));
  };
  readonly #onClose = (): void => {
    this.#end(undefined);
  };
  readonly #onEnd = (): void => {
    if (this.#decoder.isWithin) {
      this.destroy(new SessionError("ERR_CLOSED", "the peer closed inside a record"));
    } else if (this.#user.halfEnded !== undefined) this.#user.halfEnded();
    else this.destroy();
  };

  /** Where what it holds of a record that has not come whole is counted, and how much that is. */
  readonly #unfinished: Unfinished | undefined;
  #held = 0;

  /**
   * @param poll - What its owner stays awake by.
   * @param feed - What the socket was made with, if it reads into slabs of ours.
   * @param unfinished - What the streams of its owner hold together.
   */
  constructor(
    socket: Socket,
    user: StreamUser,
    options: StreamOptions = {},
    poll?: BusyPoll,
    feed?: SocketFeed,
    unfinished?: Unfinished,
  ) {
    this.#unfinished = unfinished;
    this.#poll = poll;
    this.#socket = socket;
    this.#user = user;
    this.#decoder = new RecordDecoder({
      ...(options.recordMax !== undefined && { recordMax: options.recordMax }),
      ...(options.fragmentsMax !== undefined && { fragmentsMax: options.fragmentsMax }),
    });
    this.#reader = new XdrReader(new Uint8Array(), { ...XDR_LIMITS, ...options.xdr });
    if (feed === undefined) socket.on("data", this.#onData);
    // In a turn of its own: whoever makes the stream does not have it yet.
    else process.nextTick(() => feed.attach(this.#onData));
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
    socket.on("end", this.#onEnd);
    // It may have been paused while something else was read from it.
    socket.resume();
  }

  /** Octets that were written and are not yet with the kernel. */
  get writableLength(): number {
    return this.#socket.writableLength + (this.writer.at - this.writer.start);
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Begins a message; write it to {@link writer}, then {@link commit}, or {@link cancel}. */
  begin(): XdrWriter {
    const { writer } = this;
    this.#mark = writer.reserve(4) - writer.start;
    return writer;
  }

  /** Ends the message that was begun. It goes out at the end of this turn at the latest. */
  commit(): void {
    const { writer } = this;
    const size = writer.at - writer.start;
    this.#messages += 1;
    writer.view.setUint32(writer.start + this.#mark, recordMark(size - this.#mark - 4));
    if (size >= SLAB_OCTETS) this.flush();
    else if (!this.#isReading && !this.#isFlushDue) {
      this.#isFlushDue = true;
      process.nextTick(this.#flushNow);
    }
  }

  /** Takes the message back that was begun. */
  cancel(): void {
    this.writer.rewind(this.writer.start + this.#mark);
  }

  /** Hands what is in the slab to the socket. */
  flush(): void {
    const { writer } = this;
    if (writer.at === writer.start) return;
    const octets = writer.takeWritten();
    const socket = this.#socket;
    if (this.#isEnded || this.#isDetached || socket.destroyed || socket.writableEnded) return;
    socket.write(octets);
    if (this.#messages === 1) this.#poll?.sent(this);
    this.#messages = 0;
    // The kernel has taken all of it, so that nobody looks into the slab any more: the same memory is
    // used again while the processor still has it at hand.
    if (socket.writableLength === 0) this.#restart();
  }

  /** Reads on after the user said false, or after {@link pause}. */
  resume(): void {
    if (!this.#isPaused || this.#isReading || this.#isEnded) return;
    this.#isPaused = false;
    this.#read();
    if (!this.#isPaused) this.#socket.resume();
  }

  /** Calls back once when the peer has read what was written. */
  onceDrained(callback: () => void): void {
    // "drain" comes only after more than a socket's own bound, and that of the caller may be lower.
    this.#socket.write(NO_OCTETS, callback);
  }

  /**
   * Gives the socket back, for a change of protocol; nothing is read from it or written to it any more.
   * Says whether it is where the change was agreed: false when the peer has sent more by the old one.
   */
  detach(): boolean {
    this.flush();
    this.#isDetached = true;
    this.#socket.off("data", this.#onData);
    this.#socket.off("error", this.#onError);
    this.#socket.off("close", this.#onClose);
    this.#socket.off("end", this.#onEnd);
    return !this.#decoder.hasMore;
  }

  /** Ends our side when what was written is out. */
  end(): void {
    this.flush();
    this.#socket.end();
  }

  /** Ends at once. */
  destroy(error?: SessionError): void {
    this.#end(error);
    this.#socket.destroy();
  }

  #read(): void {
    if (this.#isPaused) return;
    this.#isReading = true;
    try {
      const decoder = this.#decoder;
      while (!this.#isDetached && decoder.next()) {
        this.#reader.reset(decoder.octets, decoder.view, decoder.start, decoder.end);
        if (this.#user.record(this.#reader)) continue;
        this.#isPaused = true;
        this.#socket.pause();
        break;
      }
      this.#reader.reset(decoder.octets, decoder.view, decoder.start, decoder.end);
      this.#holds(decoder.heldOctets);
    } catch (error) {
      // Only the decoder and the message header throw here, and only what the peer did.
      this.destroy(
        error instanceof SessionError
          ? error
          : new SessionError("ERR_CLOSED", "reading failed", { cause: error }),
      );
    } finally {
      this.#isReading = false;
      this.flush();
    }
  }

  #holds(octets: number): void {
    if (octets === this.#held) return;
    this.#held = octets;
    this.#unfinished?.holds(this, octets);
  }

  #restart(): void {
    const { writer } = this;
    if (writer.octets.length <= SLAB_KEPT_OCTETS) writer.restart(writer.octets);
    else writer.restart(new Uint8Array(SLAB_LEAST));
  }

  #end(error: SessionError | undefined): void {
    if (this.#isEnded) return;
    this.flush();
    this.#isEnded = true;
    this.#holds(0);
    this.#user.ended(error);
  }
}
