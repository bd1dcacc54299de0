/**
 * How a running tunnel says what goes through it, and is told to stop: over a control socket in the
 * home folder.
 *
 * @module
 */

import { formatTarget, type Tunnel, type TunnelConnection } from "tertulia/tunnel";
import { callOf } from "../call.ts";
import { askProcess, offerControl, runningProcesses } from "../control.ts";
import { messageOf } from "../exit.ts";
import { fit } from "../fit.ts";
import { harmlessLine } from "../harmless.ts";
import type { Home } from "../home.ts";

export interface TunnelStatus {
  readonly pid: number;
  readonly address: string;
  /** When it was started. */
  readonly since: string;
  readonly session: {
    readonly state: string;
    readonly since: string;
    readonly backlogOctets: number;
    /** Why there is no link, as of the last attempt; absent while there is one. */
    readonly reason?: string;
  };
  readonly listening: readonly string[];
  /** Remote forwards that the node did not take, and why. Absent in a tunnel of an older version. */
  readonly refused?: readonly string[];
  /** What it said last: why it is as it is. */
  readonly recent: readonly { readonly time: string; readonly text: string }[];
  readonly connections: readonly TunnelConnection[];
}

/** How long a tunnel may take to say how it is. */
const SILENT_MS = 2000;
/** How many sentences are kept: a screen has room for the connections as well. */
const RECENT_MAX = 5;

/** The last sentences of a log, and why there is no link now. */
export class Recent {
  reason: string | undefined;
  readonly lines: { readonly time: string; readonly text: string }[] = [];

  add(text: string): void {
    const line = { time: new Date().toISOString(), text: harmlessLine(text) };
    // What is said again and again is not to push out what was said before.
    if (this.lines.at(-1)?.text === line.text) this.lines.pop();
    this.lines.push(line);
    if (this.lines.length > RECENT_MAX) this.lines.shift();
  }
}

export interface Offered {
  readonly address: string;
  readonly tunnel: Tunnel;
  readonly recent: Recent;
  readonly stop: () => void;
}

/** Answers `tertulia tunnel status` and `tertulia tunnel stop` until it is disposed of. */
export function offerStatus(home: Home, offered: Offered): Promise<AsyncDisposable> {
  const { address, tunnel, recent, stop } = offered;
  const since = new Date().toISOString();
  const status = (): TunnelStatus => ({
    pid: process.pid,
    address,
    since,
    session: {
      ...tunnel.session,
      ...(recent.reason !== undefined && { reason: harmlessLine(recent.reason) }),
    },
    listening: tunnel.addresses.map((one) => {
      const target = one.target ? ` -> ${formatTarget(one.target)}` : "";
      return `${one.type} ${formatTarget(one.address)}${target}`;
    }),
    refused: tunnel.refused.map(({ address, target, reason }) =>
      harmlessLine(`remote ${formatTarget(address)} -> ${formatTarget(target)}: ${reason}`),
    ),
    recent: recent.lines,
    connections: tunnel.connections,
  });
  return offerControl(
    home,
    async function* ({ type }) {
      if (type === "status") yield status();
      else if (type === "stop") {
        stop();
        yield { pid: process.pid };
      } else throw new Error(`a tunnel does not know the request ${type}`);
    },
    "tunnels",
  );
}

/**
 * What the tunnels of this home folder say.
 *
 * @param onSilent - Told of one that says nothing.
 */
export async function readStatus(
  home: Home,
  onSilent: (why: string) => void,
): Promise<TunnelStatus[]> {
  const pids = await runningProcesses(home, "tunnels");
  const all = await Promise.all(pids.map((pid) => ask(home, pid, onSilent)));
  return all.filter((one) => one !== undefined);
}

/** What one says; nothing when it ended just now. */
async function ask(
  home: Home,
  pid: number,
  onSilent: (why: string) => void,
): Promise<TunnelStatus | undefined> {
  try {
    for await (const answer of askProcess(home, "tunnels", pid, { type: "status" }, SILENT_MS)) {
      return answer as TunnelStatus; // the same program has written it
    }
  } catch (error) {
    if ((await runningProcesses(home, "tunnels")).includes(pid)) onSilent(messageOf(error));
  }
  return undefined;
}

