/**
 * Cuts an octet stream, however it arrives, into frames.
 *
 * The body of a frame that arrived in one piece is a view of that piece; only a frame that came in
 * several is put together by copying, in the piece that it began in where that may be taken and is large
 * enough: memory of its own costs more than the copy. Feed it, then call `next` until it is false; the fields speak
 * of the frame found last. Nothing is allocated for a frame longer than `frameOctetsMax`.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { keptOctets, type Loan, NO_OCTETS, unwrittenOctets } from "../octets.ts";
import { frameName, MESSAGE } from "./frames.ts";

const CLAUSE = "Tertulia 2.1";

/** Shorter bodies have memory of their own at no great cost. */
const REUSE_OCTETS_MIN = 16 * 1024;

export class FrameReader {
  /** Type of the current frame. */
  type = 0;
  /** Octets of the whole current frame, header and body. */
  size = 0;
  /** Where the current body is: `octets` from `start` to `end`. */
  octets: Uint8Array = NO_OCTETS;
  start = 0;
  end = 0;
  /** The longest body taken. */
  frameOctetsMax: number;

  #chunk: Uint8Array = NO_OCTETS;
  /** The chunk is somebody else's when it is read, unless this is taken. */
  #loan: Loan | undefined;
  /** Whether somebody has a view of the chunk until it is read. */
  #isBorrowed = false;
  #offset = 0;
  /** Octets of the current header so far: 0 when between frames. */
  #headerSize = 0;
  #length = 0;
  #scale = 1;
  #inBody = false;
  /** A body that comes in pieces, and how much of it is here. */
  #partial: Uint8Array | undefined;
  #filled = 0;

  constructor(frameOctetsMax: number) {
    this.frameOctetsMax = frameOctetsMax;
  }

  /** Whether we are between frames, with nothing left to read. */
  get isEmpty(): boolean {
    return this.#headerSize === 0 && this.#offset === this.#chunk.length;
  }

  /**
   * Gives it the next octets. What was fed before must have been read to the end.
   *
   * @param loan - They are there until they are read: what is held of them is copied, or this is taken.
   */
  feed(chunk: Uint8Array, loan?: Loan): void {
    this.#chunk = chunk;
    this.#loan = loan;
    this.#isBorrowed = false;
    this.#offset = 0;
  }

  /** What was fed and not read yet. */
  rest(): Uint8Array {
    const rest = this.#chunk.subarray(this.#offset);
    this.#offset = this.#chunk.length;
    return this.#loan ? rest.slice() : rest;
  }

  /** The body of the current frame, as a view. Whoever keeps it says {@link hold} before. */
  body(): Uint8Array {
    return this.octets.subarray(this.start, this.end);
  }

  /** The body of the current frame is kept. What was lent is copied from there on, once for all that follows. */
  hold(): void {
    const loan = this.#loan;
    if (loan === undefined || this.isApart) return;
    this.#loan = undefined;
    if (loan.take()) return;
    const kept = keptOctets(this.#chunk.subarray(this.start));
    this.#chunk = kept;
    this.octets = kept;
    this.#offset -= this.start;
    this.end -= this.start;
    this.start = 0;
  }

  /** The body of the current frame is to stay as it is until everything that was fed is read, and no longer. */
  borrow(): void {
    this.#isBorrowed = true;
  }

  /** Whether the body of the current frame is memory of its own: it was put together from pieces. */
  get isApart(): boolean {
    return this.octets !== this.#chunk;
  }

  /**
   * Moves to the next whole frame; false when more octets are needed.
   *
   * @throws {ProtocolError} `frameTooLong`.
   */
  next(): boolean {
    const chunk = this.#chunk;
    if (this.#headerSize === 0) {
      // The usual case first: a short frame that is here whole.
      const at = this.#offset;
      const length = chunk[at + 1] as number;
      if (length < 0x80 && at + 2 + length <= chunk.length) {
        this.type = chunk[at] as number;
        this.octets = chunk;
        this.start = at + 2;
        this.end = at + 2 + length;
        this.size = length + 2;
        this.#offset = this.end;
        return true;
      }
    }
    if (!this.#inBody && !this.#readHeader()) return false;
    return this.#readBody();
  }

  #readHeader(): boolean {
    const chunk = this.#chunk;
    while (this.#offset < chunk.length) {
      const octet = chunk[this.#offset++] as number;
      this.#headerSize += 1;
      if (this.#headerSize === 1) {
        this.type = octet;
        continue;
      }
      this.#length += (octet & 0x7f) * this.#scale;
      this.#scale *= 0x80;
      if (this.#length > this.frameOctetsMax || (octet >= 0x80 && this.#headerSize > 6)) {
        const length = this.#headerSize > 6 ? "a length without an end" : this.#length;
        throw new ProtocolError(
          "frameTooLong",
          CLAUSE,
          `${frameName(this.type)}: have ${length}, limit ${this.frameOctetsMax}`,
        );
      }
      if (octet >= 0x80) continue;
      this.#inBody = true;
      return true;
    }
    if (this.#offset === chunk.length) this.#release();
    return false;
  }

  #readBody(): boolean {
    const chunk = this.#chunk;
    const available = chunk.length - this.#offset;
    const missing = this.#length - this.#filled;
    if (this.#partial === undefined && available >= this.#length) {
      this.octets = chunk;
      this.start = this.#offset;
    } else if (this.#comesAgain(available, missing)) {
      this.#release();
      return false;
    } else {
      this.#partial ??= this.#roomInChunk() ?? unwrittenOctets(this.#length);
      const taken = Math.min(available, missing);
      this.#partial.set(chunk.subarray(this.#offset, this.#offset + taken), this.#filled);
      if (taken < missing) {
        this.#filled += taken;
        this.#release();
        return false;
      }
      this.octets = this.#partial;
      this.start = 0;
    }
    this.end = this.start + this.#length;
    this.size = this.#headerSize + this.#length;
    this.#offset += missing;
    this.#begin();
    return true;
  }

  /** Whether the body comes again in one piece: what is no message is read in place, and passed on. */
  #comesAgain(available: number, length: number): boolean {
    if (this.#partial !== undefined || this.type >= MESSAGE || length < REUSE_OCTETS_MIN)
      return false;
    return this.#loan?.memory?.again(available, length - available) ?? false;
  }

  /** The chunk's own memory for a message that begins in it, where nobody else keeps it and half is used. */
  #roomInChunk(): Uint8Array | undefined {
    const { buffer, byteOffset, byteLength } = this.#chunk;
    const loan = this.#loan;
    const length = this.#length;
    // What is no message may be let go of by whoever reads it, which takes memory of its own.
    if (loan === undefined || this.#isBorrowed || this.type < MESSAGE) return undefined;
    if (length < REUSE_OCTETS_MIN || length * 2 < buffer.byteLength) return undefined;
    if (length > byteLength || !loan.take()) return undefined;
    this.#loan = undefined;
    return new Uint8Array(buffer, byteOffset, length);
  }

  #begin(): void {
    this.#headerSize = 0;
    this.#length = 0;
    this.#scale = 1;
    this.#inBody = false;
    this.#partial = undefined;
    this.#filled = 0;
  }

  /** Lets go of a chunk that is read, so that an idle reader pins no memory. */
  #release(): void {
    this.#chunk = NO_OCTETS;
    this.#offset = 0;
  }
}
