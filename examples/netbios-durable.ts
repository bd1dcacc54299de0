/**
 * A session between two names that outlives its TCP connection:
 *
 *     node examples/netbios-durable.ts
 */

import { textContext } from "tertulia";
import { callByName, listenByName, openNetbios } from "tertulia/netbios";

const ports = { namePort: 11137, datagramPort: 11138, sessionPort: 11139 };
await using alice = await openNetbios({ address: "127.0.0.2", ...ports });
await using bob = await openNetbios({ address: "127.0.0.3", ...ports });
await Promise.all([alice.addName("ALICE"), bob.addName("BOB")]);

await using listener = await listenByName(alice, "ALICE", { contexts: [textContext] });
const accepted = listener[Symbol.asyncIterator]().next();
const called = await callByName(bob, "ALICE", { contexts: [textContext] });
if (called.type !== "durable") throw new Error("Alice speaks plain NetBIOS");
const { value: session } = await accepted;

await called.session.send("before");
called.session.breakTransport();
await called.session.send("after");
let count = 0;
for await (const message of session ?? []) {
  console.log(message.value);
  count += 1;
  if (count === 2) break;
}
