/**
 * Both syncs of a message at once (Tertulia 5.5): frames are transmitted before their sender has stored
 * them, and looked into when it says that it has. What a process transmitted and had not stored when it
 * died is void: the next one says where that begins, and its peer forgets what it has from there on.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import type { Reader, Writer } from "../octets.ts";
import { STORED, writeVarints } from "./frames.ts";
import type { Cursor } from "./kept-state.ts";

/** What a restart needs to know. */
export interface KeptOverlap {
  /** Counts the lives of our side that may have left something void. */
  readonly life: number;
  /** Where this life began on each lane. */
  readonly starts: Cursor;
  /** Whether this life may have transmitted what it had not stored. */
  readonly isAhead: boolean;
  /** The last life of the peer's that what is stored takes account of. */
  readonly peerLife: number;
}

export const FIRST_LIFE: KeptOverlap = { life: 0, starts: [0, 0], isAhead: false, peerLife: 0 };

const CLAUSE = "Tertulia 5.5";

export class Overlap {
  /** Something is to be said. */
  isDirty = false;
  /** The peer's life has changed, which is to be stored. */
  isNew = false;
  /** The peer has said on this transport what its store has. */
  isHeard = true;
  /** Positions up to which the peer's store has its lanes. */
  peerStored: Cursor = [0, 0];

  #life = 0;
  #starts: Cursor = [0, 0];
  /** The peer has stored our life: only then anything is transmitted before it is stored. */
  #isKnown = true;
  #stored: Cursor = [0, 0];
  #peerLife = 0;
  /** The peer's life that our store takes account of. */
  #peerLifeStored = 0;

  /** What is to be stored of it now. */
  collect(): KeptOverlap {
    this.isNew = false;
    const [life, starts, peerLife] = [this.#life, this.#starts, this.#peerLife];
    return { life, starts, isAhead: this.#isKnown, peerLife };
  }

  /** Positions up to which our store has our lanes. */
  get stored(): Cursor {
    return this.#stored;
  }

  /** A process has died. @param ends - Up to where its lanes were stored. */
  restore({ life, starts, isAhead, peerLife }: KeptOverlap, ends: Cursor): void {
    this.#life = isAhead ? life + 1 : life;
    this.#starts = isAhead ? ends : starts;
    this.#isKnown = false;
    this.#stored = ends;
    this.#peerLife = peerLife;
    this.#peerLifeStored = peerLife;
  }

  /** A batch is stored that has our lanes up to here. */
  storedUpTo(ends: Cursor, { peerLife }: KeptOverlap): void {
    const [end0, end1] = this.#stored;
    const isNews = ends[0] > end0 || ends[1] > end1 || peerLife !== this.#peerLifeStored;
    if (!isNews) return;
    this.#stored = ends;
    this.#peerLifeStored = peerLife;
    this.isDirty = true;
  }

  /** Another transport takes over. */
  attach(): void {
    this.isHeard = false;
    this.isDirty = true;
  }

  write(writer: Writer): void {
    this.isDirty = false;
    const [life, known] = [this.#life, this.#peerLifeStored];
    writeVarints(writer, STORED, life, ...this.#starts, ...this.#stored, known);
  }

  /**
   * Takes what the peer says.
   *
   * @returns Where to cut what has come, when a life of the peer's has ended.
   * @throws {ProtocolError} `badLife`.
   */
  receive(fields: Reader): Cursor | undefined {
    const two = () => [fields.varint(), fields.varint()] as const;
    const life = fields.varint();
    const [starts, stored, known] = [two(), two(), fields.varint()];
    const peerLife = this.#peerLife;
    if (life < peerLife || life > peerLife + 1 || known > this.#life) {
      throw new ProtocolError("badLife", CLAUSE, `life ${life} after ${peerLife}, knows ${known}`);
    }
    this.isHeard = true;
    this.#isKnown ||= known === this.#life;
    this.peerStored = stored;
    if (life === peerLife) return undefined;
    this.#peerLife = life;
    this.isNew = true;
    return starts;
  }
}
