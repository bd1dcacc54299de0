/**
 * A node on a real network: names, datagrams and sessions, and a name server if it is to be one.
 *
 * @module
 */

import { randomInt } from "node:crypto";
import { SessionError } from "../pure/errors.ts";
import {
  DATAGRAM_SERVICE_PORT,
  type Endpoint,
  isAddress,
  NAME_SERVICE_PORT,
  SESSION_SERVICE_PORT,
} from "../pure/netbios/address.ts";
import type { Datagram, DatagramEvent } from "../pure/netbios/datagram-node.ts";
import type { DistributorEvent } from "../pure/netbios/distributor.ts";
import { EndNode } from "../pure/netbios/end-node.ts";
import type { ClaimOptions } from "../pure/netbios/end-node-options.ts";
import { NetbiosError } from "../pure/netbios/errors.ts";
import type { LocalName } from "../pure/netbios/local-names.ts";
import { formatName, type NetbiosName, type NodeType, sameName } from "../pure/netbios/name.ts";
import { MemoryNameDatabase, type NameDatabase } from "../pure/netbios/name-database.ts";
import { NameHost, type NameHostEvent } from "../pure/netbios/name-host.ts";
import { NameServer } from "../pure/netbios/name-server.ts";
import type {
  Claimed,
  Found,
  NodeEvent,
  NodeResult,
  NodeStatus,
} from "../pure/netbios/node-events.ts";
import { statistics } from "../pure/netbios/statistics.ts";
import { DatagramService } from "./datagram-service.ts";
import { Feed } from "./feed.ts";
import { chooseInterface, isNear } from "./interfaces.ts";
import { ListenQueue } from "./listen-queue.ts";
import { MachineDriver } from "./machine-driver.ts";
import { type NameLike, nameOf } from "./name-like.ts";
import { NameTcp } from "./name-tcp.ts";
import { endpointOf, type NetbiosOptions, type ServerRole } from "./options.ts";
import type { NetbiosSession, SessionSettings } from "./session.ts";
import { type CallProgress, type CallSettings, callName, type Resolved } from "./session-caller.ts";
import { type ListenerEvent, SessionListener } from "./session-listener.ts";
import { UdpPort } from "./udp-port.ts";

/** What happens at a node, besides what its user asked for. */
export type NetbiosEvent =
  | NameHostEvent
  | { readonly role: "datagrams"; readonly event: Exclude<DatagramEvent, { type: "datagram" }> }
  | { readonly role: "distributor"; readonly event: DistributorEvent }
  | { readonly role: "sessions"; readonly event: ListenerEvent };

export interface Waiting {
  /** Ends the waiting, with its reason. */
  readonly signal?: AbortSignal;
}

export interface ListenOptions extends Waiting {
  /** The only caller that is wanted. Default: anyone. */
  readonly calling?: NameLike;
  /** Sessions that may wait to be taken. Default: 16; callers then get 0x83. */
  readonly backlog?: number;
}

interface Waiter {
  readonly resolve: (result: NodeResult) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Opens a node: binds the name service now, datagrams and sessions at their first use.
 *
 * @throws {SessionError} `ERR_REFUSED` when a port cannot be had, saying who has it or which right
 *   is missing; `ERR_ARGUMENT`; `ERR_STORE` for a name server's database.
 *
 * @example
 * await using node = await openNetbios({ address: "127.0.0.1", namePort: 10137 });
 * await node.addName("ALICE");
 */
export async function openNetbios(options: NetbiosOptions = {}): Promise<NetbiosNode> {
  return await NetbiosNode.open(options);
}

export class NetbiosNode implements AsyncDisposable {
  readonly #options: NetbiosOptions;
  readonly #host: NameHost;
  readonly #node: EndNode;
  readonly #bindAddress: string;
  readonly #broadcastAddress: string;
  readonly #driver: MachineDriver<NameHostEvent>;
  readonly #events = new Feed<NetbiosEvent>();
  readonly #waiters = new Map<number, Waiter>();
  /** The database, if it is ours to close. */
  readonly #database: NameDatabase | undefined;
  #udp: UdpPort | undefined;
  #tcp: NameTcp | undefined;
  #datagrams: Promise<DatagramService> | undefined;
  #sessions: Promise<SessionListener> | undefined;
  #isClosed = false;

