/**
 * The calling side of the benches: for each library a function for an empty call and one for an echo of
 * 1 KiB, connected to a server in a process of its own, and warmed up.
 *
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { newWebSocketRpcSession } from "capnweb";
import { connect as connectSession } from "tertulia";
import {
  type ClientOptions,
  connect,
  OnceClient,
  type OnceClientOptions,
  sessionChannel,
} from "tertulia/rpc";
import { createMessageConnection } from "vscode-jsonrpc/node";
import { WebSocket as NodeWebSocket } from "ws";
import { BenchProgV1Client } from "../../packages/tertulia/dist/test/fixtures/oncrpc/generated/bench.js";
import { Missing } from "../harness.ts";

export interface Calls {
  readonly none: () => Promise<unknown>;
  readonly echo: () => Promise<unknown>;
}

const KIB = new Uint8Array(1024).fill(65);
const KIB_TEXT = "A".repeat(1024);
const ROUND_MS = 1000;
const WARM_MS = 3000;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

const made = new Map<string, Promise<Calls>>();

/** The calls of a library; made and warmed up when first asked for. */
export function callsOf(name: keyof typeof libraries): Promise<Calls> {
  let calls = made.get(name);
  if (calls === undefined) {
    calls = make(name);
    made.set(name, calls);
  }
  return calls;
}

async function make(name: keyof typeof libraries): Promise<Calls> {
  const calls = await libraries[name]();
  await rate(calls.none, 64, WARM_MS / 2);
  await rate(calls.echo, 64, WARM_MS / 2);
  return calls;
}

/** Calls a second with so many in flight. */
export async function rate(
  call: () => Promise<unknown>,
  inFlight: number,
  forMs: number = ROUND_MS,
): Promise<number> {
  const start = performance.now();
  const end = start + forMs;
  let count = 0;
  const loop = async (): Promise<void> => {
    // The clock is asked once in a while, so that it is not what is measured.
    do {
      for (let i = 0; i < 8; i++) await call();
      count += 8;
    } while (performance.now() < end);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return (count / (performance.now() - start)) * 1000;
}

const libraries = {
  tertulia: () => plainCalls("tertulia", {}),
  "tertulia-sleep": () => plainCalls("tertulia-sleep", { pollMs: 0 }),
  "tertulia-once": () => onceCalls("tertulia-once"),
  "tertulia-once-sleep": () => onceCalls("tertulia-once-sleep", { pollMs: 0 }),
  "tertulia-once-disk": () => onceCalls("tertulia-once-disk"),
  async "grpc-js"(): Promise<Calls> {
    const definition = loadSync(join(import.meta.dirname, "bench.proto"));
    const Client = grpc.makeClientConstructor(
      definition["Bench"] as grpc.ServiceDefinition,
      "Bench",
    );
    const client = new Client(
      `127.0.0.1:${await peer("grpc-js")}`,
      grpc.credentials.createInsecure(),
    );
    const call = (method: string, request: object): Promise<unknown> =>
      new Promise((resolve, reject) => {
        // Made from the description at run time: the methods are there and have no types.
        (client as unknown as Record<string, (r: object, c: grpc.requestCallback<object>) => void>)[
          method
        ]?.(request, (error, result) => (error ? reject(error) : resolve(result)));
      });
    const data = Buffer.from(KIB);
    return { none: () => call("Null", {}), echo: () => call("Echo", { data }) };
  },
  async "vscode-jsonrpc"(): Promise<Calls> {
    const socket = connectSocket(await peer("vscode-jsonrpc"), "127.0.0.1").setNoDelay(true);
    await new Promise((resolve) => socket.once("connect", resolve));
    const connection = createMessageConnection(socket, socket);
    connection.listen();
    return {
      none: () => connection.sendRequest("null"),
      echo: () => connection.sendRequest("echo", KIB_TEXT),
    };
  },
  async capnweb(): Promise<Calls> {
    const url = `ws://127.0.0.1:${await peer("capnweb")}/`;
    const socket = new NodeWebSocket(url, { perMessageDeflate: false });
    await new Promise((resolve) => socket.once("open", resolve));
    interface Api {
      null(): Promise<void>;
      echo(text: string): Promise<string>;
    }
    // The socket of ws has the events and methods of a browser's.
    const api = newWebSocketRpcSession(socket as unknown as WebSocket) as unknown as Api;
    return { none: () => api.null(), echo: () => api.echo(KIB_TEXT) };
  },
};

async function plainCalls(kind: string, options: ClientOptions): Promise<Calls> {
  const client = await connect({ port: await peer(kind), ...options });
  const bench = new BenchProgV1Client(client);
  return { none: () => bench.null(), echo: () => bench.echo(KIB) };
}

/** Calls that are executed exactly once, over a Tertulia session. */
async function onceCalls(kind: string, options: OnceClientOptions = {}): Promise<Calls> {
  const address = `tcp://127.0.0.1:${await peer(kind)}`;
  const client = new OnceClient(async () => sessionChannel(await connectSession(address)), options);
  const bench = new BenchProgV1Client(client);
  return { none: () => bench.null(), echo: () => bench.echo(KIB) };
}

/** Starts a serving process; its port. */
export function peer(kind: string): Promise<number> {
  return started(
    spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "peer.ts"), kind],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    ),
  );
}

