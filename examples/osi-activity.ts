/**
 * An activity that is interrupted on one session and resumed on another, over durable sessions whose
 * links break meanwhile. Run it:
 *
 *     npm run build && npm exec -- node examples/osi-activity.ts
 *
 * @module
 */

import { connect, listen, type Session } from "tertulia";
import {
  Activities,
  awaitDialogue,
  connectDialogue,
  type Dialogue,
  memoryActivityStore,
  sessionTransport,
} from "tertulia/dialogue";

const id = new TextEncoder().encode("job 7");
const store = memoryActivityStore(); // a real one would be a file or a database
const units = { functionalUnits: ["half-duplex", "minor", "activity"] } as const;

await using listener = await listen("tcp://127.0.0.1:0");

async function serve(session: Session): Promise<void> {
  const { dialogue } = await awaitDialogue(sessionTransport(session, { isInitiator: false }));
  dialogue.accept();
  const activities = new Activities(dialogue, memoryActivityStore());
  for await (const indication of dialogue) {
    console.log("server:", indication.type, indication.linkingInformation?.serialNumber ?? "");
    await activities.take(indication);
    if (indication.type === "S-SYNC-MINOR") dialogue.respondSyncMinor(indication.serialNumber ?? 0);
    if (indication.type === "S-RELEASE") dialogue.respondRelease();
  }
}

async function dial(): Promise<readonly [Session, Dialogue]> {
  const session = await connect(`tcp://${listener.address}`);
  const transport = sessionTransport(session, { isInitiator: true });
  return [session, await connectDialogue(transport, units)];
}

void (async () => {
  for await (const session of listener) {
    serve(session).catch((error: unknown) => console.log("server:", String(error)));
  }
})();

// The first session: the job begins, its link breaks, and it is interrupted after point 1.
{
  const [session, dialogue] = await dial();
  const activities = new Activities(dialogue, store);
  await activities.start(id, new TextEncoder().encode("state of the job"));
  session.breakTransport(); // nobody will notice
  await dialogue.data(new TextEncoder().encode("first part"));
  await dialogue.syncMinor().confirmed;
  await activities.interrupt();
  await dialogue.release();
  await session.release();
}

// The second, perhaps of another process: it knows no more than the identifier.
{
  const [session, dialogue] = await dial();
  const activities = new Activities(dialogue, store);
  const { serialNumber, data } = await activities.resume(id);
  console.log("resumed after point", serialNumber, "with", new TextDecoder().decode(data));
  await dialogue.data(new TextEncoder().encode("second part"));
  await activities.end();
  await dialogue.release();
  await session.release();
}
console.log("done");
