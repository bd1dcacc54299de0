/**
 * A client's slots, each with one call in flight at most, and the calls that wait for one.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { OnceCall, Slot } from "./once-call.ts";
import { OutcomeError } from "./outcome-error.ts";

export class OnceSlots {
  readonly all: Slot[] = [];
  readonly waiting: Set<OnceCall> = new Set();
  readonly #free: Slot[] = [];
  readonly #waitingMax: number;

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /** Calls that are in flight or wait. */
  get inFlight(): number {
    return this.all.length - this.#free.length + this.waiting.size;
  }

  /** Makes as many as that. */
  grow(count: number): void {
    while (this.all.length < count) {
      const empty = { call: undefined, octets: undefined, start: 0, end: 0, isSent: false };
      const slot = { number: this.all.length, serial: 0, ...empty };
      this.all.push(slot);
      this.#free.push(slot);
    }
  }

  /** A free one, which is not free from here on. */
  take(): Slot | undefined {
    return this.#free.pop();
  }

  /** Has a slot in use from the beginning: by a call of a former process. */
  occupy(slot: Slot): void {
    this.#free.splice(this.#free.indexOf(slot), 1);
  }

  release(slot: Slot): void {
    this.#free.push(slot);
  }

  /** @throws {SessionError} `ERR_LIMIT` when too many wait already. */
  wait(call: OnceCall): void {
    if (this.waiting.size >= this.#waitingMax) {
      throw new SessionError("ERR_LIMIT", `${this.#waitingMax} calls wait for a slot already`);
    }
    this.waiting.add(call);
  }

  /** Rejects all calls: `unknown` those that were sent, `not executed` the others. */
  rejectAll(reason: SessionError): void {
    for (const { call, isSent } of this.all) {
      if (call === undefined) continue;
      call.cleanUp?.();
      call.reject(new OutcomeError(isSent ? "unknown" : "not executed", reason));
    }
    for (const call of this.waiting) {
      call.cleanUp?.();
      call.reject(new OutcomeError("not executed", reason));
    }
    this.waiting.clear();
  }
}
