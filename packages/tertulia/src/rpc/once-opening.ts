/**
 * Opens a client's channel, and again when the one before has ended: at once, then after longer and
 * longer waits.
 *
 * @module
 */

import type { OnceChannel } from "./once-channel.ts";

/** Waits before attempts: the first and the longest. */
export interface OpeningWaits {
  readonly firstMs?: number;
  readonly longestMs?: number;
}

export class OnceOpening {
  readonly #open: () => Promise<OnceChannel>;
  readonly #use: (channel: OnceChannel) => void;
  readonly #waits: OpeningWaits;
  #isOpening = false;
  #isStopped = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    open: () => Promise<OnceChannel>,
    use: (channel: OnceChannel) => void,
    waits: OpeningWaits,
  ) {
    this.#open = open;
    this.#use = use;
    this.#waits = waits;
  }

  now(): void {
    if (this.#isStopped || this.#isOpening) return;
    this.#isOpening = true;
    this.#open().then(
      (channel) => {
        this.#isOpening = false;
        if (this.#isStopped) channel.close();
        else this.#use(channel);
      },
      () => {
        this.#isOpening = false;
        this.later();
      },
    );
  }

  later(): void {
    if (this.#isStopped) return;
    const { firstMs = 50, longestMs = 5000 } = this.#waits;
    const waitMs = Math.min(firstMs * 2 ** this.#failures, longestMs);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.now(), waitMs * (0.5 + Math.random() / 2));
  }

  /** The channel works: the next wait is the first again. */
  succeeded(): void {
    this.#failures = 0;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
