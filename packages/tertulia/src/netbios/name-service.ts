/**
 * The name service of a host on real sockets, and its requests as promises: an end node, with a
 * name server beside it if there is to be one.
 *
 * @module
 */

import { randomInt } from "node:crypto";
import { SessionError } from "../pure/errors.ts";
import { type Endpoint, NAME_SERVICE_PORT } from "../pure/netbios/address.ts";
import { EndNode } from "../pure/netbios/end-node.ts";
import type { ClaimOptions } from "../pure/netbios/end-node-options.ts";
import type { LocalNames } from "../pure/netbios/local-names.ts";
import type { NetbiosName, NodeType } from "../pure/netbios/name.ts";
import { MemoryNameDatabase, type NameDatabase } from "../pure/netbios/name-database.ts";
import { NameHost, type NameHostEvent } from "../pure/netbios/name-host.ts";
import { NameServer } from "../pure/netbios/name-server.ts";
import type { Claimed, Found, NodeResult, NodeStatus } from "../pure/netbios/node-events.ts";
import { statistics } from "../pure/netbios/statistics.ts";
import { chooseInterface, isNear } from "./interfaces.ts";
import { MachineDriver } from "./machine-driver.ts";
import { NameTcp } from "./name-tcp.ts";
import { endpointOf, type NetbiosOptions, type ServerRole } from "./options.ts";
import { UdpPort } from "./udp-port.ts";

interface Waiter {
  readonly resolve: (result: NodeResult) => void;
  readonly reject: (reason: unknown) => void;
}

export class NameService {
  readonly bindAddress: string;
  readonly broadcastAddress: string;
  /** The name service everywhere. */
  readonly port: number;
  readonly #options: NetbiosOptions;
  readonly #host: NameHost;
  readonly #node: EndNode;
  readonly #driver: MachineDriver<NameHostEvent>;
  readonly #told: (event: NameHostEvent) => void;
  readonly #waiters = new Map<number, Waiter>();
  /** The database, if it is ours to close. */
  readonly #database: NameDatabase | undefined;
  #udp: UdpPort | undefined;
  #tcp: NameTcp | undefined;
  #isClosed = false;

