/**
 * An end node of the name service, of any type: B, P, M or H (RFC 1001 15, RFC 1002 5.1.1 to 5.1.3).
 *
 * It owns names, claims, refreshes, defends and releases them, finds others' names, and answers
 * for its own. Each request returns a number; a `done` or `failed` event carries it.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import type { Endpoint } from "./address.ts";
import { NAME_SERVICE_PORT } from "./address.ts";
import { type Answering, answerTo } from "./answers.ts";
import type { Asker } from "./asking.ts";
import { claim, refresh, release } from "./claim.ts";
import { Conflicts } from "./conflicts.ts";
import type { ClaimOptions, EndNodeOptions } from "./end-node-options.ts";
import { NetbiosError } from "./errors.ts";
import { find, findAt, status } from "./find.ts";
import { entryOf, type LocalName, LocalNames } from "./local-names.ts";
import { releaseRequest } from "./messages.ts";
import { formatName, isOwnable, type NetbiosName, type NodeType, WILDCARD } from "./name.ts";
import { decodeNamePacket, encodeNamePacket, type NamePacket } from "./name-packet.ts";
import type { Found, NodeEvent, NodeResult } from "./node-events.ts";
import { earlier, type PacketMachine, type PacketOutput, type Via } from "./packet-machine.ts";
import { answerQuery } from "./plain-query.ts";
import { NO_STATISTICS } from "./statistics.ts";
import { NAME_TIMERS, NODE_LIMITS } from "./timers.ts";
import { type Procedure, Transactions } from "./transactions.ts";
import { truncatedTo } from "./truncation.ts";

/**
 * An end node of the name service, without I/O. Each request returns a number, which its `done` or
 * `failed` event carries.
 */
export class EndNode implements PacketMachine<NodeEvent> {
  readonly names: LocalNames;
  readonly #asker: Asker;
  readonly #transactions: Transactions;
  readonly #outputs: PacketOutput<NodeEvent>[] = [];
  readonly #conflicts: Conflicts;
  readonly #answering: Answering;
  #requestCount = 0;
  #now = 0;

