/**
 * Kills a client and its server with -9, either or both at a time, with the link between them cut besides,
 * and counts what was done: each item is to be done once. `node kill.js [KILLS] [SECONDS] [SEED]` does it
 * with ours, with grpc-js and with libtirpc.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Random } from "../../../src/testing/index.ts";
import { end, openWire, pause } from "../../durable/kill.ts";

export type Contestant = "tertulia" | "grpc-js" | "libtirpc";

export interface KillOptions {
  readonly kills: number;
  readonly overMs: number;
  readonly seed: number;
}

export interface KillResult {
  /** Items that the client wanted done, each once. */
  readonly wanted: number;
  /** Times that the server did something. */
  readonly done: number;
  /** Items that were done more than once. */
  readonly twice: number;
  /** Items that were not done. */
  readonly missing: number;
  /** Whether the client knows of every item exactly once that it is done. */
  readonly isClientRight: boolean;
  readonly clientsKilled: number;
  readonly serversKilled: number;
  readonly linksCut: number;
}

export async function kill(
  contestant: Contestant,
  { kills, overMs, seed }: KillOptions,
): Promise<KillResult> {
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), "tertulia-outcomes-"));
  const files = { server: join(folder, "server"), client: join(folder, "client") };
  const commands = commandsOf(contestant, folder);
  const wire = await openWire();
  const counts = { clientsKilled: 0, serversKilled: 0, linksCut: 0 };
  const startServer = () => start(commands.server, files.server, wire.target);
  const startClient = (last: number) => start(commands.client, files.client, wire.port, last);
  let server = startServer();
  let client = startClient(0);
  try {
    for (let i = 0; i < kills; i++) {
      // Something is to be done between two kills, however slow the machine is.
      await progress(contestant, files.client, random.between(1, 20));
      await pause((random.fraction() * overMs) / kills);
      const what = random.between(0, 7);
      if (what < 3) {
        wire.cut();
        counts.linksCut += 1;
      }
      // One of them, or both.
      const dead = what === 7 ? [client, server] : [what % 2 === 0 ? client : server];
      await Promise.all(dead.map(end));
      if (dead.includes(server)) {
        server = startServer();
        counts.serversKilled += 1;
      }
      if (dead.includes(client)) {
        client = startClient(0);
        counts.clientsKilled += 1;
      }
    }
    await end(client);
    const done = itemsOf(contestant, files.server, "items");
    const wanted = done.reduce((most, item) => Math.max(most, item), 0) + 50;
    client = startClient(wanted);
    const late = setTimeout(() => client.kill("SIGKILL"), 60_000);
    const [code] = await once(client, "exit");
    clearTimeout(late);
    if (code !== 0) throw new Error(`${contestant} did not finish`);
    await end(server);
    const times = new Map<number, number>();
    const items = itemsOf(contestant, files.server, "items");
    for (const item of items) times.set(item, (times.get(item) ?? 0) + 1);
    const known = itemsOf(contestant, files.client, "done").sort((a, b) => a - b);
    return {
      wanted,
      done: items.length,
      twice: [...times.values()].filter((count) => count > 1).length,
      missing: wanted - times.size,
      isClientRight: known.length === wanted && known.every((item, index) => item === index + 1),
      ...counts,
    };
  } finally {
    await Promise.all([end(client), end(server)]);
    wire.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until the client knows of so many more items, but not for ever: it may have been killed often. */
async function progress(contestant: Contestant, file: string, items: number): Promise<void> {
  const before = itemsOf(contestant, file, "done").length;
  for (let i = 0; i < 250; i++) {
    if (itemsOf(contestant, file, "done").length >= before + items) return;
    await pause(20);
  }
}

type Command = readonly [program: string, ...parameters: readonly string[]];

function commandsOf(contestant: Contestant, folder: string): { server: Command; client: Command } {
  if (contestant === "libtirpc") {
    const program = build(folder);
    return { server: [program, "server"], client: [program, "client"] };
  }
  const name = contestant === "tertulia" ? "tertulia" : "grpc";
  const script = (role: string): Command => [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    join(import.meta.dirname, `${name}-${role}.js`),
  ];
  return { server: script("server"), client: script("client") };
}

/** Makes the C program, with rpcgen and gcc. */
function build(folder: string): string {
  const fixtures = join(import.meta.dirname, "../../../../test/fixtures/oncrpc");
  for (const name of ["bench.x", "outcomes.c"]) {
    copyFileSync(join(fixtures, name), join(folder, name));
  }
  const make = `rpcgen -N -C bench.x && rpcgen -N -C -m bench.x > bench_disp.c &&
    gcc -O2 -w -I/usr/include/tirpc -o outcomes outcomes.c bench_disp.c bench_xdr.c -ltirpc`;
  execFileSync("sh", ["-c", make], { cwd: folder, stdio: "pipe" });
  return join(folder, "outcomes");
}

function start([program, ...parameters]: Command, ...more: (string | number)[]): ChildProcess {
  return spawn(program, [...parameters, ...more.map(String)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function itemsOf(contestant: Contestant, file: string, table: "items" | "done"): number[] {
  if (!existsSync(file)) return [];
  if (contestant === "libtirpc") {
    return readFileSync(file, "utf8").split("\n").slice(0, -1).map(Number);
  }
  const database = new DatabaseSync(file, { readOnly: true, timeout: 1000 });
  try {
    // Whoever makes the table may have been killed before.
    const known = database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table);
    if (known === undefined) return [];
    return database
      .prepare(`SELECT item FROM ${table}`)
      .all()
      .map(({ item }) => Number(item));
  } finally {
    database.close();
  }
}

if (process.argv[1] === import.meta.filename) {
  const [kills = 200, seconds = 120, seed = Date.now() % 100_000] = process.argv
    .slice(2)
    .map(Number);
  let isExact = false;
  for (const contestant of ["tertulia", "grpc-js", "libtirpc"] as const) {
    const result = await kill(contestant, { kills, overMs: seconds * 1000, seed });
    const { wanted, done, twice, missing } = result;
    console.log(`${contestant}, seed ${seed}: ${JSON.stringify(result)}`);
    if (contestant === "tertulia") {
      isExact = done === wanted && twice === 0 && missing === 0 && result.isClientRight;
    }
  }
  process.exit(isExact ? 0 : 1);
}
