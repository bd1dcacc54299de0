import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MemoryStore } from "../../src/stores/index.ts";
import { parseForward, TunnelHandover, TunnelLedger } from "../../src/tunnel/index.ts";
import { tunnelPair } from "./pair.ts";

/** Answers with what it gets; but to `deaf` with nothing, and reads no more. */
async function halfDeaf() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (octets) => {
      if (octets.subarray(0, 4).equals(Buffer.from("deaf"))) socket.pause();
      else socket.write(octets);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Says something when the other side has ended, and ends. */
async function last() {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.on("end", () => socket.end(Buffer.alloc(60_000))).resume();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Resolves once a number was the same at so many looks: between two of them nothing may have run. */
async function waitUntilStill(look: () => number): Promise<void> {
  for (let last = -1, same = 0; same < 10; ) {
    await sleep(40);
    same = look() === last ? same + 1 : 0;
    last = look();
  }
}

describe("connections that are to go over", () => {
  it("go on while it is found out which of them does not read", { timeout: 30_000 }, async () => {
    await using far = await halfDeaf();
    const handover = new TunnelHandover();
    const listening = { store: new MemoryStore(), keepsAll: true };
    const local = [parseForward(`0:127.0.0.1:${far.port}`)];
    await using pair = await tunnelPair({ local }, undefined, { handover, listening });
    const { port } = pair.tunnel.addresses[0]?.address ?? { port: 0 };
    const [deaf, other] = [await open(port), await open(port)];
    deaf.write("deaf");
    for (let i = 0; i < 300; i++) deaf.write(Buffer.alloc(100_000));
    await waitUntilStill(() => deaf.writableLength);
    let isResting = false;
    const resting = handover.rest().finally(() => {
      isResting = true;
    });
    other.write("x");
    await Promise.race([once(other, "data"), resting]);
    assert.equal(isResting, false);
    assert.equal((await resting).length, 1);
    handover.goOn();
    other.write("y");
    assert.equal(String((await once(other, "data"))[0]), "y");
    deaf.destroy();
    other.destroy();
  });

  it("are not lost when both sides have ended, and what was said last waits for its rate", async () => {
    await using far = await last();
    const handover = new TunnelHandover();
    const ledger = new TunnelLedger({ octetsPerSecond: 50_000 });
    const listening = { store: new MemoryStore(), keepsAll: true };
    const local = [parseForward(`0:127.0.0.1:${far.port}`)];
    await using pair = await tunnelPair({ local }, undefined, { handover, ledger, listening });
    const socket = await open(pair.tunnel.addresses[0]?.address.port ?? 0);
    let octets = 0;
    socket.on("data", (piece) => (octets += piece.length));
    socket.end();
    await once(socket, "data");
    const passed = await handover.rest();
    assert.deepEqual(
      passed.map(({ connection }) => [connection.hasEnded, connection.sentOctets]),
      [[true, 60_000]],
    );
    handover.goOn();
    await once(socket, "end");
    assert.equal(octets, 60_000);
  });
});