  private constructor(
    options: NetbiosOptions,
    database: NameDatabase | undefined,
    told: (event: NameHostEvent) => void,
  ) {
    const { nameServers = [], namePort = NAME_SERVICE_PORT, tellsStrangers = false } = options;
    const local = chooseInterface(options.address);
    const random = (): number => randomInt(0x10000);
    this.bindAddress = options.bindAddress ?? local.address;
    this.broadcastAddress = options.broadcastAddress ?? local.broadcastAddress;
    this.port = namePort;
    this.#options = options;
    this.#told = told;
    this.#node = new EndNode({
      address: local.address,
      broadcastAddress: this.broadcastAddress,
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
      told: (event) => this.#take(event),
    });
  }

  /**
   * Binds the ports.
   *
   * @param told - Told what happens, but not what becomes of our own requests.
   * @throws {SessionError} `ERR_REFUSED`, `ERR_ARGUMENT` or `ERR_STORE`.
   */
  static async open(
    options: NetbiosOptions,
    told: (event: NameHostEvent) => void,
  ): Promise<NameService> {
    const database = options.server && (await databaseOf(options.server));
    const service = new NameService(options, database, told);
    try {
      await service.#bind();
    } catch (error) {
      service.close();
      throw error;
    }
    service.#driver.settle();
    return service;
  }

  /** The address that is registered. */
  get address(): string {
    return this.#node.address;
  }

  get nodeType(): NodeType {
    return this.#node.nodeType;
  }

  get names(): LocalNames {
    return this.#node.names;
  }

  get server(): NameServer | undefined {
    return this.#host.server;
  }

  async claim(
    name: NetbiosName,
    options: ClaimOptions,
    signal: AbortSignal | undefined,
  ): Promise<Claimed> {
    const request = this.#node.claim(name, this.#driver.now(), options);
    try {
      return await this.#wait(request, "claimed", signal);
    } catch (error) {
      if (signal?.aborted) this.#giveBack(name);
      throw error;
    }
  }

  async release(name: NetbiosName, signal: AbortSignal | undefined): Promise<void> {
    await this.#wait(this.#node.release(name, this.#driver.now()), "released", signal);
  }

  /** @param at - Whom to ask; everyone or the server if `undefined`. */
  async find(
    name: NetbiosName,
    at: Endpoint | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Found> {
    const now = this.#driver.now();
    const request = at ? this.#node.findAt(name, at, now) : this.#node.find(name, now);
    return await this.#wait(request, "found", signal);
  }

  async status(at: Endpoint, signal: AbortSignal | undefined): Promise<NodeStatus> {
    return await this.#wait(this.#node.status(at, this.#driver.now()), "status", signal);
  }

  /** As {@link EndNode.reportWrongOwner}. */
  reportWrongOwner(name: NetbiosName, address: string): void {
    this.#node.reportWrongOwner(name, address, false);
    this.#driver.settle();
  }

  /** Ends at once. Who waits gets `ERR_CLOSED`. What reads the database may go on until {@link close}. */
  stop(): void {
    this.#isClosed = true;
    this.#driver.close();
    this.#udp?.close();
    this.#udp = undefined;
    this.#tcp?.close();
    this.#tcp = undefined;
    for (const { reject } of this.#waiters.values()) reject(closed());
    this.#waiters.clear();
  }

  close(): void {
    this.stop();
    this.#database?.[Symbol.dispose]?.();
  }

  async #bind(): Promise<void> {
    const { bindAddress, port } = this;
    const { localNamePort = port } = this.#options;
    const isAsking = localNamePort === 0;
    this.#udp = await UdpPort.open({
      service: "names",
      bindAddress,
      // Who only asks gets its answers at its own port; broadcasts are not for it.
      broadcastAddress: isAsking ? undefined : this.broadcastAddress,
      port: localNamePort,
      received: (octets, from) => this.#driver.receive(octets, from),
    });
    const received = (octets: Uint8Array, from: Endpoint): void =>
      this.#driver.receive(octets, from, "tcp");
    this.#tcp = await NameTcp.open({ bindAddress, port: localNamePort, received }, !isAsking);
  }

  #take(told: NameHostEvent): void {
    const { event } = told;
    if (event.type === "done" || event.type === "failed") {
      const waiter = this.#waiters.get(event.request);
      this.#waiters.delete(event.request);
      if (event.type === "done") waiter?.resolve(event.result);
      else waiter?.reject(event.error);
      return;
    }
    this.#told(told);
  }

  /** Waits for a request of the machine. A signal ends the waiting, not the request. */
  async #wait<Type extends NodeResult["type"]>(
    request: number,
    type: Type,
    signal: AbortSignal | undefined,
  ): Promise<Extract<NodeResult, { type: Type }>> {
    const { promise, resolve, reject } = Promise.withResolvers<NodeResult>();
    const aborted = (): void => {
      this.#waiters.delete(request);
      reject(signal?.reason);
    };
    this.#waiters.set(request, { resolve, reject });
    if (this.#isClosed) reject(closed());
    else if (signal?.aborted) aborted();
    else signal?.addEventListener("abort", aborted, { once: true });
    this.#driver.settle();
    try {
      const result = await promise;
      if (isOfType(result, type)) return result;
      throw new Error(`This is a bug in Tertulia: a request for ${type} gave ${result.type}`);
    } finally {
      signal?.removeEventListener("abort", aborted);
    }
  }

  /** A claim whose waiting was given up: it may have succeeded, or will. */
  #giveBack(name: NetbiosName): void {
    const entry = this.#node.names.find(name);
    if (entry?.state === "active") {
      this.release(name, undefined).catch(() => {});
    } else if (entry?.state === "claiming") {
      // Looked at again when the claim must have ended.
      const { unicastRetryMs = 5000, unicastRetryCount = 3 } = this.#options.timers ?? {};
      setTimeout(() => {
        if (!this.#isClosed) this.#giveBack(name);
      }, unicastRetryMs * unicastRetryCount).unref();
    }
  }
}

function isOfType<Type extends NodeResult["type"]>(
  result: NodeResult,
  type: Type,
): result is Extract<NodeResult, { type: Type }> {
  return result.type === type;
}

function closed(): SessionError {
  return new SessionError("ERR_CLOSED", "the node was closed");
}

async function databaseOf({ database }: ServerRole): Promise<NameDatabase> {
  if (database === undefined) return new MemoryNameDatabase();
  if (typeof database !== "string") return database;
  // Loaded when it is asked for: SQLite is experimental in some versions of Node, which say so.
  const { SqliteNameDatabase } = await import("./sqlite-names.ts");
  return new SqliteNameDatabase(database);
}

/** Without the fields that are `undefined`, which would hide a default. */
function definedOnly<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
  // What is left of each field is what the type says.
  return Object.fromEntries(defined) as { [K in keyof T]: Exclude<T[K], undefined> };
}
