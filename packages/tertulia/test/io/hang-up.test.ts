import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../src/io/connect.ts";

describe("connect", () => {
  it("leaves the event loop alone when the other side hangs up in the handshake", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.destroySoon());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // it listens at a port
    await assert.rejects(connect(`tcp://127.0.0.1:${port}`), { code: "ERR_CLOSED" });
    server.close();
    await once(server, "close");
    // With the loop turning for ever, this timer never came.
    await sleep(10);
  });
});
