/**
 * A host with two addresses, of which only the first is right, and a server there that is slow to take
 * connections: as one on the other side of the world, or behind a lossy link.
 */

import { spawn } from "node:child_process";
import dns from "node:dns";
import { once } from "node:events";
import { connect } from "node:net";
import { mock } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

export const NAME = "two.example";
const ADDRESSES = ["127.0.0.1", "127.0.0.2"].map((address) => ({ address, family: 4 }));

/** Until it is disposed of, {@link NAME}, and any other, has both addresses. */
export function twoAddresses(): Disposable {
  const found = (_name: string, _options: object, done: Found) => done(null, ADDRESSES);
  const spy = mock.method(dns, "lookup", found);
  return { [Symbol.dispose]: () => spy.mock.restore() };
}

type Found = (error: null, addresses: typeof ADDRESSES) => void;

/** Listens, and takes nothing until a word comes; what it has no room for meanwhile is sent again after 1 s. */
const SLOW = `
const { createServer } = require("node:net");
const server = createServer((socket) => socket.on("error", () => {}));
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  require("node:fs").writeSync(1, String(server.address().port));
  require("node:fs").readSync(0, Buffer.alloc(1));
});`;
/** More than it has room for. */
const WAITING = 8;

/** One that has no room for another connection, until it is told to take them. */
export async function slowServer(): Promise<AsyncDisposable & { port: number; take(): void }> {
  const child = spawn(process.execPath, ["-e", SLOW], { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = await once(child.stdout, "data");
  const waiting = Array.from({ length: WAITING }, () => connect(Number(port), "127.0.0.1"));
  for (const socket of waiting) socket.on("error", () => {});
  // The first of them are in, and then it is full.
  await sleep(50);
  return {
    port: Number(port),
    take: () => void child.stdin.write("x"),
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}