/** Stops a tunnel; it ends its session before it goes. */
export async function stopTunnel(home: Home, pid: number): Promise<void> {
  for await (const _ of askProcess(home, "tunnels", pid, { type: "stop" }, SILENT_MS));
}

/**
 * For people.
 *
 * @param before - What they said a second ago: the rates are the difference.
 */
export function statusTable(
  tunnels: readonly TunnelStatus[],
  before: readonly TunnelStatus[] = [],
): string {
  if (tunnels.length === 0)
    return `no tunnel runs here; ${callOf()} tunnel --help says how to start one\n`;
  const earlier = (pid: number) => before.find((one) => one.pid === pid)?.connections ?? [];
  return tunnels.map((one) => tunnelTable(one, earlier(one.pid))).join("\n");
}

function tunnelTable(
  { pid, address, session, listening, refused = [], recent, connections }: TunnelStatus,
  before: readonly TunnelConnection[],
): string {
  const { state, since, backlogOctets, reason } = session;
  const waiting = backlogOctets > 0 ? `, ${octets(backlogOctets)} not acknowledged yet` : "";
  const words = states[state] ?? state;
  const head = `tunnel to ${address} (pid ${pid}): ${words} since ${clock(since)}${waiting}`;
  const rows = connections.map((one) => {
    const last = before.find(({ id }) => id === one.id);
    return [
      String(one.id),
      one.state,
      one.opening,
      one.local,
      octets(one.sentOctets),
      octets(one.receivedOctets),
      ...(last ? [`${octets(total(one) - total(last))}/s`] : before.length > 0 ? ["-"] : []),
      octets(one.pendingOctets),
      clock(String(one.since)),
    ];
  });
  const rate = before.length > 0 ? ["rate"] : [];
  const titles = ["id", "state", "to", "from", "sent", "received", ...rate, "backlog", "since"];
  const table = rows.length === 0 ? "  no connections\n" : columns([titles, ...rows]);
  const said = recent.map(({ time, text }) => `  ${clock(time)}  ${text}\n`).join("");
  const why = reason === undefined ? "" : `  why: ${reason}\n`;
  const forwards = [...listening, ...refused.map((one) => `refused: ${one}`)];
  return `${head}\n${why}${forwards.map((one) => `  ${one}\n`).join("")}${table}${said}`;
}

/** How a tunnel is, and why: what is to be read whole. */
const HEAD = /^(\S| {2}why: )/;

/** As much of a text as a screen has room for, from its first line on: heads are folded, the rest is cut. */
export function fitted(text: string, columns: number, rows: number): string {
  const lines = text
    .trimEnd()
    .split("\n")
    .flatMap((line) => (HEAD.test(line) ? folded(line, columns) : [line]));
  const more = lines.length - (rows - 1);
  if (more > 0) lines.splice(rows - 2, more + 1, `… and ${more + 1} lines`);
  return lines.map((line) => `${fit(line, columns)}\n`).join("");
}

function folded(line: string, columns: number): string[] {
  return line.match(new RegExp(`.{1,${columns}}`, "gu")) ?? [line];
}

/** A session's states, as people say them. */
const states: Readonly<Record<string, string>> = {
  waiting: "no session, trying again",
  connected: "connected",
  suspended: "the link is down, connections wait",
};

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `  ${cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd()}\n`;
  return rows.map(line).join("");
}

function total({ sentOctets, receivedOctets }: TunnelConnection): number {
  return sentOctets + receivedOctets;
}

function clock(time: string): string {
  return time === "" ? "-" : new Date(time).toTimeString().slice(0, 8);
}

function octets(count: number): string {
  const units = ["", "K", "M", "G", "T"];
  const power = Math.min(units.length - 1, count > 0 ? Math.floor(Math.log2(count) / 10) : 0);
  return power === 0 ? String(count) : `${(count / 1024 ** power).toFixed(1)}${units[power]}`;
}
