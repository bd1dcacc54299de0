/**
 * Record marking, RFC 5531 11: messages on an octet stream.
 *
 * A {@link RecordDecoder} takes the stream cut anywhere and gives each record as a view: of the chunk
 * it came in when it lies whole in there, which is the usual case, else of a copy that grows only as
 * the octets really come. Whole records are handed over without an object each.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { NO_OCTETS } from "../octets.ts";
import { RECORD_LIMITS, type RecordLimits } from "./limits.ts";

const LAST_FRAGMENT = 0x8000_0000;
const NO_VIEW = new DataView(NO_OCTETS.buffer);
const CLAUSE = "RFC 5531 11";

/** The word in front of a record of one fragment. */
export function recordMark(length: number): number {
  return (LAST_FRAGMENT | length) >>> 0;
}

/**
 * Cuts a stream into records.
 *
 * After each `receive`, call `next` until it returns false; after each true the record lies in
 * `octets` (with `view` over the same) from `start` to `end`. After false it is not kept.
 */
export class RecordDecoder {
  octets: Uint8Array = NO_OCTETS;
  view: DataView = NO_VIEW;
  start = 0;
  end = 0;

  readonly #limits: RecordLimits;
  #chunk: Uint8Array = this.octets;
  #chunkView: DataView = this.view;
  #at = 0;
  /** What there is of a record that did not come whole. */
  #partial: Uint8Array | undefined;
  #size = 0;
  /** Octets that the present fragment still lacks, and whether it is the last. */
  #missing = 0;
  #isLast = false;
  #fragments = 0;
  /** The octets of a header that was cut. */
  #header = 0;
  #headerSize = 0;

  constructor(limits: Partial<RecordLimits> = {}) {
    this.#limits = { ...RECORD_LIMITS, ...limits };
  }

  /** Takes more of the stream. The octets are kept as they are: records are views of them. */
  receive(octets: Uint8Array): void {
    this.#chunk = octets;
    this.#chunkView = new DataView(octets.buffer, octets.byteOffset, octets.length);
    this.#at = 0;
  }

  /** Whether a record has begun that is not complete: the stream must not end here. */
  get isWithin(): boolean {
    return this.#headerSize > 0 || this.#fragments > 0;
  }

  /** Octets of memory of its own, for a record that has not come whole. */
  get heldOctets(): number {
    return this.#partial?.length ?? 0;
  }

  /** Whether there are octets behind the record that `next` gave last. */
  get hasMore(): boolean {
    return this.#at < this.#chunk.length;
  }

  /** @throws {ProtocolError} `recordTooLong`, `tooManyFragments`. The stream is lost then. */
  next(): boolean {
    const chunk = this.#chunk;
    // Most records are one fragment and lie whole in the chunk: no copy, no state.
    if (this.#fragments === 0 && this.#headerSize === 0) {
      const at = this.#at;
      if (at + 4 <= chunk.length) {
        const mark = this.#chunkView.getUint32(at);
        if (mark >= LAST_FRAGMENT) {
          const length = mark - LAST_FRAGMENT;
          if (length > this.#limits.recordMax) this.#tooLong(length);
          if (at + 4 + length <= chunk.length) {
            this.octets = chunk;
            this.view = this.#chunkView;
            this.start = at + 4;
            this.end = at + 4 + length;
            this.#at = this.end;
            return true;
          }
        }
      }
    }
    return this.#nextInParts();
  }

  #nextInParts(): boolean {
    const chunk = this.#chunk;
    for (;;) {
      if (this.#missing === 0 && !this.#isLast) {
        if (!this.#readMark()) return this.#none();
      }
      const size = Math.min(this.#missing, chunk.length - this.#at);
      if (size > 0) {
        this.#append(chunk.subarray(this.#at, this.#at + size));
        this.#at += size;
        this.#missing -= size;
      }
      if (this.#missing > 0) return this.#none();
      if (this.#isLast) {
        this.#finish();
        return true;
      }
    }
  }

  /** There is none any more. The last, which may be a long one, is let go. */
  #none(): false {
    this.octets = NO_OCTETS;
    this.view = NO_VIEW;
    this.start = 0;
    this.end = 0;
    return false;
  }

  #readMark(): boolean {
    while (this.#headerSize < 4) {
      if (this.#at >= this.#chunk.length) return false;
      this.#header = ((this.#header << 8) | (this.#chunk[this.#at++] as number)) >>> 0;
      this.#headerSize += 1;
    }
    this.#isLast = this.#header >= LAST_FRAGMENT;
    this.#missing = this.#header & 0x7fff_ffff;
    this.#header = 0;
    this.#headerSize = 0;
    this.#fragments += 1;
    if (this.#fragments > this.#limits.fragmentsMax) {
      throw new ProtocolError("tooManyFragments", CLAUSE, `at most ${this.#limits.fragmentsMax}`);
    }
    const total = this.#size + this.#missing;
    if (total > this.#limits.recordMax) this.#tooLong(total);
    return true;
  }

  #append(octets: Uint8Array): void {
    const needed = this.#size + octets.length;
    const held = this.#partial?.length ?? 0;
    if (needed > held) {
      // What the peer announces is not allocated: only twice what it has really sent. More is to come
      // behind any fragment but the last, and to grow with each would copy the record once a fragment.
      const end = this.#isLast ? this.#size + this.#missing : this.#limits.recordMax;
      const grown = new Uint8Array(Math.max(needed, Math.min(needed * 2, end), 256));
      if (this.#partial !== undefined) grown.set(this.#partial.subarray(0, this.#size));
      this.#partial = grown;
    }
    this.#partial?.set(octets, this.#size);
    this.#size = needed;
  }

  #finish(): void {
    const octets = this.#partial ?? new Uint8Array();
    this.octets = octets;
    this.view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    this.start = 0;
    this.end = this.#size;
    this.#partial = undefined;
    this.#size = 0;
    this.#isLast = false;
    this.#fragments = 0;
  }

  #tooLong(length: number): never {
    throw new ProtocolError(
      "recordTooLong",
      CLAUSE,
      `${length} octets, at most ${this.#limits.recordMax}`,
    );
  }
}

/**
 * The octets of a record as they go on a stream.
 *
 * @param fragmentMax - Octets of a fragment. Default: one fragment, as nearly all senders do. A record
 *   is never ended by an empty fragment, which libtirpc takes for an attack.
 */
export function encodeRecord(record: Uint8Array, fragmentMax = 0x7fff_ffff): Uint8Array {
  const fragments = Math.max(1, Math.ceil(record.length / fragmentMax));
  const octets = new Uint8Array(record.length + fragments * 4);
  const view = new DataView(octets.buffer);
  let at = 0;
  for (let i = 0; i < fragments; i++) {
    const part = record.subarray(i * fragmentMax, (i + 1) * fragmentMax);
    view.setUint32(at, i === fragments - 1 ? recordMark(part.length) : part.length);
    octets.set(part, at + 4);
    at += 4 + part.length;
  }
  return octets;
}
