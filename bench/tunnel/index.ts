/**
 * What a tunnel costs beside what it replaces, and how soon it goes on. Everything is the command
 * as people start it: a client, the near end, the far end and the target are processes of their own,
 * so on a machine of two cores four programs share what `direct` has for two.
 *
 * @module
 */

import type { Case } from "../harness.ts";
import type { Worker } from "../worker.ts";
import { type Command, startEnd } from "./ends.ts";
import { healing } from "./heal.ts";
import { idleMemory } from "./memory.ts";
import { upgrading } from "./upgrade.ts";
import { type Column, openWay, type Way } from "./ways.ts";

const isSmoke = process.env["BENCH_SMOKE"] === "1";
/** How long a round sends. */
const ROUND_MS = isSmoke ? 50 : 700;
/** How long each way is used before: V8 compiles for the first five seconds, anew with each of the first connections. */
const WARM_UP_MS = isSmoke ? 0 : 6000;
const COLUMNS: readonly Column[] = ["tertulia", "tertulia-tls", "direct", "ssh", "socat", "node"];
/** The least that a relay can do: for speed only. */
const LEAST: readonly Column[] = ["c"];

/** The cases, in the order in which they are printed. */
export const cases: readonly Case[] = [
  running("tunnel-bulk", "MB/s", "higher", async (client, port) => {
    return (await client.ask({ type: "send", port, ms: ROUND_MS })) / 1e6;
  }),
  running("tunnel-rtt", "µs/round trip", "lower", (client, port) =>
    client.ask({ type: "echo", port, octets: 64, ms: ROUND_MS / 2 }),
  ),
  healing(isSmoke ? [100] : [400, 900, 1700, 3100, 5300]),
  idleMemory(COLUMNS, isSmoke ? 20 : 1000),
  upgrading(isSmoke ? 20 : 1000),
];

/** A case whose ways, one a column, stay open through all its rounds. */
function running(
  name: string,
  unit: string,
  better: Case["better"],
  measure: (client: Worker<Command>, port: number) => Promise<number>,
): Case {
  let ends: Promise<{
    readonly client: Worker<Command>;
    readonly target: Worker<Command>;
    readonly port: number;
  }>;
  const ways = new Map<Column, Way>();
  const start = async () => {
    const [client, target] = [startEnd(), startEnd()];
    return { client, target, port: await target.ask({ type: "listen" }) };
  };
  const figure = async (column: Column): Promise<number> => {
    ends ??= start();
    const { client, port } = await ends;
    const known = ways.get(column);
    const way = known ?? (await openWay(column, port));
    ways.set(column, way);
    const by = performance.now() + WARM_UP_MS;
    while (!known && performance.now() < by) await measure(client, way.port);
    return measure(client, way.port);
  };
  return {
    name,
    unit,
    better,
    columns: Object.fromEntries(
      [...COLUMNS, ...LEAST].map((column) => [column, () => figure(column)]),
    ),
    async close() {
      for (const way of ways.values()) await way[Symbol.asyncDispose]();
      const { client, target } = await ends;
      await client.leave();
      await target.leave();
    },
  };
}
