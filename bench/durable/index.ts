/**
 * What `disk` durability costs. A message counts when its sender knows that the receiver's journal has
 * it, synced: it went through two journals on one disk, the sender's and the receiver's.
 *
 * `sqlite` writes each message to one file, with as many in a transaction as there are in flight;
 * `sqlite-twice` to one and then to another, as the promise demands. `nats` is JetStream on file
 * storage, one node, which acknowledges before it has synced (its sync_interval is two minutes).
 *
 * @module
 */

import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats } from "@nats-io/transport-node";
import { connect, type Session } from "tertulia";
import { openSqliteStore } from "tertulia/stores/sqlite";
import { freePort } from "../../packages/tertulia/dist/test/free-port.js";
import { type Case, Missing } from "../harness.ts";

const isSmoke = process.env["BENCH_SMOKE"] === "1";
const ROUND_MS = isSmoke ? 100 : 2000;
/** V8 takes some 12,000 messages to optimise what one passes: with one in flight, so long. */
const WARM_MS = isSmoke ? 100 : 12_000;
const MANY = Number(process.env["BENCH_SESSIONS"] ?? (isSmoke ? 50 : 10_000));
const PAYLOAD = new Uint8Array(64);

/** The cases, in the order in which they are printed. */
export const cases: readonly Case[] = [
  ...[1, 64, 512].flatMap((inFlight): Case[] => [
    throughput(`durable-${inFlight}`, inFlight, "messages/s", "higher", (run) => run.rate),
    throughput(`durable-${inFlight}-p99`, inFlight, "ms", "lower", (run) => run.p99Ms),
  ]),
  {
    name: `durable-resume-${MANY}`,
    unit: "ms until all go on after kill -9",
    better: "lower",
    columns: { tertulia: resumeMany },
    rounds: 3,
  },
  {
    name: "durable-store-octets",
    unit: "octets of the file per idle session",
    better: "lower",
    columns: { tertulia: storeOctets },
    rounds: 1,
  },
];

interface Run {
  readonly rate: number;
  readonly p99Ms: number;
}

function throughput(
  name: string,
  inFlight: number,
  unit: string,
  better: Case["better"],
  figure: (run: Run) => number,
): Case {
  return {
    name,
    unit,
    better,
    columns: {
      tertulia: async () => figure(await tertulia(inFlight)),
      sqlite: async () => figure(sqlite(inFlight, 1)),
      "sqlite-twice": async () => figure(sqlite(inFlight, 2)),
      nats: async () => figure(await nats(inFlight)),
    },
  };
}

interface Pair {
  readonly inFlight: number;
  readonly session: Session;
  readonly close: () => Promise<void>;
}

let pair: Pair | undefined;

async function tertulia(inFlight: number): Promise<Run> {
  if (pair?.inFlight !== inFlight) {
    await pair?.close();
    pair = await warmPair(inFlight);
  }
  return await measure(inFlight, ROUND_MS / 4, () => delivered(pair?.session));
}

