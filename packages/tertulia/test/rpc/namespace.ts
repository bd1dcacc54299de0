/** Two hosts, one with a /run of its own, and programs in them; all gone when disposed. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hosts, INTERFACE } from "../hosts.ts";

export class Namespaces implements AsyncDisposable {
  readonly one: string;
  readonly two: string;
  readonly folder: string = mkdtempSync(join(tmpdir(), "tertulia-rpc-ns-"));
  readonly #hosts = new Hosts(2, "10.79.0");
  readonly #running: ChildProcess[] = [];

  /** `one` has 10.79.0.1 and a private /run; `two` has 10.79.0.2. */
  constructor() {
    this.one = this.#hosts.namespace(1);
    this.two = this.#hosts.namespace(2);
    for (const host of [1, 2]) this.#hosts.ip(host, "route", "add", "default", "dev", INTERFACE);
  }

  /** Starts a program in a namespace, with a /run of its own, and waits for a line that it prints. */
  async start(
    namespace: string,
    command: readonly string[],
    sign: RegExp,
  ): Promise<{ process: ChildProcess; enter: readonly string[] }> {
    const script = 'mount -t tmpfs tmpfs /run && mkdir -p /run/rpcbind && exec "$@"';
    const enter = ["ip", "netns", "exec", namespace, "unshare", "-m", "sh", "-c", script, "sh"];
    const process = await this.enter(enter, command, sign);
    // To be in the same namespaces, with the same /run.
    return { process, enter: ["nsenter", "-t", String(process.pid), "-n", "-m", "--"] };
  }

  /** Starts a program by way of another, and waits for a line that it prints. */
  async enter(
    enter: readonly string[],
    command: readonly string[],
    sign: RegExp,
  ): Promise<ChildProcess> {
    const [first = "", ...rest] = [...enter, ...command];
    const child = spawn(first, rest, { stdio: ["pipe", "pipe", "pipe"] });
    this.#running.push(child);
    let text = "";
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not ready: ${text}`)), 20_000);
      const onText = (part: Buffer): void => {
        text = (text + part).slice(-20_000);
        if (!sign.test(text)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout?.on("data", onText);
      child.stderr?.on("data", onText);
      child.once("exit", (code) => {
        clearTimeout(timer);
        reject(new Error(`ended with ${code}: ${text}`));
      });
    });
    return child;
  }

  /** Runs a program to its end, or until it has printed what is waited for; all that it printed. */
  run(command: readonly string[], namespace?: string, until?: RegExp): Promise<string> {
    const [program = "", ...parameters] =
      namespace === undefined ? command : ["ip", "netns", "exec", namespace, ...command];
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });
    this.#running.push(child);
    let text = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
    for (const output of [child.stdout, child.stderr]) {
      output.on("data", (part) => {
        text += part;
        if (until?.test(text)) child.kill();
      });
    }
    return new Promise((resolve) => {
      child.once("close", () => {
        clearTimeout(timer);
        resolve(text);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
    }
    this.#hosts[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
