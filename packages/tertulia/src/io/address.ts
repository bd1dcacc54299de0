/**
 * Where a session is to be had, as people write it.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";

/** An address, read: which transport, and where. */
export type Address =
  | { readonly type: "tcp" | "tls"; readonly host: string; readonly port: number }
  | { readonly type: "unix"; readonly path: string }
  | { readonly type: "websocket"; readonly url: string };

/** The port when none is written: unassigned by IANA, and free on most machines. */
export const DEFAULT_PORT = 7700;

/** The scheme, the host in brackets or plain, the port. */
const HOST_AND_PORT = /^(?:(tcp|tls):\/\/)?(?:\[([^\]]+)\]|([^:/]*))(?::(\d+))?\/?$/;

/**
 * Reads `tcp://HOST:PORT`, `tls://HOST:PORT`, `unix:PATH`, `ws://…`, `wss://…`, or `HOST:PORT`, which
 * is `tcp`. Without a port it is 7700; an IPv6 address stands in brackets.
 *
 * @throws {SessionError} `ERR_ARGUMENT`
 */
export function parseAddress(text: string): Address {
  if (typeof text !== "string") throw notAnAddress(text); // in JavaScript
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\//, "");
    if (path === "") throw new SessionError("ERR_ARGUMENT", "unix: needs a path behind it");
    return { type: "unix", path };
  }
  if (text.startsWith("ws://") || text.startsWith("wss://"))
    return { type: "websocket", url: text };
  const [, scheme = "tcp", bracketed, plain, port = DEFAULT_PORT] = HOST_AND_PORT.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (!host || Number(port) > 65535) throw notAnAddress(text);
  return { type: scheme as "tcp" | "tls", host, port: Number(port) }; // the pattern has no other
}

/** `HOST:PORT`, an IPv6 address in brackets. */
export function hostAndPort(host: string, port: number | string | undefined): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function notAnAddress(text: unknown): SessionError {
  const forms = "HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT, unix:PATH, ws://… or wss://…";
  return new SessionError("ERR_ARGUMENT", `not an address: ${text}; write ${forms}`);
}
