/**
 * Ours: calls with each item once, and notes in the transaction that settles the call that it is done.
 * `node tertulia-client.js DATABASE PORT LAST`, without end when LAST is 0.
 */

import { DatabaseSync } from "node:sqlite";
import { connect } from "../../../src/index.ts";
import { OnceClient, OutcomeError, SqliteCalls, sessionChannel } from "../../../src/rpc/index.ts";
import { BenchProgV1Client } from "../../fixtures/oncrpc/generated/bench.ts";
import { DoneItems } from "./done-items.ts";

const [, , file = "", port = "", last = ""] = process.argv;
const database = new DatabaseSync(file, { timeout: 5000 });
const store = new SqliteCalls(database);
const done = new DoneItems(database, Number(last));

const client = new OnceClient(
  async () => sessionChannel(await connect(`tcp://127.0.0.1:${port}`)),
  {
    store,
    firstMs: 10,
    longestMs: 50,
    onRecovered: ({ argument, outcome }) => {
      const item = new DataView(argument.buffer, argument.byteOffset).getInt32(0);
      if (outcome !== "not executed") done.add(item);
    },
  },
);
// What the process before had in flight is known first: the rest of the items is what is to do.
await client.recovered;
const bench = new BenchProgV1Client(client);
await done.each(async (item) => {
  try {
    await bench.incr(item, {
      settle: ({ outcome }) => outcome !== "not executed" && done.add(item),
    });
    return true;
  } catch (error) {
    if (error instanceof OutcomeError && error.outcome === "not executed") return false;
    throw error;
  }
});
process.exit(0);
