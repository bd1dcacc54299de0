/**
 * Two processes on loopback, one that listens and one that connects, both of one column.
 *
 * @module
 */

import { join } from "node:path";
import { Worker } from "../worker.ts";
import type { Column, Command } from "./commands.ts";

/** Options of Node for those who want to look inside, for example `--cpu-prof`. */
const nodeOptions = (process.env["BENCH_NODE_OPTIONS"] ?? "").split(" ").filter(Boolean);

export interface Pair {
  readonly listener: Worker<Command>;
  readonly initiator: Worker<Command>;
  readonly port: number;
}

export async function startPair(column: Column): Promise<Pair> {
  const listener = startWorker(column);
  const initiator = startWorker(column);
  return { listener, initiator, port: await listener.ask({ type: "listen" }) };
}

/** Both run only while this does: columns that wait for their round take nothing from the others. */
export async function whileAwake<T>(
  { listener, initiator }: Pair,
  work: () => Promise<T>,
): Promise<T> {
  for (const worker of [listener, initiator]) worker.wake();
  const result = await work();
  for (const worker of [listener, initiator]) worker.freeze();
  return result;
}

export async function stopPair({ listener, initiator }: Pair): Promise<void> {
  for (const worker of [listener, initiator]) worker.wake();
  await Promise.all([listener.leave(), initiator.leave()]);
}

function startWorker(column: Column): Worker<Command> {
  const program = join(import.meta.dirname, "child.ts");
  return new Worker(program, [column], ["--expose-gc", ...nodeOptions]);
}
