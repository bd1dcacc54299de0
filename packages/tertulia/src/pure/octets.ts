/**
 * Reading and writing octets: big-endian, as all the protocols here have them.
 *
 * A {@link Reader} copies nothing: what it returns shares memory with its input, and is good until
 * the owner of that buffer reuses it. A {@link Writer} copies what it is given.
 *
 * @module
 */

import { ProtocolError } from "./errors.ts";

/** Below this, zeros cost less than a call. */
const UNWRITTEN_OCTETS_MIN = 4096;
/** Shorter copies share Node's pool. */
const POOLED_OCTETS_MAX = 1024;
/** Below this, collecting costs less than giving back. */
const LET_GO_OCTETS_MIN = 16 * 1024;

/** Less than this is copied rather than its memory kept, which is up to twice as large as that. */
export const LENT_OCTETS_MIN: number = 32 * 1024;

/** No octets at all. */
export const NO_OCTETS: Uint8Array = new Uint8Array();

// What TextEncoder and TextDecoder are in every runtime: this folder knows no runtime's types.
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  constructor(label: string, options: { fatal: boolean; ignoreBOM: boolean });
  decode(octets: Uint8Array): string;
}
// What Node has besides, and browsers have not.
interface NodeGlobals {
  readonly Buffer?: {
    from(buffer: ArrayBufferLike, start: number, octets: number): { toString(as: "hex"): string };
    allocUnsafe(octets: number): Uint8Array;
    allocUnsafeSlow(octets: number): Uint8Array;
  };
}
const { Buffer } = globalThis as NodeGlobals;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const hexPairs = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));

/** The UTF-8 octets of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text that UTF-8 octets spell, or `undefined` when they are not UTF-8. */
export function decodeUtf8(octets: Uint8Array): string | undefined {
  try {
    return decoder.decode(octets);
  } catch {
    return undefined;
  }
}

/** Octets as lower-case hex, for people and logs. */
export function hex(octets: Uint8Array, separator = ""): string {
  if (Buffer !== undefined && separator === "") {
    return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("hex");
  }
  const pairs: string[] = [];
  for (const octet of octets) pairs.push(hexPairs[octet] as string); // there are 256
  // Joined at once: a text that grows by pieces is kept in pieces, ten times as large.
  return pairs.join(separator);
}

/** The octets that `hex`, without a separator, spelt. */
export function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Whether two octet strings are equal, in time that depends on their lengths only. */
export function equalOctets(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let i = 0; i < one.length; i++) difference |= (one[i] as number) ^ (other[i] as number);
  return difference === 0;
}

/** Whether octets begin with others. */
export function beginsWith(octets: Uint8Array, beginning: Uint8Array): boolean {
  if (octets.length < beginning.length) return false;
  for (let i = 0; i < beginning.length; i++) if (octets[i] !== beginning[i]) return false;
  return true;
}

/** Octets that are all written before anybody reads them: where that saves time, not zeros. */
export function unwrittenOctets(size: number): Uint8Array {
  if (Buffer === undefined || size < UNWRITTEN_OCTETS_MIN) return new Uint8Array(size);
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}

/** What comes with octets that are somebody else's again when a call returns. */
export interface Loan {
  /** Has them stay for good, with the whole of their memory. False where they do not: what is kept is copied. */
  take(): boolean;
  /** Their memory, where they may stay for a while instead. */
  readonly memory?: LentMemory | undefined;
}

/** Memory that is used again when it is given back. */
export interface LentMemory {
  /** Octets in front of those that are lent, into which whoever keeps it may write. */
  readonly frontOctets: number;
  /** Has it stay until {@link giveBack} was called as often. False where it does not. */
  keep(): boolean;
  giveBack(): void;
  /**
   * Has the last `count` octets come again, in front of what comes next, of which `missing` belong to
   * them. False where they do not.
   */
  again(count: number, missing: number): boolean;
}

/** A copy to keep: a short one in memory that others have a part of, since memory of its own costs more. */
export function keptOctets(octets: Uint8Array): Uint8Array {
  const size = octets.length;
  let copy: Uint8Array;
  if (Buffer === undefined || size >= POOLED_OCTETS_MAX) copy = unwrittenOctets(size);
  else {
    const { buffer, byteOffset } = Buffer.allocUnsafe(size);
    copy = new Uint8Array(buffer, byteOffset, size);
  }
  copy.set(octets);
  return copy;
}

/**
 * Gives memory back now rather than whenever it is collected; the octets are gone for every holder.
 * Does nothing where they are short, or a part of something larger.
 */
export function letGoOctets({ buffer, byteLength }: Uint8Array): void {
  if (byteLength === buffer.byteLength) letGoBuffer(buffer);
}

