/**
 * Who calls rpcbind, and the addresses that he is told: reachable from where he is.
 *
 * @module
 */

import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import type { Netbuf } from "../pure/oncrpc/generated/rpcbind.ts";
import type { ServerCall } from "../pure/oncrpc/program.ts";
import { formatUniversalAddress, parseUniversalAddress } from "../pure/oncrpc/universal-address.ts";

/** Who registers: a port below 1024, or the local socket and uid 0, is the superuser's. */
export function ownerOf({ peer, identity }: ServerCall): string {
  if (peer.transport !== "unix") {
    return peer.port > 0 && peer.port < 1024 ? "superuser" : "unknown";
  }
  // AUTH_SYS is a claim; over the local socket, whoever could lie may also open the socket.
  const uid = typeof identity === "object" && identity !== null ? Reflect.get(identity, "uid") : "";
  return uid === 0 ? "superuser" : typeof uid === "number" ? String(uid) : "unknown";
}

export function netidOf({ peer: { transport, address } }: ServerCall): string {
  if (transport === "unix") return "local";
  const kind = transport === "udp" ? "udp" : "tcp";
  return isIPv6(address) && !address.startsWith("::ffff:") ? `${kind}6` : kind;
}

/** An address with "any" replaced by one of ours that the caller can reach. */
export function merged(address: string, { peer }: ServerCall): string {
  const place = parseUniversalAddress(address);
  if (place === undefined || (place.host !== "0.0.0.0" && place.host !== "::")) return address;
  const local = peer.local.replace(/^::ffff:/, "");
  const host = local === "" || local === "unix" ? facing(peer.address) : local;
  return formatUniversalAddress({ host, port: place.port });
}

/** Our address on the network that an address is of. */
function facing(address: string): string {
  const isV6 = isIPv6(address);
  if (!isV6 && (address.startsWith("127.") || !address.includes("."))) return "127.0.0.1";
  if (isV6 && address === "::1") return "::1";
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  const own = all.filter(({ family, internal }) => !internal && (family === "IPv6") === isV6);
  const near = own.find(({ address: ours, netmask }) => isSameNetwork(ours, address, netmask));
  return near?.address ?? own[0]?.address ?? (isV6 ? "::" : "0.0.0.0");
}

function isSameNetwork(one: string, other: string, netmask: string): boolean {
  const bits = (text: string): number =>
    text.split(".").reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
  return (bits(one) & bits(netmask)) === (bits(other) & bits(netmask));
}

/** RFC 1833 leaves a netbuf to the system; this is a sockaddr as Linux has it on a small-endian machine. */
export function toNetbuf(text: string): Netbuf {
  const place = parseUniversalAddress(text);
  if (place === undefined || isIPv6(place.host)) return { maxlen: 0, buf: new Uint8Array() };
  const buf = new Uint8Array(16);
  buf[0] = 2;
  buf[2] = place.port >> 8;
  buf[3] = place.port & 0xff;
  for (const [index, part] of place.host.split(".").entries()) buf[4 + index] = Number(part);
  return { maxlen: buf.length, buf };
}

export function fromNetbuf({ buf }: Netbuf): string {
  if (buf.length < 8 || buf[0] !== 2) return "";
  const host = [...buf.subarray(4, 8)].join(".");
  return formatUniversalAddress({ host, port: ((buf[2] ?? 0) << 8) | (buf[3] ?? 0) });
}
