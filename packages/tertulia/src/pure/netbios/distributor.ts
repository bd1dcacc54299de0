/**
 * A NetBIOS datagram distribution server, NBDD (RFC 1001 17.1.3, RFC 1002 5.3.4): where broadcasts
 * do not reach, it hands a datagram to every member of a group.
 *
 * It works beside the name server whose members it knows. Packets go on unchanged, fragment by
 * fragment: SOURCE_IP stays the sender's, so answers and errors go past the NBDD.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { DATAGRAM_SERVICE_PORT, type Endpoint } from "./address.ts";
import {
  type DatagramPacket,
  type DataPacket,
  decodeDatagram,
  decodeDatagramBody,
  encodeDatagram,
} from "./datagram.ts";
import type { NetbiosName } from "./name.ts";
import type { PacketMachine, PacketOutput } from "./packet-machine.ts";

/** What a distribution server tells of its work. */
export type DistributorEvent =
  | {
      readonly type: "distributed";
      readonly destination: NetbiosName;
      readonly count: number;
      readonly from: Endpoint;
    }
  /** Not distributed: nobody has the name, or the sender does not have the name that it says. */
  | {
      readonly type: "notDistributed";
      readonly destination: NetbiosName;
      readonly reason: "unknown" | "notOwner";
      readonly from: Endpoint;
    }
  | { readonly type: "malformed"; readonly from: Endpoint; readonly error: ProtocolError };

export interface DistributorOptions {
  readonly address: string;
  /** Where members take datagrams. Default: 138. */
  readonly port?: number;
  /** Who has a name; for `*`, everyone of that scope. `undefined` or empty when nobody does. */
  readonly owners: (name: NetbiosName, now: number) => readonly string[] | undefined;
  /**
   * Distribute only for who owns the source name, by the name server's word. Default: `true`: one
   * packet from a stranger would become as many as the group has members.
   */
  readonly ownersOnly?: boolean;
  /** Send datagrams for one node on, too. Default: `true`; not on the host of an end node. */
  readonly relaysUnique?: boolean;
  /** RFC 1002 6, FRAGMENT_TO: how long later fragments find their destination. Default: 2 s. */
  readonly fragmentTimeoutMs?: number;
  /** How many fragmented datagrams may be on their way at once. Default: 256. */
  readonly underwayMax?: number;
}

interface Underway {
  readonly to: readonly Endpoint[];
  readonly expiresAt: number;
}

/**
 * A datagram distribution server, NBDD, without I/O: hands a datagram to every member of a group.
 */
export class Distributor implements PacketMachine<DistributorEvent> {
  readonly #options: DistributorOptions;
  readonly #outputs: PacketOutput<DistributorEvent>[] = [];
  /** By source address and DGM_ID, the oldest first. */
  readonly #underway = new Map<string, Underway>();

  constructor(options: DistributorOptions) {
    this.#options = options;
  }

  /** When to call `tick`, by the clock of `now`; `undefined`: nothing waits. */
  get deadline(): number | undefined {
    for (const { expiresAt } of this.#underway.values()) return expiresAt;
    return undefined;
  }

  receive(octets: Uint8Array, from: Endpoint, now: number): void {
    try {
      this.receivePacket(decodeDatagram(octets), from, now);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#tell({ type: "malformed", from, error });
    }
  }

  /** As {@link receive}, for who has decoded the packet already. @throws {ProtocolError} */
  receivePacket(packet: DatagramPacket, from: Endpoint, now: number): void {
    this.tick(now);
    if (packet.type === "queryRequest") this.#queryRequest(packet, from, now);
    // What does not come from where it says has been distributed already: it must not go round.
    else if ("body" in packet && packet.sourceAddress === from.address) {
      if (packet.type === "directUnique" && this.#options.relaysUnique === false) return;
      if (packet.first) this.#first(packet, from, now);
      else this.#later(packet, from);
    }
  }

  tick(now: number): void {
    for (const [key, { expiresAt }] of this.#underway) {
      if (expiresAt <= now) this.#underway.delete(key);
    }
  }

  poll(): PacketOutput<DistributorEvent> | undefined {
    return this.#outputs.shift();
  }

  /** RFC 1002 4.4.4, 4.4.5: whether we would. */
  #queryRequest(
    packet: Extract<
      DatagramPacket,
      { type: "queryRequest" | "positiveQueryResponse" | "negativeQueryResponse" }
    >,
    from: Endpoint,
    now: number,
  ): void {
    const { address, port = DATAGRAM_SERVICE_PORT, owners } = this.#options;
    const { destination, id } = packet;
    const isKnown = (owners(destination, now)?.length ?? 0) > 0;
    const response = encodeDatagram({
      type: isKnown ? "positiveQueryResponse" : "negativeQueryResponse",
      more: false,
      first: true,
      sourceType: "NBDD",
      id,
      sourceAddress: address,
      sourcePort: port,
      destination,
    });
    this.#push(response, from);
  }

  #first(packet: DataPacket, from: Endpoint, now: number): void {
    const { owners, ownersOnly = true, address, port = DATAGRAM_SERVICE_PORT } = this.#options;
    const { source, destination } = decodeDatagramBody(packet.body);
    if (ownersOnly && !owners(source, now)?.includes(from.address)) {
      this.#tell({ type: "notDistributed", destination, reason: "notOwner", from });
      return;
    }
    const members = owners(destination, now) ?? [];
    const to = members
      .filter((member) => member !== from.address && member !== address)
      .map((member) => ({ address: member, port }));
    if (members.length === 0) {
      this.#tell({ type: "notDistributed", destination, reason: "unknown", from });
      return;
    }
    if (packet.more) this.#remember(packet, to, now);
    this.#forward(packet, to);
    this.#tell({ type: "distributed", destination, count: to.length, from });
  }

  #later(packet: DataPacket, from: Endpoint): void {
    const key = `${from.address} ${packet.id}`;
    const underway = this.#underway.get(key);
    if (!underway) return;
    if (!packet.more) this.#underway.delete(key);
    this.#forward(packet, underway.to);
  }

  #remember({ sourceAddress, id }: DataPacket, to: readonly Endpoint[], now: number): void {
    const { underwayMax = 256, fragmentTimeoutMs = 2000 } = this.#options;
    const key = `${sourceAddress} ${id}`;
    this.#underway.delete(key);
    for (const oldest of this.#underway.keys()) {
      if (this.#underway.size < underwayMax) break;
      this.#underway.delete(oldest);
    }
    this.#underway.set(key, { to, expiresAt: now + fragmentTimeoutMs });
  }

  #forward(packet: DataPacket, to: readonly Endpoint[]): void {
    const octets = encodeDatagram(packet);
    for (const endpoint of to) this.#push(octets, endpoint);
  }

  #push(octets: Uint8Array, to: Endpoint): void {
    this.#outputs.push({ type: "send", octets, to, via: "udp" });
  }

  #tell(event: DistributorEvent): void {
    this.#outputs.push({ type: "event", event });
  }
}
