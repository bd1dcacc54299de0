/**
 * The serving side of the benches, a process of its own: prints its port, then serves until its
 * standard input ends.
 *
 *     node bench/rpc/peer.ts tertulia|tertulia-sleep|bare-node|grpc-js|vscode-jsonrpc|capnweb
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { newWebSocketRpcSession, RpcTarget } from "capnweb";
import { listen } from "tertulia";
import {
  OnceServer,
  type OnceServerOptions,
  RpcServer,
  type ServerOptions,
  SqliteOutcomes,
  sessionChannel,
} from "tertulia/rpc";
import { createMessageConnection } from "vscode-jsonrpc/node";
import { WebSocketServer } from "ws";
import {
  type BenchProgV1Handlers,
  serveBenchProgV1,
} from "../../packages/tertulia/dist/test/fixtures/oncrpc/generated/bench.js";
import { bareServer } from "./bare-node.ts";

const handlers: BenchProgV1Handlers = {
  null() {},
  echo: (octets) => octets,
  node: (node) => node,
  sleep: (ms) => ms,
  incr: (by) => by,
};

const kinds: Readonly<Record<string, () => Promise<number>>> = {
  tertulia: () => plainServer({}),
  "tertulia-sleep": () => plainServer({ pollMs: 0 }),
  async "bare-node"() {
    return await listening(bareServer());
  },
  async "tertulia-once"() {
    return await onceServer({});
  },
  "tertulia-once-sleep": () => onceServer({ pollMs: 0 }),
  async "tertulia-once-disk"() {
    const folder = mkdtempSync(join(tmpdir(), "tertulia-bench-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    const database = new DatabaseSync(join(folder, "outcomes.db"));
    return await onceServer({ store: new SqliteOutcomes(database) });
  },
  async "grpc-js"() {
    const definition = loadSync(join(import.meta.dirname, "bench.proto"));
    const server = new grpc.Server();
    server.addService(definition["Bench"] as grpc.ServiceDefinition, {
      Null: (_: unknown, callback: grpc.sendUnaryData<object>) => callback(null, {}),
      Echo: (call: { request: { data: Uint8Array } }, callback: grpc.sendUnaryData<object>) =>
        callback(null, { data: call.request.data }),
    });
    return await new Promise((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  },
  async "vscode-jsonrpc"() {
    return await listening(
      createServer({ noDelay: true }, (socket) => {
        const connection = createMessageConnection(socket, socket);
        connection.onRequest("null", () => null);
        connection.onRequest("echo", (text: string) => text);
        connection.listen();
      }),
    );
  },
  async capnweb() {
    class Target extends RpcTarget {
      null(): void {}
      echo(text: string): string {
        return text;
      }
    }
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
    // The socket of ws has the events and methods of a browser's.
    server.on("connection", (socket) => {
      void newWebSocketRpcSession(socket as unknown as WebSocket, new Target());
    });
    await new Promise((resolve) => server.once("listening", resolve));
    return (server.address() as { port: number }).port;
  },
};

async function plainServer(options: ServerOptions): Promise<number> {
  const server = new RpcServer({ ...options, programs: [serveBenchProgV1(handlers)] });
  return (await server.listen()).port;
}

async function onceServer(options: OnceServerOptions): Promise<number> {
  const { dispatcher } = new RpcServer({ programs: [serveBenchProgV1(handlers)] });
  const server = new OnceServer(dispatcher, options);
  const listener = await listen("tcp://127.0.0.1:0");
  void (async () => {
    for await (const session of listener) void server.serve(sessionChannel(session));
  })();
  return listener.port;
}

function listening(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
}

const kind = kinds[process.argv[2] ?? ""];
if (kind === undefined) {
  console.error(`usage: peer.ts ${Object.keys(kinds).join("|")}`);
  process.exit(2);
}
console.log(await kind());
process.stdin.resume().on("end", () => process.exit(0));
