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

export async function stopPair({ listener, initiator }: Pair): Promise<void> {
  await Promise.all([listener.leave(), initiator.leave()]);
}

function startWorker(column: Column): Worker<Command> {
  const program = join(import.meta.dirname, "child.ts");
  return new Worker(program, [column], ["--expose-gc", ...nodeOptions]);
}
