import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import { openSqliteStore } from "../../src/stores/sqlite.ts";
import { migrate, migrations } from "../../src/stores/sqlite-schema.ts";

const folder = mkdtempSync(join(tmpdir(), "tertulia-schema-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A file of the schema of now, with a session in it. */
async function filled(name: string): Promise<string> {
  const path = join(folder, name);
  await using store = await openSqliteStore(path);
  const record = { id: "01", role: "initiator", identity: "", createdAt: 1 } as const;
  const create = { ...record, establishment: Uint8Array.of(1) };
  await store.write({ id: "01", epoch: 3, create, state: Uint8Array.of(2) });
  return path;
}

function versionIn(db: DatabaseSync): unknown {
  return db.prepare("PRAGMA user_version").get()?.["user_version"];
}

describe("the schema of the SQLite store", () => {
  const next = [
    ...migrations,
    "ALTER TABLE sessions ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",
  ];

  it("takes a file of the version before to the next, with all that is in it", async () => {
    const path = await filled("next.db");
    const db = new DatabaseSync(path);
    migrate(db, path, next);
    const row = db.prepare("SELECT id, epoch, colour FROM sessions").get();
    deepEqual([versionIn(db), { ...row }], [next.length, { id: "01", epoch: 3, colour: "red" }]);
    db.close();
    // Who knows the version before only leaves it alone.
    await rejects(openSqliteStore(path), { failure: "failed" });
  });

  it("leaves a file as it was when a step fails", async () => {
    const path = await filled("failing.db");
    const db = new DatabaseSync(path);
    throws(() => migrate(db, path, [...next, "DROP TABLE nothing"]));
    equal(versionIn(db), migrations.length);
    db.close();
    await using store = await openSqliteStore(path);
    deepEqual((await store.load("01"))?.state, Uint8Array.of(2));
  });
});