function started(child: ChildProcess): Promise<number> {
  running.add(child);
  return new Promise((resolve, reject) => {
    child.stdout?.once("data", (text) => resolve(Number(text)));
    child.once("exit", () => reject(new Error("a peer ended")));
  });
}

let programs: string | undefined;

/** The folder with the C programs, made with rpcgen and gcc. */
function cPrograms(): string {
  if (programs !== undefined) return programs;
  const folder = mkdtempSync(join(tmpdir(), "tertulia-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const fixtures = join(import.meta.dirname, "../../packages/tertulia/test/fixtures/oncrpc");
  for (const name of ["bench.x", "server.c", "client.c", "rpcload.c"]) {
    copyFileSync(join(fixtures, name), join(folder, name));
  }
  try {
    const make = `rpcgen -N -C bench.x && rpcgen -N -C -m bench.x > bench_disp.c &&
      gcc -O2 -w -I/usr/include/tirpc -o server server.c bench_disp.c bench_xdr.c -ltirpc &&
      gcc -O2 -w -I/usr/include/tirpc -o client client.c bench_xdr.c -ltirpc &&
      gcc -O2 -w -o rpcload rpcload.c`;
    execFileSync("sh", ["-c", make], { cwd: folder, stdio: "pipe" });
  } catch (error) {
    throw new Missing(`rpcgen, gcc or libtirpc: ${(error as Error).message.split("\n")[0]}`);
  }
  programs = folder;
  return folder;
}

let cServerPort: Promise<number> | undefined;

/** The libtirpc server of bench.x; its port. */
export function cServer(): Promise<number> {
  cServerPort ??= (async () => {
    const folder = cPrograms();
    const port = await new Promise<number>((resolve) => {
      const probe = createServer();
      probe.listen(0, "127.0.0.1", () => {
        const found = (probe.address() as { port: number }).port;
        probe.close(() => resolve(found));
      });
    });
    const child = spawn(join(folder, "server"), [String(port)], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    running.add(child);
    await new Promise((resolve) => child.stderr?.once("data", resolve));
    return port;
  })();
  return cServerPort;
}

/** What the neutral loader counts on a server: empty calls a second on one connection. */
export async function load(port: number, inFlight: number): Promise<number> {
  const out = await output("rpcload", [
    "127.0.0.1",
    String(port),
    String(0x20000099),
    "1",
    "0",
    "-1",
    "1",
    String(inFlight),
    String(ROUND_MS / 1000),
  ]);
  if (!out.includes("err=0")) throw new Error(`the loader met errors: ${out}`);
  return Number.parseFloat(out);
}

/** What the C client counts, one call after the other. */
export async function cClient(port: number): Promise<number> {
  return Number(await output("client", ["127.0.0.1", String(port), "tcp", "null", "0", "1", "1"]));
}

function output(name: string, parameters: readonly string[]): Promise<string> {
  const child = spawn(join(cPrograms(), name), parameters, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  let text = "";
  child.stdout.on("data", (part) => {
    text += part;
  });
  return new Promise((resolve) => {
    child.once("close", () => {
      running.delete(child);
      resolve(text);
    });
  });
}
