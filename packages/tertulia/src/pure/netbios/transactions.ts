/**
 * Requests that wait for a response: retried, waited for longer after a WACK, matched by
 * transaction id and by who was asked (RFC 1002 4.2.1.1, 5.1).
 *
 * RFC 1002 5.1 states what a node does as procedures that send, wait and look at what came. Here
 * a procedure is a generator: it yields what to ask, and is resumed with the reply, or with
 * `undefined` when nobody answered. So the code reads as the RFC does.
 *
 * @module
 */

import { assert } from "../errors.ts";
import type { Endpoint } from "./address.ts";
import { NetbiosError } from "./errors.ts";
import { type NamePacket, OPCODE } from "./name-packet.ts";
import { earlier, type Via } from "./packet-machine.ts";

/** One request, and what counts as its response. */
export interface Ask {
  /** The request, for a transaction id. */
  readonly packet: (id: number) => NamePacket;
  readonly to: Endpoint;
  readonly via?: Via;
  /** How often it is sent, and how long each waits. */
  readonly count: number;
  readonly intervalMs: number;
  /** Whether it went to a broadcast address, so that anyone may answer. */
  readonly isBroadcast?: boolean;
  readonly accept: (packet: NamePacket) => boolean;
}

export interface Reply {
  readonly packet: NamePacket;
  readonly from: Endpoint;
  /** The id that it was matched by: a later response with it is a second answer. */
  readonly id: number;
}

/** What a node does for one request of its user. */
export type Procedure<Result> = Generator<Ask, Result, Reply | undefined>;

/** What {@link Transactions} does through its owner. */
export interface TransactionUser {
  send(packet: NamePacket, to: Endpoint, via: Via): void;
  /** A WACK came: the answer takes this long. */
  wack(packet: NamePacket, from: Endpoint, waitMs: number): void;
}

interface Pending {
  readonly ask: Ask;
  readonly packet: NamePacket;
  sentCount: number;
  deadline: number;
  resume(reply: Reply | undefined, now: number): void;
}

export interface TransactionOptions {
  readonly wackMsMax: number;
  readonly requestsMax: number;
  /** 16 random bits: a response can be forged by whoever guesses them. */
  readonly random: () => number;
}

export class Transactions {
  readonly #user: TransactionUser;
  readonly #options: TransactionOptions;
  readonly #pending = new Map<number, Pending>();

  constructor(user: TransactionUser, options: TransactionOptions) {
    this.#user = user;
    this.#options = options;
  }

  /** How many requests wait for a response. */
  get size(): number {
    return this.#pending.size;
  }

  get deadline(): number | undefined {
    let deadline: number | undefined;
    for (const pending of this.#pending.values()) deadline = earlier(deadline, pending.deadline);
    return deadline;
  }

  /** Whether a request with this id waits. */
  has(id: number): boolean {
    return this.#pending.has(id);
  }

  /**
   * Runs a procedure until it waits, and on from there as replies come.
   *
   * @param settled - Called once, with the result or with what it threw.
   */
  run<Result>(
    procedure: Procedure<Result>,
    now: number,
    settled: (
      outcome: { readonly result: Result } | { readonly error: unknown },
      now: number,
    ) => void,
  ): void {
    const step = (reply: Reply | undefined, time: number): void => {
      let next: IteratorResult<Ask, Result>;
      try {
        next = procedure.next(reply);
        if (!next.done && this.#pending.size >= this.#options.requestsMax) {
          throw new NetbiosError("tooMany", `at most ${this.#options.requestsMax}`);
        }
      } catch (error) {
        settled({ error }, time);
        return;
      }
      if (next.done) settled({ result: next.value }, time);
      else this.#start(next.value, step, time);
    };
    step(undefined, now);
  }

  /** Takes a response. Whether it was one that somebody waits for. */
  receive(packet: NamePacket, from: Endpoint, now: number): boolean {
    const pending = this.#pending.get(packet.id);
    if (!pending) return false;
    const { ask } = pending;
    // An answer is believed only from who was asked.
    if (!ask.isBroadcast && from.address !== ask.to.address) return false;
    if (packet.opcode === OPCODE.wack) {
      if (!ask.isBroadcast) this.#wait(pending, packet, from, now);
      return true;
    }
    if (!ask.accept(packet)) return false;
    this.#pending.delete(packet.id);
    pending.resume({ packet, from, id: packet.id }, now);
    return true;
  }

  tick(now: number): void {
    for (const [id, pending] of [...this.#pending]) {
      if (pending.deadline > now || this.#pending.get(id) !== pending) continue;
      if (pending.sentCount < pending.ask.count) {
        this.#send(pending, now);
      } else {
        this.#pending.delete(id);
        pending.resume(undefined, now);
      }
    }
  }

  /** An id that no request waits with. */
  freshId(): number {
    assert(this.#pending.size < 0x8000, "fewer requests wait than half of the ids");
    let id = this.#options.random() & 0xffff;
    while (this.#pending.has(id)) id = (id + 1) & 0xffff;
    return id;
  }

  #start(ask: Ask, resume: Pending["resume"], now: number): void {
    const id = this.freshId();
    const pending: Pending = { ask, packet: ask.packet(id), sentCount: 0, deadline: 0, resume };
    this.#pending.set(id, pending);
    this.#send(pending, now);
  }

  #send(pending: Pending, now: number): void {
    const { packet, ask } = pending;
    pending.sentCount += 1;
    pending.deadline = now + ask.intervalMs;
    this.#user.send(packet, ask.to, ask.via ?? "udp");
  }

  /** RFC 1002 4.2.16: the TTL of a WACK is how long to wait; 0 is "unknown". */
  #wait(pending: Pending, packet: NamePacket, from: Endpoint, now: number): void {
    const { count, intervalMs } = pending.ask;
    const seconds = packet.answers[0]?.ttl ?? 0;
    const wantedMs = seconds === 0 ? count * intervalMs : seconds * 1000;
    const waitMs = Math.min(wantedMs, this.#options.wackMsMax);
    pending.sentCount = count;
    pending.deadline = now + waitMs;
    this.#user.wack(packet, from, waitMs);
  }
}
