/**
 * The duplicate request cache on a disk: a call that comes again after a restart is still answered.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { SessionError } from "../pure/errors.ts";
import type { DuplicateRecord } from "../pure/oncrpc/duplicates.ts";
import type { DuplicateStore } from "./duplicate-replies.ts";

/** Records between two clearings of what is too old. */
const CLEAR_EVERY = 1024;

/**
 * Keeps replies in an SQLite database, each before it is sent.
 *
 * That a reply is kept does not make the handler's effect and the reply one: a process that dies between
 * the two executes the repeated call again. What closes that hole is exactly once, over sessions.
 */
export class SqliteDuplicates implements DuplicateStore {
  readonly #ageMs: number;
  readonly #load: ReturnType<DatabaseSync["prepare"]>;
  readonly #save: ReturnType<DatabaseSync["prepare"]>;
  readonly #clear: ReturnType<DatabaseSync["prepare"]>;
  #saved = 0;

  /** @param ageMs - How long a record is kept. Default 120 s, as the cache itself. */
  constructor(database: DatabaseSync, { ageMs = 120_000 }: { readonly ageMs?: number } = {}) {
    this.#ageMs = ageMs;
    database.exec(`
      PRAGMA journal_mode = WAL;
      CREATE TABLE IF NOT EXISTS rpc_duplicates (
        caller TEXT NOT NULL, xid INTEGER NOT NULL, program INTEGER NOT NULL,
        version INTEGER NOT NULL, procedure INTEGER NOT NULL, octets INTEGER NOT NULL,
        high INTEGER NOT NULL, low INTEGER NOT NULL, reply BLOB, at INTEGER NOT NULL,
        PRIMARY KEY (caller, xid, procedure, high, low)
      ) WITHOUT ROWID;
    `);
    this.#load = database.prepare("SELECT * FROM rpc_duplicates ORDER BY at");
    this.#save = database.prepare(
      "INSERT OR REPLACE INTO rpc_duplicates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#clear = database.prepare("DELETE FROM rpc_duplicates WHERE at < ?");
  }

  load(): readonly DuplicateRecord[] {
    return this.#load.all().map((row) => {
      const { caller, reply } = row;
      if (typeof caller !== "string") throw new SessionError("ERR_STORE", "a record is damaged");
      return {
        caller,
        identity: {
          xid: Number(row["xid"]),
          program: Number(row["program"]),
          version: Number(row["version"]),
          procedure: Number(row["procedure"]),
          argumentOctets: Number(row["octets"]),
          hashHigh: Number(row["high"]),
          hashLow: Number(row["low"]),
        },
        reply: reply instanceof Uint8Array ? reply : undefined,
        at: Number(row["at"]),
      };
    });
  }

  save({ caller, identity, reply, at }: DuplicateRecord): void {
    const { xid, program, version, procedure, argumentOctets, hashHigh, hashLow } = identity;
    const numbers = [xid, program, version, procedure, argumentOctets, hashHigh, hashLow];
    this.#save.run(caller, ...numbers, reply ?? null, at);
    this.#saved += 1;
    if (this.#saved % CLEAR_EVERY === 0) this.#clear.run(at - this.#ageMs);
  }
}
