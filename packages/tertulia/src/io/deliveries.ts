/**
 * Those who wait until the peer has what was sent, in the order of what they wait for.
 *
 * @module
 */

/** Positions of both lanes. */
type Ends = readonly [number, number];

interface Delivery extends PromiseWithResolvers<void> {
  readonly ends: Ends;
}

export class Deliveries {
  readonly #waiting: Delivery[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves when the peer has everything before these ends; they never go back. */
  wait(ends: Ends): Promise<void> {
    const delivery = { ends, ...Promise.withResolvers<void>() };
    this.#waiting.push(delivery);
    return delivery.promise;
  }

  /** The peer has everything up to here. */
  acknowledged(acknowledged: Ends): void {
    let delivered = 0;
    for (const { ends, resolve } of this.#waiting) {
      if (!isDelivered(ends, acknowledged)) break;
      resolve();
      delivered += 1;
    }
    this.#waiting.splice(0, delivered);
  }

  /** It will not come to that. */
  end(reason: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }
}

/** Whether all that was sent before these ends has arrived. */
export function isDelivered([end0, end1]: Ends, [acknowledged0, acknowledged1]: Ends): boolean {
  return acknowledged0 >= end0 && acknowledged1 >= end1;
}
