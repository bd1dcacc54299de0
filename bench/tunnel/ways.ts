/**
 * The ways from the client to the target: each is the programs that people would start, two
 * processes at least, one a side.
 *
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../packages/tertulia/dist/test/free-port.js";
import { Missing } from "../harness.ts";

export type Column = "tertulia" | "tertulia-tls" | "direct" | "ssh" | "socat" | "c" | "node";

/** Runs a program on one of the two hosts. */
export type Spawn = (side: "near" | "far", command: readonly string[]) => ChildProcess;

export interface Way extends AsyncDisposable {
  /** Where the client connects. */
  readonly port: number;
  /** The processes of the way itself, without those that they have started. */
  readonly pids: readonly number[];
  /** Its near end, where it has one. */
  readonly near: ChildProcess | undefined;
}

const COMMAND = join(import.meta.dirname, "../../packages/cli/bin/tertulia.js");
const RELAY = join(import.meta.dirname, "relay.ts");
/** Options of Node for those who want to look inside, for example `--cpu-prof`. */
const nodeOptions = (process.env["BENCH_NODE_OPTIONS"] ?? "").split(" ").filter(Boolean);

export interface WayOptions {
  /** Where the two sides meet. */
  readonly host?: string;
  readonly spawn?: Spawn;
  /** More options of `ssh`. */
  readonly ssh?: readonly string[];
}

/** Opens a way to a port of the far host's loopback. */
export function openWay(column: Column, target: number, options: WayOptions = {}): Promise<Way> {
  const way = new Processes(column, options);
  return way.open(target);
}

class Processes implements Way {
  port = 0;
  near: ChildProcess | undefined;
  readonly #column: Column;
  readonly #host: string;
  readonly #spawn: Spawn;
  readonly #options: WayOptions;
  readonly #children: ChildProcess[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "tunnel-bench-"));

  constructor(column: Column, options: WayOptions) {
    this.#column = column;
    this.#host = options.host ?? "127.0.0.1";
    this.#spawn = options.spawn ?? ((_, [program = "", ...words]) => spawn(program, words));
    this.#options = options;
  }

  get pids(): number[] {
    return this.#children.map(({ pid }) => pid ?? 0);
  }

  async open(target: number): Promise<Way> {
    this.port = await freePort();
    try {
      await this.#open(target, await freePort());
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    return this;
  }

  async #open(target: number, meeting: number): Promise<void> {
    switch (this.#column) {
      case "direct":
        this.port = target;
        return;
      case "tertulia":
      case "tertulia-tls":
        return this.#tertulia(target, meeting);
      case "ssh":
        return this.#ssh(target, meeting);
      case "socat":
        return this.#socat(target, meeting);
      case "c":
        return this.#relays(target, meeting, this.#compiled());
      case "node":
        return this.#relays(target, meeting, [process.execPath, RELAY]);
    }
  }

  async #tertulia(target: number, meeting: number): Promise<void> {
    const home = ["--home", this.#folder, "--json"];
    const where = `${this.#host}:${meeting}`;
    const allow = ["--allow", `127.0.0.1:${target}`];
    const command = [process.execPath, ...nodeOptions, COMMAND];
    const far = this.#start("far", ...command, "serve", "--listen", where, ...allow, ...home);
    await line(far, /"listening"/);
    const address = this.#column === "tertulia" ? `tcp://${where}` : where;
    const local = ["--local", `${this.port}:127.0.0.1:${target}`];
    // Both ends have the same identity, so the key is known.
    this.near = this.#start("near", ...command, "tunnel", address, ...local, ...home);
    await line(this.near, /"connected"/);
  }

