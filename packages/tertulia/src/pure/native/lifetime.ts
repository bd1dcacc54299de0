/**
 * How long a session lasts at most: its whole time, and how long nobody may say anything. Both were
 * agreed on when it was established.
 *
 * @module
 */

import type { Agreement } from "./establishment.ts";
import type { Link } from "./link.ts";

/** What tells of the link how much was said. */
export type LifetimeLink = Pick<Link, "ends" | "positions">;

export class Lifetime {
  readonly #idleMs: number;
  /** When its whole time is over; 0 for never. */
  readonly #endsAt: number;
  /** When to look whether anything was said; 0 for never. */
  #idleAt: number;
  /** How much had been said when it was looked last. */
  #said = 0;

  /** @param ageMs - How old it is; @param quietMs - and how long nothing has become of it. */
  constructor({ absoluteMs, idleMs }: Agreement, now: number, ageMs: number, quietMs: number) {
    this.#idleMs = idleMs;
    this.#endsAt = absoluteMs && Math.max(1, now + absoluteMs - ageMs);
    this.#idleAt = idleMs && Math.max(1, now + idleMs - quietMs);
  }

  /** When to {@link look}, or 0 for never. */
  get deadline(): number {
    if (this.#endsAt === 0 || this.#idleAt === 0) return this.#endsAt || this.#idleAt;
    return Math.min(this.#endsAt, this.#idleAt);
  }

  /** What was said in a process before this one is not new. */
  restore(link: LifetimeLink): void {
    this.#said = said(link);
  }

  /** Which of the two is over. */
  look(now: number, link: LifetimeLink): "lifetime" | "idle" | undefined {
    if (this.#endsAt && now >= this.#endsAt) return "lifetime";
    if (this.#idleAt === 0 || now < this.#idleAt) return undefined;
    const until = said(link);
    if (until === this.#said) return "idle";
    this.#said = until;
    this.#idleAt = now + this.#idleMs;
    return undefined;
  }
}

/** How much either side has said until now. */
function said({ ends: [sent0, sent1], positions }: LifetimeLink): number {
  const [received0, received1] = positions.received;
  return sent0 + sent1 + received0 + received1;
}
