/**
 * Somebody who takes the messages of a session one by one.
 *
 * @module
 */

import type { Message } from "../pure/native/message.ts";

/** A call of `consume` that is not over. */
export class Consumer {
  readonly handler: (message: Message) => void | Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  /** What the handler returned, or an answer to the peer, is waited for. */
  isBusy = false;
  forgetSignal: (() => void) | undefined;

  constructor(
    handler: Consumer["handler"],
    resolve: Consumer["resolve"],
    reject: Consumer["reject"],
  ) {
    this.handler = handler;
    this.resolve = resolve;
    this.reject = reject;
  }
}
