/**
 * Universal addresses, RFC 5665 5.2: an IP address and a port in one text.
 *
 * @module
 */

import { SessionError } from "../errors.ts";

/** What RFC 5665 5.1 calls the transports. */
export type NetId = "tcp" | "udp" | "tcp6" | "udp6" | "local";

/** An IP address, or a name, and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1` and 111 are `127.0.0.1.0.111`; `::1` and 111 are `::1.0.111`. */
export function formatUniversalAddress({ host, port }: HostPort): string {
  if (!(Number.isInteger(port) && port >= 0 && port <= 0xffff)) {
    throw new SessionError("ERR_ARGUMENT", `${port} is no port`);
  }
  return `${host}.${port >> 8}.${port & 0xff}`;
}

/** The parts of a universal address of IPv4 or IPv6, or `undefined` when it is none. */
export function parseUniversalAddress(text: string): HostPort | undefined {
  const [, host, high, low] = /^(.{1,64})\.(\d{1,3})\.(\d{1,3})$/.exec(text) ?? [];
  if (host === undefined || Number(high) > 255 || Number(low) > 255) return undefined;
  const isV4 =
    /^\d{1,3}(\.\d{1,3}){3}$/.test(host) && host.split(".").every((part) => Number(part) <= 255);
  // An embedded IPv4 part ends in digits, too; what counts as IPv6 in detail, the socket will say.
  if (!isV4 && !/^[0-9a-fA-F:]*:[0-9a-fA-F:.]*(%\w+)?$/.test(host)) return undefined;
  return { host, port: Number(high) * 256 + Number(low) };
}
