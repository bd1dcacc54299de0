/**
 * A client's changes on their way to its store: those of one turn in one transaction, calls before they
 * are sent, ends before they are told.
 *
 * @module
 */

import type { CallChange, CallStore } from "./call-store.ts";

export class CallJournal {
  readonly #store: CallStore;
  #changes: CallChange[] = [];
  #tells: ((error: unknown) => void)[] = [];

  constructor(store: CallStore) {
    this.#store = store;
  }

  /** Takes a change; `tell` is called when it is kept, with what the effect or the store threw. */
  add(change: CallChange, tell: (error: unknown) => void): void {
    this.#changes.push(change);
    this.#tells.push(tell);
  }

  /**
   * Keeps what has gathered.
   *
   * @throws what the store threw, when nothing was kept: whoever waits has been told.
   */
  commit(): void {
    if (this.#changes.length === 0) return;
    const [changes, tells] = [this.#changes, this.#tells];
    this.#changes = [];
    this.#tells = [];
    let errors: readonly unknown[];
    try {
      errors = this.#store.commit(changes);
    } catch (error) {
      for (const tell of tells) tell(error);
      throw error;
    }
    for (const [index, tell] of tells.entries()) tell(errors[index]);
  }
}
