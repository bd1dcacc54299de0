/**
 * Names as octets: first-level encoding into 32 letters, second-level into labels, with pointers
 * where they are allowed (RFC 1001 14.1, RFC 1002 4.1).
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import type { Writer } from "../octets.ts";
import { NAME_WIRE_OCTETS_MAX, type NetbiosName } from "./name.ts";

/** Whether the octets of a packet may be what the RFC says they must not be. */
export interface Strictness {
  /** Refuse what the RFC forbids although it can be understood. Default: `false`. */
  readonly strict?: boolean;
}

/** What was read, and where the next thing begins. */
export interface Read<T> {
  readonly value: T;
  readonly end: number;
}

/**
 * The name at `start` of a packet.
 *
 * @param pointers - Name service packets may point back into themselves; session and datagram
 *   packets may not (RFC 1002 4.3.2, 4.4.1 by their "no label pointers").
 */
export function readName(packet: Uint8Array, start: number, pointers: boolean): Read<NetbiosName> {
  // The usual case, which has to be fast: one label of 32 letters, then the root.
  if (packet[start] === 32 && packet[start + 33] === 0 && start + 34 <= packet.length) {
    return { value: { label: readHalfOctets(packet, start + 1), scope: "" }, end: start + 34 };
  }
  const { value: labels, end } = readLabels(packet, start, pointers);
  const [first, ...scope] = labels;
  if (first === undefined || first.to - first.from !== 32) {
    const size = first ? first.to - first.from : 0;
    throw new ProtocolError("nameLength", "RFC 1001 14.1", `need 32 letters, have ${size}`);
  }
  const label = readHalfOctets(packet, first.from);
  return { value: { label, scope: join(packet, scope, "RFC 1002 4.1") }, end };
}

/** A domain name that is not a NetBIOS name: the name of a server in a redirect. */
export function readDomain(packet: Uint8Array, start: number): Read<string> {
  const { value, end } = readLabels(packet, start, true);
  return { value: join(packet, value, "RFC 1002 4.2.15"), end };
}

/** Appends a name, all of it: a pointer is up to the packet. */
export function writeName(writer: Writer, { label, scope }: NetbiosName): Writer {
  writer.u8(32);
  for (let i = 0; i < 16; i++) {
    const octet = label.charCodeAt(i);
    writer.u8(0x41 + (octet >> 4)).u8(0x41 + (octet & 15));
  }
  return writeDomain(writer, scope);
}

/** Appends a domain name; `""` is the root. */
export function writeDomain(writer: Writer, domain: string): Writer {
  if (domain !== "") {
    for (const label of domain.split(".")) {
      writer.u8(label.length);
      for (let i = 0; i < label.length; i++) writer.u8(label.charCodeAt(i));
    }
  }
  return writer.u8(0);
}

/** How many octets a name takes when it is written in full. */
export function nameWireOctets({ scope }: NetbiosName): number {
  return 34 + (scope === "" ? 0 : scope.length + 1);
}

/** The 32 letters of first-level encoding, for logs and tests: `EGFCEFEE….NETBIOS.COM`. */
export function firstLevel({ label, scope }: NetbiosName): string {
  let letters = "";
  for (let i = 0; i < 16; i++) {
    const octet = label.charCodeAt(i);
    letters += String.fromCharCode(0x41 + (octet >> 4), 0x41 + (octet & 15));
  }
  return scope === "" ? letters : `${letters}.${scope}`;
}

/**
 * What is read in the name service unless strict: Windows and Samba take scopes of 237 octets,
 * which make a name of 272, and refuse longer ones with an answer.
 */
const NAME_WIRE_OCTETS_LENIENT = 320;

interface Label {
  readonly from: number;
  readonly to: number;
}

function readLabels(packet: Uint8Array, start: number, pointers: boolean): Read<Label[]> {
  const labels: Label[] = [];
  let at = start;
  let end: number | undefined;
  // Each pointer must point before the one that it came from, so there is an end to them.
  let lowest = start;
  let octets = 1;
  for (;;) {
    const length = packet[at];
    if (length === undefined) {
      throw new ProtocolError("truncated", "RFC 1002 4.1", `a name ends at octet ${at}`);
    }
    if (length === 0) return { value: labels, end: end ?? at + 1 };
    if (length >= 0xc0) {
      const low = packet[at + 1];
      if (!pointers) throw new ProtocolError("pointerForbidden", "RFC 1002 4.1");
      if (low === undefined) throw new ProtocolError("truncated", "RFC 1002 4.1", "half a pointer");
      const target = ((length & 0x3f) << 8) | low;
      if (target >= lowest) {
        throw new ProtocolError("pointerForward", "RFC 1002 4.1", `to ${target} from ${at}`);
      }
      end ??= at + 2;
      lowest = target;
      at = target;
      continue;
    }
    // RFC 1002 4.1: "01" and "10" in the high bits are reserved.
    if (length >= 64) throw new ProtocolError("labelReserved", "RFC 1002 4.1", `octet ${length}`);
    const to = at + 1 + length;
    octets += length + 1;
    const max = pointers ? NAME_WIRE_OCTETS_LENIENT : NAME_WIRE_OCTETS_MAX;
    if (octets > max) {
      throw new ProtocolError("nameTooLong", "RFC 1002 4.1", `more than ${max} octets`);
    }
    if (to > packet.length) {
      throw new ProtocolError("truncated", "RFC 1002 4.1", `a label of ${length}`);
    }
    labels.push({ from: at + 1, to });
    at = to;
  }
}

/**
 * Two letters an octet, each 'A' plus four bits. Lower-case letters are taken too, as in DNS.
 *
 * One call with sixteen arguments makes one flat string; sixteen additions made sixteen that were
 * flattened when the name was looked up, and a quarter of a name server's time was their collection.
 */
export function readHalfOctets(packet: Uint8Array, start: number): string {
  return String.fromCharCode(
    octetOf(packet, start + 0),
    octetOf(packet, start + 2),
    octetOf(packet, start + 4),
    octetOf(packet, start + 6),
    octetOf(packet, start + 8),
    octetOf(packet, start + 10),
    octetOf(packet, start + 12),
    octetOf(packet, start + 14),
    octetOf(packet, start + 16),
    octetOf(packet, start + 18),
    octetOf(packet, start + 20),
    octetOf(packet, start + 22),
    octetOf(packet, start + 24),
    octetOf(packet, start + 26),
    octetOf(packet, start + 28),
    octetOf(packet, start + 30),
  );
}

function octetOf(packet: Uint8Array, at: number): number {
  // The caller has checked that 32 octets are here.
  const high = halfOctet(packet[at] as number);
  const low = halfOctet(packet[at + 1] as number);
  if ((high | low) >>> 4 === 0) return (high << 4) | low;
  throw new ProtocolError("nameLetters", "RFC 1001 14.1", "need letters A to P");
}

function halfOctet(letter: number): number {
  return letter >= 0x61 ? letter - 0x61 : letter - 0x41;
}

/** Labels as text. A dot inside a label could not be told from one between two labels. */
function join(packet: Uint8Array, labels: readonly Label[], clause: string): string {
  let domain = "";
  for (const { from, to } of labels) {
    if (domain !== "") domain += ".";
    for (let i = from; i < to; i++) {
      const octet = packet[i] as number;
      if (octet === 0x2e) throw new ProtocolError("dotInLabel", clause);
      domain += String.fromCharCode(octet);
    }
  }
  return domain;
}
