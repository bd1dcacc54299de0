/**
 * Somebody who takes the messages of a session, or the octets of a stream, one by one.
 *
 * @module
 */

import type { Message } from "../pure/native/message.ts";

/** A call of `consume` that is not over. */
export class Consumer<T = Message> {
  readonly handler: (item: T) => void | Promise<void>;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;
  /** What the handler returned, or an answer to the peer, is waited for. */
  isBusy = false;
  #forgetSignal: (() => void) | undefined;

  constructor(
    handler: Consumer<T>["handler"],
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    this.handler = handler;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Has `stop` called when the signal is aborted before the end. */
  heed(signal: AbortSignal, stop: () => void): void {
    this.#forgetSignal = () => signal.removeEventListener("abort", stop);
    signal.addEventListener("abort", stop);
  }

  /** It is over: normally, or because of something. */
  end(why?: { readonly reason: unknown }): void {
    this.#forgetSignal?.();
    if (why) this.#reject(why.reason);
    else this.#resolve();
  }
}
