/**
 * Files as earlier versions left them: a process of each version was ended with a message settled, two
 * that were not read, one that had not been transmitted, and one for its sender that nobody had read.
 * Their tables are of the first version.
 */

import { deepEqual, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { Listener, memoryPair, nodeRuntime, reconnect, type Session } from "../../src/index.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../../src/stores/sqlite.ts";
import type { SessionSummary } from "../../src/stores/store.ts";
import { readFixture } from "../fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "tertulia-history-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The file that a version left, as if it had been ended just now. */
function left(version: number, role: "initiator" | "responder", name = `${version}`): string {
  const path = join(folder, `${name}-${role}.db`);
  const db = new DatabaseSync(path);
  db.exec(readFixture("stores", `state-${version}-${role}.sql`));
  db.prepare("UPDATE sessions SET created_at = ?, updated_at = ?").run(Date.now(), Date.now());
  db.close();
  return path;
}

async function take(session: Session, count: number): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const { value } of session) if (values.push(value) === count) break;
  return values;
}

/** Opens both files, and lets the initiator come back. */
async function resumed(initiator: string, responder: string) {
  const near = await openSqliteStore(initiator);
  const far = await openSqliteStore(responder);
  const listener = new Listener(nodeRuntime(), { store: far, durability: "disk" });
  await listener.restore();
  const dial = async () => {
    const [one, other] = memoryPair();
    listener.receive(other);
    return one;
  };
  const ids: string[] = [];
  for await (const { id } of near.sessions()) ids.push(id);
  const end = async () => {
    await listener[Symbol.asyncDispose]();
    await near[Symbol.asyncDispose]();
    await far[Symbol.asyncDispose]();
  };
  return { near, listener, dial, id: ids[0] ?? "", end };
}

describe("a store that an earlier version left", () => {
  for (const version of [1, 2, 3]) {
    it(`goes on with its session, and has every message once: state ${version}`, async () => {
      const paths = [left(version, "initiator"), left(version, "responder")] as const;
      const { near, listener, dial, id, end } = await resumed(...paths);
      const session = await reconnect(dial, id, { store: near, durability: "disk" });
      const { value: peer } = await listener[Symbol.asyncIterator]().next();
      await session.send("five");
      deepEqual(
        [peer?.id, peer && (await take(peer, 4)), await take(session, 1)],
        [id, ["two", "three", "four", "five"], ["back"]],
      );
      session.abort();
      await session.closed;
      await end();
    });
  }
});

describe("a store with a schema of before", () => {
  it("is looked at as it is, and gets checksums of its rows when it is opened", async () => {
    const path = left(3, "responder", "schema");
    const listed = async (options: SqliteStoreOptions) => {
      await using store = await openSqliteStore(path, options);
      const found: SessionSummary[] = [];
      for await (const session of store.sessions()) found.push(session);
      const [{ id } = { id: "" }] = found;
      return [found, (await store.load(id))?.record, await store.check()];
    };
    const before = await listed({ readOnly: true });
    deepEqual(before[2], { problems: [], damaged: [] });
    deepEqual(await listed({}), before);
    const db = new DatabaseSync(path);
    db.exec("UPDATE sessions SET identity = 'somebody else'");
    db.close();
    await using store = await openSqliteStore(path);
    deepEqual((await store.check()).damaged.length, 1);
  });
});

describe("a store that a later version left", () => {
  it("is refused with both versions, also when it is only looked at", async () => {
    const path = left(3, "responder", "later");
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 7");
    db.close();
    const refusal = { failure: "failed", message: /has schema 7, this Tertulia knows 2/ };
    await rejects(openSqliteStore(path), refusal);
    await rejects(openSqliteStore(path, { readOnly: true }), refusal);
  });

  it("keeps a session whose state is of a later version, and says so", async () => {
    const paths = [left(3, "initiator", "state"), left(3, "responder", "state")] as const;
    const db = new DatabaseSync(paths[0]);
    const state = db.prepare("SELECT state FROM sessions").get()?.["state"] as Uint8Array; // strict
    state[0] = 9;
    db.prepare("UPDATE sessions SET state = ?, state_crc = ?").run(state, crc32(state));
    db.close();
    const { near, dial, id, end } = await resumed(...paths);
    await rejects(reconnect(dial, id, { store: near, durability: "disk" }), /version 9, we know 4/);
    deepEqual((await near.load(id))?.state, state);
    await end();
  });
});
