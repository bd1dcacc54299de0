/**
 * A server that counts exactly once, in an SQLite database, over Tertulia sessions; and that kills
 * itself at some point of a call: before, or right after, the effect is kept, always before the reply.
 *
 *     node once-process.js DATABASE PORT KILL_AFTER_CALLS
 */

import { DatabaseSync } from "node:sqlite";
import { listen } from "../../src/index.ts";
import {
  OnceServer,
  type OutcomeRecord,
  RpcServer,
  SqliteOutcomes,
  sessionChannel,
} from "../../src/rpc/index.ts";
import { serveBenchProgV1 } from "../fixtures/oncrpc/generated/bench.ts";

const [file = "", port = "0", killAfter = "0"] = process.argv.slice(2);
const database = new DatabaseSync(file, { timeout: 5000 });
database.exec("CREATE TABLE IF NOT EXISTS counter (value INTEGER NOT NULL)");
if (database.prepare("SELECT 1 FROM counter").get() === undefined) {
  database.exec("INSERT INTO counter VALUES (0)");
}
const add = database.prepare("UPDATE counter SET value = value + ?");

/** Dies at its turn, with kill -9: in odd processes before what it should keep, in even ones after. */
class Mortal extends SqliteOutcomes {
  #left = Number(killAfter);

  override commit(records: readonly OutcomeRecord[]): readonly unknown[] {
    this.#left -= records.length;
    const isLast = Number(killAfter) > 0 && this.#left <= 0;
    if (isLast && process.pid % 2 === 1) process.kill(process.pid, "SIGKILL");
    const errors = super.commit(records);
    if (isLast) process.kill(process.pid, "SIGKILL");
    return errors;
  }
}

const programs = [
  serveBenchProgV1({
    echo: (octets) => octets,
    node: (node) => node,
    sleep: (ms) => ms,
    incr(by, call) {
      call.commit(() => add.run(by));
      return by;
    },
  }),
];
const rpc = new RpcServer({ programs });
const server = new OnceServer(rpc.dispatcher, { store: new Mortal(database) });
const listener = await listen(`tcp://127.0.0.1:${port}`);
console.log(listener.port);
process.stdin.resume().on("end", () => process.exit(0));
for await (const session of listener) void server.serve(sessionChannel(session)).catch(() => {});
