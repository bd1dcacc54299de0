/**
 * A queue that takes from its front in constant time and holds nothing while it is empty.
 *
 * @module
 */

/** What all empty ones have in common. */
const NOTHING: never[] = [];
Object.freeze(NOTHING);

export class Fifo<T> {
  #items: (T | undefined)[] = NOTHING;
  #head = 0;
  /** Behind the last item. The array may be longer: to cut it off and let it grow again takes time. */
  #tail = 0;

  get length(): number {
    return this.#tail - this.#head;
  }

  push(item: T): void {
    if (this.#items === NOTHING) this.#items = [item];
    else this.#items[this.#tail] = item;
    this.#tail += 1;
  }

  /** The item at the front, which stays there. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    const items = this.#items;
    if (this.#head === this.#tail) return undefined;
    const item = items[this.#head];
    items[this.#head++] = undefined;
    if (this.#head === this.#tail) {
      // A burst grows the array: an idle queue does not keep it.
      if (this.#tail > 16) this.#items = NOTHING;
      this.#head = 0;
      this.#tail = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#tail) {
      this.#items = items.slice(this.#head, this.#tail);
      this.#tail -= this.#head;
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = NOTHING;
    this.#head = 0;
    this.#tail = 0;
  }

  /** The items from the `index`-th on, oldest first. */
  *from(index: number): Generator<T, void, undefined> {
    // Between head and end every slot holds an item.
    for (let i = this.#head + index; i < this.#tail; i++) yield this.#items[i] as T;
  }
}
