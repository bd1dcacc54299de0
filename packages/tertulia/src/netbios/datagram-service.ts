/**
 * The datagram service on a real port: where a datagram goes depends on the kind of node
 * (RFC 1001 17.1, RFC 1002 5.3.1 and 5.3.2).
 *
 * @module
 */

import { randomInt } from "node:crypto";
import type { Endpoint } from "../pure/netbios/address.ts";
import {
  checkDatagramSize,
  type Datagram,
  type DatagramEvent,
  DatagramNode,
} from "../pure/netbios/datagram-node.ts";
import { Distributor, type DistributorEvent } from "../pure/netbios/distributor.ts";
import { NetbiosError } from "../pure/netbios/errors.ts";
import {
  formatName,
  type NetbiosName,
  type NodeType,
  nameKey,
  WILDCARD,
} from "../pure/netbios/name.ts";
import type { NameServer } from "../pure/netbios/name-server.ts";
import type { Found } from "../pure/netbios/node-events.ts";
import { Feed } from "./feed.ts";
import { MachineDriver } from "./machine-driver.ts";
import { UdpPort } from "./udp-port.ts";

export interface DatagramServiceOptions {
  readonly address: string;
  readonly bindAddress: string;
  readonly broadcastAddress: string;
  readonly port: number;
  readonly nodeType: NodeType;
  readonly distributionServers: readonly Endpoint[];
  readonly own: (name: NetbiosName) => "unique" | "group" | undefined;
  readonly find: (name: NetbiosName, signal: AbortSignal | undefined) => Promise<Found>;
  readonly reportWrongOwner: (name: NetbiosName, owner: string) => void;
  /** The name server whose groups we distribute to, if we are an NBDD. */
  readonly server: NameServer | undefined;
  readonly told: (
    event:
      | { readonly role: "datagrams"; readonly event: Exclude<DatagramEvent, { type: "datagram" }> }
      | { readonly role: "distributor"; readonly event: DistributorEvent },
  ) => void;
}

/** How long a name that was found is not asked for again: many datagrams go to the same one. */
const FOUND_MS = 10_000;
const FOUND_MAX = 256;
/** How long an NBDD may take to say whether it distributes. */
const DISTRIBUTION_MS = 2000;

interface KnownName {
  readonly addresses: readonly string[];
  readonly group: boolean;
  readonly until: number;
}

export class DatagramService {
  readonly incoming: Feed<Datagram> = new Feed();
  readonly #options: DatagramServiceOptions;
  readonly #node: DatagramNode;
  readonly #driver: MachineDriver<DatagramEvent>;
  readonly #distributor: MachineDriver<DistributorEvent> | undefined;
  readonly #found = new Map<string, KnownName>();
  /** Who waits for an NBDD to say whether it distributes to a name. */
  readonly #asking = new Map<
    string,
    { readonly answer: Promise<boolean>; readonly resolve: (isPositive: boolean) => void }
  >();
  #udp: UdpPort | undefined;

  private constructor(options: DatagramServiceOptions) {
    const { address, port, nodeType, own, server } = options;
    this.#options = options;
    const random = (): number => randomInt(0x10000);
    this.#node = new DatagramNode({ address, port, nodeType, own, random });
    const send = (octets: Uint8Array, to: Endpoint): void => this.#udp?.send(octets, to);
    this.#driver = new MachineDriver(this.#node, { send, told: (event) => this.#told(event) });
    if (server) {
      const distributor = new Distributor({
        address,
        port,
        owners: (name, now) =>
          name.label.startsWith("*")
            ? server.everyone(name.scope)
            : server.find(name, now)?.members.map((member) => member.address),
        relaysUnique: false,
      });
      const told = (event: DistributorEvent): void => options.told({ role: "distributor", event });
      this.#distributor = new MachineDriver(distributor, { send, told });
    }
  }

