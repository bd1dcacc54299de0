/**
 * The datagram service of an end node: packets to datagrams and back (RFC 1001 17, RFC 1002 5.3).
 *
 * Finding out where a name is, is the name service's task; here it is known already.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { DATAGRAM_SERVICE_PORT, type Endpoint } from "./address.ts";
import {
  DATAGRAM_ERROR_CODES,
  DATAGRAM_USER_OCTETS_MAX,
  type DatagramPacket,
  type DatagramRefusal,
  type DataPacket,
  decodeDatagram,
  decodeDatagramBody,
  encodeDatagram,
  encodeDatagramBody,
  reasonOfDatagramError,
  sourceTypeOf,
} from "./datagram.ts";
import { NetbiosError } from "./errors.ts";
import { fragment, Reassembler, type ReassemblerOptions } from "./fragments.ts";
import type { NetbiosName, NodeType } from "./name.ts";
import type { PacketMachine, PacketOutput } from "./packet-machine.ts";

/** A datagram that has arrived. */
export interface Datagram {
  readonly kind: DataPacket["type"];
  readonly source: NetbiosName;
  readonly destination: NetbiosName;
  readonly userData: Uint8Array;
  /** Who it says that it comes from; answers go there, nothing else is to rely on it. */
  readonly replyTo: Endpoint;
}

/** What a node is told of datagrams: one that came, or what became of its own. */
export type DatagramEvent =
  | ({ readonly type: "datagram" } & Datagram)
  /** One of ours was refused (RFC 1002 4.4.3). */
  | {
      readonly type: "refused";
      readonly error: NetbiosError;
      readonly destination: NetbiosName | undefined;
      readonly from: Endpoint;
    }
  /** An NBDD answers whether it will distribute to a name (RFC 1002 4.4.5). */
  | {
      readonly type: "distributable";
      readonly destination: NetbiosName;
      readonly isPositive: boolean;
      readonly from: Endpoint;
    }
  | { readonly type: "malformed"; readonly from: Endpoint; readonly error: SessionError };

export interface DatagramNodeOptions extends ReassemblerOptions {
  readonly nodeType: NodeType;
  /** SOURCE_IP of what we send. */
  readonly address: string;
  /** SOURCE_PORT of what we send. Default: 138. */
  readonly port?: number;
  /** Sixteen random bits. */
  readonly random: () => number;
  /** Whether a name is ours: `unique`, `group`, or not at all. */
  readonly own: (name: NetbiosName) => "unique" | "group" | undefined;
  /** How long a packet may be. Default: 548 octets, a 576-octet datagram of IP. */
  readonly udpOctetsMax?: number;
}

/** @throws {SessionError} `ERR_LIMIT` for more than one datagram holds (RFC 1001 5.4). */
export function checkDatagramSize({ length }: Uint8Array): void {
  if (length <= DATAGRAM_USER_OCTETS_MAX) return;
  const most = DATAGRAM_USER_OCTETS_MAX;
  throw new SessionError("ERR_LIMIT", `a datagram has at most ${most} octets, have ${length}`);
}

/** How many of our datagrams an ERROR can still be matched with. */
const RECENT_MAX = 256;

/** The datagram service of an end node, without I/O: packets to datagrams and back. */
export class DatagramNode implements PacketMachine<DatagramEvent> {
  readonly #options: DatagramNodeOptions;
  readonly #reassembler: Reassembler;
  readonly #outputs: PacketOutput<DatagramEvent>[] = [];
  /** Where our last datagrams went to, by DGM_ID, for the errors that come back. */
  readonly #recent = new Map<number, NetbiosName>();
  #id: number;

  constructor(options: DatagramNodeOptions) {
    this.#options = options;
    this.#reassembler = new Reassembler(options);
    this.#id = options.random() & 0xffff;
  }

  /** When to call `tick`, by the clock of `now`; `undefined`: nothing waits. */
  get deadline(): number | undefined {
    return this.#reassembler.deadline;
  }

