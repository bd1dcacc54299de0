/**
 * Two hosts with a wire that fails, a tunnel between them, and the programs that run on them.
 */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Forward } from "../../src/tunnel/index.ts";
import { FAR_ADDRESS, type Side, TestNetwork } from "../network.ts";
import { hasNamespaces, hasPeers } from "../peers.ts";

const END = join(import.meta.dirname, "end.js");
const DIRECT = { listening: `tcp://${FAR_ADDRESS}:7700`, calling: `${FAR_ADDRESS}:7700` };

/** A tunnel between two hosts, and what runs on them; everything ends with the test. */
export class ProgramHosts implements Disposable {
  readonly network: TestNetwork;
  readonly folder: string;
  readonly changes: string[] = [];
  readonly #children: ChildProcess[] = [];
  #failing = true;

  constructor(name: string) {
    this.network = new TestNetwork();
    this.folder = mkdtempSync(join(tmpdir(), `tunnel-${name}-`));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string | Uint8Array, mode = 0o600): string {
    writeFileSync(this.path(name), text, { mode });
    return this.path(name);
  }

  /** Starts a program that runs until the test ends. */
  start(side: Side, ...command: string[]): ChildProcess {
    const stderr = "pipe";
    const child = this.network.spawn(side, command, { stdio: ["pipe", "pipe", stderr] });
    child.stderr?.resume();
    this.#children.push(child);
    return child;
  }

  /** Both ends of a tunnel with these options; what is between them may be a proxy. Their process ids. */
  async tunnel(
    options: object,
    addresses: { readonly listening: string; readonly calling: string } = DIRECT,
  ): Promise<number[]> {
    const { listening, calling } = addresses;
    const far = this.start("far", process.execPath, END, "far", listening);
    await firstLine(far);
    const parameters = [calling, JSON.stringify(options)];
    const near = this.start("near", process.execPath, END, "near", ...parameters);
    await firstLine(near);
    createInterface(near.stdout!).on("line", (line) => {
      this.changes.push(JSON.parse(line).change);
    });
    return [far, near].map(({ pid }) => pid ?? 0);
  }

  /** Runs a program to its end on the near host. */
  async run(...command: string[]): Promise<string> {
    const child = this.network.spawn("near", command, { stdio: ["ignore", "pipe", "pipe"] });
    this.#children.push(child);
    let out = "";
    let errors = "";
    child.stdout!.on("data", (octets) => (out += octets));
    child.stderr!.on("data", (octets) => (errors += octets));
    const [code] = await once(child, "close");
    assert.equal(code, 0, `${command.join(" ")}: ${errors}${out}`);
    return out;
  }

  /** The network fails in all the ways it has, until told to stop. */
  async misbehave(pauseMs = 400): Promise<void> {
    const { network } = this;
    for (let i = 0; this.#failing; i++) {
      await sleep(pauseMs);
      if (!this.#failing) return;
      if (i % 3 === 0) {
        network.cut();
        await sleep(1200);
        network.heal();
      } else if (i % 3 === 1) network.changeAddress();
      else {
        network.silence();
        await sleep(1500);
        network.unsilence();
      }
    }
  }

  behave(): void {
    this.#failing = false;
  }

  [Symbol.dispose](): void {
    this.behave();
    this.network[Symbol.dispose]();
    for (const child of this.#children) {
      child.kill("SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface(child.stdout!);
  const [line] = await once(lines, "line");
  lines.close();
  child.stdout!.resume();
  return line;
}

/** @param at - At this address, where another server has the port of another. Default: at any. */
export async function whenListening(bench: ProgramHosts, port: number, at = ""): Promise<void> {
  while (!bench.network.in("far", "ss", "-ltn").includes(`${at}:${port} `)) await sleep(30);
}

export function digest(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** A forward between ports of the two hosts' own loopbacks. */
export function forward(from: number, to: number, isFtp = false): Forward {
  const host = "127.0.0.1";
  return { bind: { host, port: from }, target: { host, port: to }, isFtp };
}

export function programHosts(
  t: TestContext,
  name: string,
  ...peers: string[]
): ProgramHosts | undefined {
  if (!hasNamespaces(t) || !hasPeers(t, "ss", ...peers)) return undefined;
  return new ProgramHosts(name);
}
