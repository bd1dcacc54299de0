/**
 * A disk of the simulation. What is written gathers while a sync runs, as in the SQLite store. When the
 * power fails, what was not synced is gone; of what was being synced some records may have reached the
 * platter, the last of them in part, and what is read behind that is anything. A record, which is one
 * batch, counts when its checksum does: as a frame of SQLite's log counts, whose recovery is tested with
 * SQLite itself.
 */

import { crc32 } from "node:zlib";
import { concatOctets, Reader, Writer } from "../../src/pure/octets.ts";
import { decodeChanges, encodeChanges } from "../../src/stores/batch.ts";
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
  #gathered: Write[] = [];
  #syncing: Write[] | undefined;
  /** Counts the processes that have had it. */
  #life = 0;

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  write(changes: SessionChanges, done: Write["done"]): void {
    this.#gathered.push({ changes, done });
    if (this.#syncing === undefined) this.#sync();
  }

  /** The process is gone, and the power. */
  crash(): void {
    this.#life += 1;
    if (this.#syncing) this.#recover(this.#torn(this.#syncing));
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
      } else {
        // Copied only now: until it is kept, what a session gave must stay as it is.
        for (const { changes } of group) this.kept.apply(changes);
      }
      for (const { done } of group) if (life === this.#life) done(failure);
      if (life === this.#life && this.#syncing === undefined) this.#sync();
    });
  }

  /** What there is of records of which the power failed while they were written. */
  #torn(group: readonly Write[]): Uint8Array {
    const records = group.map(({ changes }) => {
      const record = new Writer();
      encodeChanges(record, changes);
      const octets = record.finish();
      return new Writer().u32(octets.length).u32(crc32(octets)).octets(octets).finish();
    });
    const log = concatOctets(records);
    const written = Math.floor(this.#random.pick(0, 1, this.#random.fraction()) * log.length);
    return log.fill(this.#random.between(0, 255), written);
  }

  #recover(log: Uint8Array): void {
    const reader = new Reader(log, "log");
    while (reader.remaining >= 8) {
      const [length, sum] = [reader.u32(), reader.u32()];
      if (length === 0 || length > reader.remaining) break;
      const octets = reader.octets(length);
      if (crc32(octets) !== sum) break;
      this.kept.apply(decodeChanges(new Reader(octets, "record")));
    }
  }
}
