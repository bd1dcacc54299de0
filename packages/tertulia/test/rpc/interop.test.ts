import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { createConnection } from "node:net";
import { after, before, describe, it, type TestContext } from "node:test";
import { XdrWriter } from "../../src/pure/oncrpc/index.ts";
import { connect, RpcError } from "../../src/rpc/index.ts";
import { BenchProgV1Client, encodeNode, type Node } from "../fixtures/oncrpc/generated/bench.ts";
import { findPeer, hasPeers } from "../peers.ts";
import { benchServer, CPrograms, sampleNode } from "./bench-program.ts";

function xdr(node: Node): Uint8Array {
  const writer = new XdrWriter();
  encodeNode(writer, node);
  return writer.finish();
}

const chain = sampleNode(sampleNode({ ...sampleNode(), c: { k: "KIND_A", i: -1 }, arr: [] }));

describe("C programs made by rpcgen", () => {
  let c: CPrograms | undefined;
  const programs = (t: TestContext): CPrograms | undefined =>
    hasPeers(t, "rpcgen", "gcc") ? c : undefined;

  before(() => {
    if (findPeer("rpcgen") && findPeer("gcc")) c = new CPrograms();
  });
  after(async () => {
    await c?.[Symbol.asyncDispose]();
  });

  it("decode and encode every kind of type to the octets that we write", async (t) => {
    const peers = programs(t);
    if (peers === undefined) return;
    const ours = xdr(chain);
    const { stdout, stderr } = await peers.output("node", ["codec"], ours);
    deepEqual(new Uint8Array(stdout), ours, stderr);
  });

  it("answer our client, over TCP and with 64 calls in flight", async (t) => {
    const peers = programs(t);
    if (peers === undefined) return;
    const { port } = await peers.server();
    await using client = await connect({ port });
    const bench = new BenchProgV1Client(client);
    await bench.null();
    deepEqual(xdr(await bench.node(chain)), xdr(chain));
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, i) => bench.echo(new Uint8Array(i).fill(i))),
    );
    deepEqual(
      answers.map((octets) => octets.length),
      Array.from({ length: 64 }, (_, i) => i),
    );
    // libtirpc sends what is longer than 65,532 octets in several fragments.
    const large = new Uint8Array(200_000).map((_, i) => i);
    deepEqual(new Uint8Array(await bench.echo(large)), large);
  });

  it("execute a repeated call again, which our server does not", async (t) => {
    const peers = programs(t);
    if (peers === undefined) return;
    // INCR of 1 with the same xid, twice on each of two connections.
    const counts = async (port: number): Promise<number[]> => {
      const found: number[] = [];
      for (let connection = 0; connection < 2; connection++) {
        const socket = createConnection(port, "127.0.0.1");
        for (let i = 0; i < 2; i++) {
          const words = [0x8000002c, 0x1234, 0, 2, 0x20000099, 1, 4, 0, 0, 0, 0, 1];
          const octets = Buffer.alloc(words.length * 4);
          for (const [at, word] of words.entries()) octets.writeUInt32BE(word, at * 4);
          socket.write(octets);
          const [reply] = await once(socket, "data");
          found.push(reply.readInt32BE(28));
        }
        socket.destroy();
      }
      return found;
    };
    const { server } = benchServer();
    await using _ = server;
    deepEqual(await counts((await peers.server()).port), [1, 2, 3, 4]);
    deepEqual(await counts((await server.listen()).port), [1, 1, 1, 1]);
  });

  it("refuse our client's calls in the RFC's words", async (t) => {
    const peers = programs(t);
    if (peers === undefined) return;
    const { port } = await peers.server();
    await using client = await connect({ port });
    const { procedures } = (await import("../fixtures/oncrpc/generated/bench.ts")).benchProgV1;
    const refusal = async (program: number, version: number, number: number): Promise<unknown> => {
      const procedure = { ...procedures.incr, number };
      try {
        return await client.call({ name: "", program, version }, procedure, 1);
      } catch (error) {
        ok(error instanceof RpcError);
        return [error.status, error.low, error.high];
      }
    };
    deepEqual(await refusal(0x20000099, 7, 1), ["PROG_MISMATCH", 1, 1]);
    deepEqual(await refusal(0x20000098, 1, 1), ["PROG_UNAVAIL", undefined, undefined]);
    deepEqual(await refusal(0x20000099, 1, 77), ["PROC_UNAVAIL", undefined, undefined]);
    deepEqual(await refusal(0x20000099, 1, 2), ["GARBAGE_ARGS", undefined, undefined]);
  });

  it("call our server, with every kind of type", async (t) => {
    const peers = programs(t);
    if (peers === undefined) return;
    const { server } = benchServer();
    await using _ = server;
    const { port } = await server.listen();
    const ours = xdr(chain);
    const parameters = ["call", "127.0.0.1", String(port)];
    const { stdout, stderr } = await peers.output("node", parameters, ours);
    deepEqual(new Uint8Array(stdout), ours, stderr);
  });

  it("call our server over TCP and UDP, many times", async (t) => {
    const peers = programs(t);
    if (peers === undefined) return;
    const { server } = benchServer();
    await using _ = server;
    const { port } = await server.listen();
    await server.listenUdp({ port });
    for (const transport of ["tcp", "udp"]) {
      for (const [what, size] of [
        ["null", "0"],
        ["echo", "1000"],
      ] as const) {
        const parameters = ["127.0.0.1", String(port), transport, what, size, "0.3", "2"];
        const { status, stdout, stderr } = await peers.output("client", parameters);
        equal(status, 0, stderr);
        ok(Number(stdout) > 0, `${transport} ${what}: ${stdout} calls a second`);
      }
    }
  });
});
