/**
 * A NetBIOS network of hosts, and the programs that run on them: Samba's, each with a configuration
 * and a state of its own, and ours.
 */

import type { ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { NetbiosOptions } from "../../src/netbios/index.ts";
import { Hosts } from "../hosts.ts";
import { findPeer } from "../peers.ts";

export interface Ran {
  readonly status: number | null;
  /** What it wrote, to both. */
  readonly output: string;
}

interface RunOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export class Network implements AsyncDisposable {
  readonly #hosts: Hosts;
  readonly #folder: string;
  readonly #children = new Set<ChildProcess>();

  /** Makes as many nodes as asked for: 10.77.0.1 and so on, broadcast 10.77.0.255. */
  constructor(nodeCount: number) {
    this.#hosts = new Hosts(nodeCount, NETWORK);
    this.#folder = mkdtempSync(join(tmpdir(), "tertulia-netbios-"));
    chmodSync(this.#folder, 0o755);
  }

  /** Where files of the test may be put; it goes with the network. */
  get folder(): string {
    return this.#folder;
  }

  /** Takes a node off the network, which goes on without it; {@link join} puts it back. */
  part(node: number): void {
    this.#hosts.pull(node);
  }

  join(node: number): void {
    this.#hosts.plug(node);
  }

  /** A private smb.conf for a node; returns its path. */
  configure(name: string, node: number, ...lines: readonly string[]): string {
    const folder = join(this.#folder, name);
    const places = [
      "lock",
      "state",
      "cache",
      "private",
      "pid",
      "ncalrpc",
      "binddns",
      "log",
      "share",
    ];
    for (const place of places) mkdirSync(join(folder, place), { recursive: true });
    chmodSync(join(folder, "private"), 0o700);
    chmodSync(join(folder, "share"), 0o777);
    writeFileSync(join(folder, "share/hello.txt"), `hello from ${name}\n`);
    const path = join(folder, "smb.conf");
    const directories = [
      ["lock directory", "lock"],
      ["state directory", "state"],
      ["cache directory", "cache"],
      ["private dir", "private"],
      ["pid directory", "pid"],
      ["ncalrpc dir", "ncalrpc"],
      ["binddns dir", "binddns"],
    ].map(([option, place]) => `${option} = ${join(folder, place ?? "")}`);
    const all = [
      `netbios name = ${name}`,
      "workgroup = LAB",
      "server role = standalone server",
      `interfaces = ${address(node)}/24`,
      `log file = ${join(folder, "log/%m.log")}`,
      "log level = 1",
      "disable spoolss = yes",
      "load printers = no",
      "printing = bsd",
      "printcap name = /dev/null",
      "map to guest = Bad User",
      "server min protocol = NT1",
      "client min protocol = NT1",
      "smb ports = 139 445",
      ...directories,
      ...lines,
    ];
    const share = ["[pub]", `path = ${join(folder, "share")}`, "guest ok = yes", "read only = no"];
    writeFileSync(path, ["[global]", ...all, ...share, ""].join("\n"));
    return path;
  }

  /** Starts nmbd or smbd in a node; stop it with {@link stop}. */
  daemon(program: "nmbd" | "smbd", node: number, configuration: string): ChildProcess {
    const flags = ["--foreground", "--no-process-group", "--debug-stdout"];
    const parameters = [...flags, `--configfile=${configuration}`];
    // No input: a pipe of Node's is a socket, and smbd on a socket serves that one as inetd would.
    const child = this.start(node, findPeer(program) ?? program, parameters, "ignore");
    child.stdout?.resume();
    return child;
  }

  start(
    node: number,
    program: string,
    parameters: readonly string[],
    input: "pipe" | "ignore" = "pipe",
  ): ChildProcess {
    const child = this.#hosts.spawn(node, [program, ...parameters], {
      stdio: [input, "pipe", "pipe"],
      // A group of its own: smbd ends by a signal to its whole group, which must not be ours.
      detached: true,
    });
    this.#children.add(child);
    child.on("exit", () => this.#children.delete(child));
    // Read, or it would stop when the pipe is full.
    child.stderr?.resume();
    return child;
  }

  /** Ends a program that was started, by its own id, and waits for it. */
  async stop(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
    await exited;
    clearTimeout(timer);
  }

  /** Runs a program in a node to its end. */
  async run(
    node: number,
    program: string,
    parameters: readonly string[],
    { input = "", timeoutMs = 20_000, env = {} }: RunOptions = {},
  ): Promise<Ran> {
    const child = this.#hosts.spawn(node, [program, ...parameters], {
      env: { ...process.env, ...env },
    });
    this.#children.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
    clearTimeout(timer);
    this.#children.delete(child);
    return { status, output };
  }

  /** Runs a program again and again until its output is as expected. */
  async until(
    node: number,
    program: string,
    parameters: readonly string[],
    expected: RegExp,
    timeoutMs = 15_000,
  ): Promise<Ran> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const ran = await this.run(node, program, parameters);
      if (expected.test(ran.output)) return ran;
      if (Date.now() > end) throw new Error(`${program}: ${ran.output}, expected ${expected}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** A node of ours in a process of its own. */
  async agent(node: number, options: NetbiosOptions = {}): Promise<Agent> {
    const script = join(import.meta.dirname, "agent.js");
    const whole = { address: address(node), ...options };
    const child = this.start(node, process.execPath, [script, JSON.stringify(whole)]);
    const agent = new Agent(child);
    await agent.ready;
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children].map((child) => this.stop(child)));
    this.#hosts[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const NETWORK = "10.77.0";

/** The address of a node. */
export function address(node: number): string {
  return `${NETWORK}.${node}`;
}

/** A node of ours in another process: its methods by name, and what it was told. */
export class Agent {
  readonly events: Record<string, unknown>[] = [];
  readonly ready: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Record<string, unknown>) => void>();
  #count = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.ready = new Promise((resolve) => this.#waiting.set(0, resolve));
    if (child.stdout) createInterface(child.stdout).on("line", (line) => this.#take(line));
    child.on("exit", () => {
      for (const answer of this.#waiting.values()) answer({ error: "the process has ended" });
    });
  }

  get process(): ChildProcess {
    return this.#child;
  }

  /** Calls a method of the agent; a refusal is thrown with its `reason`. */
  async call<T = unknown>(method: string, ...parameters: readonly unknown[]): Promise<T> {
    const id = ++this.#count;
    const answered = new Promise<Record<string, unknown>>((resolve) => {
      this.#waiting.set(id, resolve);
    });
    this.#child.stdin?.write(`${JSON.stringify({ id, method, parameters })}\n`);
    const { error, reason, result } = await answered;
    if (error !== undefined) throw Object.assign(new Error(String(error)), { reason });
    // What the agent's method returns is what its caller asks for.
    return result as T;
  }

  /** Waits until an event was told of which this is true. */
  async event(
    isIt: (event: Record<string, unknown>) => boolean,
    timeoutMs = 10_000,
  ): Promise<Record<string, unknown>> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const found = this.events.find(isIt);
      if (found) return found;
      if (Date.now() > end) throw new Error(`no such event in ${JSON.stringify(this.events)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #take(line: string): void {
    const message: Record<string, unknown> = JSON.parse(line);
    const { id, event } = message;
    if (typeof id === "number") {
      this.#waiting.get(id)?.(message);
      this.#waiting.delete(id);
    } else if (typeof event === "object" && event !== null) {
      this.events.push({ ...event });
    }
  }
}
