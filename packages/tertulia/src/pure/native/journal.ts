/**
 * What one lane has sent and its peer has not acknowledged.
 *
 * Frames are written once, one behind the other, into slabs; the position of an octet is its
 * distance from the first octet of the session. The transport is given views of the slabs, and after
 * a break views of them again: there is no second copy. A large payload is not copied at all, unless
 * its memory is wanted back: it becomes a slab of its own.
 *
 * @module
 */

import { assert } from "../errors.ts";
import { type LentMemory, unwrittenOctets, varintSize } from "../octets.ts";

/** Octets of the first slab, and of the largest. Each is twice the last until then: idle is small. */
const SLAB_OCTETS_MIN = 1024;
const SLAB_OCTETS_MAX = 64 * 1024;

/** Payloads from here on are referred to, not copied. */
export const COPY_OCTETS_MAX = 4096;

/** What a frame has before its payload, at most: type, length, prefix. */
const HEADER_OCTETS_MAX = 16;

interface Slab {
  /** Position of its first octet. */
  start: number;
  readonly octets: Uint8Array;
  /** Octets in use. */
  size: number;
  /** Whether it is a payload: the frame began in the slab before it. */
  readonly isPayload: boolean;
  /** Whether the whole of it is ours to write again: neither a caller's payload nor part of a slab. */
  isWhole: boolean;
  /** Whose memory it is, until the peer has what is in it. */
  readonly lent: LentMemory | undefined;
}

/** Unused slabs that a journal keeps for what it is going to write: a window of 4 MiB. */
const SPARE_SLABS_MAX = 64;

export class Journal {
  /** Everything before this position is gone. */
  start = 0;
  /** Everything before this position was given to the current transport. */
  sent = 0;
  /** Position behind the last octet written. */
  end = 0;
  /** Everything before this position the peer has; it is kept as long as it may be sent again. */
  acknowledged = 0;
  /** Position behind the last octet that any transport was given: nobody can have more. */
  given = 0;
  /** Only what is before this position may be given: what is kept, where it has to be kept first. */
  stored: number = Number.POSITIVE_INFINITY;

  readonly #slabs: Slab[] = [];
  /** The slab being written, with its fields at hand. */
  #slab: Slab | undefined;
  #slabOctetsNext = SLAB_OCTETS_MIN;
  /**
   * Slabs to write into again. They are never shared with another session: a peer that acknowledges
   * what is still on its way to it would be sent what the other session wrote there.
   */
  #spare: Uint8Array[] = [];
  /** Slabs that start before this were given to a transport that broke: it may read them still. */
  #unsafe = 0;
  #isHeld = false;

  /** Octets kept. */
  get size(): number {
    return this.end - this.start;
  }

  get unsent(): number {
    return Math.min(this.end, this.stored) - this.sent;
  }

  /** Octets of the next payload up to which a copy of it leaves no slab half empty. */
  get copyRoom(): number {
    const slab = this.#slab;
    const left = slab === undefined ? 0 : slab.octets.length - slab.size - HEADER_OCTETS_MAX;
    return left >= COPY_OCTETS_MAX ? left : SLAB_OCTETS_MAX - HEADER_OCTETS_MAX;
  }

  /**
   * Writes a frame: type, length of the body, `prefix` (a varint, if any), payload.
   *
   * @param isCopied - Also a large payload, of at most {@link copyRoom}.
   */
  append(type: number, payload: Uint8Array, prefix = -1, isCopied = false): void {
    const length = payload.length;
    const isLarge = length > COPY_OCTETS_MAX;
    if (isLarge && !isCopied) {
      this.#appendLarge(type, payload, prefix);
      return;
    }
    let slab = this.#slab;
    if (slab === undefined || slab.size + length + HEADER_OCTETS_MAX > slab.octets.length) {
      // What is as large as that comes in a run, and whole slabs are written into again.
      slab = this.#nextSlab(isLarge ? SLAB_OCTETS_MAX : length + HEADER_OCTETS_MAX);
    }
    const octets = slab.octets;
    let at = writeHeader(octets, slab.size, type, length, prefix);
    // A short copy is quicker octet by octet than by a call into the runtime.
    if (length < 24) for (let i = 0; i < length; i++) octets[at + i] = payload[i] as number;
    else octets.set(payload, at);
    at += length;
    this.end += at - slab.size;
    slab.size = at;
  }

