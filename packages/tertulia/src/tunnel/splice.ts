/**
 * Joins a socket and a stream: octets both ways, each end's pace the other's, half-close as
 * half-close, reset as reset.
 *
 * @module
 */

import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { QuotaError } from "../io/quotas.ts";
import { resetSocket } from "../io/reset.ts";
import { readShared } from "../io/shared-reads.ts";
import type { SessionStream } from "../io/stream.ts";
import type { Loan } from "../pure/octets.ts";
import { holdReading, resumeReading } from "./hold.ts";
import { failureOf, failures, LOST } from "./opening.ts";

/** Told of octets that went through; when more may, if not at once. */
export type Pace = (octets: number) => Promise<void> | undefined;

/** Room for a frame's header in front of what is read. */
const FRONT_OCTETS = 16;
/** Between two attempts to write what exceeds the quota of octets that wait. */
const QUOTA_PAUSE_MS = 20;
/** Between two looks at whether all is written, when the socket is to be passed on. */
const FLUSH_PAUSE_MS = 10;

/** Octets that went through, kept up to date. */
export interface Traffic {
  /** From the socket into the stream. */
  sentOctets: number;
  /** From the stream into the socket. */
  receivedOctets: number;
}

export function noTraffic(): Traffic {
  return { sentOctets: 0, receivedOctets: 0 };
}

/** As {@link Splice.run} of a new one. */
export function splice(
  socket: Socket,
  stream: SessionStream,
  traffic: Traffic,
  early?: Uint8Array,
  pace?: Pace,
): Promise<void> {
  return new Splice(socket, stream, traffic, pace).run(early);
}

export class Splice {
  readonly socket: Socket;
  readonly #stream: SessionStream;
  readonly #traffic: Traffic;
  readonly #pace: Pace | undefined;
  readonly #failed: PromiseWithResolvers<never> = Promise.withResolvers();
  #isOver = false;
  /** Nothing is read, of neither side, until it goes on; perhaps in another process. */
  #isResting = false;
  #isPassed = false;
  /** The socket's handle does not read. */
  #isHeld: boolean;
  /** Everything was read of the socket, and is in the stream. */
  #isAtEnd = false;
  /** Ends the stream, once; there from when the socket has ended. */
  #end: (() => void) | undefined;
  /** Octets that a quota keeps from the stream. */
  #withheld = 0;

  /**
   * @param pace - Keeps both directions to a rate.
   * @param isHeld - The socket is one that `holdReading` has stopped.
   */
  constructor(
    socket: Socket,
    stream: SessionStream,
    traffic: Traffic,
    pace?: Pace,
    isHeld = false,
  ) {
    this.socket = socket;
    this.#stream = stream;
    this.#traffic = traffic;
    this.#pace = pace;
    this.#isHeld = isHeld;
    this.#failed.promise.catch(() => {});
  }

