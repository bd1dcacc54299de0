/**
 * External Data Representation, RFC 4506, on its way out.
 *
 * An {@link XdrWriter} writes into a slab that it grows; a structure of fixed size is one `reserve`
 * and then stores through `view`, which is what generated codecs do. What the caller gives is checked
 * here: a value that does not fit its type is `ERR_ARGUMENT`, and never goes out cut.
 *
 * @module
 */

import { SessionError } from "../errors.ts";

// What TextEncoder is in every runtime: this folder knows no runtime's types.
declare class TextEncoder {
  encodeInto(text: string, target: Uint8Array): { read: number; written: number };
}
const encoder = new TextEncoder();

/** Above this many characters the runtime's encoder is faster than a loop. */
const SHORT_TEXT = 40;
const HYPER_MIN = -(2n ** 63n);
const HYPER_MAX = 2n ** 63n - 1n;
const UHYPER_MAX = 2n ** 64n - 1n;

/** The octets that complete `length` octets to a multiple of four. */
export function paddingOf(length: number): number {
  return -length & 3;
}

/** A growing buffer of XDR. Generated code uses `octets`, `view` and `at` directly. */
export class XdrWriter {
  octets: Uint8Array;
  view: DataView;
  /** Where the next octet goes. */
  at = 0;
  /** Everything before this is no longer ours to move: {@link reserve} copies from here when it grows. */
  start = 0;
  #depth = 0;

  constructor(octets: Uint8Array = new Uint8Array(256)) {
    this.octets = octets;
    this.view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  }

  /** Makes room for `size` octets and returns where they begin. What stands there is arbitrary. */
  reserve(size: number): number {
    let at = this.at;
    if (at + size > this.octets.length) {
      this.#grow(size);
      at = this.at;
    }
    this.at = at + size;
    return at;
  }

  /**
   * What was written since the last time, as a view: the writer goes on behind it and never writes there
   * again, so that one writer with a large slab serves many messages without a copy.
   */
  takeWritten(): Uint8Array {
    const { start, at } = this;
    this.start = at;
    return this.octets.subarray(start, at);
  }

  /** Begins again, in these octets: its own only when nobody has views of them any more. */
  restart(octets: Uint8Array): void {
    if (octets !== this.octets) {
      this.octets = octets;
      this.view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    }
    this.at = 0;
    this.start = 0;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.octets.slice(this.start, this.at);
  }

  /** A signed integer of 32 bits. */
  int(value: number): void {
    if ((value | 0) !== value) refuse("int", value);
    const at = this.reserve(4);
    this.view.setInt32(at, value);
  }

  /** An unsigned integer of 32 bits. */
  uint(value: number): void {
    if (value >>> 0 !== value) refuse("unsigned int", value);
    const at = this.reserve(4);
    this.view.setUint32(at, value);
  }

  /** A signed integer of 64 bits. */
  hyper(value: bigint): void {
    const at = this.reserve(8);
    this.view.setBigInt64(at, checkHyper(value));
  }

  /** An unsigned integer of 64 bits. */
  uhyper(value: bigint): void {
    const at = this.reserve(8);
    this.view.setBigUint64(at, checkUhyper(value));
  }

  /** A number of 32 bits, IEEE 754. */
  float(value: number): void {
    const at = this.reserve(4);
    this.view.setFloat32(at, value);
  }

  /** A number of 64 bits, IEEE 754. */
  double(value: number): void {
    const at = this.reserve(8);
    this.view.setFloat64(at, value);
  }

  /** A boolean, as 0 or 1. */
  bool(value: boolean): void {
    const at = this.reserve(4);
    this.view.setUint32(at, value ? 1 : 0);
  }

  /** `opaque[size]`, and with `size` 16 a quadruple. */
  opaqueFixed(octets: Uint8Array, size: number): void {
    if (octets.length !== size) refuse(`opaque[${size}]`, `${octets.length} octets`);
    this.#octets(octets, size);
  }

  /** `opaque<max>`. */
  opaque(octets: Uint8Array, max: number): void {
    const { length } = octets;
    if (length > max) tooLong("opaque", length, max);
    const at = this.reserve(4);
    this.view.setUint32(at, length);
    this.#octets(octets, length);
  }