/** The same where the whole of the memory is the caller's, of which it may have only a part in hand. */
export function letGoBuffer(buffer: ArrayBufferLike): void {
  if (buffer.byteLength < LET_GO_OCTETS_MIN) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** One octet string from several, copied. */
export function concatOctets(parts: readonly Uint8Array[]): Uint8Array {
  return copied(parts, unwrittenOctets);
}

/**
 * The same for what is written to a transport at once: where there are, in a buffer of the pool. Memory
 * of its own costs more than filling it, and a stream wraps in a buffer what is none.
 */
export function gatherOctets(parts: readonly Uint8Array[]): Uint8Array {
  return copied(parts, Buffer?.allocUnsafe ?? unwrittenOctets);
}

function copied(parts: readonly Uint8Array[], allocate: (size: number) => Uint8Array): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const whole = allocate(size);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Octets that a number takes as a varint. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
  return size;
}

/** A cursor over octets that are all here. Reading past the end is the peer's fault. */
export class Reader {
  readonly #octets: Uint8Array;
  readonly #clause: string;
  readonly #start: number;
  readonly #end: number;
  #offset: number;

  /**
   * @param clause - Where the standard defines this structure, for the error message.
   * @param start - Where in `octets` it begins, and
   * @param end - where it ends: all of them, unless it is a part of something larger.
   */
  constructor(octets: Uint8Array, clause: string, start = 0, end: number = octets.length) {
    this.#octets = octets;
    this.#clause = clause;
    this.#start = start;
    this.#end = end;
    this.#offset = start;
  }

  /** Octets read so far. */
  get offset(): number {
    return this.#offset - this.#start;
  }

  /** Octets not read yet. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  u8(): number {
    return this.#octets[this.#take(1)] as number;
  }

  u16(): number {
    const at = this.#take(2);
    const octets = this.#octets;
    return ((octets[at] as number) << 8) | (octets[at + 1] as number);
  }

  u32(): number {
    const high = this.u16();
    return high * 0x10000 + this.u16();
  }

  u64(): bigint {
    const high = BigInt(this.u32());
    return (high << 32n) | BigInt(this.u32());
  }

  /**
   * A variable-length integer: seven bits an octet, the least significant first, the high bit set
   * in all but the last. At most 2^53-1.
   */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const octet = this.u8();
      value += (octet & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) {
        throw new ProtocolError("integerTooLarge", this.#clause, "more than 2^53-1");
      }
      if (octet < 0x80) return value;
      scale *= 0x80;
    }
  }

  /** The next `size` octets, as a view. */
  octets(size: number): Uint8Array {
    const start = this.#take(size);
    return this.#octets.subarray(start, start + size);
  }

  /** Everything that is left, as a view. */
  rest(): Uint8Array {
    return this.octets(this.remaining);
  }

  /** The next `size` octets as text, which must be UTF-8. */
  utf8(size: number): string {
    const text = decodeUtf8(this.octets(size));
    if (text === undefined) throw new ProtocolError("notUtf8", this.#clause);
    return text;
  }

  /** A reader confined to the next `size` octets: the value of a length-prefixed field. */
  sub(size: number): Reader {
    const start = this.#take(size);
    return new Reader(this.#octets, this.#clause, start, start + size);
  }

  /** Leaves out the next `size` octets. */
  skip(size: number): void {
    this.#take(size);
  }

  #take(size: number): number {
    const start = this.#offset;
    if (size > this.#end - start) {
      throw new ProtocolError("truncated", this.#clause, `need ${size}, have ${this.remaining}`);
    }
    this.#offset = start + size;
    return start;
  }
}

/** A growing buffer. Every method returns the writer, so that a structure reads as one sentence. */
export class Writer {
  #octets: Uint8Array;
  #size = 0;

  /** @param octets - How many there will probably be; more are no harm. */
  constructor(octets = 64) {
    this.#octets = new Uint8Array(octets);
  }

  /** Octets written so far. */
  get size(): number {
    return this.#size;
  }

  u8(value: number): this {
    // First grow, then look where: growing moves what was written.
    const at = this.#grow(1);
    this.#octets[at] = value;
    return this;
  }

  u16(value: number): this {
    return this.u8(value >>> 8).u8(value);
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value & 0xffff);
  }

  u64(value: bigint): this {
    return this.u32(Number((value >> 32n) & 0xffffffffn)).u32(Number(value & 0xffffffffn));
  }

  /** As {@link Reader.varint} reads it. */
  varint(value: number): this {
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.u8(rest);
  }

  octets(octets: Uint8Array): this {
    const start = this.#grow(octets.length);
    this.#octets.set(octets, start);
    return this;
  }

  utf8(text: string): this {
    return this.octets(utf8(text));
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#octets.slice(0, this.#size);
  }

  #grow(size: number): number {
    const start = this.#size;
    this.#size += size;
    if (this.#size > this.#octets.length) {
      const grown = new Uint8Array(Math.max(this.#size, this.#octets.length * 2));
      grown.set(this.#octets);
      this.#octets = grown;
    }
    return start;
  }
}
