/**
 * What a session carries for the machine of a dialogue, whose transport it is: SPDUs, in order or past
 * what waits, and what is kept of the dialogue.
 *
 * @module
 */

import { Queue } from "./queue.ts";
import type { SessionDriver } from "./session-driver.ts";

interface Spdu {
  readonly octets: Uint8Array;
  readonly isExpedited: boolean;
}

/** Iterate it for what the peer's dialogue sent. */
export class SessionDialogue implements AsyncIterable<Spdu> {
  readonly #driver: SessionDriver;
  readonly #received: Queue<Spdu> = new Queue();

  constructor(driver: SessionDriver) {
    this.#driver = driver;
    if (driver.end) this.ended();
  }

  /** Octets that {@link send} takes at once. */
  get octetsMax(): number {
    return this.#driver.machine.link.outbox.spduOctetsMax;
  }

  /** Whether as much waits for credit as may, by `waitingOctetsMax`: {@link send} asks nobody. */
  get isFull(): boolean {
    return this.#driver.machine.link.outbox.waitingOctets >= this.#driver.limits.waitingOctetsMax;
  }

  /** Carries octets to the peer's dialogue: in order, or past what waits. */
  send(octets: Uint8Array, isExpedited = false): void {
    this.#driver.checkOpen();
    this.#driver.machine.link.outbox.sendDialogue(octets, isExpedited);
    this.#driver.markDirty();
  }

  /**
   * Taking one is credit for the peer: as many octets may wait here as `windowOctets` says, together
   * with messages. Where a store keeps the session, say {@link took} of each.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Spdu, undefined> {
    for await (const spdu of this.#received) {
      this.#driver.machine.link.inbox.readSpdu(spdu.octets.length, spdu.isExpedited);
      if (!this.#driver.end) this.#driver.markDirty();
      yield spdu;
    }
    return undefined;
  }

  /** The oldest SPDU on a flow has had its effect: it does not come again. */
  took(isExpedited: boolean): void {
    this.#driver.machine.tookSpdu(isExpedited ? 1 : 0, this.#driver.now());
  }

  /**
   * Has what `snapshot` gives kept with every batch, as of that instant, together with what the
   * dialogue has sent by then and with what {@link took} has told of. To stop: without one.
   */
  keep(snapshot?: () => Uint8Array): void {
    this.#driver.machine.snapshotDialogue = snapshot ?? (() => undefined);
    this.changed();
  }

  /** What is to be kept has changed, though nothing was sent and nothing has come. */
  changed(): void {
    this.#driver.machine.link.keepLater(this.#driver.now());
    if (this.#driver.keeping !== undefined) this.#driver.markDirty();
  }

  // What the driver tells.

  received(spdu: Spdu): void {
    this.#received.push(spdu);
  }

  /** The session is over. */
  ended(): void {
    this.#received.end();
  }
}
