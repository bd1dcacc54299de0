/**
 * Two processes on loopback, one that listens and one that connects, both of one column.
 *
 * @module
 */

import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Column, Command } from "./commands.ts";

/** Options of Node for those who want to look inside, for example `--cpu-prof`. */
const nodeOptions = (process.env["BENCH_NODE_OPTIONS"] ?? "").split(" ").filter(Boolean);

/** One process. */
export class Worker {
  readonly #process: ChildProcess;

  constructor(column: Column) {
    const execArgv = ["--expose-gc", ...nodeOptions];
    this.#process = fork(join(import.meta.dirname, "child.ts"), [column], { execArgv });
  }

  /** What it answers. One question at a time. */
  ask(command: Command): Promise<number> {
    const child = this.#process;
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`it exited with ${code}`));
      child.once("exit", onExit);
      child.once("message", (answer: { value: number } | { error: string }) => {
        child.off("exit", onExit);
        if ("error" in answer) reject(new Error(answer.error));
        else resolve(answer.value);
      });
      child.send(command);
    });
  }

  /** Lets it exit by itself, so that it can write its profile. */
  leave(): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.disconnect();
    });
  }

  kill(): Promise<void> {
    return new Promise((resolve) => {
      this.#process.once("exit", () => resolve());
      this.#process.kill("SIGKILL");
    });
  }
}

export interface Pair {
  readonly listener: Worker;
  readonly initiator: Worker;
  readonly port: number;
}

export async function startPair(column: Column): Promise<Pair> {
  const listener = new Worker(column);
  const initiator = new Worker(column);
  return { listener, initiator, port: await listener.ask({ type: "listen" }) };
}

export async function stopPair({ listener, initiator }: Pair): Promise<void> {
  await Promise.all([listener.leave(), initiator.leave()]);
}
