/**
 * What has arrived on the peer's lanes and is not looked into: it waits for our store, and, where frames
 * are transmitted before they are stored, for their sender's. Whole frames, in the order of arrival.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import { NO_OCTETS } from "../octets.ts";
import { FrameReader } from "./frame-reader.ts";
import { laneOf } from "./frames.ts";
import type { Cursor, JournalEntry, JournalTrim } from "./kept-state.ts";

/** What went to the store at once; less of it when the rest turned out to be void. */
interface Piece {
  octets: Uint8Array;
  isStored: boolean;
}

export class Held {
  /** Whole frames that arrived, looked into or not, on lane 0 and lane 1. */
  arrived0 = 0;
  arrived1 = 0;
  /** Where the journal `received` ends, as far as the store was told. */
  end = 0;

  readonly #octetsMax: number;
  /** What the store was not told of yet. */
  #staged: Uint8Array = NO_OCTETS;
  #stagedSize = 0;
  /** The rest, and those of it that are under way to the store. */
  readonly #pieces: Fifo<Piece> = new Fifo();
  readonly #underWay: Fifo<Piece> = new Fifo();
  #piecesSize = 0;
  /** Where the store is to cut its journal; -1 for not at all. */
  #cutAt = -1;

  /** @param octetsMax - How much may wait: beyond it the peer has no credit. */
  constructor(octetsMax: number) {
    this.#octetsMax = octetsMax;
  }

  get arrived(): Cursor {
    return [this.arrived0, this.arrived1];
  }

  /** Puts the current frame of a reader aside. */
  stage(lane: 0 | 1, reader: FrameReader): void {
    const { size, type, start, end, octets } = reader;
    if (lane === 0) this.arrived0 += size;
    else this.arrived1 += size;
    if (this.#stagedSize + this.#piecesSize + size > this.#octetsMax) {
      throw new ProtocolError("creditExceeded", "Tertulia 5.3", "what waits to be stored");
    }
    let at = this.#stagedSize;
    const need = at + size;
    if (need > this.#staged.length) {
      const grown = new Uint8Array(Math.max(need, 2 * this.#staged.length, 1024));
      grown.set(this.#staged.subarray(0, at));
      this.#staged = grown;
    }
    const staged = this.#staged;
    staged[at++] = type;
    // Exactly as long as it came, whatever the peer's varints are like: positions count octets.
    let length = end - start;
    for (let i = size - length - 1; i > 1; i--) {
      staged[at++] = (length & 0x7f) | 0x80;
      length = Math.floor(length / 0x80);
    }
    staged[at++] = length;
    staged.set(start === 0 && end === octets.length ? octets : octets.subarray(start, end), at);
    this.#stagedSize = need;
  }

  /** Whether something came that the store was not told of. */
  get hasStaged(): boolean {
    return this.#stagedSize > 0;
  }

  /** What came since the last call, to be stored. */
  collect(): JournalEntry {
    const octets = this.#staged.subarray(0, this.#stagedSize);
    const position = this.end;
    this.#staged = NO_OCTETS;
    this.#stagedSize = 0;
    this.end += octets.length;
    const piece = { octets, isStored: false };
    this.#pieces.push(piece);
    this.#underWay.push(piece);
    this.#piecesSize += octets.length;
    return { journal: "received", position, octets };
  }

  /** Where the store is to cut `received` before it has more of it. */
  collectCuts(): readonly JournalTrim[] {
    const position = this.#cutAt;
    this.#cutAt = -1;
    return position < 0 ? [] : [{ journal: "received", position }];
  }

  /** What was collected first is stored. */
  stored(): void {
    const piece = this.#underWay.shift();
    if (piece) piece.isStored = true;
  }

  /** Begins with what a store has behind these positions, up to where its journal ends. */
  restore(octets: Uint8Array, end: number, [received0, received1]: Cursor): void {
    this.end = end;
    const ends: [number, number] = [received0, received1];
    sizeWithin(octets, ends, EVERYTHING);
    [this.arrived0, this.arrived1] = ends;
    this.#pieces.push({ octets, isStored: true });
    this.#piecesSize = octets.length;
  }

  /**
   * The next frames that our store has and that end before these positions.
   *
   * @param from - Everything before these was looked into.
   */
  take(from: Cursor, until: Cursor): Uint8Array | undefined {
    const pieces = this.#pieces;
    let piece = pieces.peek();
    for (; piece?.isStored && piece.octets.length === 0; piece = pieces.peek()) pieces.shift();
    if (!piece?.isStored) return undefined;
    const { octets } = piece;
    const isAll = this.arrived0 <= until[0] && this.arrived1 <= until[1];
    const size = isAll ? octets.length : sizeWithin(octets, [from[0], from[1]], until);
    if (size === 0) return undefined;
    this.#piecesSize -= size;
    if (size === octets.length) pieces.shift();
    else piece.octets = octets.subarray(size);
    return octets.subarray(0, size);
  }

  /**
   * Where the frames end that were looked into before a process died: the last of them that ends before
   * these positions, and what came before it on either lane.
   */
  seenBy(positions: Cursor, from: Cursor): Cursor {
    let seen: Cursor = from;
    const ends: [number, number] = [from[0], from[1]];
    const reader = new FrameReader(Number.MAX_SAFE_INTEGER);
    for (const { octets } of this.#pieces.from(0)) {
      reader.feed(octets);
      while (reader.next()) {
        const lane = laneOf(reader.type) ?? 0;
        ends[lane] += reader.size;
        if (ends[lane] <= positions[lane]) seen = [ends[0], ends[1]];
      }
    }
    return seen;
  }

  /**
   * Forgets the first frame that ends behind these positions, and all that came after it.
   *
   * @param from - As for {@link take}.
   */
  cut(from: Cursor, until: Cursor): void {
    const ends: [number, number] = [from[0], from[1]];
    let kept = 0;
    let isCut = false;
    for (const piece of this.#pieces.from(0)) {
      const size: number = isCut ? 0 : sizeWithin(piece.octets, ends, until);
      isCut ||= size < piece.octets.length;
      piece.octets = piece.octets.subarray(0, size);
      kept += size;
    }
    if (isCut) {
      this.end += kept - this.#piecesSize;
      this.#cutAt = this.end;
      this.#piecesSize = kept;
      this.#stagedSize = 0;
    } else {
      const staged = this.#staged.subarray(0, this.#stagedSize);
      this.#stagedSize = sizeWithin(staged, ends, until);
    }
    [this.arrived0, this.arrived1] = ends;
  }
}

/** Beyond every position. */
export const EVERYTHING: Cursor = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];

/** Octets of the first frames that end before these positions; `ends` is moved behind them. */
function sizeWithin(octets: Uint8Array, ends: [number, number], until: Cursor): number {
  const reader = new FrameReader(Number.MAX_SAFE_INTEGER);
  reader.feed(octets);
  let size = 0;
  while (reader.next()) {
    const lane = laneOf(reader.type) ?? 0;
    const end = ends[lane] + reader.size;
    if (end > until[lane]) break;
    ends[lane] = end;
    size += reader.size;
  }
  return size;
}
