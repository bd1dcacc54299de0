/**
 * Randomness that can be had again: the same seed gives the same sequence, in every runtime.
 *
 * @module
 */

/** A generator of the xorshift family (Marsaglia's xorwow without its counter), for tests only. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seed - Any whole number. */
  constructor(seed: number) {
    // Seeds are small and alike: SplitMix spreads them before they become a state.
    let state = (seed ^ Math.floor(seed / 2 ** 32)) | 0;
    const next = () => {
      state = (state + 0x9e3779b9) | 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      return mixed ^ (mixed >>> 16);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** 0 to 2^32-1. */
  uint32(): number {
    let mixed = this.#d;
    mixed ^= mixed << 11;
    mixed ^= mixed >>> 8;
    this.#d = this.#c;
    this.#c = this.#b;
    this.#b = this.#a;
    this.#a ^= (this.#a >>> 19) ^ mixed;
    return this.#a >>> 0;
  }

  /** From 0 up to, and without, 1. */
  fraction(): number {
    return this.uint32() / 2 ** 32;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** True once in a while. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of these. */
  pick<T>(first: T, ...others: readonly T[]): T {
    return others[Math.floor(this.fraction() * (others.length + 1)) - 1] ?? first;
  }

  /** So many random octets. */
  octets(size: number): Uint8Array {
    const octets = new Uint8Array(size);
    let word = 0;
    for (let i = 0; i < size; i++) {
      word = i % 4 === 0 ? this.uint32() : word >>> 8;
      octets[i] = word;
    }
    return octets;
  }

  /** Another generator, which goes its own way from here. */
  fork(): Random {
    return new Random(this.uint32());
  }
}
