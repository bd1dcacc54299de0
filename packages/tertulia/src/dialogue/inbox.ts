/**
 * Indications on their way to the user of a dialogue: bounded, and counted as taken when they are settled.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { Indication, IndicationType } from "./indication.ts";
import type { TransportConnection } from "./transport.ts";

export interface InboxOptions {
  /** Indications that may wait for us before the peer is slowed down. Default 256. */
  readonly indicationsMax?: number;
  /** Octets of user data that may wait in them before it is. Default 1 MiB: one more may be long. */
  readonly indicationOctetsMax?: number;
}

const purged: ReadonlySet<IndicationType> = new Set([
  "S-DATA",
  "S-EXPEDITED-DATA",
  "S-SYNC-MAJOR",
  "S-SYNC-MINOR",
  "S-TYPED-DATA",
]);
export class Inbox {
  readonly #transport: TransportConnection;
  readonly #indicationsMax: number;
  readonly #octetsMax: number;
  #waiting: Indication[] = [];
  #first = 0;
  #octets = 0;
  /** What its user was given last, and has not settled. */
  #taken: Indication | undefined;
  #reader: PromiseWithResolvers<IteratorResult<Indication, undefined>> | undefined;
  #isPaused = false;
  #isEnded = false;
  #error: SessionError | undefined;

  constructor(
    transport: TransportConnection,
    { indicationsMax = 256, indicationOctetsMax = 1_048_576 }: InboxOptions,
  ) {
    this.#transport = transport;
    this.#indicationsMax = indicationsMax;
    this.#octetsMax = indicationOctetsMax;
  }

  /** Those that a restart has to tell again, the oldest first. */
  get unsettled(): readonly Indication[] {
    const unread = this.#waiting.slice(this.#first);
    return this.#taken ? [this.#taken, ...unread] : unread;
  }

  restore(indications: readonly Indication[]): void {
    this.#waiting = [...indications];
    this.#octets = octetsIn(indications);
  }

  push(indication: Indication): void {
    const reader = this.#reader;
    if (reader) {
      this.#reader = undefined;
      if (this.#transport.keeping) this.#taken = indication;
      reader.resolve({ done: false, value: indication });
      return;
    }
    this.#waiting.push(indication);
    this.#octets += indication.userData.length;
    const isFull = this.#waiting.length - this.#first >= this.#indicationsMax;
    if (isFull || this.#octets >= this.#octetsMax) this.#pause(true);
  }

  /** The next one; asking for it settles the one before. */
  next(): Promise<IteratorResult<Indication, undefined>> {
    const { keeping } = this.#transport;
    if (keeping && this.#taken) {
      this.#taken = undefined;
      keeping.changed();
    }
    const value = this.#waiting[this.#first];
    if (value) {
      if (keeping) this.#taken = value;
      this.#first += 1;
      this.#octets -= value.userData.length;
      if (this.#first === this.#waiting.length) this.#empty();
      return Promise.resolve({ done: false, value });
    }
    if (this.#isEnded) {
      if (this.#error) return Promise.reject(this.#error);
      return Promise.resolve({ done: true, value: undefined });
    }
    if (this.#reader) throw new SessionError("ERR_STATE", "indications are being read already");
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  /** The last one has had its effect; whatever is written next says so. */
  settle(): void {
    this.#taken = undefined;
  }

  /** Forgets what a resynchronization undoes, though it has come already. */
  purge(): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.slice(this.#first).filter(({ type }) => !purged.has(type));
    this.#first = 0;
    this.#octets = octetsIn(this.#waiting);
    if (this.#waiting.length === 0) this.#empty();
  }

  /** No more will come. `reason`, if there is one, is what the reader is told instead of the error. */
  end(error: SessionError | undefined, reason: unknown): void {
    this.#isEnded = true;
    this.#error = error;
    if (error) this.#reader?.reject(reason ?? error);
    else this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
  }

  #empty(): void {
    this.#waiting = [];
    this.#first = 0;
    this.#pause(false);
  }

  #pause(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    this.#transport.pause(isPaused);
  }
}

function octetsIn(indications: readonly Indication[]): number {
  return indications.reduce((sum, { userData }) => sum + userData.length, 0);
}
