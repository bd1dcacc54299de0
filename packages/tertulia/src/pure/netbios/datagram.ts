/**
 * Datagram service packets (RFC 1002 4.4).
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { Reader, Writer } from "../octets.ts";
import { readAddress, writeAddress } from "./address.ts";
import type { NetbiosName, NodeType } from "./name.ts";
import { type Read, readName, type Strictness, writeName } from "./name-wire.ts";

/** RFC 1002 4.4.1: MSG_TYPE. */
export const DATAGRAM_TYPE = {
  directUnique: 0x10,
  directGroup: 0x11,
  broadcast: 0x12,
  error: 0x13,
  queryRequest: 0x14,
  positiveQueryResponse: 0x15,
  negativeQueryResponse: 0x16,
} as const;

/** RFC 1002 4.4.3: ERROR_CODE. */
export const DATAGRAM_ERROR_CODES = {
  destinationNameNotPresent: 0x82,
  invalidSourceName: 0x83,
  invalidDestinationName: 0x84,
} as const;

export type DatagramRefusal = keyof typeof DATAGRAM_ERROR_CODES;

interface Header {
  /** M: more fragments follow. */
  readonly more: boolean;
  /** F: this is the first fragment. */
  readonly first: boolean;
  /** SNT: what kind of node sent it. `NBDD` is 11, which is also what H nodes say in names. */
  readonly sourceType: "B" | "P" | "M" | "NBDD";
  /** DGM_ID. */
  readonly id: number;
  readonly sourceAddress: string;
  readonly sourcePort: number;
}

/** A packet of the datagram service, decoded: RFC 1002 4.4. */
export type DatagramPacket =
  | (Header & {
      readonly type: "directUnique" | "directGroup" | "broadcast";
      /** DGM_LENGTH: names and user data of the whole datagram, not of this fragment. */
      readonly length: number;
      /** PACKET_OFFSET: how many of them came in earlier fragments. */
      readonly offset: number;
      /** What follows the header: names and user data, or a later part of the user data. */
      readonly body: Uint8Array;
    })
  | (Header & { readonly type: "error"; readonly errorCode: number })
  | (Header & {
      readonly type: "queryRequest" | "positiveQueryResponse" | "negativeQueryResponse";
      readonly destination: NetbiosName;
    });

/** A datagram that carries user data, or a fragment of one. */
export type DataPacket = Extract<DatagramPacket, { readonly body: Uint8Array }>;

/** RFC 1001 5.4 and 1002 4.4.2: user data is at most this long. */
export const DATAGRAM_USER_OCTETS_MAX = 512;

/** RFC 1002 4.4.1: "MAX_DATAGRAM_LENGTH" of 6, and what is left of it without IP and UDP headers. */
export const DATAGRAM_UDP_OCTETS_MAX: number = 576 - 20 - 8;

/** Header of a packet that carries user data. */
export const DATAGRAM_HEADER_OCTETS = 14;

/** RFC 1002 4.4.2: two names of 255 octets, and the user data. */
export const DATAGRAM_LENGTH_MAX: number = 2 * 255 + DATAGRAM_USER_OCTETS_MAX;

/**
 * One packet.
 *
 * @param octets - Kept: the body is a view of it.
 * @throws {ProtocolError} when the octets are not a datagram service packet.
 */
export function decodeDatagram(
  octets: Uint8Array,
  { strict = false }: Strictness = {},
): DatagramPacket {
  const reader = new Reader(octets, "RFC 1002 4.4.1");
  const code = reader.u8();
  const type = TYPES.get(code);
  if (type === undefined) {
    throw new ProtocolError("unknownDatagramType", "RFC 1002 4.4.1", `0x${code.toString(16)}`);
  }
  const flags = reader.u8();
  if (strict && flags > 15) {
    throw new ProtocolError("reservedFlags", "RFC 1002 4.4.1", `0x${flags.toString(16)}`);
  }
  const header: Header = {
    more: (flags & 1) !== 0,
    first: (flags & 2) !== 0,
    sourceType: SOURCE_TYPES[(flags >> 2) & 3] ?? "B",
    id: reader.u16(),
    sourceAddress: readAddress(reader),
    sourcePort: reader.u16(),
  };
  switch (type) {
    case "directUnique":
    case "directGroup":
    case "broadcast": {
      const length = reader.u16();
      const offset = reader.u16();
      const body = reader.rest();
      checkBody(header, length, offset, body.length);
      return { type, ...header, length, offset, body };
    }
    case "error": {
      const errorCode = reader.u8();
      checkEnd(strict, reader.remaining);
      return { type, ...header, errorCode };
    }
    default: {
      const { value: destination, end } = readName(octets, reader.offset, false);
      checkEnd(strict, octets.length - end);
      return { type, ...header, destination };
    }
  }
}

