import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connectTo } from "../../src/tunnel/sockets.ts";
import { NAME, slowServer, twoAddresses } from "../two-addresses.ts";

describe("connectTo", () => {
  it("reaches a slow target whose name has another address, which is of no use", async () => {
    using _ = twoAddresses();
    await using server = await slowServer();
    const connected = connectTo({ host: NAME, port: server.port }, 10_000);
    // It has asked, and in vain; it asks again a second later.
    await sleep(50);
    server.take();
    const socket = await connected;
    assert.equal(socket.remoteAddress, "127.0.0.1");
    socket.destroy();
  });
});
