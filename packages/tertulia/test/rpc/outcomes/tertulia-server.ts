/**
 * Ours: writes each item that it is called with into a database, in the transaction that keeps the reply.
 * `node tertulia-server.js DATABASE PORT`
 */

import { DatabaseSync } from "node:sqlite";
import { listen } from "../../../src/index.ts";
import { OnceServer, RpcServer, SqliteOutcomes, sessionChannel } from "../../../src/rpc/index.ts";
import { serveBenchProgV1 } from "../../fixtures/oncrpc/generated/bench.ts";

const [, , file = "", port = ""] = process.argv;
const database = new DatabaseSync(file, { timeout: 5000 });
database.exec("CREATE TABLE IF NOT EXISTS items (item INTEGER NOT NULL)");
const insert = database.prepare("INSERT INTO items VALUES (?)");

const program = serveBenchProgV1({
  echo: (octets) => octets,
  node: (node) => node,
  sleep: (ms) => ms,
  async incr(item, call) {
    call.commit(() => insert.run(item));
    await new Promise((resolve) => setTimeout(resolve, 1));
    return item;
  },
});
const { dispatcher } = new RpcServer({ programs: [program] });
const server = new OnceServer(dispatcher, { store: new SqliteOutcomes(database) });
const listener = await listen(`tcp://127.0.0.1:${port}`);
for await (const session of listener) void server.serve(sessionChannel(session)).catch(() => {});
