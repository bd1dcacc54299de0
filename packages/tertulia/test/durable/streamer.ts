/**
 * One end of a stream, in a process that is going to be killed: `node streamer.js ROLE ADDRESS STORE`.
 * The initiator writes 10,000 octets; the responder reads 4,000 and no more. Each says so in a line of
 * JSON, when its store has that, and before that which streams were lost with the process before.
 */

import { connect, listen, reconnect, type Session } from "../../src/index.ts";
import { openSqliteStore } from "../../src/stores/sqlite.ts";

const [, , role, address = "", path = ""] = process.argv;
// Sessions do not keep a process alive while they wait for the network.
setInterval(() => {}, 1000);
const store = await openSqliteStore(path);
const session = await begin();
console.log(JSON.stringify(session.lostStreams));
if (session.lostStreams.length === 0) {
  if (role === "initiator") await write(session);
  else await read(session);
}

async function begin(): Promise<Session> {
  if (role === "initiator") {
    const limits = { backoffMs: 5, backoffMsMax: 100 };
    for await (const { id } of store.sessions()) return reconnect(address, id, { store, limits });
    return connect(address, { store, limits });
  }
  for await (const one of await listen(address, { store })) return one;
  throw new Error("no session came");
}

async function write(to: Session): Promise<void> {
  await to.openStream("file").write(new Uint8Array(10_000));
  await to.delivered();
  console.log("written");
}

async function read(from: Session): Promise<void> {
  for await (const stream of from.streams) {
    for (let octets = 0; octets < 4000; ) octets += (await stream.read())?.length ?? 0;
    await stream.write(new Uint8Array(5));
    await from.delivered();
    await from.commit();
    console.log("read");
    return;
  }
}
