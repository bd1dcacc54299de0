/**
 * The name and datagram traffic of a network, as it is broadcast: decoded, live.
 *
 * It needs no node, claims no name, and shares the ports with whoever serves them on this host.
 * What is sent from one node to another does not come by here; no socket sees that.
 *
 * @module
 */

import { ProtocolError } from "../pure/errors.ts";
import {
  DATAGRAM_SERVICE_PORT,
  type Endpoint,
  NAME_SERVICE_PORT,
} from "../pure/netbios/address.ts";
import {
  type DatagramBody,
  type DatagramPacket,
  decodeDatagram,
  decodeDatagramBody,
} from "../pure/netbios/datagram.ts";
import { kindOf } from "../pure/netbios/messages.ts";
import type { NetbiosName } from "../pure/netbios/name.ts";
import { decodeNamePacket, type NamePacket } from "../pure/netbios/name-packet.ts";
import { Feed } from "./feed.ts";
import { chooseInterface } from "./interfaces.ts";
import { checkSharedPorts } from "./options.ts";
import { UdpPort } from "./udp-port.ts";

/** One packet that came by. */
export type Sighting =
  | {
      readonly service: "names";
      readonly from: Endpoint;
      /** As RFC 1002 4.2 calls it: `NAME QUERY REQUEST`. */
      readonly kind: string;
      readonly name: NetbiosName | undefined;
      readonly packet: NamePacket;
    }
  | {
      readonly service: "datagrams";
      readonly from: Endpoint;
      readonly kind: DatagramPacket["type"];
      /** Of a first fragment. */
      readonly body: DatagramBody | undefined;
      readonly packet: DatagramPacket;
    }
  | { readonly service: "malformed"; readonly from: Endpoint; readonly error: ProtocolError };

/** Where to look, and what to pass over. All optional. */
export interface WatchOptions {
  /** Which interface, by its address. Default: the first. */
  readonly address?: string;
  /** The address that packets are broadcast to. Default: the interface's. */
  readonly broadcastAddress?: string;
  /** Default: 137. */
  readonly namePort?: number;
  /** Default: 138. */
  readonly datagramPort?: number;
  /** Ends the watching. */
  readonly signal?: AbortSignal;
}

/** Every packet that is broadcast from now on. @throws {SessionError} `ERR_REFUSED`, `ERR_ARGUMENT`. */
export async function* watchNetbios(
  options: WatchOptions = {},
): AsyncGenerator<Sighting, void, undefined> {
  const { namePort = NAME_SERVICE_PORT, datagramPort = DATAGRAM_SERVICE_PORT, signal } = options;
  checkSharedPorts(options);
  const bindAddress = options.broadcastAddress ?? chooseInterface(options.address).broadcastAddress;
  const feed = new Feed<Sighting>();
  const ports: UdpPort[] = [];
  try {
    for (const [service, port, look] of [
      ["names", namePort, lookAtName],
      ["datagrams", datagramPort, lookAtDatagram],
    ] as const) {
      const received = (octets: Uint8Array, from: Endpoint): void => feed.push(look(octets, from));
      const shared = { bindAddress, broadcastAddress: undefined, port, isShared: true, received };
      ports.push(await UdpPort.open({ service, ...shared }));
    }
    yield* feed.read(signal);
  } finally {
    for (const port of ports) port.close();
  }
}

function lookAtName(octets: Uint8Array, { address, port }: Endpoint): Sighting {
  const from = { address, port };
  return orMalformed(from, () => {
    const packet = decodeNamePacket(octets);
    const about = packet.questions[0]?.name ?? packet.answers[0]?.name;
    const name = typeof about === "object" ? about : undefined;
    return { service: "names", from, kind: kindOf(packet), name, packet };
  });
}

function lookAtDatagram(octets: Uint8Array, { address, port }: Endpoint): Sighting {
  const from = { address, port };
  return orMalformed(from, () => {
    const packet = decodeDatagram(octets);
    const body = "body" in packet && packet.first ? decodeDatagramBody(packet.body) : undefined;
    return { service: "datagrams", from, kind: packet.type, body, packet };
  });
}

function orMalformed(from: Endpoint, look: () => Sighting): Sighting {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { service: "malformed", from, error };
  }
}