/** A session between two processes, which goes through all rounds of a case, as sessions do. */
async function warmPair(inFlight: number): Promise<Pair> {
  const folder = newFolder();
  const listener = await startListener(0, join(folder, "listener.db"));
  const store = await openSqliteStore(join(folder, "initiator.db"));
  const session = await connect(`tcp://127.0.0.1:${listener.port}`, { store });
  const close = async () => {
    session.abort();
    await session.closed;
    await store[Symbol.asyncDispose]();
    await stop(listener.child);
    rmSync(folder, { recursive: true, force: true });
  };
  process.on("exit", () => {
    listener.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  await measure(inFlight, WARM_MS, () => delivered(session));
  return { inFlight, session, close };
}

async function delivered(session: Session | undefined): Promise<void> {
  void session?.send(PAYLOAD);
  await session?.delivered();
}

/** Sends with so many in flight, each acknowledged before the next of its place is sent. */
async function measure(
  inFlight: number,
  warmMs: number,
  send: () => Promise<unknown>,
): Promise<Run> {
  const times: number[] = [];
  const began = performance.now();
  const one = async (until: number) => {
    while (performance.now() < until) {
      const at = performance.now();
      await send();
      times.push(performance.now() - at);
    }
  };
  // A while to warm up, which does not count.
  await Promise.all(Array.from({ length: inFlight }, () => one(began + warmMs)));
  times.length = 0;
  const from = performance.now();
  await Promise.all(Array.from({ length: inFlight }, () => one(from + ROUND_MS)));
  return summary(times, performance.now() - from);
}

function summary(times: number[], ms: number): Run {
  times.sort((a, b) => a - b);
  return { rate: (times.length * 1000) / ms, p99Ms: times[Math.floor(times.length * 0.99)] ?? 0 };
}

function sqlite(inFlight: number, files: number): Run {
  const folder = newFolder();
  const databases = Array.from({ length: files }, (_, i) => {
    const db = new DatabaseSync(join(folder, `${i}.db`));
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    db.exec("CREATE TABLE entries (n INTEGER PRIMARY KEY, octets BLOB)");
    return { db, insert: db.prepare("INSERT INTO entries (octets) VALUES (?)") };
  });
  const times: number[] = [];
  const from = performance.now();
  while (performance.now() < from + ROUND_MS) {
    const at = performance.now();
    for (const { db, insert } of databases) {
      db.exec("BEGIN");
      for (let i = 0; i < inFlight; i++) insert.run(PAYLOAD);
      db.exec("COMMIT");
    }
    const took = performance.now() - at;
    for (let i = 0; i < inFlight; i++) times.push(took);
  }
  const run = summary(times, performance.now() - from);
  for (const { db } of databases) db.close();
  rmSync(folder, { recursive: true, force: true });
  return run;
}

async function nats(inFlight: number): Promise<Run> {
  const folder = newFolder();
  const port = await freePort();
  const parameters = ["-js", "-sd", folder, "-a", "127.0.0.1", "-p", `${port}`];
  const server = spawn("nats-server", parameters, { stdio: "ignore" });
  const failed = new Promise<never>((_, reject) => {
    server.once("error", () => reject(new Missing("nats-server: run scripts/peers.sh as root")));
  });
  const servers = `127.0.0.1:${port}`;
  const options = { servers, waitOnFirstConnect: true, reconnectTimeWait: 50 };
  const connection = await Promise.race([connectNats(options), failed]);
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "bench", subjects: ["bench"], storage: "file" as never });
  const stream = jetstream(connection);
  const run = await measure(inFlight, ROUND_MS / 4, () => stream.publish("bench", PAYLOAD));
  await connection.close();
  await stop(server);
  rmSync(folder, { recursive: true, force: true });
  return run;
}

async function resumeMany(): Promise<number> {
  await pair?.close();
  pair = undefined;
  const folder = newFolder();
  const path = join(folder, "listener.db");
  const first = await startListener(0, path);
  const store = await openSqliteStore(join(folder, "initiator.db"));
  const sessions = await connectMany(first.port, store);
  const resumed = sessions.map(untilResumed);
  await stop(first.child);
  const from = performance.now();
  const second = await startListener(first.port, path);
  await Promise.all(resumed);
  const ms = performance.now() - from;
  await endAll(sessions);
  await stop(second.child);
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
  return ms;
}

async function storeOctets(): Promise<number> {
  const folder = newFolder();
  const path = join(folder, "listener.db");
  const { child, port } = await startListener(0, path);
  const store = await openSqliteStore(join(folder, "initiator.db"));
  const sessions = await connectMany(port, store);
  await stop(child);
  // The initiators end, the listener's file has them all.
  await endAll(sessions);
  await store[Symbol.asyncDispose]();
  await (await openSqliteStore(path))[Symbol.asyncDispose]();
  const octets = statSync(path).size / MANY;
  rmSync(folder, { recursive: true, force: true });
  return octets;
}

type Store = Awaited<ReturnType<typeof openSqliteStore>>;

async function connectMany(port: number, store: Store): Promise<Session[]> {
  const sessions: Session[] = [];
  const limits = { backoffMsMax: 1000 };
  while (sessions.length < MANY) {
    const some = Array.from({ length: Math.min(200, MANY - sessions.length) }, () =>
      connect(`tcp://127.0.0.1:${port}`, { store, limits }),
    );
    sessions.push(...(await Promise.all(some)));
  }
  return sessions;
}

/** Those of one round must not go on dialling during the next one. */
async function endAll(sessions: readonly Session[]): Promise<void> {
  for (const session of sessions) session.abort();
  await Promise.all(sessions.map(({ closed }) => closed));
}

async function untilResumed(session: Session): Promise<void> {
  for await (const { type } of session.changes()) if (type === "resumed") return;
}

async function startListener(port: number, path: string) {
  const script = join(import.meta.dirname, "listener.ts");
  const child = fork(script, [`${port}`, path], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const [message] = await once(child, "message");
  return { child, port: (message as { port: number }).port }; // what listener.ts sends
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "tertulia-bench-"));
}