  /** The same without a copy, of a payload in memory that is kept, and is given back once the peer has it. */
  appendLent(type: number, payload: Uint8Array, prefix: number, lent: LentMemory): void {
    const length = payload.length;
    const headerOctets = headerSize(length, prefix);
    if (lent.frontOctets < headerOctets) return this.#appendLarge(type, payload, prefix, lent);
    const start = payload.byteOffset - headerOctets;
    const octets = new Uint8Array(payload.buffer, start, headerOctets + length);
    writeHeader(octets, 0, type, length, prefix);
    this.#insert(octets, false, lent);
  }

  /**
   * Gives the transport what it has not been given, at most about `octetsMax`, as views. They are
   * whole frames: what goes out next may be of another lane.
   */
  take(octetsMax: number, into: Uint8Array[]): number {
    let taken = 0;
    const { stored } = this;
    for (let i = this.#indexOf(this.sent); i < this.#slabs.length; i++) {
      const slab = this.#slabs[i] as Slab;
      if (taken >= octetsMax && !slab.isPayload) break;
      const from = this.sent - slab.start;
      const to = Math.min(slab.size, stored - slab.start);
      if (from >= to) continue;
      const view = slab.octets.subarray(from, to);
      into.push(view);
      taken += view.length;
      this.sent += view.length;
    }
    if (this.sent > this.given) this.given = this.sent;
    if (this.acknowledged > this.start) this.#free();
    return taken;
  }

  /** Views of everything from `position` on, which is not before `start`. */
  from(position: number): Uint8Array[] {
    const views: Uint8Array[] = [];
    for (let i = this.#indexOf(position); i < this.#slabs.length; i++) {
      const slab = this.#slabs[i] as Slab;
      const view = slab.octets.subarray(Math.max(0, position - slab.start), slab.size);
      if (view.length > 0) views.push(view);
    }
    return views;
  }

  /** Stands where a stored one ended, with the octets from `start` on, which may all have been given. */
  restore(start: number, octets: Uint8Array, acknowledged: number): void {
    const end = start + octets.length;
    this.start = start;
    this.sent = start;
    this.end = end;
    this.given = end;
    this.stored = end;
    this.acknowledged = Math.max(start, acknowledged);
    if (octets.length === 0) return;
    const size = octets.length;
    this.#slabs.push({ start, octets, size, isPayload: false, isWhole: false, lent: undefined });
  }

  /**
   * The peer has everything before `position`, which is at most `given`. It is forgotten once this
   * transport was given it too: a peer that moved over still counts what comes on the new one.
   */
  acknowledge(position: number): void {
    assert(position <= this.given, "an acknowledgement was checked");
    if (position <= this.acknowledged) return;
    this.acknowledged = position;
    this.#free();
  }

  /** Forgets nothing from here on: a new transport may ask for everything from `start`. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Ends the hold: the new transport came to nothing. */
  unhold(): void {
    this.#isHeld = false;
    this.#free();
  }

  /** Begins again at `position`, which is between `start` and `given`, for a new transport. */
  rewind(position: number): void {
    assert(position >= this.start && position <= this.given, "positions were checked");
    this.#unsafe = this.end;
    this.relax();
    this.sent = position;
    this.acknowledged = Math.max(this.acknowledged, position);
    this.unhold();
  }