  constructor(options: EndNodeOptions) {
    const timers = { ...NAME_TIMERS, ...options.timers };
    const limits = { ...NODE_LIMITS, ...options.limits };
    const port = options.port ?? NAME_SERVICE_PORT;
    this.names = new LocalNames(limits.namesMax);
    this.#asker = {
      nodeType: options.nodeType ?? "B",
      address: options.address,
      broadcast: { address: options.broadcastAddress ?? "255.255.255.255", port },
      nameServers: options.nameServers ?? [],
      port,
      timers,
      limits,
      send: (packet, to) => this.#send(packet(this.#transactions.freshId()), to, "udp"),
      tell: (event) => this.#tell(event),
      watch: (name, reply) => this.#conflicts.watch(name, reply, this.#now),
    };
    this.#transactions = new Transactions(
      {
        send: (packet, to, via) => this.#send(packet, to, via),
        wack: (_, from, waitMs) => this.#tell({ type: "wack", from, waitMs }),
      },
      { wackMsMax: timers.wackMsMax, requestsMax: limits.requestsMax, random: options.random },
    );
    const { answersStatusTo = () => true, statistics = NO_STATISTICS } = options;
    const { nodeType, address, nameServers } = this.#asker;
    const { names } = this;
    this.#answering = { names, nodeType, address, nameServers, statistics, answersStatusTo };
    this.#conflicts = new Conflicts({
      asker: this.#asker,
      transactions: this.#transactions,
      names: this.names,
      demands: options.conflictDemands ?? "verify",
      tell: (event) => this.#tell(event),
      conflict: (name, from) => this.#conflict(name, from),
    });
  }

  /** B, P, M or H. */
  get nodeType(): NodeType {
    return this.#asker.nodeType;
  }

  /** The address that it registers. */
  get address(): string {
    return this.#asker.address;
  }

  /** When to call `tick`, by the clock of `now`; `undefined`: nothing waits. */
  get deadline(): number | undefined {
    const deadline = earlier(this.#transactions.deadline, this.#conflicts.deadline);
    return earlier(deadline, this.names.refreshAt);
  }

  /**
   * Claims a name. Done with `claimed`.
   *
   * @throws {NetbiosError} `invalidName`, `duplicateName` or `nameTableFull`; nothing has changed.
   */
  claim(name: NetbiosName, now: number, options: ClaimOptions = {}): number {
    const { group = false, ttl = 259_200, permanent = false } = options;
    if (!isOwnable(name)) throw new NetbiosError("invalidName", formatName(name));
    this.names.add(name, group, permanent);
    return this.#run(
      claim(this.#asker, name, group, ttl),
      now,
      (granted) => {
        this.names.change(name, { state: "active", ...this.#refreshing(granted) });
        return { type: "claimed", name, group, ttl: granted };
      },
      () => this.names.delete(name),
    );
  }

  /**
   * Gives a name back. Done with `released`; the name is out of the table whatever others say.
   *
   * @throws {NetbiosError} `notOurName`; nothing has changed.
   */
  release(name: NetbiosName, now: number): number {
    const entry = this.names.find(name);
    if (!entry || entry.state === "claiming" || entry.state === "releasing") {
      throw new NetbiosError("notOurName", formatName(name));
    }
    // A name in conflict is another's on the wire: nobody is told that it is free.
    const isSilent = entry.state === "conflict";
    this.names.change(name, { state: "releasing", refreshAt: undefined });
    const procedure = isSilent ? immediately(undefined) : release(this.#asker, name, entry.group);
    const forget = (): unknown => this.names.delete(name);
    return this.#run(
      procedure,
      now,
      () => {
        forget();
        return { type: "released", name };
      },
      forget,
    );
  }

  /** Finds who has a name: in our table, by broadcast, or from the NBNS. Done with `found`. */
  find(name: NetbiosName, now: number): number {
    const own = this.names.findActive(name);
    const procedure = own && !own.group ? this.#known(own) : find(this.#asker, name);
    return this.#run(procedure, now, (result) => ({ type: "found", ...result }));
  }

  /** Asks one node who has a name. Done with `found`. */
  findAt(name: NetbiosName, at: Endpoint, now: number): number {
    return this.#run(findAt(this.#asker, name, at), now, (result) => ({
      type: "found",
      ...result,
    }));
  }

  /** Asks a node for its names. Done with `status`. */
  status(at: Endpoint, now: number, name: NetbiosName = WILDCARD): number {
    return this.#run(status(this.#asker, at, name), now, (result) => ({
      type: "status",
      ...result,
    }));
  }

  /**
   * Tells the NBNS that an owner of a name turned out not to have it: a session or a datagram was
   * refused with "name not present" (RFC 1002 5.2.1.1, 5.3.3). B nodes have nobody to tell.
   */
  reportWrongOwner(name: NetbiosName, owner: string, group: boolean): void {
    if (this.nodeType === "B") return;
    const [server] = this.#asker.nameServers;
    if (server) {
      const entry = entryOf(group, this.nodeType, owner);
      this.#asker.send((id) => releaseRequest({ id, name, entry }), server);
    }
  }

  /** The answer to a plain query for a unique name of ours, whose key has been read already. */
  answerPlainQuery(octets: Uint8Array, key: string): Uint8Array | undefined {
    const entry = this.names.findActive({ label: key, scope: "" });
    if (!entry || entry.group) return undefined;
    const { nodeType, address } = this.#asker;
    return answerQuery(octets, { group: false, nodeType, address }, entry.ttl);
  }

  /** Takes a packet that has arrived. What is no packet is passed over. */
  receive(octets: Uint8Array, from: Endpoint, now: number, via: Via = "udp"): void {
    try {
      this.receivePacket(decodeNamePacket(octets), from, now, via);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#tell({ type: "malformed", from, error });
    }
  }

  /** As {@link receive}, for who has decoded the packet already. @throws {ProtocolError} */
  receivePacket(packet: NamePacket, from: Endpoint, now: number, via: Via = "udp"): void {
    this.#now = now;
    if (packet.response) {
      if (!this.#transactions.receive(packet, from, now)) {
        this.#conflicts.receive(packet, from, now);
      }
    } else this.#request(packet, from, via);
  }

  tick(now: number): void {
    this.#now = now;
    this.#transactions.tick(now);
    this.#conflicts.tick(now);
    for (const entry of this.names.all()) {
      if (entry.refreshAt !== undefined && entry.refreshAt <= now) this.#refresh(entry, now);
    }
  }

  poll(): PacketOutput<NodeEvent> | undefined {
    return this.#outputs.shift();
  }

  #run<Result>(
    procedure: Procedure<Result>,
    now: number,
    done: (result: Result) => NodeResult,
    failed?: () => unknown,
  ): number {
    this.#now = now;
    const request = ++this.#requestCount;
    this.#transactions.run(procedure, now, (outcome) => {
      if ("result" in outcome) {
        this.#tell({ type: "done", request, result: done(outcome.result) });
        return;
      }
      // Only our own errors are meant for the user; any other is a bug and has to be seen.
      if (!(outcome.error instanceof SessionError)) throw outcome.error;
      failed?.();
      this.#tell({ type: "failed", request, error: outcome.error });
    });
    return request;
  }

  #refresh(entry: LocalName, now: number): void {
    const { name, group, ttl } = entry;
    this.names.change(name, { refreshAt: undefined });
    this.#transactions.run(refresh(this.#asker, name, group, ttl), now, (outcome, then) => {
      this.#now = then;
      if (this.names.find(name)?.state !== "active") return;
      if ("result" in outcome) {
        this.names.change(name, this.#refreshing(outcome.result));
        this.#tell({ type: "refreshed", name, ttl: outcome.result });
        return;
      }
      const { error } = outcome;
      if (!(error instanceof NetbiosError)) throw error;
      if (error.code === "ERR_REFUSED") {
        // RFC 1002 5.1.2.6: a negative response to a refresh puts the name in conflict.
        const from = this.#asker.nameServers[0] ?? this.#asker.broadcast;
        this.#conflict(name, from);
        return;
      }
      this.names.change(name, this.#refreshing(ttl));
      this.#tell({ type: "notRefreshed", name, error });
    });
  }

  /** When a name with this TTL is to be refreshed. */
  #refreshing(ttl: number): Pick<LocalName, "ttl" | "refreshAt"> {
    const waitMs = ttl * 1000 * this.#asker.timers.refreshFraction;
    return { ttl, refreshAt: ttl === 0 ? undefined : this.#now + waitMs };
  }

  #conflict(name: NetbiosName, from: Endpoint): void {
    this.names.change(name, { state: "conflict", refreshAt: undefined });
    this.#tell({ type: "conflict", name, from });
  }

  #request(packet: NamePacket, from: Endpoint, via: Via): void {
    const answer = answerTo(packet, from, this.#answering);
    if (!answer) return;
    if (answer.response) this.#send(answer.response, from, via);
    if (answer.lost) this.names.delete(answer.lost);
    if (answer.event) this.#tell(answer.event);
  }

  #known({ name, group }: LocalName): Procedure<Found> {
    const entries = [entryOf(group, this.nodeType, this.address)];
    return immediately({ name, entries, from: undefined, truncated: false });
  }

  #send(packet: NamePacket, to: Endpoint, via: Via): void {
    const octets = via === "tcp" ? encodeNamePacket(packet) : truncatedTo(packet);
    this.#outputs.push({ type: "send", octets, to, via });
  }

  #tell(event: NodeEvent): void {
    this.#outputs.push({ type: "event", event });
  }
}

/** The procedure that asks nobody. */
// biome-ignore lint/correctness/useYield: There is nothing to wait for.
function* immediately<Result>(result: Result): Procedure<Result> {
  return result;
}
