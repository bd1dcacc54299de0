/**
 * A node on a real network: names, datagrams and sessions, and a name server if it is to be one.
 *
 * @module
 */

import {
  DATAGRAM_SERVICE_PORT,
  type Endpoint,
  isAddress,
  SESSION_SERVICE_PORT,
} from "../pure/netbios/address.ts";
import type { Datagram, DatagramEvent } from "../pure/netbios/datagram-node.ts";
import type { DistributorEvent } from "../pure/netbios/distributor.ts";
import type { ClaimOptions } from "../pure/netbios/end-node-options.ts";
import { NetbiosError } from "../pure/netbios/errors.ts";
import type { LocalName } from "../pure/netbios/local-names.ts";
import { formatName, type NetbiosName, type NodeType, sameName } from "../pure/netbios/name.ts";
import type { NameHostEvent } from "../pure/netbios/name-host.ts";
import type { NameServer } from "../pure/netbios/name-server.ts";
import type { Claimed, Found, NodeStatus } from "../pure/netbios/node-events.ts";
import { CallTargets } from "./call-targets.ts";
import { DatagramService } from "./datagram-service.ts";
import { Feed } from "./feed.ts";
import { ListenQueue } from "./listen-queue.ts";
import { type NameLike, nameOf } from "./name-like.ts";
import { NameService } from "./name-service.ts";
import { checkSharedPorts, endpointOf, type NetbiosOptions } from "./options.ts";
import type { NetbiosSession, SessionSettings } from "./session.ts";
import { type CallProgress, type CallSettings, callName } from "./session-caller.ts";
import { type ListenerEvent, SessionListener } from "./session-listener.ts";

/** What happens at a node, besides what its user asked for. */
export type NetbiosEvent =
  | NameHostEvent
  | { readonly role: "datagrams"; readonly event: Exclude<DatagramEvent, { type: "datagram" }> }
  | { readonly role: "distributor"; readonly event: DistributorEvent }
  | { readonly role: "sessions"; readonly event: ListenerEvent };

/** A wait that can be given up. */
export interface Waiting {
  /** Ends the waiting, with its reason. */
  readonly signal?: AbortSignal;
}

/** Whom a name listens for. All optional. */
export interface ListenOptions extends Waiting {
  /** The only caller that is wanted. Default: anyone. */
  readonly calling?: NameLike;
  /** Sessions that may wait to be taken. Default: 16; callers then get 0x83. */
  readonly backlog?: number;
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

/** A node on a real network: names, datagrams and sessions; made by {@link openNetbios}. */
export class NetbiosNode implements AsyncDisposable {
  readonly #options: NetbiosOptions;
  readonly #events: Feed<NetbiosEvent>;
  readonly #service: NameService;
  readonly #targets: CallTargets;
  #datagrams: Promise<DatagramService> | undefined;
  #sessions: Promise<SessionListener> | undefined;
  #isClosed = false;

  private constructor(
    options: NetbiosOptions,
    service: NameService,
    events: Feed<NetbiosEvent>,
    targets: CallTargets,
  ) {
    this.#options = options;
    this.#service = service;
    this.#events = events;
    this.#targets = targets;
  }

  /** As {@link openNetbios}. */
  static async open(options: NetbiosOptions = {}): Promise<NetbiosNode> {
    checkSharedPorts(options);
    const events = new Feed<NetbiosEvent>();
    let targets: CallTargets | undefined;
    const service = await NameService.open(options, (told) => {
      if (told.role === "node") targets?.take(told.event);
      events.push(told);
    });
    targets = new CallTargets(service);
    return new NetbiosNode(options, service, events, targets);
  }

  /** The address that is registered. */
  get address(): string {
    return this.#service.address;
  }

  /** What the sockets are bound to. */
  get bindAddress(): string {
    return this.#service.bindAddress;
  }

  /** B, P, M or H. */
  get nodeType(): NodeType {
    return this.#service.nodeType;
  }

