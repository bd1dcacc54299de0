/**
 * How the NetBIOS commands open a node, say what happens, and fail.
 *
 * @module
 */

import { SessionError } from "tertulia";
import {
  formatName,
  NetbiosError,
  type NetbiosEvent,
  type NetbiosName,
  type NetbiosNode,
  type NetbiosOptions,
  type NetbiosReason,
  type NodeType,
  openNetbios,
} from "tertulia/netbios";
import { CommandError, exitCodes, messageOf } from "../exit.ts";

/** What commander gives for the options that all commands have. */
export interface CommonOptions {
  readonly address?: string;
  readonly broadcast?: string;
  readonly bind?: string;
  readonly server?: readonly string[];
  readonly nodeType?: NodeType;
  readonly port: number;
  readonly json?: boolean;
}

/** Opens a node as the options say. */
export async function open(
  options: CommonOptions,
  more: NetbiosOptions = {},
): Promise<NetbiosNode> {
  const { address, broadcast, bind, server, nodeType, port } = options;
  const all = {
    ...(address !== undefined && { address }),
    ...(broadcast !== undefined && { broadcastAddress: broadcast }),
    ...(bind !== undefined && { bindAddress: bind }),
    ...(server !== undefined && { nameServers: server }),
    ...(nodeType !== undefined && { nodeType }),
    namePort: port,
    ...more,
  };
  try {
    return await openNetbios(all);
  } catch (error) {
    // A port that cannot be had is nobody's refusal.
    throw new CommandError(exitCodes.unreachable, messageOf(error));
  }
}

/** Runs a command until it is done, has failed, or is interrupted. */
export async function run(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort(new Error("interrupted"));
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    await work(interrupt.signal);
  } catch (error) {
    if (interrupt.signal.aborted) throw new CommandError(exitCodes.interrupted, "interrupted");
    const isAbsent = error instanceof NetbiosError && ABSENT.has(error.reason);
    // A port that cannot be had is nobody's refusal.
    const isBind = error instanceof SessionError && BIND_FAILURES.has(codeOf(error.cause));
    throw isAbsent || isBind ? new CommandError(exitCodes.unreachable, error.message) : error;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

const BIND_FAILURES: ReadonlySet<unknown> = new Set(["EACCES", "EADDRINUSE", "EADDRNOTAVAIL"]);

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}

/** Nobody refused: there is nobody. */
const ABSENT: ReadonlySet<NetbiosReason> = new Set<NetbiosReason>([
  "nameNotFound",
  "noAnswer",
  "noNameServer",
  "notReachable",
]);

/** Prints a result, as a line of JSON or as a person reads it. */
export function show(json: boolean | undefined, result: object, text: string): void {
  console.log(json ? JSON.stringify(result, replacer) : text);
}

/** Says what happens at a node, until it is closed. */
export async function tell(node: NetbiosNode, json: boolean | undefined): Promise<void> {
  for await (const event of node.events()) {
    show(json, { at: new Date().toISOString(), ...event }, `${time()} ${describe(event)}`);
  }
}

/** An event in one line. */
export function describe({ role, event }: NetbiosEvent): string {
  const fields = Object.entries(event)
    .filter(([key]) => key !== "type")
    .map(([key, value]) => `${key} ${shown(value)}`);
  return `${role}: ${event.type} ${fields.join(", ")}`;
}

export function time(): string {
  return new Date().toISOString().slice(11, 23);
}

function shown(value: unknown): string {
  if (isName(value)) return formatName(value);
  if (value instanceof Error) return value.message;
  if (typeof value !== "object" || value === null) return String(value);
  if ("address" in value && "port" in value) return `${value.address}:${value.port}`;
  if ("address" in value) return String(value.address);
  return JSON.stringify(value, replacer);
}

/** JSON has no octets and no errors: hex and messages stand for them; a name is written as one. */
function replacer(_key: string, value: unknown): unknown {
  if (isName(value)) return formatName(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (value instanceof SessionError) return { code: value.code, message: value.message };
  return value;
}

function isName(value: unknown): value is NetbiosName {
  return typeof value === "object" && value !== null && "label" in value && "scope" in value;
}