/** The octets of a datagram packet. */
export function encodeDatagram(packet: DatagramPacket): Uint8Array {
  const flags =
    (packet.more ? 1 : 0) | (packet.first ? 2 : 0) | (SOURCE_TYPES.indexOf(packet.sourceType) << 2);
  const writer = new Writer().u8(DATAGRAM_TYPE[packet.type]).u8(flags).u16(packet.id);
  writeAddress(writer, packet.sourceAddress).u16(packet.sourcePort);
  switch (packet.type) {
    case "directUnique":
    case "directGroup":
    case "broadcast":
      writer.u16(packet.length).u16(packet.offset).octets(packet.body);
      break;
    case "error":
      writer.u8(packet.errorCode);
      break;
    default:
      writeName(writer, packet.destination);
  }
  return writer.finish();
}

/** What a whole datagram says: from whom, to whom, what. */
export interface DatagramBody {
  readonly source: NetbiosName;
  readonly destination: NetbiosName;
  readonly userData: Uint8Array;
}

/** Names and user data of a whole datagram, as they follow the header. */
export function encodeDatagramBody({ source, destination, userData }: DatagramBody): Uint8Array {
  return writeName(writeName(new Writer(), source), destination).octets(userData).finish();
}

/**
 * The names and the user data of a whole datagram. The names alone are there in a first fragment.
 *
 * @throws {ProtocolError} `sourceName` or `destinationName` when a name is not one, so that the
 *   right DATAGRAM ERROR can be sent (RFC 1002 4.4.3).
 */
export function decodeDatagramBody(body: Uint8Array): DatagramBody {
  const source = readOrName("sourceName", body, 0);
  const destination = readOrName("destinationName", body, source.end);
  return {
    source: source.value,
    destination: destination.value,
    userData: body.subarray(destination.end),
  };
}

/** SNT of a node's own type: an H node says M, for 11 means NBDD here. */
export function sourceTypeOf(nodeType: NodeType): "B" | "P" | "M" {
  return nodeType === "H" ? "M" : nodeType;
}

/** The reason that an error code stands for, or `undefined` for a code that the RFC does not know. */
export function reasonOfDatagramError(errorCode: number): DatagramRefusal | undefined {
  for (const [reason, code] of Object.entries(DATAGRAM_ERROR_CODES)) {
    // The keys of the table are the reasons.
    if (code === errorCode) return reason as DatagramRefusal;
  }
  return undefined;
}

const TYPES: ReadonlyMap<number, DatagramPacket["type"]> = new Map(
  // The keys of the table are the types.
  Object.entries(DATAGRAM_TYPE).map(([type, code]) => [code, type as DatagramPacket["type"]]),
);

const SOURCE_TYPES: readonly Header["sourceType"][] = ["B", "P", "M", "NBDD"];

function readOrName(violation: string, body: Uint8Array, start: number): Read<NetbiosName> {
  try {
    return readName(body, start, false);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError(violation, "RFC 1002 4.4.3", error.message);
  }
}

/** RFC 1002 4.4.1: an offset lies within the length, and only the first fragment has 0. */
function checkBody(header: Header, length: number, offset: number, size: number): void {
  const fail = (violation: string, detail: string): never => {
    throw new ProtocolError(violation, "RFC 1002 4.4.1", detail);
  };
  if (length > DATAGRAM_LENGTH_MAX) {
    fail("datagramLength", `at most ${DATAGRAM_LENGTH_MAX}, have ${length}`);
  }
  if (offset + size > length) fail("datagramOffset", `${offset} + ${size} of ${length}`);
  if (header.first !== (offset === 0)) fail("datagramFirst", `F does not fit offset ${offset}`);
  if (!header.more && offset + size !== length)
    fail("truncated", `${offset} + ${size} of ${length}`);
}

function checkEnd(strict: boolean, left: number): void {
  if (strict && left > 0) throw new ProtocolError("trailingOctets", "RFC 1002 4.4.1", `${left}`);
}
