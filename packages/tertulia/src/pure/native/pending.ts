/**
 * Octets that were written to a stream and are not yet in the journal.
 *
 * @module
 */

import { keptOctets, LENT_OCTETS_MIN, type LentMemory, letGoOctets } from "../octets.ts";
import { DATA } from "./frames.ts";
import type { Journal } from "./journal.ts";

/** Longest piece of a stream in one frame: what another stream waits for. */
const PIECE_OCTETS = 32 * 1024;
/** The same of one that is not copied. */
const LENT_OCTETS_MAX = 64 * 1024;

export class Pending {
  #octets: Uint8Array;
  #offset = 0;
  /** Their memory is ours: the journal gets a copy, and they are let go of. */
  readonly #isGiven: boolean;
  /** Their memory is somebody else's, who is to have it back if it is kept. */
  #lent: LentMemory | undefined;
  #isKept = false;
  isEmpty = false;

  constructor(octets: Uint8Array, isGiven: boolean, lent?: LentMemory) {
    this.#octets = octets;
    this.#isGiven = isGiven;
    this.#lent = lent;
  }

  /** What is not in the journal. */
  get rest(): Uint8Array {
    return this.#octets.subarray(this.#offset);
  }

  /** Puts a piece into the journal, of at most `room` octets; returns how many. */
  moveTo(journal: Journal, streamId: number, room: number): number {
    const lent = this.#lent;
    const left = this.#octets.length - this.#offset;
    let size = Math.min(left, room, lent ? LENT_OCTETS_MAX : PIECE_OCTETS);
    if (lent && this.#offset === 0 && size >= LENT_OCTETS_MIN && lent.keep()) {
      journal.appendLent(DATA, this.#octets.subarray(0, size), streamId, lent);
    } else {
      const isCopied = this.#isGiven || lent !== undefined;
      if (isCopied) size = Math.min(size, journal.copyRoom);
      const piece = this.#octets.subarray(this.#offset, this.#offset + size);
      journal.append(DATA, piece, streamId, isCopied);
    }
    this.#offset += size;
    if (size === left) this.#end();
    return size;
  }

  /** What was lent is to be its owner's again: keeps what is left of it. */
  keep(): void {
    const left = this.#octets.length - this.#offset;
    if (this.isEmpty || this.#lent === undefined) return;
    this.#isKept = left >= LENT_OCTETS_MIN && this.#lent.keep();
    if (this.#isKept) return;
    this.#octets = keptOctets(this.rest);
    this.#offset = 0;
    this.#lent = undefined;
  }

  #end(): void {
    this.isEmpty = true;
    if (this.#isGiven) letGoOctets(this.#octets);
    if (this.#isKept) this.#lent?.giveBack();
  }
}
