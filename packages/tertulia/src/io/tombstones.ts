/**
 * What is left of sessions that have ended: who comes late to one is told how it ended and what had
 * arrived. Only so many are kept, and only for so long.
 *
 * @module
 */

import type { Refusal } from "../pure/native/refusal.ts";
import type { SessionOutcome } from "../pure/native/session-output.ts";
import type { Store } from "../stores/store.ts";

/** How long they are remembered. */
export const TOMBSTONE_MS = 3_600_000;

/** Has a store let go of those whose time is over, so that it grows by no more than some. */
export function forgetOld(store: Store, tombstoneMs: number = TOMBSTONE_MS): Promise<void> {
  return store.forget(Date.now() - tombstoneMs);
}

/** How a session ended. */
export interface Burial {
  /** One of {@link SessionOutcome}; a store may know outcomes of a later version. */
  readonly outcome: string;
  /** Octets of each lane that had arrived here. */
  readonly received: readonly [number, number];
  readonly message: string;
  /** Until when it is remembered, in ms on the clock of the runtime. */
  readonly until: number;
}

interface Tombstone {
  readonly refusal: Refusal;
  readonly until: number;
}

const reasons: Readonly<Partial<Record<SessionOutcome, Refusal["reason"]>>> = {
  released: "finished",
  expired: "expired",
  lost: "lost",
};

export class Tombstones {
  readonly #countMax: number;
  readonly #stones = new Map<string, Tombstone>();

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  bury(id: string, { outcome, received, message, until }: Burial, now: number): void {
    const reason = reasons[outcome as SessionOutcome] ?? "aborted"; // or one that we do not know
    const refusal = { reason, isPersistent: true, received, ...(message && { message }) };
    for (const [oldest, stone] of this.#stones) {
      // The oldest come first: the order is that of insertion, and all live equally long.
      if (stone.until > now && this.#stones.size < this.#countMax) break;
      this.#stones.delete(oldest);
    }
    if (this.#countMax > 0) this.#stones.set(id, { refusal, until });
  }

  /** What to tell somebody who comes to this session. */
  find(id: string, now: number): Refusal | undefined {
    const stone = this.#stones.get(id);
    return stone && stone.until > now ? stone.refusal : undefined;
  }
}