  private constructor(options: NetbiosOptions, database: NameDatabase | undefined) {
    const { nameServers = [], namePort = NAME_SERVICE_PORT, tellsStrangers = false } = options;
    const local = chooseInterface(options.address);
    this.#options = options;
    this.#bindAddress = options.bindAddress ?? local.address;
    this.#broadcastAddress = options.broadcastAddress ?? local.broadcastAddress;
    const random = (): number => randomInt(0x10000);
    this.#node = new EndNode({
      address: local.address,
      broadcastAddress: this.#broadcastAddress,
      nodeType: options.nodeType ?? (nameServers.length > 0 ? "H" : "B"),
      nameServers: nameServers.map((server) => endpointOf(server, namePort)),
      port: namePort,
      random,
      statistics: statistics(local.unitId),
      answersStatusTo: (from) => tellsStrangers || isNear(from.address),
      ...definedOnly({
        timers: options.timers,
        limits: options.limits,
        conflictDemands: options.conflictDemands,
      }),
    });
    const { server: role } = options;
    this.#database = typeof role?.database === "string" ? database : undefined;
    const server =
      role && database
        ? new NameServer({
            ...role,
            database,
            port: namePort,
            random,
            timers: { ...options.timers, ...role.timers },
          })
        : undefined;
    this.#host = new NameHost(server ? { node: this.#node, server } : { node: this.#node });
    this.#driver = new MachineDriver(this.#host, {
      send: (octets, to, via) => (via === "tcp" ? this.#tcp : this.#udp)?.send(octets, to),
      told: (event) => this.#told(event),
    });
  }

  /** As {@link openNetbios}. */
  static async open(options: NetbiosOptions = {}): Promise<NetbiosNode> {
    const node = new NetbiosNode(options, options.server && (await databaseOf(options.server)));
    const { namePort = NAME_SERVICE_PORT, localNamePort = namePort } = options;
    const bindAddress = node.#bindAddress;
    try {
      node.#udp = await UdpPort.open({
        service: "names",
        bindAddress,
        // Who only asks gets its answers at its own port; broadcasts are not for it.
        broadcastAddress: localNamePort === 0 ? undefined : node.#broadcastAddress,
        port: localNamePort,
        received: (octets, from) => node.#driver.receive(octets, from),
      });
      node.#tcp = await NameTcp.open(
        {
          bindAddress,
          port: localNamePort,
          received: (octets, from) => node.#driver.receive(octets, from, "tcp"),
        },
        localNamePort !== 0,
      );
    } catch (error) {
      await node[Symbol.asyncDispose]();
      throw error;
    }
    node.#driver.settle();
    return node;
  }

  /** The address that is registered. */
  get address(): string {
    return this.#node.address;
  }

  /** What the sockets are bound to. */
  get bindAddress(): string {
    return this.#bindAddress;
  }

  get nodeType(): NodeType {
    return this.#node.nodeType;
  }

  /** The name table: what is ours, being claimed, or in conflict. */
  get names(): readonly LocalName[] {
    return this.#node.names.all();
  }

  /** The name server, if this node is one. */
  get server(): NameServer | undefined {
    return this.#host.server;
  }

  /** What happens from now on: conflicts, WACKs, challenges, refusals, registrations with us. */
  events({ signal }: Waiting = {}): AsyncIterableIterator<NetbiosEvent> {
    return this.#events.read(signal);
  }

  /**
   * Claims a name for this node. A B node hears objections for 750 ms; others ask their server.
   *
   * @throws {NetbiosError} `nameInUse`, `nameInConflict`, `noNameServer`, `duplicateName`,
   *   `nameTableFull`, `invalidName`; the signal's own reason, and then the name is given back.
   */
  async addName(name: NameLike, options: ClaimOptions & Waiting = {}): Promise<Claimed> {
    const parsed = nameOf(name);
    const request = this.#node.claim(parsed, this.#driver.now(), options);
    try {
      const result = await this.#wait(request, options.signal);
      if (result.type === "claimed") return result;
      throw unexpected(result);
    } catch (error) {
      if (options.signal?.aborted) this.#giveBack(parsed);
      throw error;
    }
  }

  /** Gives a name back. @throws {NetbiosError} `notOurName`. */
  async deleteName(name: NameLike, { signal }: Waiting = {}): Promise<void> {
    await this.#wait(this.#node.release(nameOf(name), this.#driver.now()), signal);
  }

  /**
   * Finds who has a name.
   *
   * @param options.at - Ask this node instead of everyone or the server.
   * @throws {NetbiosError} `nameNotFound`, `noNameServer`, `noAnswer`.
   */
  async find(name: NameLike, options: Waiting & { readonly at?: string } = {}): Promise<Found> {
    const parsed = nameOf(name);
    const { at, signal } = options;
    const now = this.#driver.now();
    const request =
      at === undefined
        ? this.#node.find(parsed, now)
        : this.#node.findAt(parsed, endpointOf(at, this.#namePort), now);
    const result = await this.#wait(request, signal);
    if (result.type === "found") return result;
    throw unexpected(result);
  }

  /**
   * Asks a node for its names.
   *
   * @param target - An address, or a name, which is found first.
   * @throws {NetbiosError} `noAnswer`, `nameNotFound`.
   */
  async status(target: string | NetbiosName, { signal }: Waiting = {}): Promise<NodeStatus> {
    const address = typeof target === "string" ? target.split(":")[0] : undefined;
    const at =
      typeof target === "string" && isAddress(address ?? "")
        ? endpointOf(target, this.#namePort)
        : await this.#endpoint(target, signal);
    const result = await this.#wait(this.#node.status(at, this.#driver.now()), signal);
    if (result.type === "status") return result;
    throw unexpected(result);
  }

  /**
   * Sends one datagram of up to 512 octets to whoever has a name, a group or one node.
   *
   * @param source - One of our names.
   * @throws {NetbiosError} `notOurName`, `nameNotFound`; `ERR_LIMIT` for more than 512 octets.
   */
  async sendDatagram(
    source: NameLike,
    destination: NameLike,
    userData: Uint8Array,
    options: Waiting & { readonly group?: boolean } = {},
  ): Promise<void> {
    const datagram = { source: this.#ours(source), destination: nameOf(destination), userData };
    const service = await this.#datagramService();
    await service.send(datagram, options.group, options.signal);
  }

  /** Sends one datagram to every node of the scope. */
  async broadcastDatagram(source: NameLike, userData: Uint8Array): Promise<void> {
    const own = this.#ours(source);
    const service = await this.#datagramService();
    service.broadcast(own, userData);
  }

  /**
   * Datagrams as they come, to our names and groups and to all. One datagram satisfies every
   * reader that wants it (RFC 1001 17.2).
   *
   * @param options.to - Only those to this name. Default: all.
   */
  async *datagrams(
    options: Waiting & { readonly to?: NameLike } = {},
  ): AsyncGenerator<Datagram, void, undefined> {
    const to = options.to === undefined ? undefined : nameOf(options.to);
    const service = await this.#datagramService();
    for await (const datagram of service.incoming.read(options.signal)) {
      if (to === undefined || sameName(datagram.destination, to)) yield datagram;
    }
  }

  /** Opens the datagram service now, so that nothing is missed before the first read. */
  async openDatagrams(): Promise<void> {
    await this.#datagramService();
  }

  /**
   * Calls a name and returns the session. Follows retargets; walks through the members of a group.
   *
   * @throws {NetbiosError} `notListeningOnCalledName` (0x80), `notListeningForCallingName` (0x81),
   *   `calledNameNotPresent` (0x82), `insufficientResources` (0x83), `unspecified` (0x8F),
   *   `nameNotFound`, `notReachable`, `tooManyRetargets`.
   */
  async call(
    called: NameLike,
    options: CallSettings & {
      readonly calling?: NameLike;
      /** Call this address instead of finding the name. */
      readonly at?: string;
      readonly progress?: CallProgress;
    } = {},
  ): Promise<NetbiosSession> {
    const { calling, at, progress, ...settings } = options;
    const target = nameOf(called);
    const caller = calling === undefined ? this.#firstName() : nameOf(calling);
    const { sessionPort = SESSION_SERVICE_PORT, calls } = this.#options;
    const given = at === undefined ? undefined : endpointOf(at, sessionPort);
    const names = {
      resolve: async (name: NetbiosName, signal: AbortSignal | undefined): Promise<Resolved> =>
        given ? { addresses: [given.address], group: false } : await this.#resolve(name, signal),
      report: (name: NetbiosName, address: string): void => {
        this.#node.reportWrongOwner(name, address, false);
        this.#driver.settle();
      },
      realName: async (address: string, signal: AbortSignal | undefined) =>
        await this.#fileServerName(address, signal),
    };
    const port = given?.port ?? sessionPort;
    const ends = { called: target, calling: caller };
    return await callName(names, ends, { port, ...calls, ...settings }, progress);
  }

  /**
   * Sessions of those who call one of our names, until the signal or the loop ends it.
   *
   * A name that is not in our table may be listened on as well; `*SMBSERVER` is one.
   */
  async *listen(
    called: NameLike,
    options: ListenOptions & SessionSettings = {},
  ): AsyncGenerator<NetbiosSession, void, undefined> {
    const { signal, calling, backlog } = options;
    using queue = new ListenQueue(await this.sessionServer(), {
      called: nameOf(called),
      calling: calling === undefined ? undefined : nameOf(calling),
      backlog,
    });
    yield* queue.sessions(signal);
  }

  /**
   * Sends whoever calls a name to another address and port (RFC 1002 4.3.5), so that processes
   * without privileges serve behind one port 139. Dispose of the result to stop it.
   */
  async retarget(
    called: NameLike,
    to: Endpoint,
    { calling }: { readonly calling?: NameLike } = {},
  ): Promise<Disposable> {
    const server = await this.sessionServer();
    const listen = {
      called: nameOf(called),
      calling: calling === undefined ? undefined : nameOf(calling),
      target: { type: "retarget", to },
    } as const;
    server.add(listen);
    return { [Symbol.dispose]: () => void server.listens.delete(listen) };
  }

  /** The session server, opened at its first use. Its `port` is what callers connect to. */
  sessionServer(): Promise<SessionListener> {
    const { sessionPort = SESSION_SERVICE_PORT, localSessionPort = sessionPort } = this.#options;
    this.#sessions ??= SessionListener.open({
      bindAddress: this.#bindAddress,
      port: localSessionPort,
      isPresent: (name) => this.#node.names.findActive(name) !== undefined,
      told: (event) => this.#events.push({ role: "sessions", event }),
    });
    return this.#sessions;
  }

  /** Gives all names back, then closes. Takes as long as the releases do: 750 ms for a B node. */
  async close({ signal }: Waiting = {}): Promise<void> {
    const names = this.#node.names.all().filter(({ state }) => state !== "releasing");
    // What cannot be released is forgotten by the others in time.
    await Promise.allSettled(
      names.map(({ name }) => this.deleteName(name, signal ? { signal } : {})),
    );
    await this[Symbol.asyncDispose]();
  }

  /** Closes at once: names are not given back, and time out at the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#driver.close();
    this.#udp?.close();
    this.#udp = undefined;
    this.#tcp?.close();
    this.#tcp = undefined;
    this.#events.end();
    const closed = new SessionError("ERR_CLOSED", "the node was closed");
    for (const { reject } of this.#waiters.values()) reject(closed);
    this.#waiters.clear();
    const [datagrams, sessions] = await Promise.allSettled([this.#datagrams, this.#sessions]);
    if (datagrams.status === "fulfilled") datagrams.value?.close();
    if (sessions.status === "fulfilled") sessions.value?.close();
    this.#database?.[Symbol.dispose]?.();
  }

  get #namePort(): number {
    return this.#options.namePort ?? NAME_SERVICE_PORT;
  }

  #told(told: NameHostEvent): void {
    if (told.role === "node") {
      const { event } = told;
      if (event.type === "done" || event.type === "failed") {
        const waiter = this.#waiters.get(event.request);
        this.#waiters.delete(event.request);
        if (event.type === "done") waiter?.resolve(event.result);
        else waiter?.reject(event.error);
        return;
      }
      this.#watchGroups(event);
    }
    this.#events.push(told);
  }

  /** Waits for a request of the machine. A signal ends the waiting, not the request. */
  #wait(request: number, signal: AbortSignal | undefined): Promise<NodeResult> {
    const result = new Promise<NodeResult>((resolve, reject) => {
      if (this.#isClosed) {
        reject(new SessionError("ERR_CLOSED", "the node was closed"));
        return;
      }
      const aborted = (): void => {
        this.#waiters.delete(request);
        reject(signal?.reason);
      };
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          signal?.removeEventListener("abort", aborted);
          then(value);
        };
      this.#waiters.set(request, { resolve: settle(resolve), reject: settle(reject) });
      if (signal?.aborted) aborted();
      else signal?.addEventListener("abort", aborted, { once: true });
    });
    this.#driver.settle();
    return result;
  }

  /** A claim whose waiting was given up: it may have succeeded, or will. */
  #giveBack(name: NetbiosName): void {
    const entry = this.#node.names.find(name);
    if (entry?.state === "active") {
      this.deleteName(name).catch(() => {});
    } else if (entry?.state === "claiming") {
      // Looked at again when the claim must have ended.
      const { unicastRetryMs = 5000, unicastRetryCount = 3 } = this.#options.timers ?? {};
      setTimeout(() => {
        if (!this.#isClosed) this.#giveBack(name);
      }, unicastRetryMs * unicastRetryCount).unref();
    }
  }

  #ours(name: NameLike): NetbiosName {
    const parsed = nameOf(name);
    if (this.#node.names.findActive(parsed)) return parsed;
    throw new NetbiosError("notOurName", formatName(parsed));
  }

  /** Who we are when a call does not say: our first unique name. */
  #firstName(): NetbiosName {
    const first = this.#node.names.all().find(({ group, state }) => !group && state === "active");
    if (first) return first.name;
    throw new NetbiosError("notOurName", "add a name first, or say who is calling");
  }

  async #endpoint(name: NameLike, signal: AbortSignal | undefined): Promise<Endpoint> {
    const found = await this.find(name, signal ? { signal } : {});
    const [entry] = found.entries;
    if (!entry) throw new NetbiosError("nameNotFound", formatName(nameOf(name)));
    return { address: entry.address, port: this.#namePort };
  }

  /** Members of a group that answer a broadcast later join the list while it is walked through. */
  readonly #growing = new Map<string, string[]>();

  async #resolve(name: NetbiosName, signal: AbortSignal | undefined): Promise<Resolved> {
    const addresses: string[] = [];
    this.#growing.set(formatName(name), addresses);
    const found = await this.find(name, signal ? { signal } : {});
    for (const { address } of found.entries) {
      if (!addresses.includes(address)) addresses.push(address);
    }
    return { addresses, group: found.entries.some(({ group }) => group) };
  }

  #watchGroups(event: NodeEvent): void {
    if (event.type !== "alsoFound") return;
    const addresses = this.#growing.get(formatName(event.name));
    for (const { address } of event.entries) {
      if (addresses && !addresses.includes(address)) addresses.push(address);
    }
  }

  async #fileServerName(
    address: string,
    signal: AbortSignal | undefined,
  ): Promise<NetbiosName | undefined> {
    try {
      const { names } = await this.status(address, signal ? { signal } : {});
      const [server] = names.filter((one) => !one.group && one.label.charCodeAt(15) === 0x20);
      return server ? { label: server.label, scope: "" } : undefined;
    } catch (error) {
      if (error instanceof NetbiosError) return undefined;
      throw error;
    }
  }

  #datagramService(): Promise<DatagramService> {
    const { datagramPort = DATAGRAM_SERVICE_PORT, distributionServers = [] } = this.#options;
    const { server } = this.#host;
    this.#datagrams ??= DatagramService.open({
      address: this.address,
      bindAddress: this.#bindAddress,
      broadcastAddress: this.#broadcastAddress,
      port: datagramPort,
      nodeType: this.nodeType,
      distributionServers: distributionServers.map((text) => endpointOf(text, datagramPort)),
      own: (name) => {
        const entry = this.#node.names.findActive(name);
        return entry && (entry.group ? "group" : "unique");
      },
      find: async (name, signal) => await this.find(name, signal ? { signal } : {}),
      reportWrongOwner: (name, owner) => {
        this.#node.reportWrongOwner(name, owner, false);
        this.#driver.settle();
      },
      server: this.#options.distributes ? server : undefined,
      told: (event) => this.#events.push(event),
    });
    return this.#datagrams;
  }
}

async function databaseOf({ database }: ServerRole): Promise<NameDatabase> {
  if (database === undefined) return new MemoryNameDatabase();
  if (typeof database !== "string") return database;
  // Loaded when it is asked for: SQLite is experimental in some versions of Node, which say so.
  const { SqliteNameDatabase } = await import("./sqlite-names.ts");
  return new SqliteNameDatabase(database);
}

function unexpected({ type }: NodeResult): Error {
  return new Error(`This is a bug in Tertulia: a request was done with ${type}`);
}

/** Without the fields that are `undefined`, which would hide a default. */
function definedOnly<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
  // What is left of each field is what the type says.
  return Object.fromEntries(defined) as { [K in keyof T]: Exclude<T[K], undefined> };
}
