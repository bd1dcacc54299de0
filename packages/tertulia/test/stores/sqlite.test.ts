import { deepEqual, equal, match, rejects } from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import { Listener, nodeRuntime } from "../../src/index.ts";
import { utf8 } from "../../src/pure/octets.ts";
import { openSqliteStore, type SqliteStore } from "../../src/stores/sqlite.ts";
import { Database } from "../../src/stores/sqlite-database.ts";
import type { SessionChanges, Store, StoreError } from "../../src/stores/store.ts";
import { storeContract } from "../../src/testing/store-contract.ts";

const folder = mkdtempSync(join(tmpdir(), "tertulia-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const paths = new WeakMap<Store, string>();

async function openAt(path: string): Promise<SqliteStore> {
  const store = await openSqliteStore(path);
  paths.set(store, path);
  return store;
}

function newPath(): string {
  return join(folder, `${files++}.db`);
}

function pathOf(store: Store): string {
  return paths.get(store) ?? "";
}

/** The files as they are at this instant: what kill -9 leaves, and a power failure at its kindest. */
function copied(path: string): string {
  const copy = newPath();
  for (const suffix of ["", "-wal"]) cpSync(path + suffix, copy + suffix);
  return copy;
}

const fixture = {
  open: () => openAt(newPath()),
  async reopen(store: Store) {
    await store[Symbol.asyncDispose]();
    return openAt(pathOf(store));
  },
  async crash(store: Store) {
    const copy = copied(pathOf(store));
    void store[Symbol.asyncDispose]();
    return openAt(copy);
  },
  async damage(store: Store, id: string) {
    await store[Symbol.asyncDispose]();
    const db = new DatabaseSync(pathOf(store));
    db.prepare(
      `UPDATE entries SET octets = x'616263ff'
       WHERE session = (SELECT n FROM sessions WHERE id = ?)`,
    ).run(id);
    db.close();
    return openAt(pathOf(store));
  },
};

describe("SqliteStore", () => {
  const supports = { reopen: true, crash: true, damage: true };
  for (const { claim, skip, run } of storeContract(fixture, { supports })) {
    it(claim, { skip: skip ?? false }, run);
  }

  it("opens what a torn log leaves: whole batches, from the first on", async () => {
    await using store = await fixture.open();
    await store.write(created("01"));
    for (let i = 0; i < 20; i++) await store.write(appended("01", i));
    const log = readFileSync(`${pathOf(store)}-wal`);
    for (let cut = 0; cut < log.length; cut += 3571) {
      const copy = copied(pathOf(store));
      const torn = Buffer.from(log);
      // What was not synced is not only absent: it may be anything.
      const end = Math.min(cut + 4096, log.length);
      torn.fill(0xa5, cut, end);
      writeFileSync(`${copy}-wal`, torn.subarray(0, end));
      const recovered = new Database({ ...OPTIONS, path: copy });
      const stored = recovered.load("01");
      recovered.close();
      const count = stored?.entries.length ?? 0;
      deepEqual(stored?.entries.map(({ position }) => position) ?? [], [...Array(count).keys()]);
    }
  });

  it("refuses a file that another process has open, and lets it be looked at", async () => {
    await using store = await fixture.open();
    await store.write(created("01"));
    await rejects(openSqliteStore(pathOf(store)), {
      failure: "failed",
      message: /another process/,
    });
    await using reader = await openSqliteStore(pathOf(store), { readOnly: true });
    equal((await reader.load("01"))?.record.id, "01");
  });

  it("refuses a file of another program, of a later version, and of no database", async () => {
    const foreign = newPath();
    new DatabaseSync(foreign).exec("CREATE TABLE t (a)");
    await rejects(openSqliteStore(foreign), { failure: "failed", message: /another program/ });
    const later = newPath();
    await (await openSqliteStore(later))[Symbol.asyncDispose]();
    new DatabaseSync(later).exec("PRAGMA user_version = 99");
    await rejects(openSqliteStore(later), { failure: "failed", message: /schema 99/ });
    const looking = openSqliteStore(later, { readOnly: true });
    await rejects(looking, { failure: "failed", message: /schema 99/ });
    const garbage = newPath();
    writeFileSync(garbage, "no database at all, but long enough to have a header".repeat(100));
    await rejects(openSqliteStore(garbage), { failure: "damaged" });
  });

  it("says that there is no file, where it would only look", async () => {
    const path = newPath();
    const message = `failed: there is no ${path}`;
    await rejects(openSqliteStore(path, { readOnly: true }), { message });
  });

  it("says what is wrong with a damaged file, and gives what is whole if asked to", async () => {
    const store = await fixture.open();
    for (let i = 0; i < 100; i++) {
      const id = String(i).padStart(2, "0");
      await store.write(created(id, { appends: [{ ...ENTRY, octets: new Uint8Array(3000) }] }));
    }
    await store[Symbol.asyncDispose]();
    const file = readFileSync(pathOf(store));
    // Two pages in the middle of the entries, which are most of the file.
    const page = (file.length >> 13) * 4096;
    file.fill(0xff, page, page + 8192);
    writeFileSync(pathOf(store), file);
    await rejects(openSqliteStore(pathOf(store)), { failure: "damaged" });
    await using saved = await openSqliteStore(pathOf(store), { allowDamaged: true });
    const { problems, damaged } = await saved.check();
    match(problems.join("\n"), /\w/);
    const whole: string[] = [];
    for (let i = 0; i < 100; i++) {
      const id = String(i).padStart(2, "0");
      const isWhole = await saved.load(id).then(
        (session) => session?.entries.length === 1,
        () => false,
      );
      if (isWhole) whole.push(id);
    }
    equal(whole.length > 0 && whole.length < 100, true);
    equal(
      whole.some((id) => damaged.includes(id)),
      false,
    );
  });

  for (const [column, value] of [
    ["role", "'rdsponder'"],
    ["identity", "'any'"],
    ["created_at", "created_at + 1024"],
    ["epoch", "epoch + 1"],
    ["updated_at", "updated_at + 1024"],
  ] as const) {
    it(`finds a flipped bit in the ${column} of a session`, async () => {
      const store = await fixture.open();
      await store.write(created("01"));
      await store.write({ id: "01", epoch: 1, state: utf8("state") });
      await store.write({ id: "01", epoch: 2 });
      await store[Symbol.asyncDispose]();
      const db = new DatabaseSync(pathOf(store));
      db.exec(`UPDATE sessions SET ${column} = ${value}`);
      db.close();
      await using again = await openAt(pathOf(store));
      for await (const { id, isDamaged } of again.sessions())
        deepEqual([id, isDamaged], ["01", true]);
      await rejects(again.load("01"), { failure: "damaged" });
      const { problems, damaged } = await again.check();
      deepEqual(damaged, ["01"]);
      deepEqual(problems, ["session 01: damaged: checksum of the row of 01"]);
    });
  }

  it("has a listener hear of a session of which it is not known any more whose it is", async () => {
    const store = await fixture.open();
    await store.write(created("01"));
    await store[Symbol.asyncDispose]();
    const db = new DatabaseSync(pathOf(store));
    db.exec("UPDATE sessions SET role = 'initiator'");
    db.close();
    await using again = await openAt(pathOf(store));
    const damaged: string[] = [];
    const options = { store: again, durability: "disk" } as const;
    const onDamaged = (id: string) => void damaged.push(id);
    await using listener = new Listener(nodeRuntime(), { ...options, onDamaged });
    await listener.restore();
    deepEqual(damaged, ["01"]);
  });

  for (const [column, value] of [
    ["outcome", "'rdleased'"],
    ["message", "''"],
    ["received0", "received0 + 1"],
    ["received1", "received1 + 1"],
  ] as const) {
    it(`says of a tombstone no more than that it is damaged, if its ${column} is`, async () => {
      const store = await fixture.open();
      await store.write(created("01"));
      const end = { outcome: "aborted", message: "enough", received: [5, 6], endedAt: 7 } as const;
      await store.write({ id: "01", epoch: 1, end: { id: "01", ...end } });
      await store[Symbol.asyncDispose]();
      const db = new DatabaseSync(pathOf(store));
      db.exec(`UPDATE tombstones SET ${column} = ${value}`);
      db.close();
      await using again = await openAt(pathOf(store));
      for await (const { outcome, message, received } of again.tombstones()) {
        deepEqual([outcome, message, received], ["lost", "how it ended is damaged", [0, 0]]);
      }
      deepEqual((await again.check()).problems, ["tombstone 01: damaged: its checksum"]);
    });
  }

  it("keeps texts whole that SQLite would cut off, or that are no Unicode", async () => {
    await using store = await fixture.open();
    const { create } = created("01");
    if (create === undefined) throw new Error("it is created");
    await store.write(created("01", { create: { ...create, identity: "ana\0bob \ud800" } }));
    equal((await store.load("01"))?.record.identity, "ana\ufffdbob \ufffd");
    const end = { outcome: "aborted", message: "a\0b", received: [0, 0], endedAt: 7 } as const;
    await store.write({ id: "01", epoch: 1, end: { id: "01", ...end } });
    for await (const { message } of store.tombstones()) equal(message, "a\ufffdb");
    await store.write({ id: "", epoch: 0, activities: [{ name: "a\0b", octets: utf8("it") }] });
    deepEqual(await store.activity("a\0b"), utf8("it"));
    deepEqual((await store.check()).problems, []);
  });

  it("calls it damage when no page of the file says what it is any more, and looks at all the rest", async () => {
    const store = await fixture.open();
    await store.write(created("01"));
    await store[Symbol.asyncDispose]();
    const file = readFileSync(pathOf(store));
    file.fill(0xff, 100, 4096);
    writeFileSync(pathOf(store), file);
    await using saved = await openSqliteStore(pathOf(store), {
      readOnly: true,
      allowDamaged: true,
    });
    match((await saved.check()).problems.join("\n"), /^file: damaged: .*malformed\nsessions: /);
    await rejects(saved.load("01"), { failure: "damaged", message: /malformed$/ });
  });

  it("waits for room when there is none, and loses nothing", async () => {
    const path = newPath();
    let blocked = 0;
    const { promise: told, resolve } = Promise.withResolvers<void>();
    const onBlocked = () => {
      blocked += 1;
      resolve();
    };
    const octetsMax = 400_000;
    await using store = await openSqliteStore(path, { octetsMax, retryMs: 5, onBlocked });
    await store.write(created("01"));
    // One at a time: of those that wait together all want room at once.
    let waits = Promise.resolve();
    for (let position = 0; blocked === 0; position += 20_000) {
      waits = store.write(appended("01", position, 20_000));
      await Promise.race([waits, told]);
    }
    // Room is made behind its back, as by an operator.
    const other = new DatabaseSync(path);
    other.exec("DELETE FROM entries WHERE position < 100000");
    other.close();
    await waits;
    equal(blocked, 2);
  });

  it("refuses when there is no room and the policy says so, and goes on when there is", async () => {
    const path = newPath();
    await using store = await openSqliteStore(path, { octetsMax: 400_000, onFull: "fail" });
    await store.write(created("01"));
    await rejects(store.write(appended("01", 0, 1_000_000)), { failure: "full" });
    await store.write(appended("01", 0, 1000));
    equal((await store.load("01"))?.entries.length, 1);
  });

  for (const onFull of ["fail", "block"] as const) {
    it(`keeps nothing of what a session wrote behind what found no room (${onFull})`, async () => {
      const path = newPath();
      const store = await openSqliteStore(path, { octetsMax: 400_000, onFull });
      await store.write(created("01", { state: utf8("before") }));
      const large = store.write(appended("01", 0, 1_000_000));
      // Its transaction has begun: what comes now is of the next.
      await Promise.resolve();
      const behind = store.write({ id: "01", epoch: 0, state: utf8("1,000,000 have come") });
      const refused = [large, behind].map((write) => rejects(write, { failure: "full" }));
      const other = store.write(created("02"));
      if (onFull === "block") await store[Symbol.asyncDispose]();
      await Promise.all([...refused, other]);
      // Whoever knows of it may go on.
      if (onFull === "fail") await store.write(appended("01", 0, 1000));
      await store[Symbol.asyncDispose]();
      await using again = await openSqliteStore(path);
      deepEqual((await again.load("01"))?.state, utf8("before"));
      equal((await again.load("02"))?.record.id, "02");
    });
  }

  it("says once that the medium has failed, and promises nothing from then on", async () => {
    const path = newPath();
    const told: string[] = [];
    const onFailed = ({ failure }: StoreError) => {
      told.push(failure);
    };
    await using store = await openSqliteStore(path, { onFailed });
    await store.write(created("01"));
    const other = new DatabaseSync(path);
    other.exec("ALTER TABLE entries RENAME TO gone");
    await rejects(store.write(appended("01", 0)), { failure: "failed" });
    other.exec("ALTER TABLE gone RENAME TO entries");
    other.close();
    await rejects(store.write(appended("01", 0)), { failure: "failed" });
    deepEqual(told, ["failed"]);
  });

  it("needs no room on the disk to take its lock, which would keep it from coming back to a full one", async () => {
    await using store = await fixture.open();
    equal(existsSync(`${pathOf(store)}.lock-journal`), false);
  });

  it("keeps its file from the eyes of others", async () => {
    await using store = await fixture.open();
    await store.write(created("01"));
    deepEqual(
      ["", "-wal"].map((suffix) => statSync(pathOf(store) + suffix).mode & 0o777),
      [0o600, 0o600],
    );
  });

  it("gives room back when it is compacted", async () => {
    await using store = await openSqliteStore(newPath().replace("db", "compact.db"));
    await store.write(created("01"));
    await store.write(appended("01", 0, 4_000_000));
    await store.write({ id: "01", epoch: 0, trims: [{ journal: "sent0", position: 4_000_000 }] });
    await store.compact();
    deepEqual(await store.check(), { problems: [], damaged: [] });
  });
});

const OPTIONS = { isReadOnly: false, octetsMax: 0, isDamageAllowed: false };
const ENTRY = { journal: "sent0", position: 0 } as const;

function created(id: string, changes: Partial<SessionChanges> = {}): SessionChanges {
  const establishment = utf8("secret");
  const record = { id, role: "responder", identity: "none:", createdAt: 1, establishment } as const;
  return { id, epoch: 0, create: record, ...changes };
}

function appended(id: string, position: number, octets = 1): SessionChanges {
  return { id, epoch: 0, appends: [{ ...ENTRY, position, octets: new Uint8Array(octets) }] };
}
