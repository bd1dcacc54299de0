/**
 * The confirms that requests wait for.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { EventType, SessionEvent } from "../pure/iso8327/primitives.ts";

/** What ends the waiting for a confirm, besides the confirm: X.215's table of collisions. */
const overtaken: Readonly<Partial<Record<EventType, readonly EventType[]>>> = {
  SRSYNind: ["SRSYNcnf", "SSYNMcnf", "SACTEcnf", "SRELcnf+"],
  SACTIind: ["SRSYNcnf", "SSYNMcnf", "SACTEcnf", "SCDcnf"],
  SACTDind: ["SRSYNcnf", "SSYNMcnf", "SACTEcnf"],
  SUERind: ["SSYNMcnf", "SACTEcnf", "SRELcnf+"],
  SPERind: ["SSYNMcnf", "SACTEcnf", "SRELcnf+", "SCDcnf"],
};

export class Confirms {
  readonly #waiters = new Map<EventType, PromiseWithResolvers<SessionEvent>>();

  /** Those that are waited for. */
  get awaited(): readonly EventType[] {
    return [...this.#waiters.keys()];
  }

  wait(type: EventType): Promise<SessionEvent> {
    const waiter = Promise.withResolvers<SessionEvent>();
    this.#waiters.set(type, waiter);
    return waiter.promise;
  }

  /** It came: `event`, if that is not the one of this type itself. */
  resolve(type: EventType, event: SessionEvent): void {
    this.#take(type)?.resolve(event);
  }

  reject(type: EventType, why: unknown): void {
    this.#take(type)?.reject(why);
  }

  /** Those that will not come any more after this indication. */
  overtake(by: EventType): void {
    for (const type of overtaken[by] ?? []) {
      this.reject(type, new SessionError("ERR_REFUSED", `overtaken by ${by}`));
    }
  }

  fail(why: unknown): void {
    for (const { reject } of this.#waiters.values()) reject(why);
    this.#waiters.clear();
  }

  #take(type: EventType): PromiseWithResolvers<SessionEvent> | undefined {
    const waiter = this.#waiters.get(type);
    this.#waiters.delete(type);
    return waiter;
  }
}
