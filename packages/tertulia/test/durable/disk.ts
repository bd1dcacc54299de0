/**
 * A disk of the simulation. What is written gathers while a sync runs, as in the SQLite store; a sync
 * keeps its whole group or nothing; what was not synced when the power fails is gone, or, if its sync
 * was under way, perhaps not. That SQLite itself keeps groups whole when its log is torn is tested with
 * SQLite.
 */

import { MemoryStore } from "../../src/stores/memory.ts";
import { type SessionChanges, StoreError } from "../../src/stores/store.ts";
import type { VirtualClock } from "../../src/testing/clock.ts";
import type { Random } from "../../src/testing/random.ts";

interface Write {
  readonly changes: SessionChanges;
  readonly done: (error?: StoreError) => void;
}

export class Disk {
  /** What a restart will find. */
  readonly kept: MemoryStore = new MemoryStore();
  /** Until when there is no room: syncs wait, as with `onFull: "block"`. */
  fullUntil = 0;
  /** How many syncs from now on fail. */
  failing = 0;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #isLying: boolean;
  #gathered: Write[] = [];
  #syncing: Write[] | undefined;
  /** Counts the processes that have had it. */
  #life = 0;

  /** @param isLying - It says that it has synced before it has, as disks do that cache. */
  constructor(clock: VirtualClock, random: Random, isLying = false) {
    this.#isLying = isLying;
    this.#clock = clock;
    this.#random = random;
  }

  write(changes: SessionChanges, done: Write["done"]): void {
    if (this.#isLying) {
      const life = this.#life;
      this.#clock.in(0, () => life === this.#life && done());
      this.#gathered.push({ changes, done: () => {} });
      if (this.#syncing === undefined) this.#sync();
      return;
    }
    this.#gathered.push({ changes, done });
    if (this.#syncing === undefined) this.#sync();
  }

  /** The process is gone, or the power. */
  crash(): void {
    this.#life += 1;
    // The octets may have reached the platter, and only the news of it not the process.
    if (this.#syncing && this.#random.chance(0.5)) this.#keep(this.#syncing);
    this.#syncing = undefined;
    this.#gathered = [];
  }

  #sync(): void {
    if (this.#gathered.length === 0) return;
    const group = this.#gathered;
    const life = this.#life;
    this.#gathered = [];
    this.#syncing = group;
    const delay = Math.max(this.#random.fraction() * 20, this.fullUntil - this.#clock.now);
    this.#clock.in(delay, () => {
      if (life !== this.#life) return;
      this.#syncing = undefined;
      let failure: StoreError | undefined;
      if (this.failing > 0) {
        this.failing -= 1;
        failure = new StoreError("failed", "the sync did");
      } else this.#keep(group);
      for (const { done } of group) if (life === this.#life) done(failure);
      if (life === this.#life && this.#syncing === undefined) this.#sync();
    });
  }

  #keep(group: readonly Write[]): void {
    // Copied only now: until it is kept, what a session gave must stay as it is.
    for (const { changes } of group) this.kept.apply(changes);
  }
}
