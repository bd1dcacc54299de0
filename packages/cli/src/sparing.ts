/**
 * Lines that strangers can cause at will: one a second, and how many there were besides.
 *
 * @module
 */

const EVERY_MS = 1000;

export class Sparing {
  readonly #more: (count: number) => void;
  #leftOut = 0;
  #isResting = false;

  /** @param more - Called once a second with how many lines were left out, while there are any. */
  constructor(more: (count: number) => void) {
    this.#more = more;
  }

  /** Writes a line, or counts it. */
  say(line: () => void): void {
    if (this.#isResting) {
      this.#leftOut += 1;
      return;
    }
    line();
    this.#rest();
  }

  #rest(): void {
    this.#isResting = true;
    setTimeout(() => {
      this.#isResting = false;
      const count = this.#leftOut;
      if (count === 0) return;
      this.#leftOut = 0;
      this.#more(count);
      this.#rest();
    }, EVERY_MS).unref();
  }
}
