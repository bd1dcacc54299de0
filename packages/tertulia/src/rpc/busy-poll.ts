/**
 * Keeping the event loop turning while a reply is expected soon.
 *
 * A process that sleeps has to be woken, and where the other one runs on another processor that takes
 * longer than the call itself. Not to sleep costs a processor instead, so that whoever wants it says so.
 *
 * @module
 */

export class BusyPoll {
  readonly #forMs: number;
  readonly #isWaiting: () => boolean;
  #until = 0;
  #isTurning = false;
  readonly #turn = (): void => {
    if (this.#isWaiting() && performance.now() < this.#until) setImmediate(this.#turn);
    else this.#isTurning = false;
  };

  /**
   * @param forMs - How long after the last call.
   * @param isWaiting - Whether a reply is still to come.
   */
  constructor(forMs: number, isWaiting: () => boolean) {
    this.#forMs = forMs;
    this.#isWaiting = isWaiting;
  }

  /** A call goes out. */
  called(): void {
    this.#until = performance.now() + this.#forMs;
    if (this.#isTurning) return;
    this.#isTurning = true;
    setImmediate(this.#turn);
  }
}
