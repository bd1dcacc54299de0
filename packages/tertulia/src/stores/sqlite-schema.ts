/**
 * What the file of the SQLite store looks like, and how an older one becomes it.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { fieldsChecksum } from "./sqlite-rows.ts";
import { StoreError } from "./store.ts";

/** "Tert": SQLite files have many owners, and this says that the file is ours. */
const APPLICATION_ID = 0x54657274;

/** Each step makes the next version out of the one before. Never change one that was released. */
export const migrations: readonly string[] = [
  `CREATE TABLE sessions (
     n INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     role TEXT NOT NULL,
     identity TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     updated_at INTEGER NOT NULL,
     epoch INTEGER NOT NULL,
     establishment BLOB NOT NULL,
     establishment_crc INTEGER NOT NULL,
     state BLOB,
     state_crc INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE entries (
     session INTEGER NOT NULL,
     journal INTEGER NOT NULL,
     position INTEGER NOT NULL,
     octets BLOB NOT NULL,
     crc INTEGER NOT NULL,
     PRIMARY KEY (session, journal, position)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE tombstones (
     id TEXT PRIMARY KEY,
     outcome TEXT NOT NULL,
     message TEXT NOT NULL,
     received0 INTEGER NOT NULL,
     received1 INTEGER NOT NULL,
     ended_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX tombstones_by_age ON tombstones (ended_at);
   CREATE TABLE activities (
     name TEXT PRIMARY KEY,
     octets BLOB NOT NULL,
     crc INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  // Checksums of what had none: whose a session is, how far it is, and what is said of one that ended.
  `ALTER TABLE sessions ADD COLUMN record_crc INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE sessions ADD COLUMN batch_crc INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE tombstones ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
   UPDATE sessions SET record_crc = checksum(id, role, identity, created_at),
     batch_crc = checksum(id, epoch, updated_at);
   UPDATE tombstones SET crc = checksum(id, outcome, message, received0, received1, ended_at);`,
];

/** The version that this code reads and writes. */
export const SCHEMA_VERSION: number = migrations.length;

/**
 * Looks whether a file is a store, before anything of it is touched.
 *
 * @param mayBeEmpty - Whether it may be a file that nobody has written to yet.
 * @throws {StoreError} `failed` when it is not.
 */
export function checkOwner(db: DatabaseSync, path: string, mayBeEmpty: boolean): void {
  const owner = pragma(db, "application_id");
  if (owner === APPLICATION_ID) return;
  if (owner !== 0 || pragma(db, "schema_version") !== 0) {
    throw new StoreError("failed", `${path} is the database of another program`);
  }
  if (!mayBeEmpty) throw new StoreError("failed", `${path} is empty: no store yet`);
}

/**
 * Brings a file, which may be empty, to the version of now, in one transaction.
 *
 * @param steps - For tests: those of another version.
 * @throws {StoreError} `failed` for a file that is not ours, or of a later version.
 */
export function migrate(
  db: DatabaseSync,
  path: string,
  steps: readonly string[] = migrations,
): void {
  checkOwner(db, path, true);
  const version = versionOf(db, path, steps.length);
  if (version === steps.length) return;
  const options = { varargs: true, deterministic: true };
  db.function("checksum", options, (...fields) => fieldsChecksum(fields));
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const step of steps.slice(version)) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${steps.length}`);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

/**
 * Which version a file has.
 *
 * @param versionMax - The latest that is known.
 * @throws {StoreError} `failed` for a later one, also when it is only looked at: what is there may mean
 *   something else.
 */
export function versionOf(
  db: DatabaseSync,
  path: string,
  versionMax: number = SCHEMA_VERSION,
): number {
  const version = pragma(db, "user_version");
  if (version <= versionMax) return version;
  const message = `${path} has schema ${version}, this Tertulia knows ${versionMax}`;
  throw new StoreError("failed", message);
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}
