import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bin, Running, serving, TemporaryHome } from "../processes.ts";

/** A target on a free port, gone at the end of the block. */
async function target(
  onConnection: (socket: Socket) => void,
): Promise<AsyncDisposable & { readonly at: string }> {
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it is TCP
  return {
    at: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

describe("tertulia pipe", { timeout: 60_000 }, () => {
  it("carries more than anybody keeps, there and back, and half-close", async () => {
    using home = new TemporaryHome();
    await using echo = await target((socket) => {
      socket.pipe(socket, { end: false });
      socket.on("end", () => socket.end("over"));
    });
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    const environment = { ...process.env, XDG_CONFIG_HOME: home.path };
    const words = [bin, "pipe", address, echo.at];
    const pipe = spawn(process.execPath, words, {
      env: environment,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const said = randomBytes(24 * 1024 * 1024);
    pipe.stdin.end(said);
    // Nobody reads for a while: it is slow, and nothing is lost.
    await sleep(500);
    const heard: Uint8Array[] = [];
    for await (const octets of pipe.stdout) heard.push(octets);
    assert.ok(Buffer.concat(heard).equals(Buffer.concat([said, Buffer.from("over")])));
  });

  it("ends when the target resets, though somebody may still write to it", async () => {
    using home = new TemporaryHome();
    await using rude = await target((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    await using pipe = new Running(home, "pipe", address, rude.at);
    pipe.process.stdin.write("hello\n");
    assert.equal(await pipe.ended(), 6);
    assert.match(pipe.stderr, /reset/);
  });
});