  /** @throws {SessionError} `ERR_REFUSED`, saying who has the port. */
  static async open(options: DatagramServiceOptions): Promise<DatagramService> {
    const service = new DatagramService(options);
    const { bindAddress, broadcastAddress, port } = options;
    service.#udp = await UdpPort.open({
      service: "datagrams",
      bindAddress,
      broadcastAddress,
      port,
      received: (octets, from) => {
        service.#driver.receive(octets, from);
        service.#distributor?.receive(octets, from);
      },
    });
    return service;
  }

  async send(
    datagram: Pick<Datagram, "source" | "destination" | "userData">,
    isGroup: boolean | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { nodeType, distributionServers, port } = this.#options;
    const { destination, userData } = datagram;
    // Before anyone is asked for the name.
    checkDatagramSize(userData);
    // RFC 1001 17.1.1: a B node broadcasts to a group; it need not know who is in it.
    if (isGroup && (nodeType === "B" || (nodeType !== "P" && distributionServers.length === 0))) {
      this.#send("directGroup", datagram, [this.#everyone]);
      return;
    }
    if (isGroup && distributionServers.length > 0) {
      const [server] = distributionServers;
      if (server && (await this.#distributes(destination, server))) {
        this.#send("directGroup", datagram, [server]);
        return;
      }
    }
    const { addresses, group } = await this.#find(destination, signal);
    if (group && isGroup === undefined) {
      await this.send(datagram, true, signal);
      return;
    }
    // RFC 1001 17.1.2: if the NBDD will not, each member gets its own.
    const to = addresses.map((address) => ({ address, port }));
    this.#send(group ? "directGroup" : "directUnique", datagram, to);
  }

  broadcast(source: NetbiosName, userData: Uint8Array): void {
    const { nodeType, distributionServers } = this.#options;
    const destination = { ...WILDCARD, scope: source.scope };
    const [server] = distributionServers;
    const to = nodeType !== "B" && server ? server : this.#everyone;
    if (nodeType === "P" && !server) throw new NetbiosError("noDistributionServer");
    this.#send("broadcast", { source, destination, userData }, [to]);
  }

  close(): void {
    this.#driver.close();
    this.#distributor?.close();
    for (const { resolve } of this.#asking.values()) resolve(false);
    this.#udp?.close();
    this.#udp = undefined;
    this.incoming.end();
  }

  get #everyone(): Endpoint {
    return { address: this.#options.broadcastAddress, port: this.#options.port };
  }

  #send(...parameters: Parameters<DatagramNode["send"]>): void {
    this.#node.send(...parameters);
    this.#driver.settle();
  }

  /** RFC 1002 5.3.2: an NBDD is asked first; silence is a no. */
  async #distributes(destination: NetbiosName, server: Endpoint): Promise<boolean> {
    const key = nameKey(destination);
    const known = this.#found.get(`distributable ${key}`);
    if (known && known.until > this.#driver.now()) return known.group;
    const asked = this.#asking.get(key);
    if (asked) return await asked.answer;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#asking.set(key, { answer: promise, resolve });
    const timer = setTimeout(() => resolve(false), DISTRIBUTION_MS);
    this.#node.queryDistribution(destination, server);
    this.#driver.settle();
    const isPositive = await promise;
    clearTimeout(timer);
    this.#asking.delete(key);
    this.#remember(`distributable ${key}`, [], isPositive);
    return isPositive;
  }

  async #find(name: NetbiosName, signal: AbortSignal | undefined): Promise<KnownName> {
    const known = this.#found.get(nameKey(name));
    if (known && known.until > this.#driver.now()) return known;
    const { entries } = await this.#options.find(name, signal);
    if (entries.length === 0) throw new NetbiosError("nameNotFound", formatName(name));
    const addresses = entries.map(({ address }) => address);
    return this.#remember(
      nameKey(name),
      addresses,
      entries.some(({ group }) => group),
    );
  }

  #remember(key: string, addresses: readonly string[], group: boolean): KnownName {
    const known = { addresses, group, until: this.#driver.now() + FOUND_MS };
    this.#found.delete(key);
    this.#found.set(key, known);
    if (this.#found.size > FOUND_MAX) {
      for (const oldest of this.#found.keys()) {
        this.#found.delete(oldest);
        break;
      }
    }
    return known;
  }

  #told(event: DatagramEvent): void {
    if (event.type === "datagram") {
      this.incoming.push(event);
      return;
    }
    if (event.type === "distributable") {
      this.#asking.get(nameKey(event.destination))?.resolve(event.isPositive);
    }
    if (event.type === "refused" && event.destination) {
      this.#found.delete(nameKey(event.destination));
      // RFC 1002 5.3.3: P and M nodes tell the NBNS of a name that is not where it said.
      if (event.error.reason === "destinationNameNotPresent") {
        this.#options.reportWrongOwner(event.destination, event.from.address);
      }
    }
    this.#options.told({ role: "datagrams", event });
  }
}
