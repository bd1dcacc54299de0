/**
 * One side of a dialogue in turns, in a process that may be killed at any instant: `node talker.js
 * ROLE ADDRESS STORE FILE LAST`. Who has the tokens says a number, marks it with a synchronization
 * point of that number, and gives the tokens away; who hears a number writes it to a file. Nothing but
 * the dialogue says where they were. At the last number the one ends the activity and the session.
 */

import { appendFileSync } from "node:fs";
import {
  awaitDialogue,
  connectDialogue,
  type Dialogue,
  resumeDialogue,
  sessionTransport,
} from "../../src/dialogue/index.ts";
import { connect, listen, reconnect, type Session } from "../../src/index.ts";
import { decodeUtf8, utf8 } from "../../src/pure/octets.ts";
import { openSqliteStore } from "../../src/stores/sqlite.ts";

const [, , role, address = "", path = "", file = "", last = "0"] = process.argv;
// Sessions do not keep a process alive while they wait for the network.
setInterval(() => {}, 1000);

const tokens = ["data", "minor", "major"] as const;
const store = await openSqliteStore(path);
if (role === "initiator") await serve(await initiate());
else {
  // Whoever died before its store had the session has left one here that nobody comes back to.
  for await (const session of await listen(address, { store })) void serve(session);
}

async function serve(session: Session): Promise<void> {
  await talk(await begin(session));
  if (role === "initiator") await session.release();
  const { outcome } = await session.closed;
  if (outcome !== "released") return;
  await store[Symbol.asyncDispose]();
  process.exit(0);
}

async function initiate(): Promise<Session> {
  const limits = { backoffMs: 5, backoffMsMax: 100, handshakeMs: 2000 };
  for await (const { id } of store.sessions()) return reconnect(address, id, { store, limits });
  for await (const _ of store.tombstones()) process.exit(0);
  for (;;) {
    try {
      return await connect(address, { store, limits });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function begin(on: Session): Promise<Dialogue> {
  const transport = sessionTransport(on, { isInitiator: role === "initiator" });
  if (role === "responder") {
    const dialogue = on.keptDialogue
      ? resumeDialogue(transport)
      : (await awaitDialogue(transport)).dialogue;
    if (dialogue.state === "STA01C") await dialogue.asked();
    if (dialogue.state === "STA08") dialogue.accept();
    return dialogue;
  }
  const functionalUnits = ["half-duplex", "minor", "activity"] as const;
  if (!on.keptDialogue) return connectDialogue(transport, { functionalUnits });
  const dialogue = resumeDialogue(transport);
  await dialogue.unanswered.get("SCONcnf+");
  return dialogue;
}

async function talk(dialogue: Dialogue): Promise<void> {
  if (await isOver(dialogue)) return;
  for await (const { type, userData, serialNumber } of dialogue) {
    if (type === "S-DATA") appendFileSync(file, `${decodeUtf8(userData)}\n`);
    if (type === "S-SYNC-MINOR") dialogue.respondSyncMinor(serialNumber ?? 0);
    if (type === "S-ACTIVITY-END") dialogue.respondEndActivity();
    if (type === "S-RELEASE") dialogue.respondRelease();
    if (type === "S-TOKEN-GIVE" && (await isOver(dialogue))) return;
  }
}

/** Takes the turn, if it is ours; whether that was the end. */
async function isOver(dialogue: Dialogue): Promise<boolean> {
  await dialogue.unanswered.get("SACTEcnf");
  if (dialogue.unanswered.has("SRELcnf+")) {
    await dialogue.unanswered.get("SRELcnf+");
    return true;
  }
  if (dialogue.state !== "STA713" || !dialogue.tokens.includes("data")) return false;
  if (!dialogue.isInActivity) {
    if (dialogue.nextSerialNumber > 1) {
      await dialogue.release();
      return true;
    }
    dialogue.startActivity(Uint8Array.of(1));
  }
  const n = dialogue.nextSerialNumber;
  if (n > Number(last)) {
    await dialogue.endActivity();
    await dialogue.release();
    return true;
  }
  void dialogue.data(utf8(`${n}`));
  dialogue.syncMinor();
  dialogue.giveTokens(tokens);
  return false;
}
