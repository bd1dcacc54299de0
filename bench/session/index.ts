/**
 * What a session costs beside what it replaces. Each case runs in two processes over loopback, each
 * message is handed to application code, and the listener is the one that sends.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Case } from "../harness.ts";
import type { Column } from "./commands.ts";
import { type Pair, startPair, stopPair, whileAwake } from "./pair.ts";
import { countingProxy } from "./proxy.ts";

const isSmoke = process.env["BENCH_SMOKE"] === "1";
/** How long a round sends. */
const ROUND_MS = isSmoke ? 50 : 400;
/** How long a pair of processes runs before its first round counts. */
const WARM_UP_MS = isSmoke ? 50 : 1000;
/** How many connections there are where it is about many. */
const MANY = isSmoke ? 50 : 10_000;
/** Rounds where the figure takes long to come by; memory hardly varies from round to round. */
const FEW = 3;
const ONE = 1;

const plain: readonly Column[] = [
  "tertulia",
  "tertulia-for-await",
  "net",
  "slab",
  "ws",
  "socket.io",
  "dev-tunnels-ssh",
];
const secure: readonly Column[] = ["tertulia-tls", "tls", "slab-tls", "wss", "dev-tunnels-ssh"];
const once = without(plain, "tertulia-for-await", "slab");

/** The cases, in the order in which they are printed. */
export const cases: readonly Case[] = [
  oneWay("oneway-64", 64, plain),
  oneWay("oneway-1024", 1024, plain),
  oneWay("oneway-65536", 65_536, without(plain, "dev-tunnels-ssh")),
  running("rtt-64", "µs/round trip", "lower", without(plain, "slab"), ({ initiator }) =>
    initiator.ask({ type: "echo", octets: 64, ms: ROUND_MS }),
  ),
  oneWay("tls-oneway-1024", 1024, secure),
  running("establish", "sessions/s", "higher", once, async ({ initiator, listener, port }) => {
    const rate = await initiator.ask({ type: "establish", port, ms: ROUND_MS });
    await initiator.ask({ type: "close" });
    await listener.ask({ type: "close" });
    return rate;
  }),
  idleMemory(),
  detachedMemory(),
  resumeMany(),
  wireOctets(),
];

function without(columns: readonly Column[], ...names: readonly Column[]): readonly Column[] {
  return columns.filter((column) => !names.includes(column));
}

function oneWay(name: string, octets: number, columns: readonly Column[]): Case {
  return running(name, "messages/s", "higher", columns, ({ listener }) =>
    listener.ask({ type: "send", octets, ms: ROUND_MS }),
  );
}

/** A case whose pairs of processes, one a column, live through all its rounds. */
function running(
  name: string,
  unit: string,
  better: Case["better"],
  columns: readonly Column[],
  measure: (pair: Pair) => Promise<number>,
): Case {
  const pairs = new Map<Column, Pair>();
  const pairOf = async (column: Column): Promise<Pair> => {
    const known = pairs.get(column);
    if (known) return known;
    const pair = await startPair(column);
    pairs.set(column, pair);
    await pair.initiator.ask({ type: "connect", port: pair.port, count: 1 });
    for (const start = performance.now(); performance.now() < start + WARM_UP_MS; ) {
      await measure(pair);
    }
    return pair;
  };
  return {
    name,
    unit,
    better,
    columns: byColumn(columns, async (column) => {
      const pair = await pairOf(column);
      return whileAwake(pair, () => measure(pair));
    }),
    async close() {
      await Promise.all([...pairs.values()].map(stopPair));
      pairs.clear();
    },
  };
}

function idleMemory(): Case {
  let raw: Promise<number> | undefined;
  return {
    name: "idle-memory",
    unit: "octets above a raw socket",
    better: "lower",
    rounds: ONE,
    columns: byColumn(["tertulia", "ws", "socket.io"], async (column) => {
      raw ??= idle("net");
      return (await idle(column)) - (await raw);
    }),
  };
}

/** Octets that an idle connection takes, in the process where it takes more. */
async function idle(column: Column): Promise<number> {
  const pair = await startPair(column);
  const { initiator, listener, port } = pair;
  const before = [await initiator.ask({ type: "memory" }), await listener.ask({ type: "memory" })];
  await initiator.ask({ type: "connect", port, count: MANY });
  const after = [await initiator.ask({ type: "memory" }), await listener.ask({ type: "memory" })];
  await Promise.all([initiator.kill(), listener.kill()]);
  return Math.max(...after.map((octets, side) => (octets - (before[side] ?? 0)) / MANY));
}

function detachedMemory(): Case {
  return {
    name: "detached-memory",
    unit: "octets",
    better: "lower",
    rounds: ONE,
    columns: byColumn(["tertulia", "socket.io"], async (column) => {
      const { initiator, listener, port } = await startPair(column);
      const before = await listener.ask({ type: "memory" });
      await initiator.ask({ type: "connect", port, count: MANY });
      await initiator.kill();
      await sleep(500);
      const after = await listener.ask({ type: "memory" });
      await listener.kill();
      return (after - before) / MANY;
    }),
  };
}

function resumeMany(): Case {
  return {
    name: "resume-10000",
    unit: "seconds",
    better: "lower",
    rounds: FEW,
    columns: byColumn(["tertulia", "socket.io"], async (column) => {
      const { initiator, listener, port } = await startPair(column);
      await initiator.ask({ type: "connect", port, count: MANY });
      await initiator.ask({ type: "watch" });
      const start = performance.now();
      await listener.ask({ type: "break" });
      await initiator.ask({ type: "resumed", count: MANY });
      const seconds = (performance.now() - start) / 1000;
      await Promise.all([initiator.kill(), listener.kill()]);
      return seconds;
    }),
  };
}

function wireOctets(): Case {
  return {
    name: "wire-octets-64",
    unit: "octets/message, both directions",
    better: "lower",
    rounds: ONE,
    columns: byColumn(without(plain, "slab"), async (column) => {
      const pair = await startPair(column);
      const proxy = await countingProxy(pair.port);
      await pair.initiator.ask({ type: "connect", port: proxy.port, count: 1 });
      const before = proxy.octets();
      await pair.listener.ask({ type: "send", octets: 64, ms: ROUND_MS });
      const octets = proxy.octets() - before;
      const count = await pair.initiator.ask({ type: "received" });
      await stopPair(pair);
      proxy.close();
      return octets / count;
    }),
  };
}

function byColumn(
  columns: readonly Column[],
  figure: (column: Column) => Promise<number>,
): Case["columns"] {
  // In the TLS case too our column is called by our name.
  const named = (column: Column) => (column === "tertulia-tls" ? "tertulia" : column);
  // Whether a column runs at all, one case shows.
  const chosen = isSmoke && columns !== plain ? columns.slice(0, 1) : columns;
  return Object.fromEntries(chosen.map((column) => [named(column), () => figure(column)]));
}
