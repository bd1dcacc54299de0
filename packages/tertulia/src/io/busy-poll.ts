/**
 * Not sleeping while an answer is about to come.
 *
 * Whoever sleeps has to be woken, and where the peer answers at once that takes longer than the answer,
 * and more of the processors of both. So the event loop is kept turning for a moment after a message went
 * out, as long as that has paid of late: where it has not, it is tried ever more seldom.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import type { LoopPoll } from "./runtime.ts";

/** Up to this part of the bound a wait costs no more than to sleep and be woken: it pays. */
const PAYING_PART = 0.5;
/** What a wait in vain loses, where one that pays gains 1, and one that took longer loses 1. */
const VAIN_LOSS = 4;
/**
 * So much loss doubles the waits that are left out after it: up to 255 of 256. To try as often costs less than
 * 0.4 µs a wait; to try more seldom keeps both sides asleep for seconds after a slow beginning.
 */
const DOUBLING_LOSS = 4;
const LOSS_MAX = 8 * DOUBLING_LOSS;

/** The time, and a way to be called in the next turn of the event loop. */
export interface LoopClock {
  readonly now: () => number;
  readonly defer: (callback: () => void) => void;
}

const NODE_LOOP: LoopClock = {
  now: () => performance.now(),
  defer: (callback) => setImmediate(callback),
};

/**
 * One that waits for `boundMs` at most; none for 0, or on a single processor, which the peer needs.
 *
 * @param boundMs - Milliseconds. Default: 0.1.
 */
export function busyPoll(boundMs = 0.1): BusyPoll | undefined {
  return boundMs > 0 && availableParallelism() > 1 ? new BusyPoll(boundMs) : undefined;
}

/** Keeps the event loop turning for a client, or for a server with all its connections. */
export class BusyPoll implements LoopPoll {
  readonly #boundMs: number;
  readonly #loop: LoopClock;
  #peer: object | undefined;
  #isWaiting = false;
  #isTurning = false;
  /** When the wait began; unknown before its first turn. */
  #since: number | undefined;
  /** How much more was lost than gained, and how many waits are therefore left out. */
  #loss = 0;
  #left = 0;
  readonly #turn = (): void => {
    if (this.#isWaiting) {
      const now = this.#loop.now();
      this.#since ??= now;
      if (now - this.#since < this.#boundMs) return this.#loop.defer(this.#turn);
      this.#isWaiting = false;
      this.#lost(VAIN_LOSS);
    }
    this.#isTurning = false;
  };

  constructor(boundMs: number, loop: LoopClock = NODE_LOOP) {
    this.#boundMs = boundMs;
    this.#loop = loop;
  }

  /**
   * A single message went out that may soon be answered. Where several peers talk in turn nothing is waited
   * for: there is always something to do, and they need the processors themselves.
   */
  sent(peer: object): void {
    if (peer !== this.#peer) {
      this.#peer = peer;
      return;
    }
    if (this.#left > 0) {
      this.#left -= 1;
      return;
    }
    this.#isWaiting = true;
    this.#since = undefined;
    if (this.#isTurning) return;
    this.#isTurning = true;
    this.#loop.defer(this.#turn);
  }

  /** Something came, from whomever. */
  received(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    const waitedMs = this.#since === undefined ? 0 : this.#loop.now() - this.#since;
    if (waitedMs > this.#boundMs * PAYING_PART) this.#lost(1);
    else if (this.#loss > 0) this.#loss -= 1;
  }

  #lost(much: number): void {
    this.#loss = Math.min(this.#loss + much, LOSS_MAX);
    this.#left = 2 ** Math.floor(this.#loss / DOUBLING_LOSS) - 1;
  }
}
