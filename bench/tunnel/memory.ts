/**
 * What a forwarded connection that says nothing costs: the memory that is a tunnel's own
 * (proportional set size), of both its ends and whatever they start, before and after.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Case } from "../harness.ts";
import { startEnd } from "./ends.ts";
import { type Column, descendants, openWay } from "./ways.ts";

export function idleMemory(columns: readonly Column[], count: number): Case {
  const ways = columns.filter((column) => column !== "direct");
  return {
    name: "tunnel-idle-memory",
    unit: `octets a connection, both ends, ${count} connections`,
    better: "lower",
    rounds: 1,
    columns: Object.fromEntries(ways.map((column) => [column, () => idle(column, count)])),
  };
}

async function idle(column: Column, count: number): Promise<number> {
  const [client, target] = [startEnd(), startEnd()];
  try {
    const listening = await target.ask({ type: "listen" });
    await using way = await openWay(column, listening);
    const { port } = way;
    // What the first connection costs is not what one more costs.
    await client.ask({ type: "open", port, count: 1 });
    await sleep(500);
    const before = memoryOf(way.pids);
    await client.ask({ type: "open", port, count: count - 1 });
    await sleep(1000);
    return (memoryOf(way.pids) - before) / (count - 1);
  } finally {
    await client.leave();
    await target.leave();
  }
}

function memoryOf(pids: readonly number[]): number {
  let octets = 0;
  for (const pid of pids.flatMap((one) => [one, ...descendants(one)])) {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      octets += Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
    } catch {
      // It has ended meanwhile.
    }
  }
  return octets;
}
