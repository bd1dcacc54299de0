/**
 * The old owners of names that are being asked, on behalf of who wants the name: the claimant is told
 * to wait, and each owner is asked three times (RFC 1001 15.2.3.3, RFC 1002 5.1.4.1).
 *
 * @module
 */

import type { Endpoint } from "./address.ts";
import { isResponse } from "./asking.ts";
import { queryRequest, wackResponse } from "./messages.ts";
import { type NetbiosName, nameKey } from "./name.ts";
import type { Member } from "./name-database.ts";
import { type NamePacket, OPCODE, RCODE } from "./name-packet.ts";
import type { NameServerEvent } from "./name-server-events.ts";
import type { NameTimers } from "./timers.ts";
import type { Procedure, Reply, Transactions } from "./transactions.ts";

export interface ChallengesOptions {
  readonly transactions: Transactions;
  readonly timers: NameTimers;
  /** Where owners answer. */
  readonly port: number;
  /** Names whose owners are being asked at once. */
  readonly challengesMax: number;
  readonly tell: (event: NameServerEvent) => void;
}

/** A claim that the old owner is being asked about. */
export interface Challenge {
  readonly claimant: Endpoint;
  readonly request: NamePacket;
  /** Id of the query that is out: should it come back to us, it is not for us to answer. */
  queryId: number;
}

/** What a request is about, and how it is answered. */
export interface Challenging {
  readonly request: NamePacket;
  readonly name: NetbiosName;
  readonly claimant: Endpoint;
  readonly owners: readonly Member[];
  readonly reply: (response: NamePacket) => void;
}

export class Challenges {
  readonly #options: ChallengesOptions;
  readonly #challenges = new Map<string, Challenge>();

  constructor(options: ChallengesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#challenges.size;
  }

  /** Whether no more names can be asked about. */
  get isFull(): boolean {
    return this.#challenges.size >= this.#options.challengesMax;
  }

  find(key: string): Challenge | undefined {
    return this.#challenges.get(key);
  }

  /** WACK, then a query to each owner in turn; the first that defends the name ends it. */
  ask(
    { request, name, claimant, owners, reply }: Challenging,
    now: number,
    settled: (defender: Reply | undefined, now: number) => void,
  ): void {
    const { transactions, timers, port, tell } = this.#options;
    const { unicastRetryMs: intervalMs, unicastRetryCount: count } = timers;
    const key = nameKey(name);
    const challenge: Challenge = { claimant, request, queryId: -1 };
    this.#challenges.set(key, challenge);
    const waitSeconds = Math.ceil((owners.length * count * intervalMs) / 1000) + 1;
    reply(wackResponse(request, name, waitSeconds));
    const ask = (function* (): Procedure<Reply | undefined> {
      for (const { address } of owners) {
        tell({ type: "challenge", name, owner: address, claimant });
        const answer = yield {
          packet: (id) => {
            challenge.queryId = id;
            return queryRequest(id, name);
          },
          to: { address, port },
          count,
          intervalMs,
          accept: (packet) => isResponse(packet, name, OPCODE.query),
        };
        if (answer?.packet.rcode === RCODE.ok) return answer;
      }
      return undefined;
    })();
    transactions.run(ask, now, (outcome, then) => {
      this.#challenges.delete(key);
      // Too many requests are out: then nobody was asked, and the name stays whose it is.
      if ("error" in outcome) return;
      const isDefended = outcome.result !== undefined;
      tell({ type: "challengeEnded", name, claimant, isDefended });
      settled(outcome.result, then);
    });
  }
}
