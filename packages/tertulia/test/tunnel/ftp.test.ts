import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseForward } from "../../src/tunnel/index.ts";
import { type TunnelPair, tunnelPair } from "./pair.ts";

/** A server on a free port, closed with the test. */
async function serverOf(
  onConnection: (socket: Socket) => void,
): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port, // it is TCP
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const passive = (port: number) => `227 Entering (10,9,8,7,${port >> 8},${port & 255})\r\n`;

/** A client of FTP that has connected through the tunnel. */
async function clientOf(pair: TunnelPair): Promise<Socket> {
  const client = connect(pair.tunnel.addresses[0]!.address);
  client.on("error", () => {});
  await once(client, "connect");
  return client;
}

/** The data port in the next answer. */
async function portIn(answers: AsyncIterator<string>): Promise<number> {
  const { value } = await answers.next();
  const [high = 0, low = 0] =
    String(value)
      .match(/\d+(?=[,)])/g)
      ?.slice(-2)
      .map(Number) ?? [];
  return high * 256 + low;
}

describe("FTP through a tunnel", () => {
  it("goes on, however many data connections are announced that nobody makes", async () => {
    await using data = await serverOf((socket) => socket.end("listing"));
    let asked = 0;
    await using server = await serverOf((socket) => {
      createInterface(socket).on("line", () => {
        asked += 1;
        socket.write(passive(asked === 40 ? data.port : asked));
      });
    });
    const local = [parseForward(`ftp:0:127.0.0.1:${server.port}`)];
    await using pair = await tunnelPair({ local });
    const client = await clientOf(pair);
    const answers = createInterface(client)[Symbol.asyncIterator]();
    client.write("PASV\r\n".repeat(40));
    let port = 0;
    for (let i = 0; i < 40; i++) port = await portIn(answers);
    const [listing] = await once(connect(port, "127.0.0.1"), "data");
    assert.equal(String(listing), "listing");
    client.destroy();
  });

  it("keeps a data port for who was told it, whoever else comes first", async () => {
    await using data = await serverOf((socket) => socket.end("listing"));
    await using server = await serverOf((socket) => {
      socket.once("data", () => socket.write(passive(data.port)));
    });
    const local = [parseForward(`ftp:0:127.0.0.1:${server.port}`)];
    await using pair = await tunnelPair({ local });
    const client = await clientOf(pair);
    client.write("PASV\r\n");
    const port = await portIn(createInterface(client)[Symbol.asyncIterator]());
    const stranger = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    stranger.on("error", () => {}).on("data", () => assert.fail("the stranger was heard"));
    await once(stranger.resume(), "close");
    const [listing] = await once(connect(port, "127.0.0.1"), "data");
    assert.equal(String(listing), "listing");
    client.destroy();
  });

  it("has a server wait whose answers nobody reads", async () => {
    let says: Socket | undefined;
    await using server = await serverOf((socket) => {
      says = socket;
      socket.write("220 and more\r\n".repeat(4_000_000));
    });
    const local = [parseForward(`ftp:0:127.0.0.1:${server.port}`)];
    await using pair = await tunnelPair({ local });
    const client = await clientOf(pair);
    client.pause();
    const taken = () => pair.tunnel.connections[0]?.receivedOctets ?? 0;
    for (let last = -1; last !== taken() || last === 0; await sleep(300)) last = taken();
    assert.ok(taken() < 20_000_000, `${taken()} octets were taken`);
    assert.ok((says?.writableLength ?? 0) > 20_000_000, `${says?.writableLength} octets wait`);
    client.destroy();
  });
});
