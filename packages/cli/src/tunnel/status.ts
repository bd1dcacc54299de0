/**
 * How a running tunnel says what goes through it: a Unix socket in the home folder, which gives one
 * JSON object to whoever connects.
 *
 * @module
 */

import { mkdir, readdir, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { formatTarget, type Tunnel, type TunnelConnection } from "tertulia/tunnel";
import type { Home } from "../home.ts";

export interface TunnelStatus {
  readonly pid: number;
  readonly address: string;
  readonly session: {
    readonly state: string;
    readonly since: string;
    readonly backlogOctets: number;
  };
  readonly listening: readonly string[];
  readonly connections: readonly TunnelConnection[];
}

const folderOf = (home: Home) => join(home.folder, "tunnels");

/** Answers `tertulia tunnel status` until it is disposed of. */
export async function offerStatus(
  home: Home,
  { address, tunnel }: { readonly address: string; readonly tunnel: Tunnel },
): Promise<AsyncDisposable> {
  const folder = folderOf(home);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${process.pid}.sock`);
  await rm(path, { force: true });
  const server = createServer((socket) => {
    socket.on("error", () => {});
    const status: TunnelStatus = {
      pid: process.pid,
      address,
      session: tunnel.session,
      listening: tunnel.addresses.map((one) => {
        const target = one.target ? ` -> ${formatTarget(one.target)}` : "";
        return `${one.type} ${formatTarget(one.address)}${target}`;
      }),
      connections: tunnel.connections,
    };
    socket.end(JSON.stringify(status));
  });
  server.listen(path);
  server.unref();
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      await rm(path, { force: true });
    },
  };
}

/** What the tunnels of this home folder say. One that does not answer is gone, and swept away. */
export async function readStatus(home: Home): Promise<TunnelStatus[]> {
  const folder = folderOf(home);
  const names = await readdir(folder).catch(() => []);
  const all = await Promise.all(
    names.map(async (name): Promise<TunnelStatus | undefined> => {
      const path = join(folder, name);
      try {
        return JSON.parse(await text(connect(path)));
      } catch {
        await rm(path, { force: true });
        return undefined;
      }
    }),
  );
  return all.filter((one) => one !== undefined);
}

/** For people. */
export function statusTable(tunnels: readonly TunnelStatus[]): string {
  if (tunnels.length === 0) return "no tunnel runs here\n";
  return tunnels.map(tunnelTable).join("\n");
}

function tunnelTable({ pid, address, session, listening, connections }: TunnelStatus): string {
  const head = `tunnel to ${address} (pid ${pid}): ${session.state} since ${clock(session.since)}`;
  const rows = connections.map((one) => [
    String(one.id),
    one.state,
    one.opening,
    one.local,
    octets(one.sentOctets),
    octets(one.receivedOctets),
    octets(one.pendingOctets),
    clock(String(one.since)),
  ]);
  const titles = ["id", "state", "to", "from", "sent", "received", "waiting", "since"];
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `  ${cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd()}\n`;
  const table = rows.length === 0 ? "  no connections\n" : [titles, ...rows].map(line).join("");
  return `${head}\n${listening.map((one) => `  ${one}\n`).join("")}${table}`;
}

function clock(time: string): string {
  return time === "" ? "-" : new Date(time).toTimeString().slice(0, 8);
}

function octets(count: number): string {
  const units = ["", "K", "M", "G", "T"];
  const power = Math.min(units.length - 1, count > 0 ? Math.floor(Math.log2(count) / 10) : 0);
  return power === 0 ? String(count) : `${(count / 1024 ** power).toFixed(1)}${units[power]}`;
}
