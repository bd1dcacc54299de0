import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, it } from "node:test";
import { connect } from "../../src/io/connect.ts";
import { dialProcess } from "../../src/io/stdio-transport.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { errorOf, eventually, first, listening, texts } from "./linked.ts";

const library = new URL("../../src/index.js", import.meta.url).href;

describe("standard input and output", () => {
  it("carries a session with a program that was started for it", async () => {
    const program = `
      import { Listener, nodeRuntime, stdioTransport } from ${JSON.stringify(library)};
      const listener = new Listener(nodeRuntime());
      listener.receive(stdioTransport());
      for await (const session of listener) {
        for await (const message of session) await session.send("heard: " + message.value);
        break;
      }`;
    const parameters = ["--input-type=module", "-e", program];
    await using session = await connect(dialProcess(process.execPath, parameters));
    await session.send("hello");
    assert.deepEqual(await texts(session, 1), ["heard: hello"]);
    assert.equal(session.transport?.kind, "stdio");
    await session.release();
  });

  it("says when there is no such program, and stops when its signal says so", async () => {
    assert.equal((await errorOf(connect(dialProcess("/nowhere/at-all")))).code, "ERR_CLOSED");
    const reason = new Error("not now");
    const dial = dialProcess(process.execPath);
    assert.equal(await errorOf(dial(AbortSignal.abort(reason))), reason);
  });
});

describe("a process whose session waits for its next transport", () => {
  it("does not end for want of anything else to do", async () => {
    const { listener } = await listening("tcp");
    await using _ = listener;
    await using proxy = await FaultProxy.to(listener.port);
    const program = `
      import { connect } from ${JSON.stringify(library)};
      const limits = { backoffMs: 20, backoffMsMax: 50 };
      const session = await connect("tcp://127.0.0.1:${proxy.port}", { limits });
      const changes = session.changes();
      await session.send("here");
      for await (const { type } of changes) {
        console.log(type);
        if (type === "resumed") await session.release();
      }`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
    const exited = new Promise((resolve) => child.once("close", resolve));
    let said = "";
    child.stdout.on("data", (octets) => (said += octets));
    const server = await first(listener);
    assert.deepEqual(await texts(server, 1), ["here"]);
    proxy.isOpen = false;
    proxy.cut();
    await eventually(() => said.split("retrying").length > 3);
    proxy.isOpen = true;
    assert.equal((await server.closed).outcome, "released");
    assert.equal(await exited, 0);
  });
});
