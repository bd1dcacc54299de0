/**
 * What one side puts in and the other iterates over. What bounds it is whoever puts in: here that
 * is always a limit or a credit of the session.
 *
 * @module
 */

import { Fifo } from "../pure/fifo.ts";
import { Gate } from "./gate.ts";

export class Queue<T> implements AsyncIterable<T> {
  readonly #items: Fifo<T> = new Fifo();
  #ending: { readonly error?: unknown } | undefined;
  readonly #gate = new Gate();

  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    if (this.#ending) return;
    this.#items.push(item);
    this.#gate.open();
  }

  /** Drops the oldest item. */
  drop(): void {
    this.#items.shift();
  }

  /** Ends the iteration behind the items already here: normally, or by throwing `error`. */
  end(error?: unknown): void {
    this.#ending ??= error === undefined ? {} : { error };
    this.#gate.open();
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => (this.#items.length > 0 ? Promise.resolve(this.#taken()) : this.#next()),
      return: () => Promise.resolve({ value: undefined, done: true }),
    };
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      if (this.#items.length > 0) return this.#taken();
      if (this.#ending) {
        if ("error" in this.#ending) throw this.#ending.error;
        return { value: undefined, done: true };
      }
      await this.#gate.wait();
    }
  }

  /** The oldest item. An item may be undefined: whether there is one, the length tells. */
  #taken(): IteratorResult<T, undefined> {
    return { value: this.#items.shift() as T, done: false };
  }
}
