/**
 * When the initiator dials next, and where to: at once when it wants to move, and less and less often
 * while nothing comes of it.
 *
 * @module
 */

import { Reader } from "../octets.ts";
import type { Limits } from "./limits.ts";
import type { Suite } from "./suite.ts";

/** How long a transport has to live for the next dial to be called the first again. */
const STABLE_MS = 10_000;
/** Dials to the address that the peer named before the old one is tried again. */
const MOVED_DIALS_MAX = 2;

export class Dialling {
  readonly #limits: Limits;
  readonly #suite: Suite;
  #dueAt = 0;
  /** Dials since a transport lived for long. */
  #dials = 0;
  #location: string | undefined;

  constructor(limits: Limits, suite: Suite) {
    this.#limits = limits;
    this.#suite = suite;
  }

  /** When to dial; 0 for not at all. */
  get dueAt(): number {
    return this.#dueAt;
  }

  isDue(now: number): boolean {
    return this.#dueAt > 0 && now >= this.#dueAt;
  }

  /** The next dial is then, whatever was planned. */
  plan(dueAt: number): void {
    this.#dueAt = dueAt;
  }

  /** The next dial is now, and counts as the first. */
  planAnew(now: number): void {
    this.#dials = 0;
    this.#dueAt = now;
  }

  /** The peer is there: the next dial waits as the first does. */
  answered(): void {
    this.#dials = 0;
  }

  /** Nothing is dialled. */
  cancel(): void {
    this.#dueAt = 0;
  }

  /** The next dial goes there: the peer named it, or, for `undefined`, where it always went. */
  goTo(location: string | undefined): void {
    this.#location = location;
  }

  /** A dial begins; returns where to. */
  begin(): string | undefined {
    this.#dueAt = 0;
    this.#dials += 1;
    return this.#location;
  }

  /** The transport is gone that was the session's for so long. */
  lost(now: number, livedMs: number): void {
    // A transport that breaks as soon as it is there is dialled less and less often.
    if (livedMs >= STABLE_MS) this.#dials = 0;
    // A peer that has asked us to come anew at some moment of our own is going away: not all at once.
    this.#dueAt = Math.max(this.#dueAt, now + this.#backoffMs());
  }

  /** A dial came to nothing. Returns how long the next one waits, at least `retryMs`. */
  failed(now: number, retryMs: number): number {
    // A wrong new address must not keep us from the old one.
    if (this.#dials >= MOVED_DIALS_MAX) this.#location = undefined;
    const delayMs = Math.max(retryMs, this.#backoffMs());
    this.#dueAt = now + delayMs;
    return delayMs;
  }

  /** Full jitter: anything up to twice what it was last time, so that a crowd does not come at once. */
  #backoffMs(): number {
    const { backoffMs, backoffMsMax } = this.#limits;
    const most = Math.min(backoffMsMax, backoffMs * 2 ** Math.min(this.#dials, 30));
    return 1 + most * fraction(this.#suite);
  }
}

/** Anything from 0 to, but not quite, 1. */
export function fraction(suite: Suite): number {
  return new Reader(suite.random(4), "").u32() / 2 ** 32;
}
