/**
 * Responses that do not fit a datagram are cut, marked TC, and asked for again over TCP
 * (RFC 1002 4.2.1, 4.2.13).
 *
 * @module
 */

import { encodeNamePacket, NAME_UDP_OCTETS_MAX, type NamePacket } from "./name-packet.ts";

/** A packet as octets, with as many owners or names as fit a datagram. */
export function truncatedTo(
  packet: NamePacket,
  octetsMax: number = NAME_UDP_OCTETS_MAX,
): Uint8Array {
  const whole = encodeNamePacket(packet);
  if (whole.length <= octetsMax) return whole;
  const excess = whole.length - octetsMax;
  const [record] = packet.answers;
  if (record?.type === "NB") {
    const keep = record.entries.length - Math.ceil(excess / 6);
    const answers = [{ ...record, entries: record.entries.slice(0, Math.max(0, keep)) }];
    return encodeNamePacket({ ...packet, truncated: true, answers });
  }
  if (record?.type === "NBSTAT") {
    const keep = record.names.length - Math.ceil(excess / 18);
    const answers = [{ ...record, names: record.names.slice(0, Math.max(0, keep)) }];
    return encodeNamePacket({ ...packet, truncated: true, answers });
  }
  return whole;
}
