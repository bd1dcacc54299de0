import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { Activities, type ActivityStore } from "../../src/dialogue/activities.ts";
import { awaitDialogue } from "../../src/dialogue/index.ts";
import { sessionTransport } from "../../src/dialogue/session-transport.ts";
import { storedActivities } from "../../src/dialogue/stored-activities.ts";
import { type BoundListener, listen } from "../../src/io/listen.ts";
import type { Session } from "../../src/io/session.ts";
import { decodeUtf8, utf8 } from "../../src/pure/octets.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { openSqliteStore } from "../../src/stores/sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "tertulia-activities-"));
after(() => rmSync(folder, { recursive: true }));

const id = utf8("job");

describe("activities in a store", () => {
  it("come back as they were saved, until they are removed", async () => {
    const store = new MemoryStore();
    const activities = storedActivities(store);
    const record = {
      identifier: id,
      serialNumber: 999_999,
      data: Uint8Array.of(0, 255),
      connectionIdentifier: { commonReference: utf8("ref"), callingReference: utf8("me") },
    };
    await activities.save(record);
    assert.deepEqual(await activities.load(id), record);
    await activities.save({ identifier: id, serialNumber: 1 });
    assert.deepEqual(await activities.load(id), { identifier: id, serialNumber: 1 });
    await activities.remove(id);
    assert.equal(await activities.load(id), undefined);
  });

  it("are not made of what is no record of one", async () => {
    const store = new MemoryStore();
    for (const text of ["", "{}", "[1]", '{"serialNumber":"1"}', "\u00ff"]) {
      await store.write({ id: "", epoch: 0, activities: [{ name: "6a6f62", octets: utf8(text) }] });
      await assert.rejects(storedActivities(store).load(id), { failure: "damaged" });
    }
  });

  for (const [how, first] of [
    ["killed with -9", "start"],
    ["interrupted in order", "interrupt"],
  ] as const) {
    it(`are resumed by another process, on both sides from a disk, when the first was ${how}`, async () => {
      await using listener = await listen("tcp://127.0.0.1:0");
      const [ours, theirs] = [join(folder, `${first}-ours.db`), join(folder, `${first}-theirs.db`)];
      const address = `tcp://${listener.address}`;

      await using store = await openSqliteStore(ours);
      const before = serving(listener, storedActivities(store));
      const one = process_(address, theirs, first);
      assert.deepEqual(await said(one), { serialNumber: 3 });
      if (first === "start") one.kill("SIGKILL");
      await once(one, "exit");
      const parts = (await before).filter((line) => line.startsWith("part"));
      assert.deepEqual(parts, ["part 1", "part 2", "part 3"]);

      const behind = serving(listener, storedActivities(store));
      const other = process_(address, theirs, "resume");
      assert.deepEqual(await said(other), { serialNumber: 3, data: "after 3" });
      const [code] = await once(other, "exit");
      assert.equal(code, 0);
      assert.deepEqual(await behind, ["resumed job behind 3", "part 4", "ended"]);
      assert.equal(await storedActivities(store).load(id), undefined);
    });
  }
});

function process_(...args: readonly string[]): ChildProcess {
  const program = join(import.meta.dirname, "activity-process.js");
  const flags = ["--disable-warning=ExperimentalWarning", program, ...args];
  return spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
}

/** The first line that a process says. */
async function said(child: ChildProcess): Promise<unknown> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += chunk;
    if (text.includes("\n")) return JSON.parse(text);
  }
  throw new Error(`it ended with nothing but: ${text}`);
}

/** Takes one session with one dialogue, to its end, and tells what happened. */
async function serving(listener: BoundListener, store: ActivityStore): Promise<string[]> {
  const told: string[] = [];
  const session = await nextSession(listener);
  const { dialogue } = await awaitDialogue(sessionTransport(session, { isInitiator: false }));
  dialogue.accept();
  const activities = new Activities(dialogue, store);
  // Whoever was killed is not waited for.
  const timer = setInterval(() => session.transport === undefined && session.abort("gone"), 50);
  try {
    for await (const indication of dialogue) {
      const { type, userData, serialNumber = 0, linkingInformation } = indication;
      await activities.take(indication);
      if (type === "S-DATA") told.push(decodeUtf8(userData) ?? "?");
      if (type === "S-SYNC-MINOR") {
        dialogue.respondSyncMinor(serialNumber);
        await activities.checkpoint();
      }
      if (type === "S-ACTIVITY-RESUME") {
        const kept = await store.load(id);
        assert.equal(kept?.serialNumber, linkingInformation?.serialNumber);
        told.push(`resumed job behind ${kept?.serialNumber}`);
      }
      if (type === "S-ACTIVITY-END") told.push("ended");
      if (type === "S-RELEASE") dialogue.respondRelease();
    }
  } catch (error) {
    assert.equal((error as { code?: string }).code, "ERR_ABORTED");
  } finally {
    clearInterval(timer);
  }
  return told;
}

async function nextSession(listener: BoundListener): Promise<Session> {
  for await (const session of listener) return session;
  throw new Error("the listener was closed");
}
