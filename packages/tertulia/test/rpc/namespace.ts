/** A pair of network namespaces joined by a cable, and programs in them; all gone when disposed. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let serial = 0;

export class Namespaces implements AsyncDisposable {
  readonly one: string;
  readonly two: string;
  readonly folder: string = mkdtempSync(join(tmpdir(), "tertulia-rpc-ns-"));
  readonly #running: ChildProcess[] = [];

  /** `one` has 10.79.0.1 and a private /run; `two` has 10.79.0.2. */
  constructor() {
    serial += 1;
    this.one = `trpc${process.pid % 100_000}${serial}a`;
    this.two = `trpc${process.pid % 100_000}${serial}b`;
    for (const name of [this.one, this.two]) {
      ip("netns", "add", name);
      ip("-n", name, "link", "set", "lo", "up");
    }
    ip(
      ...["-n", this.one, "link", "add", "veth0", "type", "veth"],
      ...["peer", "name", "veth0", "netns", this.two],
    );
    for (const [name, address] of [
      [this.one, "10.79.0.1"],
      [this.two, "10.79.0.2"],
    ] as const) {
      ip("-n", name, "address", "add", `${address}/24`, "broadcast", "10.79.0.255", "dev", "veth0");
      ip("-n", name, "link", "set", "veth0", "up");
      ip("-n", name, "route", "add", "default", "dev", "veth0");
    }
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
    ip("netns", "del", this.one);
    ip("netns", "del", this.two);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function ip(...parameters: readonly string[]): void {
  execFileSync("ip", parameters, { stdio: "pipe" });
}
