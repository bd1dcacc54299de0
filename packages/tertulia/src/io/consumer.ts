/**
 * Somebody who takes the messages of a session, or the octets of a stream, one by one.
 *
 * @module
 */

import type { Message } from "../pure/native/message.ts";

/** A call of `consume` that is not over. */
export class Consumer<T = Message> {
  readonly handler: (item: T) => void | Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  /** What the handler returned, or an answer to the peer, is waited for. */
  isBusy = false;
  forgetSignal: (() => void) | undefined;

  constructor(
    handler: Consumer<T>["handler"],
    resolve: Consumer<T>["resolve"],
    reject: Consumer<T>["reject"],
  ) {
    this.handler = handler;
    this.resolve = resolve;
    this.reject = reject;
  }
}
