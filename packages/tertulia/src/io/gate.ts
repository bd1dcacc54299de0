/**
 * Something that any number of readers wait for, again and again.
 *
 * @module
 */

import { raced } from "./wait.ts";

export class Gate {
  #next: PromiseWithResolvers<void> | undefined;

  /** Resolves when it opens next: look again then, somebody else may have been quicker. */
  wait(signal?: AbortSignal): Promise<void> {
    this.#next ??= Promise.withResolvers();
    return raced(this.#next.promise, signal);
  }

  /** Lets everybody go on who waits now. */
  open(): void {
    const next = this.#next;
    this.#next = undefined;
    next?.resolve();
  }
}
