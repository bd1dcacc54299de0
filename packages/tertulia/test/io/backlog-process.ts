/**
 * A sender with a backlog, in a process of its own: `backlog-process.js STORE PORT [forever]`. Told how many messages
 * to send, it says how much memory that took; a new one goes on with what waits.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type Backlog, listen, openBacklog } from "tertulia";
import { openSqliteStore } from "tertulia/stores/sqlite";

/** Octets of each message. */
const MESSAGE_OCTETS = 100_000;

const [, , path = "", port = "0", mode = ""] = process.argv;
const isForever = mode === "forever";
const store = await openSqliteStore(path);
const listener = await listen(`tcp://127.0.0.1:${port}`, { store, keepsAll: true });
process.on("disconnect", () => process.exit());
process.send?.({ port: listener.port });
for await (const session of listener) {
  const memoryOctets = isForever ? 16 * 1024 : 256 * 1024;
  const backlog = await openBacklog(session, { octetsMax: 1 << 30, memoryOctets });
  const sendAll = async (count: number) => {
    const before = await liveOctets();
    for (let i = 0; i < count; i += 1) {
      const octets = new Uint8Array(MESSAGE_OCTETS).fill(backlog.nextNumber & 0xff);
      new DataView(octets.buffer).setUint32(0, backlog.nextNumber);
      await backlog.send(octets);
    }
    process.send?.({ grownOctets: (await liveOctets()) - before, waitingOctets: backlog.octets });
  };
  process.on("message", (count: number) => void sendAll(count));
  if (isForever) void sendForever(backlog);
}

/** Sends messages that are nothing but their numbers, twenty at a time, until it is killed. */
async function sendForever(backlog: Backlog): Promise<void> {
  for (;;) {
    const sent: Promise<void>[] = [];
    for (let i = 0; i < 20; i += 1) {
      sent.push(backlog.send(String(backlog.nextNumber).padEnd(500, " ")));
    }
    await Promise.all(sent);
  }
}

/** What is in memory and needed: garbage is nobody's backlog, and takes a moment to be given back. */
async function liveOctets(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 5; look += 1) {
    globalThis.gc?.();
    await sleep(50);
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
  }
  return least;
}
