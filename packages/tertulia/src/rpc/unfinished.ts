/**
 * What the streams of a server hold of records that have not come whole, bounded for all of them
 * together: a peer may begin a record on each of many connections, and end none.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";

/** A stream that holds a part of a record. */
export interface UnfinishedHolder {
  /** Ends at once, and lets go of what it holds. */
  destroy(error: SessionError): void;
}

/** Counts what streams hold. Where it is too much, those give way whose record began first. */
export class Unfinished {
  readonly #octetsMax: number;
  /** In the order in which the records began. */
  readonly #holders = new Map<UnfinishedHolder, number>();
  #octets = 0;

  /** @param octetsMax - Octets of all streams together. */
  constructor(octetsMax: number) {
    this.#octetsMax = octetsMax;
  }

  /** A stream holds so much from now on; 0 when its record is whole, or the stream has ended. */
  holds(holder: UnfinishedHolder, octets: number): void {
    this.#octets += octets - (this.#holders.get(holder) ?? 0);
    if (octets > 0) this.#holders.set(holder, octets);
    else this.#holders.delete(holder);
    // Who still sends has mostly begun late: what is old is what nobody means to end.
    for (const first of this.#holders.keys()) {
      if (this.#octets <= this.#octetsMax) return;
      const message = `${this.#octets} octets of unfinished records, at most ${this.#octetsMax}`;
      first.destroy(new SessionError("ERR_LIMIT", message));
    }
  }
}
