import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";

const RESET = join(import.meta.dirname, "../../src/io/reset.js");

/** Ends a connection, drops it at once, and has nothing more to do. */
const program = `
import { connect, createServer } from "node:net";
import { resetSocket } from ${JSON.stringify(RESET)};
const server = createServer((socket) => socket.on("error", () => {}));
server.listen(0, "127.0.0.1", () => {
  const socket = connect(server.address().port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write("x".repeat(1000));
  socket.on("connect", () => {
    socket.end("bye");
    resetSocket(socket);
    server.close();
    setTimeout(() => process.exit(0), 50);
  });
});`;

describe("resetSocket", () => {
  it("leaves no handle open when the connection was shutting down", () => {
    const { status, signal } = spawnSync(
      process.execPath,
      ["--input-type=module", "--eval", program],
      { timeout: 20_000, encoding: "utf8" },
    );
    assert.deepEqual([status, signal], [0, null]);
  });
});
