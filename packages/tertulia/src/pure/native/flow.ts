/**
 * The flow of one thing in both directions: how much the peer may send before its reader has caught
 * up, and how much we may. Pure arithmetic.
 *
 * Credit is an absolute count, so saying it twice does no harm. The window doubles, up to its
 * maximum, whenever half of it is read within a few round trips: then it, not the reader, is what
 * holds the peer back.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";

/** Reading half a window in less than this many round trips, or ms, lets it grow. */
const GROW_ROUND_TRIPS = 4;
const GROW_MS = 50;

export class Flow {
  /** Octets that we sent, and how many the peer allows. */
  sent = 0;
  credit: number;
  /** Octets that came. */
  received = 0;
  /** Octets that the application took. */
  consumed = 0;
  /** What the peer was told: it may send up to this count. */
  granted: number;

  #windowOctets: number;
  readonly #windowOctetsMax: number;
  /** What was read, and when, at the last look at how fast that goes. */
  #lookedAt = 0;
  #lookedConsumed = 0;

  /** @param credit - What the peer allows at the beginning. */
  constructor(windowOctets: number, windowOctetsMax: number, credit: number) {
    this.credit = credit;
    this.#windowOctets = windowOctets;
    this.#windowOctetsMax = windowOctetsMax;
    this.granted = windowOctets;
  }

  /** Stands where a stored one did, with what waits now. What it had granted is not known. */
  restore(received: number): void {
    this.consumed = received - this.waiting;
    this.received = received;
    this.granted = Number.POSITIVE_INFINITY;
  }

  /**
   * Everything that was stored has come again. It may have granted anything up to the largest window
   * behind that, so that much is taken to be granted.
   */
  restored(): void {
    this.granted = this.received + this.#windowOctetsMax;
  }

  /** Octets that came and wait to be taken. */
  get waiting(): number {
    return this.received - this.consumed;
  }

  get windowOctets(): number {
    return this.#windowOctets;
  }

  /** How many more octets the peer takes of us. */
  get room(): number {
    return this.credit - this.sent;
  }

  /** The peer allows this many in all; that it once said less does not matter. */
  allow(credit: number): void {
    this.credit = Math.max(this.credit, credit);
  }

  /** Whether the peer keeps to what it was granted when it sends this many more. */
  allows(octets: number): boolean {
    return this.received + octets <= this.granted;
  }

  /** @throws {ProtocolError} `creditExceeded` when it does not. */
  receive(octets: number): void {
    if (this.received + octets > this.granted) creditExceeded("the session");
    this.received += octets;
  }

  /** Whether enough was taken that the peer should be told without delay. */
  get isDue(): boolean {
    return this.consumed + this.#windowOctets - this.granted >= this.#windowOctets / 2;
  }

  /** Whether a grant, if something is being sent anyway, is worth its octets. */
  get isWorthwhile(): boolean {
    return this.consumed + this.#windowOctets - this.granted >= this.#windowOctets / 8;
  }

  /** Grants what has become free, and returns the new count. */
  grant(now: number, roundTripMs: number): number {
    if (this.consumed - this.#lookedConsumed >= this.#windowOctets / 2) {
      const isFast = now - this.#lookedAt < Math.max(GROW_MS, GROW_ROUND_TRIPS * roundTripMs);
      if (isFast) this.#windowOctets = Math.min(this.#windowOctets * 2, this.#windowOctetsMax);
      this.#lookedAt = now;
      this.#lookedConsumed = this.consumed;
    }
    this.granted = Math.max(this.granted, this.consumed + this.#windowOctets);
    return this.granted;
  }
}

export function creditExceeded(what: string): never {
  throw new ProtocolError("creditExceeded", "Tertulia 5.3", what);
}
