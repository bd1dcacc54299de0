/**
 * IPv4 addresses as text, the only ones that RFC 1002 knows.
 *
 * @module
 */

import type { Reader, Writer } from "../octets.ts";

/** Where a packet came from or goes to. */
export interface Endpoint {
  /** Dotted, like `10.77.0.1`. */
  readonly address: string;
  readonly port: number;
}

/** RFC 1002 4.2.1.3 and 6: the ports, which every face here lets you change. */
export const NAME_SERVICE_PORT = 137;
export const DATAGRAM_SERVICE_PORT = 138;
export const SESSION_SERVICE_PORT = 139;

export function readAddress(reader: Reader): string {
  return `${reader.u8()}.${reader.u8()}.${reader.u8()}.${reader.u8()}`;
}

export function writeAddress(writer: Writer, address: string): Writer {
  let octet = 0;
  for (let i = 0; i < address.length; i++) {
    const digit = address.charCodeAt(i);
    if (digit === 0x2e) {
      writer.u8(octet);
      octet = 0;
    } else {
      octet = octet * 10 + digit - 0x30;
    }
  }
  return writer.u8(octet);
}

/** Whether a text is a dotted IPv4 address. */
export function isAddress(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}

export function sameEndpoint(one: Endpoint, other: Endpoint): boolean {
  return one.address === other.address && one.port === other.port;
}
