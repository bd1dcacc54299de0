/**
 * The host that a command of `tertulia rpc` asks: the options that say which, and how a program is found there.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from "commander";
import { authSys, type Caller, connect, connectUdp, lookup, type Procedure } from "tertulia/rpc";
import { CommandError, exitCodes } from "../exit.ts";

export interface HostOptions {
  readonly port?: number;
  readonly udp?: boolean;
  readonly timeout: number;
  readonly json?: boolean;
  readonly rpcbind: number;
}

/** What a command names as its host: perhaps with a port, which `--port` outdoes. */
export interface Host {
  readonly host: string;
  readonly port: number | undefined;
}

/** `HOST`, `HOST:PORT`, an address of IPv6, or `[ADDRESS]:PORT`. */
export function hostArgument(text: string): Host {
  const bracketed = /^\[([^\]]+)\](?::(.+))?$/.exec(text);
  // With more than one colon and no brackets all of it is an address.
  const [, host, port] = bracketed ?? /^([^:]+)(?::(.+))?$/.exec(text) ?? [text, text];
  if (!host || /[[\]]/.test(host)) {
    throw new InvalidArgumentError("expected a host, HOST:PORT or [ADDRESS]:PORT");
  }
  return { host, port: port === undefined ? undefined : portNumber(port) };
}

/** Where that is, for people. */
export function placeOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

export function hostOptions(one: Command): Command {
  return one
    .option("-p, --port <port>", "the port (default: what rpcbind says)", portNumber)
    .option("--rpcbind <port>", "rpcbind's port", portNumber, 111)
    .option("--udp", "over UDP")
    .option("--timeout <ms>", "how long to wait for each answer", count, 5000)
    .option("--json", "for scripts: one JSON value a line");
}

const nullProcedure: Procedure<void, void> = {
  name: "NULL",
  number: 0,
  isIdempotent: true,
  encodeArgument: () => {},
  decodeArgument: () => {},
  encodeResult: () => {},
  decodeResult: () => {},
};

export async function callNull(
  caller: Caller,
  program: number,
  version: number,
  timeoutMs: number,
): Promise<void> {
  await caller.call({ name: "", program, version }, nullProcedure, undefined, { timeoutMs });
}

export async function callerAt(
  host: string,
  port: number,
  { udp, timeout, sys }: HostOptions & { readonly sys?: boolean },
): Promise<Caller & AsyncDisposable> {
  const auth = sys ? { auth: authSys() } : {};
  if (udp) return await connectUdp({ host, port, ...auth });
  return await connect({ host, port, connectMs: timeout, reconnect: false, ...auth });
}

/** The port that was given, or what rpcbind says. */
export async function portOf(
  { host, port: given }: Host,
  program: number,
  version: number,
  { port, udp, timeout, rpcbind }: HostOptions,
): Promise<number> {
  const known = port ?? given;
  if (known !== undefined) return known;
  const transport = udp ? "udp" : "tcp";
  const place = await lookup({
    host,
    program,
    version,
    transport,
    rpcbindPort: rpcbind,
    timeoutMs: timeout,
  });
  if (place !== undefined) return place.port;
  throw new CommandError(
    exitCodes.refused,
    `${host} has not registered ${program} on ${transport}`,
  );
}

/** A number of the command line. */
export function number(text: string): number {
  const value = /^(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 0xffff_ffff)) {
    throw new InvalidArgumentError("expected a number up to 4294967295, decimal or 0x…");
  }
  return value;
}

/** How often, or how many milliseconds: at least 1, and what timers count to. */
export function count(text: string): number {
  const value = number(text);
  if (value < 1 || value > 0x7fff_ffff) {
    throw new InvalidArgumentError("expected a number from 1 to 2147483647");
  }
  return value;
}

/** A port of the command line to call. */
export function portNumber(text: string): number {
  const value = listeningPort(text);
  if (value === 0) throw new InvalidArgumentError("a port is a number from 1 to 65535");
  return value;
}

/** A port of the command line to listen on: 0 is any that is free. */
export function listeningPort(text: string): number {
  const value = number(text);
  if (value > 0xffff) throw new InvalidArgumentError("a port is a number from 0 to 65535");
  return value;
}
