/**
 * What sessions of one process share: the clock, the timers, the end of the turn, slabs, and the
 * cryptography.
 *
 * @module
 */

import { KnownProposals } from "../pure/native/known-proposals.ts";
import type { Suite } from "../pure/native/suite.ts";
import { type TimerEntry, TimerWheel } from "../pure/timer-wheel.ts";

/** What is asked to send what it has, once, at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/** What may keep the event loop awake while an answer is about to come: `busyPoll`. */
export interface LoopPoll {
  /** A single message went out to this peer. */
  sent(peer: object): void;
  /** Something came, from whomever. */
  received(): void;
}

/** What a runtime is made of: the cryptography and, where it is not Node's, the event loop. */
export interface RuntimeOptions {
  /** The cryptography: {@link createNodeSuite}'s, or one of your own. */
  readonly suite: Suite;
  /** Calls back when the events that are already here have been dealt with. */
  readonly defer: (callback: () => void) => void;
  /** Milliseconds on a clock that never goes back. Default: `performance.now`. */
  readonly now?: () => number;
  /** Told of messages that go out alone, and of whatever comes. Default: nobody, the loop sleeps at once. */
  readonly loopPoll?: LoopPoll | undefined;
}

/** Longer delays overflow in every JavaScript engine, and become none at all. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/**
 * What the sessions of one process share: clock, timers, the end of the turn, slabs and
 * cryptography. One is enough for a process.
 */
export class Runtime {
  readonly suite: Suite;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  readonly loopPoll: LoopPoll | undefined;
  readonly proposals: KnownProposals = new KnownProposals();
  readonly #defer: (callback: () => void) => void;
  readonly #wheel = new TimerWheel();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Sessions that nothing but a timer will bring back. */
  #awaited = 0;
  #timerAt = Number.POSITIVE_INFINITY;
  #dirty: Flushable[] = [];
  readonly #flushAll = (): void => {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const one of dirty) one.flush();
  };

  constructor({ suite, defer, now = () => performance.now(), loopPoll }: RuntimeOptions) {
    this.suite = suite;
    this.#defer = defer;
    this.now = now;
    this.loopPoll = loopPoll;
  }

  /** Has `flush` called at the end of this turn. */
  flushLater(one: Flushable): void {
    if (this.#dirty.push(one) === 1) this.#defer(this.#flushAll);
  }

  /** Has an entry fired when its deadline comes. */
  schedule(entry: TimerEntry): void {
    this.#wheel.update(entry);
    this.#setTimer();
  }

  /** Takes a timer back; nothing happens if it has gone off. */
  unschedule(entry: TimerEntry): void {
    this.#wheel.remove(entry);
  }

  /** A session of ours has no transport, and will dial: the process must not end meanwhile. */
  awaitsDial(): void {
    this.#awaited += 1;
    this.#holdProcess();
  }

  /** It has one, or has ended. */
  dialAwaited(): void {
    this.#awaited -= 1;
    this.#holdProcess();
  }

  #setTimer(): void {
    const { deadline } = this.#wheel;
    if (deadline === undefined || deadline >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    const delayMs = Math.min(Math.max(0, deadline - this.now()), DELAY_MS_MAX);
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#wheel.advance(this.now());
      this.#setTimer();
    }, delayMs);
    this.#holdProcess();
  }

  /**
   * Sessions keep their process alive by their transports, not by their timers: unless they wait for
   * the next transport.
   */
  #holdProcess(): void {
    const timer: unknown = this.#timer;
    // In browsers a timer is a number.
    if (typeof timer !== "object" || timer === null || !("unref" in timer)) return;
    const { ref, unref } = timer as { ref(): void; unref(): void }; // just looked
    (this.#awaited > 0 ? ref : unref).call(timer);
  }
}
