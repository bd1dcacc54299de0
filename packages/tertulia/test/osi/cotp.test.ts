import assert from "node:assert/strict";
import { connect as connectTcp } from "node:net";
import { describe, it } from "node:test";
import {
  type CotpConnection,
  type CotpServer,
  connectCotp,
  listenCotp,
} from "../../src/osi/cotp.ts";
import { serviceContract } from "../dialogue/service-contract.ts";

let server: CotpServer | undefined;
let accepted: ((connection: CotpConnection) => void) | undefined;

serviceContract({
  name: "COTP",
  connect: async ({ expedited }) => {
    server ??= await listenCotp({ port: 0, host: "127.0.0.1" }, (connection) =>
      accepted?.(connection),
    );
    const far = new Promise<CotpConnection>((resolve) => {
      accepted = resolve;
    });
    const near = await connectCotp({ port: server.port, expedited, sizeExponent: 11 });
    return [near, await far];
  },
  close: async () => server?.[Symbol.asyncDispose](),
});

describe("COTP connections", () => {
  it("say what both sides agreed on", async () => {
    let made: (connection: CotpConnection) => void = () => {};
    const accepted = new Promise<CotpConnection>((resolve) => {
      made = resolve;
    });
    await using server = await listenCotp(
      { port: 0, localSelector: Uint8Array.of(0, 1), sizeExponent: 10 },
      (connection) => made(connection),
    );
    const near = await connectCotp({
      port: server.port,
      expedited: true,
      localSelector: Uint8Array.of(9),
      remoteSelector: Uint8Array.of(0, 1),
    });
    const far = await accepted;
    assert.deepEqual(far.callingSelector, Uint8Array.of(9));
    assert.deepEqual([near.tpduOctets, far.tpduOctets], [1024, 1024]);
    assert.deepEqual([near.expedited, far.expedited], [true, true]);
    near.disconnect();
  });

  it("are refused by a selector that is not there", async () => {
    await using server = await listenCotp({ port: 0, localSelector: Uint8Array.of(1) }, () => {});
    const calling = connectCotp({ port: server.port, remoteSelector: Uint8Array.of(2) });
    await assert.rejects(calling, { code: "ERR_REFUSED" });
  });

  it("are given up after a while, or by a signal", async () => {
    await using server = await listenCotp({ port: 0, timeoutMs: 100 }, () => {});
    const { port } = server;
    const socket = connectTcp(port);
    await new Promise((resolve) => socket.once("close", resolve).resume());
    await assert.rejects(connectCotp({ port, signal: AbortSignal.abort(new Error("no")) }), /no/);
    await assert.rejects(connectCotp({ port: 1 }), { code: "ERR_CLOSED" });
  });

  it("survive a peer that speaks nonsense", async () => {
    await using server = await listenCotp({ port: 0 }, () => {});
    for (const nonsense of ["GET / HTTP/1.0\r\n\r\n", "\x03\x00\x00\x07\x02\xf0\x80", "\x03\x00"]) {
      const socket = connectTcp(server.port);
      socket.on("error", () => {});
      socket.end(Buffer.from(nonsense, "latin1"));
      await new Promise((resolve) => socket.once("close", resolve).resume());
    }
    const near = await connectCotp({ port: server.port });
    near.disconnect();
  });
});