  async #ssh(target: number, meeting: number): Promise<void> {
    const sshd = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].find(existsSync);
    if (sshd === undefined || process.getuid?.() !== 0) {
      throw new Missing("needs OpenSSH's server (scripts/peers.sh), and root");
    }
    mkdirSync("/run/sshd", { recursive: true });
    const path = (name: string) => join(this.#folder, name);
    for (const name of ["host", "user"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path(name)]);
    }
    const lines = [`Port ${meeting}`, `ListenAddress ${this.#host}`, `HostKey ${path("host")}`];
    lines.push(`AuthorizedKeysFile ${path("user.pub")}`, `PidFile ${path("pid")}`);
    lines.push("PermitRootLogin yes", "StrictModes no", "UsePAM no");
    writeFileSync(path("sshd_config"), lines.join("\n"));
    this.#start("far", sshd, "-D", "-f", path("sshd_config"));
    await sleep(300);
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
    options.push(`IdentityFile=${path("user")}`, "ExitOnForwardFailure=yes");
    options.push(...(this.#options.ssh ?? []));
    const said = ["-F", "none", ...options.flatMap((option) => ["-o", option])];
    const forward = ["-N", "-L", `127.0.0.1:${this.port}:127.0.0.1:${target}`];
    const login = ["-p", String(meeting), `root@${this.#host}`];
    this.near = this.#start("near", "ssh", ...said, ...forward, ...login);
    await this.#whenListening();
  }

  /** No session and no encryption: what two more hops cost by themselves. */
  async #socat(target: number, meeting: number): Promise<void> {
    if (!existsSync("/usr/bin/socat")) throw new Missing("needs socat (scripts/peers.sh)");
    const relay = (side: "near" | "far", host: string, from: number, to: string) =>
      this.#start(
        side,
        ...["socat", "-b", "65536"],
        `TCP-LISTEN:${from},bind=${host},fork,reuseaddr,nodelay,backlog=1024`,
        `TCP:${to},nodelay`,
      );
    relay("far", this.#host, meeting, `127.0.0.1:${target}`);
    await sleep(200);
    this.near = relay("near", "127.0.0.1", this.port, `${this.#host}:${meeting}`);
    await this.#whenListening();
  }

  /** The same in as few lines as can be: in C the least of a relay, in Node about what a tunnel can reach. */
  async #relays(target: number, meeting: number, program: readonly string[]): Promise<void> {
    const relay = (side: "near" | "far", ...words: readonly (string | number)[]) =>
      this.#start(side, ...program, ...words.map(String));
    relay("far", this.#host, meeting, "127.0.0.1", target);
    await sleep(200);
    this.near = relay("near", "127.0.0.1", this.port, this.#host, meeting);
    await this.#whenListening();
  }

  #compiled(): readonly string[] {
    const program = join(this.#folder, "relay");
    try {
      execFileSync("cc", ["-O2", "-o", program, `${RELAY.slice(0, -2)}c`], { stdio: "ignore" });
    } catch {
      throw new Missing("needs a C compiler");
    }
    return [program];
  }

  #start(side: "near" | "far", ...command: readonly string[]): ChildProcess {
    const child = this.#spawn(side, command);
    child.stderr?.resume();
    child.stdout?.resume();
    this.#children.push(child);
    return child;
  }

  /** Until the near end listens; asked of the kernel where it is in a namespace of its own. */
  async #whenListening(): Promise<void> {
    if (this.#options.spawn) return sleep(800);
    for (let tries = 0; tries < 200; tries++) {
      const socket = connect(this.port, "127.0.0.1");
      const isThere = await Promise.race([
        once(socket, "connect").then(
          () => true,
          () => false,
        ),
        sleep(100, false),
      ]);
      socket.destroy();
      if (isThere) return;
      await sleep(50);
    }
    throw new Error(`${this.#column} does not listen`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.splice(0)) {
      for (const pid of [...descendants(child.pid ?? 0), child.pid ?? 0]) stop(pid);
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The processes that a process has started, and those that they have. */
export function descendants(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    const children = text.split(" ").map(Number).filter(Boolean);
    return children.flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

function stop(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It has ended meanwhile.
  }
}

/** Waits for a line that a program prints. */
export async function line(child: ChildProcess, pattern: RegExp): Promise<string> {
  if (child.stdout === null) throw new Error("its output goes elsewhere");
  const lines = createInterface({ input: child.stdout });
  const timeout = setTimeout(() => lines.close(), 20_000);
  try {
    for await (const text of lines) if (pattern.test(text)) return text;
    throw new Error(`it never printed ${pattern}`);
  } finally {
    clearTimeout(timeout);
    child.stdout.resume();
  }
}
