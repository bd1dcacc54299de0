/**
 * A process with an activity, which may die of it:
 * `node activity-process.js ADDRESS STORE start|interrupt|resume`.
 *
 * `start` and `interrupt` begin the activity "job" and send three parts with a confirmed point behind
 * each; `start` then waits for its end, `interrupt` interrupts in order. `resume` goes on from what the
 * store has, and ends the activity. What it knows it says on standard output, a line of JSON each.
 */

import {
  Activities,
  connectDialogue,
  sessionTransport,
  storedActivities,
} from "../../src/dialogue/index.ts";
import { connect } from "../../src/io/connect.ts";
import { utf8 } from "../../src/pure/octets.ts";
import { openSqliteStore } from "../../src/stores/sqlite.ts";

const [, , address = "", path = "", what] = process.argv;
const identifier = utf8("job");

await using store = await openSqliteStore(path);
const session = await connect(address);
const dialogue = await connectDialogue(sessionTransport(session, { isInitiator: true }), {
  functionalUnits: ["half-duplex", "minor", "activity"],
});
const activities = new Activities(dialogue, storedActivities(store), {
  commonReference: utf8("2611250000Z"),
});

async function part(number: number): Promise<void> {
  await dialogue.data(utf8(`part ${number}`));
  await dialogue.syncMinor().confirmed;
  await activities.checkpoint(utf8(`after ${number}`));
}

if (what === "resume") {
  const { serialNumber, data } = await activities.resume(identifier);
  console.log(JSON.stringify({ serialNumber, data: Buffer.from(data ?? []).toString() }));
  await part(serialNumber + 1);
  await activities.end();
} else {
  await activities.start(identifier);
  for (let number = 1; number <= 3; number++) await part(number);
  if (what === "interrupt") await activities.interrupt();
  console.log(JSON.stringify({ serialNumber: 3 }));
  // It is killed now.
  if (what === "start") await new Promise(() => {});
}
await dialogue.release();
await session.release();
