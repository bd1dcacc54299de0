/**
 * Two nodes on this host find each other by name and talk. Needs no privilege:
 *
 *     node examples/netbios-hello.ts
 */

import { openNetbios } from "tertulia/netbios";

const ports = { namePort: 10137, datagramPort: 10138, sessionPort: 10139 };
await using alice = await openNetbios({ address: "127.0.0.2", ...ports });
await using bob = await openNetbios({ address: "127.0.0.3", ...ports });
await Promise.all([alice.addName("ALICE"), bob.addName("BOB")]);

const serving = (async () => {
  for await (const session of alice.listen("ALICE")) {
    for await (const message of session) await session.send(message.toReversed());
    return;
  }
})();

const session = await bob.call("ALICE");
await session.send(new TextEncoder().encode("dlrow ,olleh"));
const answer = await session.receive();
console.log(new TextDecoder().decode(answer));
await session.hangUp();
await serving;