  /** The name table: what is ours, being claimed, or in conflict. */
  get names(): readonly LocalName[] {
    return this.#service.names.all();
  }

  /** The name server, if this node is one. */
  get server(): NameServer | undefined {
    return this.#service.server;
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
    return await this.#service.claim(nameOf(name), options, options.signal);
  }

  /** Gives a name back. @throws {NetbiosError} `notOurName`. */
  async deleteName(name: NameLike, { signal }: Waiting = {}): Promise<void> {
    await this.#service.release(nameOf(name), signal);
  }

  /**
   * Finds who has a name.
   *
   * @param options.at - Ask this node instead of everyone or the server.
   * @throws {NetbiosError} `nameNotFound`, `noNameServer`, `noAnswer`.
   */
  async find(name: NameLike, options: Waiting & { readonly at?: string } = {}): Promise<Found> {
    const { at, signal } = options;
    const whom = at === undefined ? undefined : endpointOf(at, this.#service.port);
    return await this.#service.find(nameOf(name), whom, signal);
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
        ? endpointOf(target, this.#service.port)
        : await this.#endpoint(target, signal);
    return await this.#service.status(at, signal);
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
    using names = this.#targets.finder(given);
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
      bindAddress: this.#service.bindAddress,
      port: localSessionPort,
      isPresent: (name) => this.#service.names.findActive(name) !== undefined,
      told: (event) => this.#events.push({ role: "sessions", event }),
    });
    return this.#sessions;
  }

  /** Gives all names back, then closes. Takes as long as the releases do: 750 ms for a B node. */
  async close({ signal }: Waiting = {}): Promise<void> {
    const names = this.#service.names.all().filter(({ state }) => state !== "releasing");
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
    this.#service.stop();
    this.#events.end();
    const [datagrams, sessions] = await Promise.allSettled([this.#datagrams, this.#sessions]);
    if (datagrams.status === "fulfilled") datagrams.value?.close();
    if (sessions.status === "fulfilled") sessions.value?.close();
    this.#service.close();
  }

  #ours(name: NameLike): NetbiosName {
    const parsed = nameOf(name);
    if (this.#service.names.findActive(parsed)) return parsed;
    throw new NetbiosError("notOurName", formatName(parsed));
  }

  /** Who we are when a call does not say: our first unique name. */
  #firstName(): NetbiosName {
    const first = this.#service.names
      .all()
      .find(({ group, state }) => !group && state === "active");
    if (first) return first.name;
    throw new NetbiosError("notOurName", "add a name first, or say who is calling");
  }

  async #endpoint(name: NameLike, signal: AbortSignal | undefined): Promise<Endpoint> {
    const found = await this.find(name, signal ? { signal } : {});
    const [entry] = found.entries;
    if (!entry) throw new NetbiosError("nameNotFound", formatName(nameOf(name)));
    return { address: entry.address, port: this.#service.port };
  }

  #datagramService(): Promise<DatagramService> {
    const { datagramPort = DATAGRAM_SERVICE_PORT, distributionServers = [] } = this.#options;
    const { server } = this.#service;
    this.#datagrams ??= DatagramService.open({
      address: this.address,
      bindAddress: this.#service.bindAddress,
      broadcastAddress: this.#service.broadcastAddress,
      port: datagramPort,
      nodeType: this.nodeType,
      distributionServers: distributionServers.map((text) => endpointOf(text, datagramPort)),
      own: (name) => {
        const entry = this.#service.names.findActive(name);
        return entry && (entry.group ? "group" : "unique");
      },
      find: async (name, signal) => await this.find(name, signal ? { signal } : {}),
      reportWrongOwner: (name, owner) => this.#service.reportWrongOwner(name, owner),
      server: this.#options.distributes ? server : undefined,
      told: (event) => this.#events.push(event),
    });
    return this.#datagrams;
  }
}
