/**
 * Deadlines of very many things, for the price of a list entry each.
 *
 * A deadline that moves later costs nothing: the entry is looked at when its old time comes, and put
 * where it belongs. Times are rounded up to the next slot, so nothing fires early.
 *
 * @module
 */

/** What waits. It belongs to one wheel, which keeps its place in the fields here. */
export interface TimerEntry {
  /** When it wants to be called next, in ms; `undefined` for never. Asked when its slot comes. */
  readonly deadline: number | undefined;
  /** Its time has come. */
  fire(now: number): void;
  /** The slot it is in; the wheel's business. 0 for none. */
  timerSlot: number;
}

/** Width of a slot. 8 ms: an acknowledgement may be 20 ms late, and nobody notices 28. */
const SLOT_MS = 8;

export class TimerWheel {
  /** Entries by the number of their slot, which is time divided by the width. */
  readonly #slots = new Map<number, Set<TimerEntry>>();
  #nextSlot = Number.POSITIVE_INFINITY;

  /** When `advance` is due, or `undefined` for never. */
  get deadline(): number | undefined {
    return this.#nextSlot === Number.POSITIVE_INFINITY ? undefined : this.#nextSlot * SLOT_MS;
  }

  /** Puts an entry where its deadline says, unless it waits for something earlier. */
  update(entry: TimerEntry): void {
    const { deadline } = entry;
    if (deadline === undefined || deadline === Number.POSITIVE_INFINITY) return;
    const slot = Math.max(1, Math.ceil(deadline / SLOT_MS));
    if (entry.timerSlot !== 0) {
      if (entry.timerSlot <= slot) return;
      this.remove(entry);
    }
    entry.timerSlot = slot;
    const entries = this.#slots.get(slot);
    if (entries) entries.add(entry);
    else this.#slots.set(slot, new Set([entry]));
    if (slot < this.#nextSlot) this.#nextSlot = slot;
  }

  remove(entry: TimerEntry): void {
    const entries = this.#slots.get(entry.timerSlot);
    entries?.delete(entry);
    if (entries?.size === 0) this.#slots.delete(entry.timerSlot);
    entry.timerSlot = 0;
  }

  /** Fires what is due. */
  advance(now: number): void {
    const slot = Math.floor(now / SLOT_MS);
    if (slot < this.#nextSlot) return;
    const due = [...this.#slots.keys()].filter((key) => key <= slot).sort((a, b) => a - b);
    for (const key of due) {
      const entries = this.#slots.get(key) ?? [];
      this.#slots.delete(key);
      for (const entry of entries) {
        entry.timerSlot = 0;
        const { deadline } = entry;
        if (deadline !== undefined && deadline <= now) entry.fire(now);
        this.update(entry);
      }
    }
    this.#nextSlot = Number.POSITIVE_INFINITY;
    for (const key of this.#slots.keys()) if (key < this.#nextSlot) this.#nextSlot = key;
  }
}
