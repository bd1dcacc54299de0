/**
 * The minor synchronization points of one side that its peer has not confirmed.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";

/** A point in the dialogue that both sides can go back to. */
export interface MinorPoint {
  readonly serialNumber: number;
  /** Resolves when the peer has confirmed this point or a later one. */
  readonly confirmed: Promise<void>;
}

export class Points {
  readonly #points: (MinorPoint & PromiseWithResolvers<void>)[] = [];

  /** The oldest first. */
  get unconfirmed(): readonly MinorPoint[] {
    return this.#points.map(({ serialNumber, confirmed }) => ({ serialNumber, confirmed }));
  }

  add(serialNumber: number): MinorPoint {
    const point = Promise.withResolvers<void>();
    const confirmed = point.promise;
    this.#points.push({ serialNumber, confirmed, ...point });
    // Nobody has to wait for a confirmation; its absence is no error by itself.
    confirmed.catch(() => {});
    return { serialNumber, confirmed };
  }

  /** The point of this number is confirmed, and all before it. */
  confirm(serialNumber: number): void {
    while ((this.#points[0]?.serialNumber ?? Number.NaN) <= serialNumber) {
      this.#points.shift()?.resolve();
    }
  }

  undo(): void {
    for (const { serialNumber, reject } of this.#points.splice(0)) {
      reject(new SessionError("ERR_REFUSED", `point ${serialNumber} was undone`));
    }
  }

  fail(why: unknown): void {
    for (const { reject } of this.#points.splice(0)) reject(why);
  }
}