  /** It has been quiet for a while: gives back what it keeps for a load that may not come again. */
  relax(): void {
    if (this.#spare.length > 0) this.#spare = [];
  }

  /** How many frames from `position` on, which begins one, are of a type that `counts`. */
  count(position: number, counts: (type: number) => boolean): number {
    let count = 0;
    for (let at = position; at < this.end; ) {
      if (counts(this.#octetAt(at))) count += 1;
      let length = 0;
      let scale = 1;
      let octet: number;
      do {
        octet = this.#octetAt(++at);
        length += (octet & 0x7f) * scale;
        scale *= 0x80;
      } while (octet >= 0x80);
      at += 1 + length;
    }
    return count;
  }

  #octetAt(position: number): number {
    const slab = this.#slabs[this.#indexOf(position)];
    // Whoever asks for a position inside of a frame counts nonsense, and reads no further than we wrote.
    return slab?.octets[position - slab.start] ?? 0;
  }

  #free(): void {
    if (this.#isHeld) return;
    const position = Math.min(this.acknowledged, this.sent);
    this.start = position;
    const slabs = this.#slabs;
    let gone = 0;
    while (gone < slabs.length) {
      const slab = slabs[gone] as Slab;
      const isWritten = slab === this.#slab;
      if (slab.start + slab.size > position || (isWritten && position !== this.end)) break;
      if (isWritten && this.#rewrite(slab)) break;
      if (isWritten) this.#slab = undefined;
      this.#spareSlab(slab);
      gone += 1;
    }
    if (gone > 0) slabs.splice(0, gone);
    if (slabs.length > 0) return;
    // By more than the next slab takes it up again: one message at a time goes back to small slabs.
    this.#slabOctetsNext = Math.max(SLAB_OCTETS_MIN, this.#slabOctetsNext / 4);
  }

  /** Begins a small slab of which nothing is needed any more again: question and answer need no other. */
  #rewrite(slab: Slab): boolean {
    const isOurs = slab.isWhole && slab.start >= this.#unsafe;
    if (!isOurs || slab.octets.length > SLAB_OCTETS_MIN) return false;
    slab.start = this.end;
    slab.size = 0;
    return true;
  }

  #spareSlab({ octets, isWhole, start, lent }: Slab): void {
    if (start < this.#unsafe) return;
    lent?.giveBack();
    if (!isWhole || octets.length !== SLAB_OCTETS_MAX) return;
    if (this.#spare.length < SPARE_SLABS_MAX) this.#spare.push(octets);
  }

  #appendLarge(type: number, payload: Uint8Array, prefix: number, lent?: LentMemory): void {
    let slab = this.#slab;
    if (slab === undefined || slab.size + HEADER_OCTETS_MAX > slab.octets.length) {
      slab = this.#nextSlab(HEADER_OCTETS_MAX);
    }
    const at = writeHeader(slab.octets, slab.size, type, payload.length, prefix);
    this.end += at - slab.size;
    slab.size = at;
    this.#insert(payload, true, lent);
  }

  /** Puts what is somebody's behind what was written; the rest of the slab goes on behind it. */
  #insert(octets: Uint8Array, isPayload: boolean, lent: LentMemory | undefined): void {
    const slab = this.#slab;
    const size = octets.length;
    const inserted = { start: this.end, octets, size, isPayload, isWhole: false, lent };
    this.end += size;
    if (slab?.size === 0) {
      slab.start = this.end;
      this.#slabs.splice(-1, 1, inserted, slab);
      return;
    }
    this.#slabs.push(inserted);
    const left = slab === undefined ? 0 : slab.octets.length - slab.size;
    if (slab === undefined || left < 256) {
      this.#slab = undefined;
      return;
    }
    slab.isWhole = false;
    this.#begin(slab.octets.subarray(slab.size), false);
  }

  #begin(octets: Uint8Array, isWhole: boolean): Slab {
    const start = this.end;
    const slab = { start, octets, size: 0, isPayload: false, isWhole, lent: undefined };
    this.#slabs.push(slab);
    this.#slab = slab;
    return slab;
  }

  #nextSlab(atLeast: number): Slab {
    const size = Math.max(atLeast, this.#slabOctetsNext);
    const octets = (size === SLAB_OCTETS_MAX && this.#spare.pop()) || unwrittenOctets(size);
    this.#slabOctetsNext = Math.min(SLAB_OCTETS_MAX, this.#slabOctetsNext * 2);
    return this.#begin(octets, true);
  }

  /** Index of the slab that holds a position, by bisection. */
  #indexOf(position: number): number {
    let low = 0;
    let high = this.#slabs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const slab = this.#slabs[middle] as Slab;
      if (slab.start + slab.size <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Octets of a frame's header and prefix. */
function headerSize(payloadLength: number, prefix: number): number {
  const prefixOctets = prefix < 0 ? 0 : varintSize(prefix);
  return 1 + varintSize(payloadLength + prefixOctets) + prefixOctets;
}

/** Writes a frame's header and prefix; returns where the payload goes. */
function writeHeader(
  octets: Uint8Array,
  offset: number,
  type: number,
  payloadLength: number,
  prefix: number,
): number {
  octets[offset] = type;
  const length = prefix < 0 ? payloadLength : payloadLength + varintSize(prefix);
  let at = writeVarint(octets, offset + 1, length);
  if (prefix >= 0) at = writeVarint(octets, at, prefix);
  return at;
}

function writeVarint(octets: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest >= 0x80) {
    octets[at++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  octets[at++] = rest;
  return at;
}
