import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { readSocksRequest } from "../../src/tunnel/socks.ts";
import { socketPair } from "./socket-pair.ts";

/** Hears what the other end says until it hangs up, and does not hang up itself. */
async function heardBy(socket: Socket): Promise<number[]> {
  const octets: number[] = [];
  socket.on("data", (piece: Uint8Array) => octets.push(...piece));
  await once(socket, "close");
  return octets;
}

describe("readSocksRequest", () => {
  it("takes a request that comes all at once, and leaves what is behind it", async () => {
    const [client, server] = await socketPair();
    const request = Buffer.from("05010005010003096c6f63616c686f73740016", "hex");
    client.write(Buffer.concat([request, Buffer.from("behind")]));
    const asked = await readSocksRequest(server);
    assert.deepEqual(asked, { command: "connect", host: "localhost", port: 22 });
    assert.equal(String(server.read()), "behind");
    client.destroy();
    server.destroy();
  });

  it("does not wait for ever for half a request", async () => {
    const [client, server] = await socketPair();
    client.write(Uint8Array.of(5, 1));
    await assert.rejects(readSocksRequest(server, { askingMs: 20 }), { code: "ERR_TIMEOUT" });
    assert.equal(server.destroyed, true);
    client.destroy();
  });

  it("hangs up on a client that it refused and that does not", async () => {
    const [client, server] = await socketPair();
    client.write(Uint8Array.of(5, 1, 2));
    const heard = heardBy(server);
    await assert.rejects(readSocksRequest(server), { code: "ERR_REFUSED" });
    await heard;
    client.destroy();
  });

  it("has nothing to do for a client that hangs up", async () => {
    const [client, server] = await socketPair();
    client.end(Uint8Array.of(5));
    assert.equal(await readSocksRequest(server), undefined);
    client.destroy();
    server.destroy();
  });
});