  /**
   * Runs until both directions have ended. The socket, open and with `allowHalfOpen`, and the stream
   * are its own from now on.
   *
   * @param early - What was read of the stream already.
   * @throws what ended it out of order; both sides are reset then.
   */
  async run(early?: Uint8Array): Promise<void> {
    const { socket } = this;
    const { reject, promise: failed } = this.#failed;
    socket.setNoDelay(true);
    socket.on("error", reject);
    socket.on("close", () => {
      // In order: what it said last may still wait for room in the stream.
      if (socket.readableEnded && socket.writableFinished) return;
      reject(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    });
    try {
      if (early && early.length > 0) {
        this.#traffic.receivedOctets += early.length;
        socket.write(early);
      }
      await Promise.race([Promise.all([this.#upload(), this.#download()]), failed]);
    } catch (error) {
      // Whichever side failed, the other is to know: a reset is not an end.
      if (!this.#isPassed) {
        this.#stream.reset(failures[failureOf(error)]);
        resetSocket(socket);
      }
      throw error;
    } finally {
      this.#isOver = true;
    }
  }

  // Going over to another process.

  /**
   * Reads the socket no more; what was read of it is given to the stream in this turn, and an end is told
   * in the next. What was read of the stream is still written.
   */
  hold(): void {
    this.#isHeld = holdReading(this.socket);
    this.#isResting = true;
  }

  /** Whether it can go over, once it is held. With {@link hasEnded} only its stream can. */
  settle(): boolean {
    if (this.#withheld > 0 || this.#isOver) return false;
    if (!this.hasEnded) return this.#isHeld;
    // The stream has everything: the end waits for a rate or for credit, and can as well wait in there.
    this.#end?.();
    return true;
  }

  /** Whether both sides have ended in order, and there is no socket any more. */
  get hasEnded(): boolean {
    return this.socket.readableEnded && this.socket.writableFinished;
  }

  /** Whether everything that was read of the stream is the kernel's. */
  get isFlushed(): boolean {
    if (this.#isOver) return false;
    return this.hasEnded || (!this.socket.destroyed && this.socket.writableLength === 0);
  }

  /** Octets that the kernel has taken for the socket. */
  get takenOctets(): number {
    return this.socket.bytesWritten - this.socket.writableLength;
  }

  /** Resolves when it is, or will not be in time. */
  async flushed(ms: number): Promise<void> {
    const by = performance.now() + ms;
    while (!this.#isOver && !this.isFlushed && performance.now() < by) await sleep(FLUSH_PAUSE_MS);
  }

  /** It cannot go over: it is reset, as a crash would. */
  lose(): void {
    this.#failed.reject(Object.assign(new Error("not passed on"), { code: LOST }));
  }

  /** It is at rest, and another process is to go on with it: what becomes of it here is of no account. */
  pass(): void {
    this.#isPassed = true;
  }

  get isPassed(): boolean {
    return this.#isPassed;
  }

  /** It goes on here after all. */
  goOn(): void {
    if (!this.#isResting || this.#isOver) return;
    this.#isResting = false;
    this.#isPassed = false;
    if (this.#isAtEnd) this.#end?.();
    else this.#read();
  }

  /** Socket to stream. While the stream has no credit the socket is not read: its peer sees a slow one. */
  #upload(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { socket } = this;
    /** Until this has come to something, the octets before are not in the stream. */
    let writing: Promise<unknown> = Promise.resolve();
    const received = (octets: Uint8Array, loan?: Loan) => {
      this.#traffic.sentOctets += octets.length;
      try {
        const pausing = this.#pace?.(octets.length);
        const waiting = this.#give(octets, loan);
        if (waiting === undefined && pausing === undefined) return;
        socket.pause();
        writing = Promise.all([waiting, pausing]);
        writing.then(() => this.#isResting || socket.resume(), reject);
      } catch (error) {
        reject(error);
      }
    };
    // A socket that reads so has its end wait in the kernel while it is paused; one that is kept to a rate
    // is so most of the time, and could not go over to another process with both its sides ended there.
    const isShared =
      this.#pace === undefined && readShared(socket, { borrowed: received }, FRONT_OCTETS);
    // What was read before comes this way in any case.
    if (!isShared || socket.readableLength > 0) socket.on("data", received);
    // Of a socket that is paused, too, an end is told when there is nothing before it to be read.
    socket.on("end", () => {
      this.#end = () => {
        this.#end = undefined;
        this.#stream.end();
        resolve();
      };
      writing.then(() => {
        this.#isAtEnd = true;
        // Whoever has the stream from now on finds the end of the socket for itself.
        if (!this.#isResting) this.#end?.();
      }, reject);
    });
    // Who comes from another process, or has just been here, may be ahead of the rate.
    const pausing = this.#pace?.(0);
    if (pausing) {
      socket.pause();
      writing = pausing;
      pausing.then(() => this.#isResting || this.#read());
    } else this.#read();
    return promise;
  }

  #read(): void {
    if (this.#isHeld) resumeReading(this.socket);
    else this.socket.resume();
    this.#isHeld = false;
  }

  /** When the next octets may be given, if not at once. */
  #give(octets: Uint8Array, loan: Loan | undefined): Promise<void> | undefined {
    try {
      return loan ? this.#stream.lend(octets, loan) : this.#stream.give(octets);
    } catch (error) {
      if (!canWait(error, octets)) throw error;
      return this.#giveLater(loan ? octets.slice() : octets);
    }
  }

  /** Nothing tells when others of the same identity have read: we look again. */
  async #giveLater(octets: Uint8Array): Promise<void> {
    this.#withheld += octets.length;
    for (;;) {
      await sleep(QUOTA_PAUSE_MS, undefined, { ref: false });
      try {
        const waiting = this.#stream.give(octets);
        this.#withheld -= octets.length;
        return await waiting;
      } catch (error) {
        if (!canWait(error, octets)) throw error;
      }
    }
  }

  /** Stream to socket. While the socket is full the stream is not read: its writer runs out of credit. */
  async #download(): Promise<void> {
    const { socket } = this;
    const pausing = this.#pace?.(0);
    if (pausing) await pausing;
    await this.#stream.consume((octets) => {
      this.#traffic.receivedOctets += octets.length;
      let onWritten: (() => void) | undefined;
      socket.write(octets, () => onWritten?.());
      const pausing = this.#pace?.(octets.length);
      // The kernel has them already, unless it is full.
      if (socket.writableLength === 0) return pausing;
      const written = new Promise<void>((resolve) => {
        onWritten = resolve;
      });
      return pausing ? pausing.then(() => written) : written;
    });
    socket.end();
  }
}

/** Whether it only has to wait: what waits for the same identity to read is up to its quota. */
function canWait(error: unknown, octets: Uint8Array): boolean {
  return error instanceof QuotaError && octets.length <= error.limit;
}
