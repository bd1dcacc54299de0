/**
 * SOCKS5, the server's side of the conversation before the octets flow: RFC 1928, RFC 1929.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { concatOctets, decodeUtf8, Reader, Writer } from "../octets.ts";

/** RFC 1928, 6: what the server may answer. */
export const replies = {
  succeeded: 0,
  generalFailure: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  connectionRefused: 5,
  ttlExpired: 6,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const;

export type SocksReply = keyof typeof replies;

const commands = { 1: "connect", 2: "bind", 3: "associate" } as const;

export interface SocksAddress {
  readonly host: string;
  readonly port: number;
}

export interface SocksRequest extends SocksAddress {
  readonly command: "connect" | "bind" | "associate";
}

export type SocksStep =
  | { readonly type: "more" }
  /** Send this and go on. */
  | { readonly type: "send"; readonly octets: Uint8Array }
  /** Send this and hang up. */
  | { readonly type: "refuse"; readonly octets: Uint8Array; readonly reason: string }
  | { readonly type: "request"; readonly request: SocksRequest; readonly rest: Uint8Array };

/** Longest greeting, credentials or request: 513 octets of user name and password. */
const OCTETS_MAX = 520;

/** The server's side. Feed it octets; do what it says. */
export class SocksServer {
  readonly #credentials: { readonly user: string; readonly password: string } | undefined;
  #state: "greeting" | "credentials" | "request" | "done" = "greeting";
  #octets: Uint8Array = new Uint8Array();

  /** @param credentials - What a client has to know. Default: nothing. */
  constructor(credentials?: { readonly user: string; readonly password: string }) {
    this.#credentials = credentials;
  }

  /** @throws {ProtocolError} when the client does not speak SOCKS5. */
  receive(octets: Uint8Array): SocksStep {
    this.#octets = concatOctets([this.#octets, octets]);
    return this.next();
  }

  /** The next step with the octets already here. */
  next(): SocksStep {
    const reader = new Reader(this.#octets, "RFC 1928");
    let step: SocksStep;
    try {
      if (this.#octets.length > 0 && this.#octets[0] !== (this.#state === "credentials" ? 1 : 5)) {
        throw new ProtocolError("notSocks5", "RFC 1928 3", `begins with ${this.#octets[0]}`);
      }
      step = this.#read(reader);
    } catch (error) {
      const isShort = error instanceof ProtocolError && error.violation === "truncated";
      if (isShort && this.#octets.length < OCTETS_MAX) return { type: "more" };
      throw error;
    }
    this.#octets = this.#octets.subarray(reader.offset);
    return step.type === "request" ? { ...step, rest: this.#octets } : step;
  }

  #read(reader: Reader): SocksStep {
    switch (this.#state) {
      case "greeting": {
        reader.u8();
        const methods = reader.octets(reader.u8());
        const wanted = this.#credentials ? 2 : 0;
        if (!methods.includes(wanted)) {
          const reason = this.#credentials
            ? "user name and password wanted"
            : "no method in common";
          return { type: "refuse", octets: Uint8Array.of(5, 255), reason };
        }
        this.#state = this.#credentials ? "credentials" : "request";
        return { type: "send", octets: Uint8Array.of(5, wanted) };
      }
      case "credentials": {
        reader.u8();
        const user = decodeUtf8(reader.octets(reader.u8()));
        const password = decodeUtf8(reader.octets(reader.u8()));
        if (user !== this.#credentials?.user || password !== this.#credentials?.password) {
          return { type: "refuse", octets: Uint8Array.of(1, 1), reason: "wrong credentials" };
        }
        this.#state = "request";
        return { type: "send", octets: Uint8Array.of(1, 0) };
      }
      case "request": {
        reader.u8();
        const command = commands[reader.u8() as 1 | 2 | 3]; // undefined for the others
        if (command === undefined) return this.#refuse("commandNotSupported", "unknown command");
        reader.u8();
        let address: SocksAddress;
        try {
          address = readAddress(reader);
        } catch (error) {
          if (!(error instanceof ProtocolError) || error.violation === "truncated") throw error;
          const isType = error.violation === "addressType";
          return this.#refuse(isType ? "addressTypeNotSupported" : "generalFailure", error.message);
        }
        this.#state = "done";
        return { type: "request", request: { command, ...address }, rest: new Uint8Array() };
      }
      case "done":
        throw new ProtocolError("unexpected", "RFC 1928 4", "a second request");
    }
  }

  #refuse(code: SocksReply, reason: string): SocksStep {
    this.#state = "done";
    return { type: "refuse", octets: reply(code), reason };
  }
}

/** The answer to a request. */
export function reply(code: SocksReply, { host, port }: SocksAddress = NOWHERE): Uint8Array {
  return writeAddress(new Writer().u8(5).u8(replies[code]).u8(0), { host, port }).finish();
}

/** A datagram of an association, with whom it is for or from: RFC 1928, 7. */
export function encodeDatagram(address: SocksAddress, octets: Uint8Array): Uint8Array {
  return writeAddress(new Writer().u16(0).u8(0), address).octets(octets).finish();
}

/** @throws {ProtocolError} `truncated`, `fragmented`, `addressType`, `name`, `notUtf8` */
export function decodeDatagram(octets: Uint8Array): SocksAddress & { readonly octets: Uint8Array } {
  const reader = new Reader(octets, "RFC 1928 7");
  reader.u16();
  // "Implementation of fragmentation is optional; an implementation that does not support
  // fragmentation MUST drop any datagram whose FRAG field is other than X'00'."
  if (reader.u8() !== 0) throw new ProtocolError("fragmented", "RFC 1928 7");
  const address = readAddress(reader);
  return { ...address, octets: reader.rest() };
}

const NOWHERE: SocksAddress = { host: "0.0.0.0", port: 0 };

function readAddress(reader: Reader): SocksAddress {
  const type = reader.u8();
  let host: string;
  if (type === 1) host = [...reader.octets(4)].join(".");
  else if (type === 3) host = readName(reader);
  else if (type === 4) host = Array.from({ length: 8 }, () => reader.u16().toString(16)).join(":");
  else throw new ProtocolError("addressType", "RFC 1928 5", `${type}`);
  return { host, port: reader.u16() };
}

/** No resolver knows a name with any of these, and a log should not have them. */
const NOT_IN_NAMES = /[\p{Cc}\s[\]]/u;

function readName(reader: Reader): string {
  const name = reader.utf8(reader.u8());
  if (name === "" || NOT_IN_NAMES.test(name)) {
    throw new ProtocolError("name", "RFC 1928 5", JSON.stringify(name));
  }
  return name;
}

function writeAddress(writer: Writer, { host, port }: SocksAddress): Writer {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  if (four) {
    writer.u8(1);
    for (const part of four.slice(1)) writer.u8(Number(part));
  } else if (host.includes(":")) {
    writer.u8(4);
    for (const group of expand(host)) writer.u16(Number.parseInt(group, 16));
  } else {
    const name = new Writer().utf8(host).finish();
    writer.u8(3).u8(name.length).octets(name);
  }
  return writer.u16(port);
}

/** The eight groups of an IPv6 address. */
function expand(host: string): string[] {
  const [head = "", tail] = host.split("::");
  const front = head === "" ? [] : head.split(":");
  if (tail === undefined) return front;
  const back = tail === "" ? [] : tail.split(":");
  return [...front, ...Array<string>(8 - front.length - back.length).fill("0"), ...back];
}