  /**
   * Sends one datagram to each of the endpoints, in fragments if need be.
   *
   * @throws {SessionError} `ERR_LIMIT` for more than 512 octets (RFC 1001 5.4).
   */
  send(
    kind: DataPacket["type"],
    datagram: Pick<Datagram, "source" | "destination" | "userData">,
    to: readonly Endpoint[],
  ): void {
    const { userData, destination } = datagram;
    checkDatagramSize(userData);
    const body = encodeDatagramBody(datagram);
    const header = this.#header(destination);
    const packet = { type: kind, ...header, length: body.length, offset: 0, body } as const;
    const packets = fragment(packet, this.#options.udpOctetsMax).map(encodeDatagram);
    for (const endpoint of to) {
      for (const octets of packets) this.#push(octets, endpoint);
    }
  }

  /** Asks an NBDD whether it distributes to a name (RFC 1002 4.4.4). */
  queryDistribution(destination: NetbiosName, to: Endpoint): void {
    const header = this.#header(destination);
    this.#push(encodeDatagram({ type: "queryRequest", ...header, destination }), to);
  }

  receive(octets: Uint8Array, from: Endpoint, now: number): void {
    try {
      this.receivePacket(decodeDatagram(octets), from, now);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#tell({ type: "malformed", from, error });
    }
  }

  /** As {@link receive}, for who has decoded the packet already. */
  receivePacket(packet: DatagramPacket, from: Endpoint, now: number): void {
    switch (packet.type) {
      case "directUnique":
      case "directGroup":
      case "broadcast": {
        const whole = this.#reassembler.take(packet, now);
        if (whole) this.#deliver(whole, from);
        return;
      }
      case "error": {
        const destination = this.#recent.get(packet.id);
        // An error about what we did not send is none.
        if (!destination) return;
        const reason = reasonOfDatagramError(packet.errorCode) ?? "unspecified";
        const error = new NetbiosError(reason, `says ${from.address}`);
        this.#tell({ type: "refused", error, destination, from });
        return;
      }
      case "positiveQueryResponse":
      case "negativeQueryResponse": {
        const isPositive = packet.type === "positiveQueryResponse";
        if (!this.#recent.has(packet.id)) return;
        this.#tell({ type: "distributable", destination: packet.destination, isPositive, from });
        return;
      }
      case "queryRequest":
        // For an NBDD; an end node is none, and says nothing (RFC 1002 5.3.3).
        return;
    }
  }

  tick(now: number): void {
    this.#reassembler.tick(now);
  }

  poll(): PacketOutput<DatagramEvent> | undefined {
    return this.#outputs.shift();
  }

  /** RFC 1002 5.3.3: an unknown unique name is an error to the sender, an unknown group silence. */
  #deliver(packet: DataPacket, from: Endpoint): void {
    const body = this.#bodyOf(packet, from);
    if (!body) return;
    const { destination } = body;
    const isToAll = destination.label.startsWith("*");
    const own = this.#options.own(destination);
    if (packet.type === "directUnique" && own === undefined) {
      this.#refuse(packet, "destinationNameNotPresent", from);
      return;
    }
    if (packet.type === "directGroup" && own === undefined) return;
    if (packet.type === "broadcast" && !isToAll && own === undefined) return;
    const replyTo = { address: packet.sourceAddress, port: packet.sourcePort };
    this.#tell({ type: "datagram", kind: packet.type, ...body, replyTo });
  }

  #bodyOf(packet: DataPacket, from: Endpoint): ReturnType<typeof decodeDatagramBody> | undefined {
    try {
      return decodeDatagramBody(packet.body);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#tell({ type: "malformed", from, error });
      const isSource = error.violation === "sourceName";
      // Only a datagram to one node is answered: a bad broadcast must not call forth a storm.
      if (packet.type === "directUnique") {
        this.#refuse(packet, isSource ? "invalidSourceName" : "invalidDestinationName", from);
      }
      return undefined;
    }
  }

  /** RFC 1002 4.4.3: to where the datagram says it comes from; and only if it does come from there. */
  #refuse(packet: DataPacket, reason: DatagramRefusal, from: Endpoint): void {
    // Else anyone could make us send packets to a third party.
    if (packet.sourceAddress !== from.address) return;
    const { address, nodeType, port = DATAGRAM_SERVICE_PORT } = this.#options;
    const error = encodeDatagram({
      type: "error",
      more: false,
      first: true,
      sourceType: sourceTypeOf(nodeType),
      id: packet.id,
      sourceAddress: address,
      sourcePort: port,
      errorCode: DATAGRAM_ERROR_CODES[reason],
    });
    this.#push(error, { address: packet.sourceAddress, port: packet.sourcePort });
  }

  #header(
    destination: NetbiosName,
  ): Omit<Extract<DatagramPacket, { type: "error" }>, "type" | "errorCode"> {
    const { nodeType, address, port = DATAGRAM_SERVICE_PORT } = this.#options;
    this.#id = (this.#id + 1) & 0xffff;
    const id = this.#id;
    this.#recent.delete(id);
    this.#recent.set(id, destination);
    if (this.#recent.size > RECENT_MAX) {
      for (const oldest of this.#recent.keys()) {
        this.#recent.delete(oldest);
        break;
      }
    }
    const sourceType = sourceTypeOf(nodeType);
    return { more: false, first: true, sourceType, id, sourceAddress: address, sourcePort: port };
  }

  #push(octets: Uint8Array, to: Endpoint): void {
    this.#outputs.push({ type: "send", octets, to, via: "udp" });
  }

  #tell(event: DatagramEvent): void {
    this.#outputs.push({ type: "event", event });
  }
}
