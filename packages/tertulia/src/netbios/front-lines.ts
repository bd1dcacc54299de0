/**
 * What a front and the processes behind it say to each other: lines of JSON, one connection for one
 * registration.
 *
 *     front:    {"address":"192.168.1.7","bindAddress":"192.168.1.7"}
 *     process:  {"called":"PRINTS<20>","port":5139}
 *     front:    {"registered":true}                  and both stay connected
 *          or:  {"refused":"the name is owned by another node (…)","reason":"nameInUse"}
 *     front:    {"lost":"PRINTS<20> is in conflict"}  if it ever is, and then the end
 *
 * @module
 */

import type { Socket } from "node:net";
import { SessionError } from "../pure/errors.ts";
import { NetbiosError, REASONS } from "../pure/netbios/errors.ts";
import { type NetbiosName, parseName } from "../pure/netbios/name.ts";

/** Where the node is, and where who is behind it had better bind its port. */
export interface FrontGreeting {
  readonly address: string;
  readonly bindAddress: string;
}

export interface FrontRequest {
  readonly called: NetbiosName;
  /** The only caller that is wanted; `undefined` for anyone. */
  readonly calling: NetbiosName | undefined;
  readonly port: number;
  /** Claim the name as a group's. */
  readonly group: boolean;
}

/** Ports below need a privilege, and belong to who has it. */
const PORT_MIN = 1024;

/** No line is longer; the longest names with their scopes are not. */
const LINE_OCTETS_MAX = 2048;

/** @throws {SessionError} `ERR_ARGUMENT`, or `NetbiosError` `invalidName`. */
export function parseRequest(line: string): FrontRequest {
  const { called, calling, port, group } = fieldsOf(line);
  if (typeof called !== "string") throw new SessionError("ERR_ARGUMENT", "no called name");
  if (calling !== undefined && typeof calling !== "string") {
    throw new SessionError("ERR_ARGUMENT", "the calling name is not a string");
  }
  if (typeof port !== "number" || !Number.isInteger(port) || port < PORT_MIN || port > 65_535) {
    const message = `port ${String(port)}: callers are sent to ${PORT_MIN} to 65535 only`;
    throw new SessionError("ERR_ARGUMENT", message);
  }
  return {
    called: parseName(called),
    calling: calling === undefined ? undefined : parseName(calling),
    port,
    group: group === true,
  };
}

/** @throws {SessionError} `ERR_PROTOCOL` when it is not a front that speaks; what it refuses with. */
export function parseGreeting(line: string | undefined): FrontGreeting {
  const { address, bindAddress, refused } = line === undefined ? {} : fieldsOf(line);
  if (refused !== undefined) checkAnswer(line);
  if (typeof address === "string" && typeof bindAddress === "string") {
    return { address, bindAddress };
  }
  throw new SessionError("ERR_PROTOCOL", "this is not the socket of a NetBIOS front");
}

/** Returns if it was registered. @throws {NetbiosError} Or `SessionError`: why it was not. */
export function checkAnswer(line: string | undefined): void {
  const { registered, refused, reason } = line === undefined ? {} : fieldsOf(line);
  if (registered === true) return;
  const message = typeof refused === "string" ? refused : "the front has closed the connection";
  for (const known of Object.keys(REASONS)) {
    // A key of REASONS is a reason.
    if (known === reason) throw new NetbiosError(known as keyof typeof REASONS, "says the front");
  }
  throw new SessionError("ERR_REFUSED", message);
}

/** Why a registration has ended, by the front's last line if it had one to say. */
export function reasonOfEnd(line: string | undefined): string {
  const { lost } = line === undefined ? {} : fieldsOf(line);
  return typeof lost === "string" ? lost : "the front has gone";
}

export function refusalOf(error: unknown): { readonly refused: string; readonly reason?: string } {
  if (error instanceof NetbiosError) return { refused: error.message, reason: error.reason };
  return { refused: error instanceof Error ? error.message : String(error) };
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Said below.
  }
  throw new SessionError("ERR_ARGUMENT", `not an object of JSON: ${line.slice(0, 80)}`);
}

/** The lines of one connection. */
export class FrontLines {
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  #partial = "";
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    socket.on("data", (text: string) => this.#take(text));
    socket.once("close", () => this.#wake());
  }

  /** Resolves when the connection has ended. */
  async ended(): Promise<void> {
    if (this.#socket.closed) return;
    await new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
  }

  write(line: object): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(line)}\n`);
  }

  end(): void {
    this.#socket.end();
  }

  /** The next line, or `undefined` when there is none any more. Rejects with the signal's reason. */
  async next(signal: AbortSignal): Promise<string | undefined> {
    const wake = (): void => this.#wake();
    signal.addEventListener("abort", wake, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        const line = this.#lines.shift();
        if (line !== undefined || this.#socket.closed) return line;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    // Each side has one line or two to say.
    if (this.#partial.length > LINE_OCTETS_MAX || this.#lines.length + lines.length > 2) {
      this.#socket.destroy();
      return;
    }
    this.#lines.push(...lines);
    if (lines.length > 0) this.#wake();
  }
}
