/**
 * Time that passes only when it is told to: a queue of things that are to happen, earliest first.
 *
 * @module
 */

interface Appointment {
  readonly at: number;
  /** Ties are broken by the order of the calls, so that a run can be repeated. */
  readonly order: number;
  readonly happen: () => void;
}

/** Time that passes only when a test says so, with timers that go off in order. */
export class VirtualClock {
  /** Milliseconds. It does not begin at 0, which in places means never. */
  now = 1000;
  readonly #heap: Appointment[] = [];
  #order = 0;

  /** How many things are still to happen. */
  get size(): number {
    return this.#heap.length;
  }

  /** Has something happen at a time; a time that has passed is now. */
  at(time: number, happen: () => void): void {
    const appointment = { at: Math.max(time, this.now), order: this.#order++, happen };
    const heap = this.#heap;
    let index = heap.push(appointment) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const other = heap[parent] as Appointment; // within the heap
      if (!isBefore(appointment, other)) break;
      heap[index] = other;
      index = parent;
    }
    heap[index] = appointment;
  }

  /** Has something happen in a while. */
  in(delayMs: number, happen: () => void): void {
    this.at(this.now + delayMs, happen);
  }

  /** Goes to the next thing and lets it happen; false when there is none. */
  step(): boolean {
    const heap = this.#heap;
    const next = heap[0];
    const last = heap.pop();
    if (next === undefined || last === undefined) return false;
    if (heap.length > 0) this.#sink(last);
    this.now = next.at;
    next.happen();
    return true;
  }

  /** Lets happen what happens until a time, and stays there. */
  runUntil(time: number): void {
    while ((this.#heap[0]?.at ?? Number.POSITIVE_INFINITY) <= time) this.step();
    this.now = Math.max(this.now, time);
  }

  #sink(appointment: Appointment): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      let least = left;
      if (right && isBefore(right, left)) {
        child += 1;
        least = right;
      }
      if (!isBefore(least, appointment)) break;
      heap[index] = least;
      index = child;
    }
    heap[index] = appointment;
  }
}

function isBefore(one: Appointment, other: Appointment): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
