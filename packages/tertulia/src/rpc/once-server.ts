/**
 * The server's side of exactly-once: the same programs, over durable sessions.
 *
 * @module
 */

import { type BusyPoll, busyPoll } from "../io/busy-poll.ts";
import { ProtocolError, SessionError } from "../pure/errors.ts";
import { freshSlot, type ServedSlot } from "../pure/oncrpc/once.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { OnceChannel } from "./once-channel.ts";
import { OnceConnection } from "./once-connection.ts";
import { MemoryOutcomes, type OutcomeRecord, type OutcomeStore } from "./once-store.ts";
import type { StreamOptions } from "./record-stream.ts";
import type { ServedCall } from "./served-call.ts";

/** Where an exactly-once server keeps outcomes, and of how many clients. All optional. */
export interface OnceServerOptions {
  /** Where outcomes are kept. Default: in memory. */
  readonly store?: OutcomeStore;
  /** Slots of a client: its calls in flight. Default 64. */
  readonly slotsMax?: number;
  /** Clients remembered. Default 10,000; beyond, whoever has been gone longest is forgotten. */
  readonly clientsMax?: number;
  /** Octets of a reply that is kept; of a larger one is told that it is lost. Default 1 MiB. */
  readonly replyMax?: number;
  /** How long the process stays awake for a next call: see {@link StreamOptions}. Default 0.1; 0: never. */
  readonly pollMs?: number;
}

/** What the server knows of one client. */
export interface OnceServed {
  readonly key: string;
  readonly memory: Uint8Array;
  readonly slots: ServedSlot[];
  connection: OnceConnection | undefined;
}

/** Answers calls exactly once, on as many channels as there are. */
export class OnceServer {
  readonly dispatcher: Dispatcher;
  readonly store: OutcomeStore;
  readonly slotsMax: number;
  readonly replyMax: number;
  /** What all connections stay awake by. */
  readonly poll: BusyPoll | undefined;
  readonly #clientsMax: number;
  readonly #clients = new Map<string, OnceServed>();
  #batch: { call: ServedCall | undefined; record: OutcomeRecord; slot: ServedSlot }[] = [];
  readonly #commitNow = (): void => this.#commit();

  /** @param dispatcher - That of an `RpcServer`, so that plain and durable clients find the same programs. */
  constructor(dispatcher: Dispatcher, options: OnceServerOptions = {}) {
    this.dispatcher = dispatcher;
    this.store = options.store ?? new MemoryOutcomes();
    this.slotsMax = options.slotsMax ?? 64;
    this.replyMax = options.replyMax ?? 1024 * 1024;
    this.#clientsMax = options.clientsMax ?? 10_000;
    this.poll = busyPoll(options.pollMs);
  }

  /** Serves a channel until it ends. */
  async serve(channel: OnceChannel): Promise<void> {
    const connection = new OnceConnection(this, channel);
    try {
      await channel.consume((octets) => connection.receive(octets));
    } catch (error) {
      // Whatever it was, the client has to ask again over another one.
      channel.close();
      if (error instanceof ProtocolError) throw error;
    } finally {
      connection.end();
    }
  }

  /** The state of a client: a new one, if it is not known. */
  client(key: string): OnceServed {
    const known = this.#clients.get(key);
    if (known !== undefined) {
      // To the end of the line of those who may be forgotten.
      this.#clients.delete(key);
      this.#clients.set(key, known);
      return known;
    }
    const { memory, outcomes } = this.store.greet(key);
    const client: OnceServed = { key, memory, slots: [], connection: undefined };
    for (const { slot, serial, state, reply } of outcomes) {
      const octets = reply?.slice();
      const entry = { serial, state, octets, start: 0, end: octets?.length ?? 0 };
      while (client.slots.length <= slot) client.slots.push(freshSlot());
      client.slots[slot] = entry;
    }
    this.#makeRoom();
    this.#clients.set(key, client);
    return client;
  }

  /** Forgets a client with all its outcomes: it said goodbye, or gave way to another. */
  forget(client: OnceServed): void {
    this.#clients.delete(client.key);
    this.store.forget(client.key);
  }

  /** Keeps an outcome, then tells it: at once in memory, else with the others of this turn. */
  keep(call: ServedCall | undefined, record: OutcomeRecord, slot: ServedSlot): void {
    this.#batch.push({ call, record, slot });
    if (!this.store.isDurable) this.#commit();
    else if (this.#batch.length === 1) setImmediate(this.#commitNow);
  }

  #commit(): void {
    const batch = this.#batch;
    this.#batch = [];
    let errors: readonly unknown[];
    try {
      errors = this.store.commit(batch.map(({ record }) => record));
    } catch {
      // Nothing was kept and no effect is there: that is what the clients are told.
      for (const { call, slot } of batch) {
        slot.state = "cancelled";
        call?.tellNotExecuted();
      }
      return;
    }
    for (const [index, { call, record, slot }] of batch.entries()) {
      const octets = errors[index] === undefined ? record.reply : record.failed();
      slot.state = record.state;
      slot.octets = octets;
      slot.start = 0;
      slot.end = octets?.length ?? 0;
      call?.tell(octets);
    }
  }

  #makeRoom(): void {
    if (this.#clients.size < this.#clientsMax) return;
    for (const client of this.#clients.values()) {
      if (client.connection !== undefined) continue;
      this.forget(client);
      return;
    }
    throw new SessionError("ERR_LIMIT", `${this.#clientsMax} clients are connected already`);
  }
}
