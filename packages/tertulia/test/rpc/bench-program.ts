/** The program of bench.x: its handlers, and the C server and client that rpcgen makes of it. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RpcServer, type ServerOptions } from "../../src/rpc/index.ts";
import {
  type BenchProgV1Handlers,
  type Node,
  serveBenchProgV1,
} from "../fixtures/oncrpc/generated/bench.ts";
import { freePort } from "../free-port.ts";

const fixtures = join(import.meta.dirname, "../../../test/fixtures/oncrpc");

/** A server of bench.x, and how often each procedure ran. */
export function benchServer(
  options: ServerOptions = {},
  changes: Partial<BenchProgV1Handlers> = {},
): { server: RpcServer; counter: { value: number } } {
  const counter = { value: 0 };
  const handlers: BenchProgV1Handlers = {
    echo: (octets) => octets,
    node: (node) => node,
    sleep: async (ms) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return ms;
    },
    incr: (by) => {
      counter.value += by;
      return counter.value;
    },
    ...changes,
  };
  return { server: new RpcServer({ programs: [serveBenchProgV1(handlers)], ...options }), counter };
}

/** A value with every kind of XDR type in it. */
export function sampleNode(next?: Node): Node {
  return {
    id: -7,
    big: -(2n ** 62n) - 5n,
    ubig: 2n ** 64n - 3n,
    d: Math.PI,
    f: 1.5,
    b: true,
    c: { k: "KIND_B", s: "naïve ✓" },
    fixed: new Uint8Array([1, 2, 3, 4, 5]),
    data: new Uint8Array([9, 8, 7]),
    name: "a name",
    u: 2 ** 32 - 2,
    e: "KIND_C",
    all: [{ k: "KIND_A", i: 8 }, { k: "KIND_C" }],
    arr: [1, -2, 3],
    farr: [4, 5, -6],
    next,
  };
}

/** Programs made from the fixtures with rpcgen and gcc, in a folder of their own. */
export class CPrograms implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "tertulia-rpc-"));
  readonly #running = new Set<ChildProcess>();

  constructor() {
    for (const name of ["bench.x", "server.c", "client.c", "rpcload.c", "node.c"]) {
      copyFileSync(join(fixtures, name), join(this.folder, name));
    }
    this.#run("rpcgen", ["-N", "-C", "bench.x"]);
    execFileSync("sh", ["-c", "rpcgen -N -C -m bench.x > bench_disp.c"], { cwd: this.folder });
    const flags = ["-O2", "-w", "-I/usr/include/tirpc"];
    const parts = ["bench_xdr.c", "-ltirpc"];
    this.#run("gcc", [...flags, "-o", "server", "server.c", "bench_disp.c", ...parts]);
    this.#run("gcc", [...flags, "-o", "client", "client.c", ...parts]);
    this.#run("gcc", [...flags, "-o", "node", "node.c", "bench_clnt.c", ...parts]);
    this.#run("gcc", [...flags, "-o", "rpcload", "rpcload.c"]);
  }

  /** Starts the C server on a free port of loopback, TCP and UDP. */
  async server(): Promise<{ port: number; process: ChildProcess }> {
    const port = await freePort();
    const process = this.start("server", [String(port)]);
    await new Promise<void>((resolve, reject) => {
      process.stderr?.on("data", (text) => {
        if (String(text).includes("listening")) resolve();
      });
      process.once("exit", () => reject(new Error("the C server ended")));
    });
    return { port, process };
  }

  start(name: string, parameters: readonly string[]): ChildProcess {
    const process = spawn(join(this.folder, name), parameters, {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#running.add(process);
    process.once("exit", () => this.#running.delete(process));
    return process;
  }

  /** Runs a program to its end and returns what it printed. */
  async output(
    name: string,
    parameters: readonly string[],
    input?: Uint8Array,
  ): Promise<{ status: number | null; stdout: Buffer; stderr: string }> {
    const process = this.start(name, parameters);
    const parts: Buffer[] = [];
    let stderr = "";
    process.stdout?.on("data", (part) => parts.push(part));
    process.stderr?.on("data", (part) => {
      stderr += part;
    });
    process.stdin?.end(input);
    const status = await new Promise<number | null>((resolve) => process.once("close", resolve));
    return { status, stdout: Buffer.concat(parts), stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#running) process.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(command: string, parameters: readonly string[]): void {
    execFileSync(command, parameters, { cwd: this.folder, stdio: "pipe" });
  }
}
