import { deepEqual, match } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import { openSqliteStore } from "tertulia/stores/sqlite";

const folder = mkdtempSync(join(tmpdir(), "tertulia-cli-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const root = dirname(createRequire(import.meta.url).resolve("@tertulia/cli/package.json"));

function tertulia(...parameters: readonly string[]) {
  const main = join(root, "dist/src/main.js");
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...parameters], {
    encoding: "utf8",
  });
  return { stdout, stderr, status };
}

describe("tertulia store", () => {
  it("lists, checks and compacts a store", async () => {
    const file = join(folder, "sessions.db");
    const establishment = new Uint8Array(8);
    const record = { id: "01", role: "responder", identity: "token:ana", createdAt: 1 } as const;
    {
      await using store = await openSqliteStore(file);
      await store.write({ id: "01", epoch: 3, create: { ...record, establishment } });
      match(tertulia("store", "sessions", file).stdout, /^01 {2}responder {2}token:ana {2}epoch 3/);
      match(tertulia("store", "compact", file).stderr, /another process has it open/);
    }
    const listed = tertulia("store", "sessions", file, "--json", "--identity", "ana").stdout;
    deepEqual(
      { ...JSON.parse(listed), updatedAt: 0 },
      {
        ...record,
        updatedAt: 0,
        epoch: 3,
        sentOctets: 0,
        receivedOctets: 0,
      },
    );
    deepEqual(tertulia("store", "check", file), { stdout: "whole\n", stderr: "", status: 0 });
    deepEqual(tertulia("store", "compact", file), { stdout: "", stderr: "", status: 0 });
  });

  const others: [name: string, what: RegExp, make: (file: string) => void][] = [
    ["a text", /: file is not a database$/, (file) => writeFileSync(file, "hello")],
    ["a file without a word", /is empty: no store yet$/, (file) => writeFileSync(file, "")],
    [
      "the database of somebody else",
      /is the database of another program$/,
      (file) => new DatabaseSync(file).exec("CREATE TABLE things (name TEXT)"),
    ],
    ["nothing", /there is no .*nothing$/, () => {}],
  ];
  for (const [name, what, make] of others) {
    it(`says in a line that ${name} is no store, and leaves it as it was`, () => {
      const file = join(folder, name);
      make(file);
      const before = existsSync(file) && statSync(file).mode;
      for (const asked of ["sessions", "check", "export"]) {
        const { stdout, stderr, status } = tertulia("store", asked, file);
        match(stderr.trimEnd(), what);
        deepEqual([stdout, stderr.split("\n").length, status], ["", 2, 1]);
      }
      deepEqual(existsSync(file) && statSync(file).mode, before);
      deepEqual(existsSync(`${file}.lock`), false);
    });
  }

  it("does not make a store where there is none, to compact it", () => {
    const file = join(folder, "nowhere");
    const { stderr, status } = tertulia("store", "compact", file);
    match(stderr, /there is no .*nowhere\n$/);
    deepEqual([status, existsSync(file), existsSync(`${file}.lock`)], [1, false, false]);
  });

  it("ends no session that was not named, also when there is only one", async () => {
    const file = join(folder, "one.db");
    const create = { id: "01", role: "responder", identity: "", createdAt: 1 } as const;
    {
      await using store = await openSqliteStore(file);
      await store.write({
        id: "01",
        epoch: 3,
        create: { ...create, establishment: new Uint8Array(8) },
      });
    }
    const { stderr, status } = tertulia("sessions", "end", "", "--store", file);
    deepEqual([stderr.split("\n")[0], status], ["which session? the beginning of its id", 2]);
    match(tertulia("store", "sessions", file).stdout, /^01 /);
  });

  it("does not make a store of a file that is something else", () => {
    const file = join(folder, "a text");
    const before = statSync(file).mode;
    match(tertulia("store", "compact", file).stderr, /: file is not a database\n$/);
    deepEqual([statSync(file).mode, existsSync(`${file}.lock`)], [before, false]);
  });

  it("exports what waits for a peer that is away, and what lies behind damage", async () => {
    const file = join(folder, "export.db");
    const create = { role: "responder", identity: "", createdAt: 1 } as const;
    const waits = { journal: "waiting", position: 0, octets: Buffer.from("later") } as const;
    {
      await using store = await openSqliteStore(file);
      for (const id of ["01", "02"]) {
        const activities = [{ name: `session/${id}`, octets: Buffer.from(id) }];
        const record = { ...create, id, establishment: new Uint8Array(8) };
        await store.write({ id, epoch: 0, create: record, activities, appends: [waits] });
      }
    }
    const db = new DatabaseSync(file);
    db.exec("UPDATE entries SET octets = x'00' WHERE session = 1");
    db.exec("UPDATE activities SET octets = x'00' WHERE name = 'session/01'");
    db.close();
    const { stdout, stderr, status } = tertulia("store", "export", file);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    deepEqual(
      lines.map(({ type, id, name, octets }) => [type, id ?? name, octets].join(" ")),
      [
        "session 01 ",
        "damaged 01 ",
        "session 02 ",
        `entry 02 ${Buffer.from("later").toString("base64")}`,
        "damaged session/01 ",
        `activity session/02 ${Buffer.from("02").toString("base64")}`,
      ],
    );
    deepEqual([stderr, status], ["", 1]);
  });
});