  /** `string<max>`, as UTF-8, of which ASCII is a part. The bound counts octets. */
  string(text: string, max: number): void {
    const { length } = text;
    const from = this.reserve(4 + length * 3 + 3);
    const start = from + 4;
    const { octets } = this;
    let end = start;
    let short = length <= SHORT_TEXT;
    if (short) {
      for (let i = 0; i < length; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 0x7f) {
          short = false;
          break;
        }
        octets[end++] = unit;
      }
    }
    if (!short) {
      const { written } = encoder.encodeInto(text, octets.subarray(start, start + length * 3));
      end = start + written;
      // A lone surrogate has no UTF-8; the encoder would put U+FFFD in its place.
      if (written !== length && /\p{Surrogate}/u.test(text)) refuse("string", "half a character");
    }
    const size = end - start;
    if (size > max) {
      this.at = from;
      tooLong("string", size, max);
    }
    this.view.setUint32(from, size);
    while ((end - start) & 3) octets[end++] = 0;
    this.at = end;
  }

  /** The count in front of `T<max>`. */
  count(length: number, max: number): void {
    if (length > max) tooLong("array", length, max);
    const at = this.reserve(4);
    this.view.setUint32(at, length);
  }

  /** Octets that are XDR already. */
  raw(octets: Uint8Array): void {
    const at = this.reserve(octets.length);
    this.octets.set(octets, at);
  }

  /** Goes one level down in a type that contains itself; {@link leave} comes back. */
  enter(): void {
    if (++this.#depth > 100_000) {
      this.#depth = 0;
      throw new SessionError("ERR_ARGUMENT", "the value is nested more than 100,000 deep");
    }
  }

  leave(): void {
    this.#depth -= 1;
  }

  /** Says that one more element of a linked list was written: one that leads back to itself would never end. */
  listed(count: number): void {
    if (count > 1_048_576) tooLong("linked list", count, 1_048_576);
  }

  /** Forgets what was written since `at`, for whoever met an error half-way. */
  rewind(at: number): void {
    this.at = at;
    this.#depth = 0;
  }

  #octets(octets: Uint8Array, length: number): void {
    const padding = -length & 3;
    const at = this.reserve(length + padding);
    const target = this.octets;
    if (length <= 16) for (let i = 0; i < length; i++) target[at + i] = octets[i] as number;
    else target.set(octets, at);
    for (let i = at + length, end = i + padding; i < end; i++) target[i] = 0;
  }

  #grow(size: number): void {
    const used = this.at - this.start;
    const needed = (used + size) * 2;
    const grown = new Uint8Array(Math.max(needed, this.octets.length));
    grown.set(this.octets.subarray(this.start, this.at));
    this.octets = grown;
    this.view = new DataView(grown.buffer, grown.byteOffset, grown.length);
    this.at = used;
    this.start = 0;
  }
}

/** @throws {SessionError} `ERR_ARGUMENT` unless the value fits 32 bits with a sign. */
export function checkInt(value: number): number {
  if ((value | 0) !== value) refuse("int", value);
  return value;
}

/** @throws {SessionError} `ERR_ARGUMENT` unless the value fits 32 bits without a sign. */
export function checkUint(value: number): number {
  if (value >>> 0 !== value) refuse("unsigned int", value);
  return value;
}

/** @throws {SessionError} `ERR_ARGUMENT` unless `minimum` <= value <= `maximum`, and whole. */
export function checkRange(value: number, minimum: number, maximum: number): number {
  if (!(Number.isInteger(value) && value >= minimum && value <= maximum)) {
    refuse(`integer from ${minimum} to ${maximum}`, value);
  }
  return value;
}

/** @throws {SessionError} `ERR_ARGUMENT` unless the value fits 64 bits with a sign. */
export function checkHyper(value: bigint): bigint {
  if (typeof value !== "bigint" || value < HYPER_MIN || value > HYPER_MAX) refuse("hyper", value);
  return value;
}

/** @throws {SessionError} `ERR_ARGUMENT` unless the value fits 64 bits without a sign. */
export function checkUhyper(value: bigint): bigint {
  if (typeof value !== "bigint" || value < 0n || value > UHYPER_MAX) {
    refuse("unsigned hyper", value);
  }
  return value;
}

/** @throws {SessionError} `ERR_ARGUMENT` unless there are exactly `size` elements. */
export function checkSize(length: number, size: number): void {
  if (length !== size) refuse(`array of ${size}`, `${length} elements`);
}

/** Refuses a value that its type does not have: an enum's name, a union's discriminant. */
export function refuse(type: string, value: unknown): never {
  throw new SessionError("ERR_ARGUMENT", `${String(value)} is no ${type}`);
}

function tooLong(type: string, length: number, max: number): never {
  throw new SessionError("ERR_ARGUMENT", `${type} too long: ${length}, at most ${max}`);
}
