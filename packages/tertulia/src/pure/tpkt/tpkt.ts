/**
 * TPKT: packets on a TCP stream, RFC 1006 section 6. Four octets of header, then one TPDU.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { concatOctets, NO_OCTETS } from "../octets.ts";

/** RFC 1006 6: the version, and the octets that come before each TPDU. */
export const TPKT_VERSION = 3;
export const TPKT_HEADER_OCTETS = 4;
/** What a length of 16 bits leaves for a TPDU. */
export const TPDU_OCTETS_MAX = 65_531;
const TPKT_OCTETS_MIN = 7;

/** Cuts a stream of octets into TPDUs. What it gives are views, of the chunks wherever it can. */
export class TpktFramer {
  #chunk: Uint8Array = NO_OCTETS;
  #offset = 0;

  /** Octets that are here and belong to no whole packet yet. */
  get pending(): number {
    return this.#chunk.length - this.#offset;
  }

  /** Takes octets, cut anywhere. Keeps them until {@link next} has given them all. */
  push(chunk: Uint8Array): void {
    this.#chunk =
      this.pending === 0 ? chunk : concatOctets([this.#chunk.subarray(this.#offset), chunk]);
    this.#offset = 0;
  }

  /**
   * The next whole TPDU, or `undefined` until more octets come.
   *
   * @throws {ProtocolError} when the octets are not a TPKT; the stream is of no use after that.
   */
  next(): Uint8Array | undefined {
    const chunk = this.#chunk;
    const start = this.#offset;
    if (chunk.length - start < TPKT_HEADER_OCTETS) return undefined;
    // The length was checked: the four octets are there.
    const version = chunk[start] as number;
    if (version !== TPKT_VERSION) {
      throw new ProtocolError("tpktVersion", "RFC 1006 6", `3, have ${version}`);
    }
    const length = ((chunk[start + 2] as number) << 8) | (chunk[start + 3] as number);
    if (length < TPKT_OCTETS_MIN) {
      throw new ProtocolError("tpktLength", "RFC 1006 6", `at least 7, have ${length}`);
    }
    const end = start + length;
    if (end > chunk.length) return undefined;
    this.#offset = end;
    return chunk.subarray(start + TPKT_HEADER_OCTETS, end);
  }
}

/** The four octets before a TPDU of this size. */
export function tpktHeader(tpduOctets: number): Uint8Array {
  const length = tpduOctets + TPKT_HEADER_OCTETS;
  return Uint8Array.of(TPKT_VERSION, 0, length >>> 8, length & 0xff);
}
