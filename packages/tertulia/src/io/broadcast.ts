/**
 * Tells several iterations the same. One that is slow loses the oldest, never the newest.
 *
 * @module
 */

import { Queue } from "./queue.ts";

export class Broadcast<T> {
  readonly #capacity: number;
  readonly #queues = new Set<Queue<T>>();
  #hasEnded = false;

  /** @param capacity - How many may wait for one iteration. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(item: T): void {
    for (const queue of this.#queues) {
      if (queue.length >= this.#capacity) queue.drop();
      queue.push(item);
    }
  }

  end(): void {
    this.#hasEnded = true;
    for (const queue of this.#queues) queue.end();
  }

  /** Everything from now on. It listens from this call, not from the first `next`. */
  subscribe(): AsyncIterableIterator<T, undefined> {
    const queue = new Queue<T>();
    this.#queues.add(queue);
    if (this.#hasEnded) queue.end();
    const items = queue[Symbol.asyncIterator]();
    const iterator: AsyncIterableIterator<T, undefined> = {
      next: () => items.next(),
      return: () => {
        this.#queues.delete(queue);
        queue.end();
        return Promise.resolve({ value: undefined, done: true });
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }
}
