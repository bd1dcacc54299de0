/**
 * A process of a bench, and the one question at a time that it is asked.
 *
 * @module
 */

import { type ChildProcess, fork } from "node:child_process";

/** What a {@link Worker} answers with. */
type Answer = { readonly value: number } | { readonly error: string };

/** The parent's side. */
export class Worker<Command extends object> {
  readonly #process: ChildProcess;

  /** @param execArgv - Options of Node for it. */
  constructor(program: string, args: readonly string[] = [], execArgv: readonly string[] = []) {
    this.#process = fork(program, args, { execArgv: [...execArgv] });
  }

  /** What it answers. One question at a time. */
  ask(command: Command): Promise<number> {
    const child = this.#process;
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`it exited with ${code}`));
      child.once("exit", onExit);
      child.once("message", (answer: Answer) => {
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

  /** Stops it, as a debugger would: it takes no time at all until {@link wake}. */
  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  wake(): void {
    this.#process.kill("SIGCONT");
  }

  kill(): Promise<void> {
    return new Promise((resolve) => {
      this.#process.once("exit", () => resolve());
      this.#process.kill("SIGKILL");
    });
  }
}

/** The child's side: answers whatever its parent asks, until that is gone. */
export function answerWith<Command>(run: (command: Command) => Promise<number>): void {
  process.on("message", (command: Command) => {
    run(command).then(
      (value) => process.send?.({ value } satisfies Answer),
      (error: Error) => process.send?.({ error: error.stack ?? String(error) } satisfies Answer),
    );
  });
  process.on("disconnect", () => process.exit());
}
