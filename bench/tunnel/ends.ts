/**
 * The programs at the two ends of what is measured, as processes of their own.
 *
 * @module
 */

import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";

export type Command =
  /** Listens; answers with the port. */
  | { readonly type: "listen" }
  /** Sends to a port for a time; answers with the octets a second that arrived. */
  | { readonly type: "send"; readonly port: number; readonly ms: number }
  /** Sends and waits for the echo, for a time; answers with the microseconds that one takes. */
  | { readonly type: "echo"; readonly port: number; readonly octets: number; readonly ms: number }
  /** Opens connections that stay, and lets each say one octet. */
  | { readonly type: "open"; readonly port: number; readonly count: number }
  /** Waits until so many were accepted. */
  | { readonly type: "accepted"; readonly count: number }
  | { readonly type: "close" };

export class End {
  readonly #process: ChildProcess = fork(join(import.meta.dirname, "driver.ts"));

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

  stop(): void {
    this.#process.disconnect();
  }
}
