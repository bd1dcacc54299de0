/**
 * Lends octets as a socket does that reads into memory of its own, and spoils what nobody keeps.
 */

import type { LentMemory, Loan } from "../../src/pure/octets.ts";

const SPOILT = 0xee;
/** Longest piece that it lends at once. */
const OCTETS_MAX = 65_536;

export class Lender {
  /** Pieces of memory that are kept now, and how many ever were. */
  keptNow = 0;
  kept = 0;
  /** Octets that come again, and how often some did. */
  #again: Uint8Array = new Uint8Array();
  repeated = 0;

  lend(
    octets: Uint8Array,
    receive: (octets: Uint8Array, loan: Loan) => void,
    frontOctets = 16,
  ): void {
    const again = this.#again;
    const memory = new Uint8Array(frontOctets + again.length + octets.length);
    const room = memory.subarray(frontOctets);
    room.set(again);
    room.set(octets, again.length);
    this.#again = new Uint8Array();
    let keepers = 0;
    let isTaken = false;
    const change = (by: number) => {
      keepers += by;
      this.keptNow += by;
      if (keepers < 0) throw new Error("given back more often than kept");
      if (keepers === 0 && !isTaken) memory.fill(SPOILT);
    };
    const lent: LentMemory = {
      frontOctets,
      keep: () => {
        if (isTaken) return false;
        this.kept += 1;
        change(1);
        return true;
      },
      giveBack: () => change(-1),
      again: (count, missing) => {
        if (count + missing > OCTETS_MAX) return false;
        this.#again = room.slice(room.length - count);
        this.repeated += 1;
        return true;
      },
    };
    const take = () => {
      isTaken ||= keepers === 0 && room.length * 2 > OCTETS_MAX;
      return isTaken;
    };
    receive(room, { take, memory: lent });
    change(0);
  }
}
