/**
 * TPKT: packets on a TCP stream, RFC 1006 section 6. Four octets of header, then one TPDU.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { concatOctets, NO_OCTETS } from "../octets.ts";

/** RFC 1006, packet format: the version, and the octets that come before each TPDU. */
export const TPKT_VERSION = 3;
export const TPKT_HEADER_OCTETS = 4;
/** What a length of 16 bits leaves for a TPDU. */
export const TPDU_OCTETS_MAX = 65_531;
const TPKT_OCTETS_MIN = 7;

/** Cuts a stream of octets into TPDUs. What it gives are views, of the chunks wherever it can. */
export class TpktFramer {
  #chunk: Uint8Array = NO_OCTETS;
  #start = 0;
  #offset = 0;
  #following: Uint8Array | undefined;

  /** Octets that are here and belong to no whole packet yet. */
  get pending(): number {
    return this.#chunk.length - this.#offset + (this.#following?.length ?? 0);
  }

  /** Takes octets, cut anywhere. Keeps them until {@link next} has given them all. */
  push(chunk: Uint8Array): void {
    if (this.pending === 0) {
      this.#chunk = chunk;
      this.#offset = 0;
      return;
    }
    if (this.#following) {
      // Two chunks without a `next` between them: rare, and then a copy does no harm.
      this.#following = concatOctets([this.#following, chunk]);
      return;
    }
    this.#following = chunk;
  }

  /**
   * The next whole TPDU, or `undefined` until more octets come.
   *
   * @throws {ProtocolError} when the octets are not a TPKT; the stream is of no use after that.
   */
  next(): Uint8Array | undefined {
    return this.advance() ? this.view(0) : undefined;
  }

  /** Goes to the next whole TPDU, if there is one, without making a view of it. */
  advance(): boolean {
    const chunk = this.#chunk;
    const start = this.#offset;
    const have = chunk.length - start;
    if (have < TPKT_HEADER_OCTETS) return this.#join(TPKT_HEADER_OCTETS - have);
    // The length was checked: the four octets are there.
    const version = chunk[start] as number;
    if (version !== TPKT_VERSION) {
      throw new ProtocolError("tpktVersion", "RFC 1006, packet format", `3, have ${version}`);
    }
    const length = ((chunk[start + 2] as number) << 8) | (chunk[start + 3] as number);
    if (length < TPKT_OCTETS_MIN) {
      throw new ProtocolError(
        "tpktLength",
        "RFC 1006, packet format",
        `at least 7, have ${length}`,
      );
    }
    const end = start + length;
    if (end > chunk.length) return this.#join(end - chunk.length);
    this.#start = start + TPKT_HEADER_OCTETS;
    this.#offset = end;
    return true;
  }

  /** The TPDU that {@link advance} has found, without its first octets. */
  view(without: number): Uint8Array {
    return this.#chunk.subarray(this.#start + without, this.#offset);
  }

  /** Whether it is a DT that holds a whole TSDU, or the last of one: `02 f0 80`. X.224 13.7. */
  get isLastData(): boolean {
    const chunk = this.#chunk;
    const start = this.#start;
    return chunk[start] === 2 && chunk[start + 1] === 0xf0 && chunk[start + 2] === 0x80;
  }

  /**
   * Goes on with what follows. Only the packet that two chunks share is copied: what it lacks moves
   * to the end of the chunk that it began in.
   */
  #join(lacking: number): boolean {
    const following = this.#following;
    if (!following) return false;
    const rest = this.#chunk.subarray(this.#offset);
    this.#offset = 0;
    if (rest.length === 0) {
      this.#chunk = following;
      this.#following = undefined;
      return this.advance();
    }
    const moved = following.subarray(0, lacking);
    this.#chunk = concatOctets([rest, moved]);
    this.#following =
      moved.length < following.length ? following.subarray(moved.length) : undefined;
    return this.advance();
  }
}

/** The four octets before a TPDU of this size. */
export function tpktHeader(tpduOctets: number): Uint8Array {
  const length = tpduOctets + TPKT_HEADER_OCTETS;
  return Uint8Array.of(TPKT_VERSION, 0, length >>> 8, length & 0xff);
}
