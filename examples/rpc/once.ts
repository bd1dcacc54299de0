/**
 * A counter that counts exactly once: over a durable session, with the reply and the effect in one
 * transaction of SQLite.
 *
 *     node examples/rpc/once.ts
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { connect, listen } from "tertulia";
import { OnceClient, OnceServer, RpcServer, SqliteOutcomes, sessionChannel } from "tertulia/rpc";
import { CounterV1Client, serveCounterV1 } from "./generated/counter.ts";

const database = new DatabaseSync(":memory:");
database.exec("CREATE TABLE counter (value INTEGER); INSERT INTO counter VALUES (0)");
const change = database.prepare("UPDATE counter SET value = value + ?");
const read = database.prepare("SELECT value FROM counter");
const get = (): number => Number(read.get()?.["value"]);

const { dispatcher } = new RpcServer({
  programs: [
    serveCounterV1({
      get,
      add(by, call) {
        call.commit(() => change.run(by));
        return by;
      },
    }),
  ],
});
const once = new OnceServer(dispatcher, { store: new SqliteOutcomes(database) });
const listener = await listen("tcp://127.0.0.1:0");
void (async () => {
  for await (const session of listener) void once.serve(sessionChannel(session));
})();

const client = new OnceClient(async () => {
  const session = await connect(`tcp://127.0.0.1:${listener.port}`);
  // The network breaks again and again; nobody notices.
  let breaks = 0;
  const timer = setInterval(() => {
    if (++breaks > 5) clearInterval(timer);
    else session.breakTransport();
  }, 20);
  return sessionChannel(session);
});
const counter = new CounterV1Client(client);
await Promise.all(Array.from({ length: 1000 }, () => counter.add(1)));
console.log(`1000 calls, and the counter is ${await counter.get()}`);
await client.close();
await listener[Symbol.asyncDispose]();
process.exit(0);
