/**
 * A program that is told of every change in a name server, with the words of Samba's `wins hook`:
 * what feeds a dynamic DNS, an inventory, an alarm.
 *
 * It is started without a shell, one change after the other. A name is whatever a stranger has
 * sent, so names that a script could misread are not passed on.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { addAbortListener } from "node:events";
import { SessionError } from "../pure/errors.ts";
import { type NetbiosName, suffixOf } from "../pure/netbios/name.ts";
import type { NameServerEvent } from "../pure/netbios/name-server-events.ts";
import type { NetbiosNode } from "./node.ts";

/** How long the program may take, and who is told when it fails. All optional. */
export interface NameHookOptions {
  /** Ends it, and with it the program that runs just then. */
  readonly signal?: AbortSignal;
  /** What the program may take for one change. Default: 10,000; then it is ended. */
  readonly timeoutMs?: number;
  /** Told when the program fails, or when a change is lost because it is too slow. */
  readonly failed?: (error: Error) => void;
}

/** A change, as the program gets it: `add NAME 20 518400 192.168.1.7`. */
type Change = readonly [
  operation: "add" | "refresh" | "delete",
  name: string,
  suffix: string,
  ttl: string,
  ...addresses: string[],
];

/**
 * Runs `program` for each change of the name server's: with `add`, `refresh` or `delete`, the name,
 * its suffix as two hexadecimal digits, the TTL in seconds and the addresses that it has now.
 *
 * While the program is busy only the newest change of a name waits, and 4096 names at most. Names
 * with other than letters, digits, `.`, `_` and `-` are left out, and so are those of a scope.
 * Returns when the node is closed or by the signal.
 */
export async function runNameHook(
  node: NetbiosNode,
  program: string,
  options: NameHookOptions = {},
): Promise<void> {
  const { signal, failed } = options;
  const waiting = new Map<string, Change>();
  let running: Promise<void> | undefined;
  const runAll = async (): Promise<void> => {
    for (const [key, change] of waiting) {
      waiting.delete(key);
      await runOnce(program, change, options);
      if (signal?.aborted) return;
    }
  };
  for await (const { role, event } of node.events(signal ? { signal } : {})) {
    const change = role === "server" ? changeOf(event, node) : undefined;
    if (!change) continue;
    const [, name, suffix] = change;
    const key = `${name}<${suffix}>`;
    waiting.delete(key);
    if (waiting.size >= WAITING_MAX) {
      failed?.(new SessionError("ERR_LIMIT", `${program} is too slow: ${key} is not told`));
      continue;
    }
    waiting.set(key, change);
    running ??= runAll().finally(() => {
      running = undefined;
    });
  }
  await running;
}

/** Names whose changes may wait. More means a flood or a program that hangs. */
const WAITING_MAX = 4096;

const TIMEOUT_MS = 10_000;

/** What is safe in a shell, in a file name and in DNS: Samba's own list. */
const SAFE_NAME = /^[A-Za-z0-9._-]+$/;

function changeOf(event: NameServerEvent, node: NetbiosNode): Change | undefined {
  const { type } = event;
  const isGrant = type === "registered" || type === "refreshed";
  if (!isGrant && type !== "released" && type !== "expired") return undefined;
  const name = plainName(event.name);
  if (name === undefined) return undefined;
  const addresses = node.server?.addressesOf(event.name) ?? [];
  const suffix = suffixOf(event.name).toString(16).padStart(2, "0");
  // What has lost one of its addresses is there still.
  const operation = addresses.length === 0 ? "delete" : type === "registered" ? "add" : "refresh";
  return [operation, name, suffix, isGrant ? `${event.ttl}` : "0", ...addresses];
}

function plainName(name: NetbiosName): string | undefined {
  if (name.scope !== "") return undefined;
  const text = name.label.slice(0, 15).trimEnd();
  // A leading hyphen would be an option.
  return SAFE_NAME.test(text) && !text.startsWith("-") ? text : undefined;
}

async function runOnce(program: string, change: Change, options: NameHookOptions): Promise<void> {
  const { signal, timeoutMs = TIMEOUT_MS, failed } = options;
  await new Promise<void>((resolve) => {
    const child = execFile(program, change, { timeout: timeoutMs }, (error) => {
      if (error && !signal?.aborted) failed?.(error);
      ended?.[Symbol.dispose]();
      resolve();
    });
    child.stdin?.end();
    const ended = signal && addAbortListener(signal, () => child.kill());
  });
}
