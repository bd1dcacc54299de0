/**
 * Two nodes with one name: found by who asks for it, and believed by who has it only when another
 * node does answer to it (RFC 1002 5.1.1.3, 5.1.1.5).
 *
 * @module
 */

import type { Endpoint } from "./address.ts";
import { type Asker, askEveryone, isPositiveQueryResponse } from "./asking.ts";
import type { LocalNames } from "./local-names.ts";
import { conflictDemand, queryRequest } from "./messages.ts";
import { type NetbiosName, nameKey } from "./name.ts";
import { type NamePacket, OPCODE, RCODE } from "./name-packet.ts";
import type { NodeEvent } from "./node-events.ts";
import { earlier } from "./packet-machine.ts";
import type { Procedure, Reply, Transactions } from "./transactions.ts";

export interface ConflictsOptions {
  readonly asker: Asker;
  readonly transactions: Transactions;
  readonly names: LocalNames;
  /** As in {@link EndNodeOptions}. */
  readonly demands: "verify" | "obey";
  readonly tell: (event: NodeEvent) => void;
  /** A name of ours is another's. */
  readonly conflict: (name: NetbiosName, from: Endpoint) => void;
}

interface Watch {
  readonly name: NetbiosName;
  readonly reply: Reply;
  readonly until: number;
}

export class Conflicts {
  readonly #options: ConflictsOptions;
  /** Broadcast queries that were answered, by id: a second answer may be a conflict. */
  readonly #watches = new Map<number, Watch>();
  /** Names whose alleged conflict is being verified. */
  readonly #verifying = new Set<string>();

  constructor(options: ConflictsOptions) {
    this.#options = options;
  }

  get deadline(): number | undefined {
    let deadline: number | undefined;
    for (const { until } of this.#watches.values()) deadline = earlier(deadline, until);
    return deadline;
  }

  /** A query was answered: for CONFLICT_TIMER, other answers are looked at. */
  watch(name: NetbiosName, reply: Reply, now: number): void {
    const until = now + this.#options.asker.timers.conflictMs;
    this.#watches.set(reply.id, { name, reply, until });
  }

  tick(now: number): void {
    for (const [id, { until }] of this.#watches) if (until <= now) this.#watches.delete(id);
  }

  /** A response that nobody has asked for, or that has come too late. */
  receive(packet: NamePacket, from: Endpoint, now: number): void {
    const watch = this.#watches.get(packet.id);
    if (watch) {
      this.#secondAnswer(watch, packet, from);
      return;
    }
    const isDemand = packet.opcode === OPCODE.registration && packet.rcode === RCODE.conflict;
    const name = packet.answers[0]?.name;
    const { names } = this.#options;
    if (!isDemand || typeof name !== "object" || !names.findActive(name)) return;
    this.#demand(name, from, now);
  }

  /** RFC 1002 5.1.1.3: two answers that are not the same, and one says that the name is unique. */
  #secondAnswer({ name, reply }: Watch, packet: NamePacket, from: Endpoint): void {
    if (!isPositiveQueryResponse(packet, name)) return;
    const [first] = reply.packet.answers;
    const [second] = packet.answers;
    if (first?.type !== "NB" || second?.type !== "NB") return;
    // nmbd answers every broadcast twice: the same entries again are a duplicate, not a conflict.
    const owners = new Set(first.entries.map(({ address }) => address));
    if (second.entries.every(({ address }) => owners.has(address))) return;
    if ([...first.entries, ...second.entries].every(({ group }) => group)) {
      this.#options.tell({ type: "alsoFound", name, entries: second.entries, from });
      return;
    }
    this.#options.asker.send((id) => conflictDemand(id, name), {
      ...from,
      port: this.#options.asker.port,
    });
    this.#options.tell({ type: "conflictDemanded", name, of: from });
  }

  #demand(name: NetbiosName, from: Endpoint, now: number): void {
    const { asker, demands, conflict } = this.#options;
    const isFromServer = asker.nameServers.some(({ address }) => address === from.address);
    if (demands === "obey" || (isFromServer && asker.nodeType !== "B")) {
      conflict(name, from);
      return;
    }
    // A P node has no business with anyone but its NBNS.
    if (asker.nodeType === "P") return;
    this.#verify(name, from, now);
  }

  /** Asks whether another node answers to the name, and gives it up only then. */
  #verify(name: NetbiosName, from: Endpoint, now: number): void {
    const key = nameKey(name);
    if (this.#verifying.has(key)) return;
    this.#verifying.add(key);
    const ours = this.#options.asker.address;
    const others = askEveryone(
      this.#options.asker,
      (id) => queryRequest(id, name, true),
      (packet) =>
        isPositiveQueryResponse(packet, name) &&
        packet.answers[0]?.type === "NB" &&
        packet.answers[0].entries.some(({ address }) => address !== ours),
    );
    const verify = (function* (): Procedure<Reply | undefined> {
      return yield others;
    })();
    this.#options.transactions.run(verify, now, (outcome) => {
      this.#verifying.delete(key);
      if (!this.#options.names.findActive(name)) return;
      const other = "result" in outcome ? outcome.result : undefined;
      if (other) this.#options.conflict(name, other.from);
      else this.#options.tell({ type: "falseConflict", name, from });
    });
  }
}
