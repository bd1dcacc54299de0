/**
 * Applies what it is sent to an account in a database, in a process that may be killed at any instant:
 * `node account.js ADDRESS STORE KIND WHERE`. The change and the cursor are one transaction of the
 * application's own: of SQLite's, or of PostgreSQL's, to which `psql` is the way. The cursor is given
 * back when it begins again.
 */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { listen, type Session } from "../../src/index.ts";
import type { Cursor } from "../../src/pure/native/kept-state.ts";
import { openSqliteStore } from "../../src/stores/sqlite.ts";

/** A database with one account and the cursors of sessions. */
interface Account {
  cursorOf(id: string): Promise<Cursor | undefined>;
  /** Adds an amount, and says that the session has come this far: both or neither. */
  add(amount: number, id: string, cursor: Cursor): void | Promise<void>;
}

class Psql {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(socket: string) {
    const options = ["-qAtX", "-v", "ON_ERROR_STOP=1", "-h", socket, "-U", "postgres"];
    this.#child = spawn("psql", [...options, "postgres"]);
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Runs statements behind those before, and gives their rows. */
  run(sql: string): Promise<string[]> {
    const rows = this.#last.then(() => this.#run(sql));
    this.#last = rows;
    return rows;
  }

  async #run(sql: string): Promise<string[]> {
    this.#child.stdin.write(`${sql};\n\\echo .\n`);
    const rows: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error("psql has ended");
      if (value === ".") return rows.filter((row) => row !== "");
      rows.push(value);
    }
  }
}

const [, , address = "", path = "", kind = "", where = ""] = process.argv;
const account = kind === "sqlite" ? sqliteAccount(where) : await postgresAccount(where);
const store = await openSqliteStore(path);
const listener = await listen(address, { store, cursorOf: (id) => account.cursorOf(id) });
for await (const session of listener) void serve(session);

async function serve(session: Session): Promise<void> {
  await session.consume(({ value }) => account.add(Number(value), session.id, session.cursor));
  if ((await session.closed).outcome === "released") process.exit(0);
}

function sqliteAccount(file: string): Account {
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS account (n INTEGER PRIMARY KEY, total INTEGER, changes INTEGER);
    INSERT OR IGNORE INTO account VALUES (1, 0, 0);
    CREATE TABLE IF NOT EXISTS cursors (id TEXT PRIMARY KEY, lane0 INTEGER, lane1 INTEGER);`);
  const find = db.prepare("SELECT lane0, lane1 FROM cursors WHERE id = ?");
  const add = db.prepare("UPDATE account SET total = total + ?, changes = changes + 1");
  const keep = db.prepare("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)");
  return {
    cursorOf: async (id) => {
      const row = find.get(id);
      return row && [Number(row["lane0"]), Number(row["lane1"])];
    },
    add: (amount, id, cursor) => {
      db.exec("BEGIN");
      add.run(amount);
      keep.run(id, ...cursor);
      db.exec("COMMIT");
    },
  };
}

async function postgresAccount(socket: string): Promise<Account> {
  const psql = new Psql(socket);
  // A process before this one may have a transaction under way still: its end is waited for.
  await psql.run("SELECT pg_advisory_lock(1)");
  return {
    cursorOf: async (id) => {
      const [row] = await psql.run(`SELECT lane0, lane1 FROM cursors WHERE id = '${id}'`);
      const [lane0, lane1] = row?.split("|").map(Number) ?? [];
      return lane0 === undefined || lane1 === undefined ? undefined : [lane0, lane1];
    },
    add: async (amount, id, [lane0, lane1]) => {
      const keep = `INSERT INTO cursors VALUES ('${id}', ${lane0}, ${lane1})
        ON CONFLICT (id) DO UPDATE SET lane0 = ${lane0}, lane1 = ${lane1}`;
      const add = `UPDATE account SET total = total + ${amount}, changes = changes + 1`;
      await psql.run(`BEGIN; ${add}; ${keep}; COMMIT`);
    },
  };
}
