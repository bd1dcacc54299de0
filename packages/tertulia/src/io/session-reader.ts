/**
 * Who reads a session: one call of `consume`, or one iteration, at a time. Behind the last message comes
 * what the peer wants then.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { Message } from "../pure/native/message.ts";
import { Consumer } from "./consumer.ts";
import { Gate } from "./gate.ts";
import { aFunction, checkGiven, signalOf } from "./option-kinds.ts";
import type { SessionDriver } from "./session-driver.ts";
import type { SessionParts, SignalOptions } from "./session-parts.ts";
import { answerRelease } from "./session-release.ts";

const DONE: Promise<{ value: undefined; done: true }> = Promise.resolve({
  value: undefined,
  done: true,
});

export class SessionReader {
  readonly #driver: SessionDriver;
  readonly #agreeToRelease: SessionParts["agreeToRelease"];
  #isReading = false;
  #consumer: Consumer | undefined;
  #wasReleaseAsked = false;
  /** Opens when there may be more to read. */
  #more: Gate | undefined;

  constructor(driver: SessionDriver, { agreeToRelease }: SessionParts) {
    this.#driver = driver;
    this.#agreeToRelease = agreeToRelease;
  }

  /** Whether a handler of `consume` has a message and is not done with it. */
  get isBusy(): boolean {
    return this.#consumer?.isBusy === true;
  }

  /** As `Session.consume`. */
  consume(
    handler: (message: Message) => void | Promise<void>,
    options: SignalOptions | undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      checkGiven("handler", handler, aFunction);
      const signal = signalOf(options);
      signal?.throwIfAborted();
      this.#begin();
      const consumer = new Consumer(handler, resolve, reject);
      this.#consumer = consumer;
      if (signal) consumer.heed(signal, () => this.#consumed(consumer, signal));
      this.#handOver();
    });
  }

  /** As the iteration of a `Session`. */
  iterate(): AsyncIterator<Message, undefined> {
    this.#begin();
    let hasLeft = false;
    return {
      next: () => {
        if (hasLeft) return DONE;
        this.#driver.settleTaken();
        const message = this.#driver.machine.take();
        if (message === undefined) return this.#next();
        this.#driver.markDirty();
        return Promise.resolve({ value: message, done: false });
      },
      return: () => {
        if (!hasLeft) this.#isReading = false;
        hasLeft = true;
        return DONE;
      },
    };
  }

  /** Something came for whoever reads. */
  wake(): void {
    this.#handOver();
    this.#more?.open();
  }

  /** The peer has said everything and wants to end: what it has said is read first. */
  releaseAsked(): void {
    this.#wasReleaseAsked = true;
    if (this.#isReading || this.#driver.machine.link.inbox.isReadable) this.wake();
    else void this.#answerRelease();
  }

  #answerRelease(): Promise<void> {
    this.#wasReleaseAsked = false;
    return answerRelease(this.#driver, this.#agreeToRelease);
  }

  #begin(): void {
    if (this.#isReading) throw new SessionError("ERR_STATE", "somebody reads this session already");
    this.#isReading = true;
  }

  // By an iteration.

  async #next(): Promise<IteratorResult<Message, undefined>> {
    let isOver = true;
    try {
      for (;;) {
        const message = this.#driver.machine.take();
        if (message) {
          this.#driver.markDirty();
          isOver = false;
          return { value: message, done: false };
        }
        if (!(await this.#hasMore())) return { value: undefined, done: true };
      }
    } finally {
      if (isOver) this.#isReading = false;
    }
  }

  /** Waits until there is a message; false when there will be none. Throws why, if for no good reason. */
  async #hasMore(): Promise<boolean> {
    const { end, machine } = this.#driver;
    if (machine.link.inbox.isReadable) return true;
    if (end) {
      if (end.error) throw end.error;
      return false;
    }
    if (this.#wasReleaseAsked) {
      // It goes on from there, or the answer ends it: look again.
      await this.#answerRelease();
      return true;
    }
    this.#more ??= new Gate();
    await this.#more.wait();
    return true;
  }

  // By `consume`.

  /**
   * Hands messages to the handler until one of them is to be waited for. Not an async function: what
   * such a one keeps while it waits is half of what an idle session needs.
   */
  #handOver(): void {
    const consumer = this.#consumer;
    if (consumer === undefined || consumer.isBusy) return;
    const driver = this.#driver;
    const { machine } = driver;
    try {
      for (let message = machine.take(); message; message = machine.take()) {
        const handled = consumer.handler(message);
        if (handled !== undefined) {
          // What was taken is credit: a slow handler must not keep it from the peer.
          driver.markDirty();
          return this.#await(handled, consumer);
        }
        driver.settleTaken();
        if (this.#consumer !== consumer) return;
      }
      driver.markDirty();
      const { end } = driver;
      if (end) this.#consumed(consumer, end.error && { reason: end.error });
      else if (this.#wasReleaseAsked) this.#await(this.#answerRelease(), consumer);
    } catch (error) {
      this.#consumed(consumer, { reason: error });
    }
  }

  /** Goes on when this has resolved. */
  #await(handled: Promise<void>, consumer: Consumer): void {
    consumer.isBusy = true;
    handled.then(
      () => {
        consumer.isBusy = false;
        this.#driver.settleTaken();
        this.#handOver();
      },
      (reason) => this.#consumed(consumer, { reason }),
    );
  }

  /** `consume` is over: normally, or because of something. */
  #consumed(consumer: Consumer, why?: { readonly reason: unknown }): void {
    if (this.#consumer !== consumer) return;
    this.#consumer = undefined;
    this.#isReading = false;
    consumer.end(why);
  }
}
