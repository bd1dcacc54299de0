/**
 * Messages that wait in the store of a session, in their order; the oldest of them are in memory.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { Fifo } from "../pure/fifo.ts";
import { concatOctets } from "../pure/octets.ts";
import type { Keeping } from "./keeping.ts";

/** Octets of the store that are in memory at a time. */
const PIECE_OCTETS = 256 * 1024;
/** The frame type, before each message that waits. */
export const HEAD_OCTETS = 1;

/** The store of one session, as far as it keeps what waits. */
export type WaitingStore = Pick<Keeping, "appendWaiting" | "trimWaiting" | "readWaiting">;

export class StoredQueue {
  readonly #keeping: WaitingStore;
  /** Octets of each message that waits, with its head. */
  readonly #sizes: Fifo<number> = new Fifo();
  /** The first of them, as far as they were read from the store. */
  readonly #piece: Fifo<Uint8Array> = new Fifo();
  #start: number;
  #end: number;
  /** How far the store has them. */
  #stored: number;

  /** @param start - Where what waits begins, and @param end - where it ends: what a process before this one noted. */
  constructor(keeping: WaitingStore, start: number, end: number) {
    this.#keeping = keeping;
    this.#start = start;
    this.#end = end;
    this.#stored = end;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** Octets that wait, with their heads. */
  get octets(): number {
    return this.#end - this.#start;
  }

  /** Octets that are on their way to the store. */
  get unstoredOctets(): number {
    return this.#end - this.#stored;
  }

  /** Messages that wait. */
  get length(): number {
    return this.#sizes.length;
  }

  /** Octets of the first message, with its head; `undefined` when none waits. */
  get firstOctets(): number | undefined {
    return this.#sizes.peek();
  }

  /** The first message behind its head, if it was read already. */
  get first(): Uint8Array | undefined {
    return this.#piece.peek();
  }

  /** Finds out how long each of the messages is that a process before this one left. */
  async restore(): Promise<void> {
    for (let position = this.#start; position < this.#end; ) {
      const piece = await this.#keeping.readWaiting(position, PIECE_OCTETS);
      for (const { octets } of piece) {
        this.#sizes.push(octets.length);
        position += octets.length;
      }
      if (piece.length === 0) throw new SessionError("ERR_STORE", "what waits is not there");
    }
  }

  /** Adds a message to the next batch; returns its end, which {@link stored} is to be told of. */
  push(type: number, octets: Uint8Array): number {
    const entry = concatOctets([Uint8Array.of(type), octets]);
    this.#keeping.appendWaiting(this.#end, entry);
    this.#sizes.push(entry.length);
    this.#end += entry.length;
    return this.#end;
  }

  /** The store has everything up to there. */
  stored(end: number): void {
    this.#stored = Math.max(this.#stored, end);
  }

  /** Takes the first message out, in the next batch; returns its octets, with its head. */
  shift(): number {
    const size = this.#sizes.shift() ?? 0;
    this.#start += size;
    this.#piece.shift();
    this.#keeping.trimWaiting(this.#start);
    return size;
  }

  /** Reads the next messages; false when the store does not have them yet. */
  async read(): Promise<boolean> {
    if (this.#stored <= this.#start) return false;
    const from = this.#start;
    const piece = await this.#keeping.readWaiting(from, PIECE_OCTETS);
    // Taken out meanwhile: read again.
    if (from !== this.#start) return true;
    for (const { octets } of piece) this.#piece.push(octets);
    return piece.length > 0;
  }
}
