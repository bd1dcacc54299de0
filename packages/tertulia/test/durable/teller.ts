/**
 * Sends numbered lines over a session that its store keeps, in a process that may be killed at any
 * instant: `node teller.js ADDRESS STORE`. Where it was it knows from the session alone.
 */

import { connect, reconnect, type Session } from "../../src/index.ts";
import { openSqliteStore } from "../../src/stores/sqlite.ts";

const [, , address = "", path = "", last = "0"] = process.argv;
// Sessions do not keep a process alive while they wait for the network.
setInterval(() => {}, 1000);

const limits = { backoffMs: 5, backoffMsMax: 100, handshakeMs: 2000 };
const store = await openSqliteStore(path);
const session = await open();
for (let n = session.sentMessages + 1; Number(last) === 0 || n <= Number(last); n++) {
  // In flight as many as there may be: what waits for the disk waits together.
  const sent = session.send(`line ${n}`);
  if (n % 64 === 0) await sent;
}
await session.release();
console.log("released");
await store[Symbol.asyncDispose]();
process.exit(0);

async function open(): Promise<Session> {
  for await (const { id, role } of store.sessions()) {
    if (role === "initiator") return reconnect(address, id, { store });
  }
  for await (const { outcome } of store.tombstones()) {
    console.log(outcome);
    process.exit(0);
  }
  for (;;) {
    try {
      return await connect(address, { store, limits });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
