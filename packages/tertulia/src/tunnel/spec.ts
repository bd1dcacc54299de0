/**
 * What a tunnel is to do, as people write it: forwards, targets and rules.
 *
 * @module
 */

import { isIP } from "node:net";
import { hostAndPort } from "../io/address.ts";
import { SessionError } from "../pure/errors.ts";

/** Where a connection is to go. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Listen here, connect there. */
export interface Forward {
  /** Address to listen at; loopback unless one is written. */
  readonly bind: Target;
  readonly target: Target;
  /** The connections are FTP's control connections: their data connections belong to them. */
  readonly isFtp: boolean;
}

/** Who may reach what. */
export interface Rule {
  readonly protocol: "tcp" | "udp" | "listen" | "any";
  /** A name, an address, or one with `*` for any run of characters; of an address, only addresses match. */
  readonly host: string;
  /** A range of ports, both ends included. */
  readonly ports: readonly [number, number];
  /** The identity it is for, by name or fingerprint; anybody, if there is none. */
  readonly identity?: string;
}

const FORWARD_FORM = "[BIND:]PORT:HOST:PORT, and IPv6 addresses in []";

/**
 * Reads `[BIND:]PORT:HOST:PORT`, with IPv6 addresses in brackets; `BIND` as {@link parseBind} has it.
 * `ftp:` in front, or port 21 of the target, says that it is FTP.
 *
 * @throws {SessionError} `ERR_ARGUMENT`
 */
export function parseForward(text: string): Forward {
  const saysFtp = text.startsWith("ftp:");
  const parts = split(saysFtp ? text.slice(4) : text);
  if (parts.length !== 3 && parts.length !== 4) bad(text, FORWARD_FORM);
  const [bindHost, bindPort, host, port] = parts.length === 4 ? parts : ["", ...parts];
  const target = { host: host ?? "", port: portOf(port, text, 1) };
  if (target.host === "") bad(text, FORWARD_FORM);
  return {
    bind: { host: bindAddress(bindHost), port: portOf(bindPort, text) },
    target,
    isFtp: saysFtp || target.port === 21,
  };
}

/**
 * Reads `[BIND:]PORT`, where to listen: at loopback without `BIND`, at all addresses, of IPv4 as well,
 * where it is `*`.
 *
 * @throws {SessionError} `ERR_ARGUMENT`
 */
export function parseBind(text: string): Target {
  const parts = split(text);
  if (parts.length > 2) bad(text, "[BIND:]PORT, and IPv6 addresses in []");
  const [host, port] = parts.length === 2 ? parts : ["", ...parts];
  return { host: bindAddress(host), port: portOf(port, text) };
}

function bindAddress(host: string | undefined): string {
  return host === "*" ? "::" : host || "127.0.0.1";
}

/**
 * Reads `HOST:PORT`.
 *
 * @throws {SessionError} `ERR_ARGUMENT`
 */
export function parseTarget(text: string): Target {
  const [host = "", port, ...more] = split(text);
  if (host === "" || port === undefined || more.length > 0) bad(text, "HOST:PORT");
  return { host, port: portOf(port, text) };
}

/**
 * Reads `[PROTOCOL:]HOST:PORTS[@IDENTITY]`: `tcp:db.example:5432`, `*.example:22`, `localhost:8000-8010`,
 * `*:*@SHA256:…`. The protocol is `tcp`, `udp`, `listen` (remote forwards) or `any`; without one, `tcp`.
 *
 * @throws {SessionError} `ERR_ARGUMENT`
 */
export function parseRule(text: string): Rule {
  const form = "[tcp|udp|listen|any:]HOST:PORTS[@IDENTITY]";
  const [, what = "", identity] = /^([^@]*)(?:@(.+))?$/.exec(text) ?? [];
  const parts = split(what);
  const protocol = parts.length === 3 ? parts.shift() : "tcp";
  const [host = "", ports = ""] = parts;
  if (parts.length !== 2 || host === "") bad(text, form);
  if (protocol !== "tcp" && protocol !== "udp" && protocol !== "listen" && protocol !== "any") {
    bad(text, form);
  }
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(ports) ?? [];
  const range = ports === "*" ? ([0, 65535] as const) : ([Number(first), Number(last)] as const);
  if (!(range[0] <= range[1] && range[1] <= 65535)) bad(text, form);
  return {
    protocol: protocol as Rule["protocol"],
    host,
    ports: range,
    ...(identity && { identity }),
  };
}

/** Whether one of the rules allows this. */
export function isAllowed(
  rules: readonly Rule[],
  protocol: "tcp" | "udp" | "listen",
  { host, port }: Target,
  identity: string,
): boolean {
  return rules.some(
    (rule) =>
      (rule.protocol === "any" || rule.protocol === protocol) &&
      rule.ports[0] <= port &&
      port <= rule.ports[1] &&
      (rule.identity === undefined || rule.identity === identity) &&
      matches(rule.host, host),
  );
}

/** `HOST:PORT`, as {@link parseTarget} reads it. */
export function formatTarget({ host, port }: Target): string {
  return hostAndPort(host, port);
}

/** The beginning or the end of an address, not of a name. */
const ADDRESS_PATTERN = /^[\d.*]*\d[\d.*]*$/;

function matches(pattern: string, host: string): boolean {
  // `10.0.*` must not match 10.0.evil.example, which may lead anywhere.
  if (ADDRESS_PATTERN.test(pattern) && isIP(host) === 0) return false;
  const [first = "", ...rest] = plain(pattern).split("*");
  let left = plain(host);
  if (!left.startsWith(first)) return false;
  if (rest.length === 0) return left === first;
  left = left.slice(first.length);
  const last = rest.pop() ?? "";
  for (const part of rest) {
    const at = left.indexOf(part);
    if (at < 0) return false;
    left = left.slice(at + part.length);
  }
  return left.endsWith(last);
}

/** In lower case, and an IPv6 address as RFC 5952 has it: each can be written in many ways. */
function plain(host: string): string {
  if (isIP(host) !== 6 || host.includes("%")) return host.toLowerCase();
  return new URL(`http://[${host}]`).hostname.slice(1, -1);
}

/** Cuts at colons outside brackets, and takes the brackets off. Nothing has a space in it. */
function split(text: string): string[] {
  if (/\s/.test(text)) return [];
  const parts: string[] = [];
  for (let rest = text; ; ) {
    const [whole = "", bracketed, plain, end] = /^(?:\[([^\]]*)\]|([^:[]*))(:|$)/.exec(rest) ?? [];
    parts.push(bracketed ?? plain ?? "");
    if (end !== ":") return end === "" ? parts : [];
    rest = rest.slice(whole.length);
  }
}

/** @param least - 0 is any port that is free, which is to listen at and not to connect to. */
function portOf(text: string | undefined, whole: string, least = 0): number {
  const port = Number(text);
  if (!/^\d+$/.test(text ?? "") || port < least || port > 65535) {
    bad(
      whole,
      `a port from ${least} to 65535 where ${text || "nothing"} is, and IPv6 addresses in []`,
    );
  }
  return port;
}

function bad(text: string, form: string): never {
  throw new SessionError("ERR_ARGUMENT", `not understood: ${text}; write ${form}`);
}
