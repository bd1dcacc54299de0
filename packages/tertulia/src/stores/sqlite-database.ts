/**
 * The SQLite store's file, as the thread that owns it sees it. Everything here blocks.
 *
 * @module
 */

import { chmodSync, closeSync, existsSync, openSync, statfsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Batches, type BatchOutcome } from "./sqlite-batches.ts";
import { takeLock } from "./sqlite-lock.ts";
import {
  entryOf,
  idOf,
  isSessionWhole,
  isTombstoneWhole,
  type Row,
  sessionOf,
  storable,
  tombstoneOf,
  whole,
} from "./sqlite-rows.ts";
import { checkOwner, migrate, versionOf } from "./sqlite-schema.ts";
import {
  type JournalEntry,
  type JournalName,
  journalNames,
  type SessionChanges,
  type SessionSummary,
  type StoredSession,
  StoreError,
  type StoreReport,
  type Tombstone,
} from "./store.ts";

/** What SQLite calls a malformed file, a full disk, and a file that is no database. */
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
const SQLITE_CANTOPEN = 14;

/** The journal that is not loaded with its session. */
const WAITING = journalNames.indexOf("waiting");
/** Octets of it that are checked at a time. */
const CHECK_OCTETS = 1024 * 1024;
/** Rows read at a time, so that a list of many sessions is never in memory as a whole. */
const PAGE_ROWS = 500;

/**
 * Octets of a page, and pages after which the log is copied into the file: 4 MiB. A log that is written
 * over syncs faster than one that grows, so it is to stop growing soon.
 */
const PAGE_OCTETS = 4096;
const CHECKPOINT_PAGES = 1000;
/** On a small disk the log may have a part of it, and no less than so many pages. */
const CHECKPOINT_PART = 1 / 16;
const CHECKPOINT_PAGES_MIN = 16;
/** Octets of the log that stay on the disk after a long transaction: 64 MiB. */
const LOG_OCTETS = 64 << 20;

export interface DatabaseOptions {
  readonly path: string;
  /** Looks, takes no lock, and changes nothing. */
  readonly isReadOnly: boolean;
  /** Octets that the file may have; 0 for no limit but the disk's. */
  readonly octetsMax: number;
  /** Opens a damaged file all the same: what is whole can be read. */
  readonly isDamageAllowed: boolean;
}

export class Database {
  readonly #db: DatabaseSync;
  readonly #lock: DatabaseSync | undefined;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  /** Columns that an older file, which is only looked at, does not have. */
  #checksums = ", record_crc, batch_crc";
  readonly #batches = new Batches((sql) => this.#prepared(sql));

  /** @throws {StoreError} `failed` when it is in use or not ours, `damaged`. */
  constructor({ path, isReadOnly, octetsMax, isDamageAllowed }: DatabaseOptions) {
    this.#path = path;
    try {
      // The secrets of sessions are in it: nobody else's business. SQLite gives its log the same mode.
      if (!isReadOnly) closeSync(openSync(path, "a", 0o600));
      this.#db = new DatabaseSync(path, { readOnly: isReadOnly, timeout: 5000 });
    } catch (error) {
      throw this.failure(error);
    }
    try {
      checkOwner(this.#db, path, !isReadOnly);
      if (versionOf(this.#db, path) < 2 && isReadOnly) this.#checksums = "";
      if (!isReadOnly) {
        chmodSync(path, 0o600);
        this.#lock = takeLock(path);
        this.#db.exec("PRAGMA journal_mode = WAL");
        this.#db.exec("PRAGMA synchronous = FULL");
        this.#db.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages(path)}`);
        this.#db.exec(`PRAGMA journal_size_limit = ${LOG_OCTETS}`);
        if (octetsMax > 0) {
          this.#db.exec(`PRAGMA max_page_count = ${Math.max(32, octetsMax / PAGE_OCTETS) | 0}`);
        }
        migrate(this.#db, path);
      }
      const problems = isDamageAllowed ? [] : this.#integrity("quick_check");
      if (problems.length > 0) {
        throw new StoreError("damaged", `${path}: ${problems.slice(0, 5).join("; ")}`);
      }
    } catch (error) {
      this.close();
      throw this.failure(error);
    }
  }

  close(): void {
    this.#statements.clear();
    this.#db?.close();
    this.#lock?.close();
  }

  /**
   * Applies batches in one transaction with one sync. A batch that is refused leaves the others.
   *
   * @throws {StoreError} `full`, `failed`: nothing at all was kept.
   */
  apply(batches: readonly SessionChanges[], now: number): BatchOutcome[] {
    try {
      return this.#apply(batches, now);
    } catch (error) {
      if (!(error instanceof StoreError) || error.failure !== "full") throw error;
      // What was copied into the file leaves room in the log.
      this.#checkpoint();
      return this.#apply(batches, now);
    }
  }

  #checkpoint(): void {
    try {
      this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {
      // There is no room for that, either.
    }
  }

  #apply(batches: readonly SessionChanges[], now: number): BatchOutcome[] {
    try {
      this.#prepared("BEGIN IMMEDIATE").run();
      const outcomes = batches.map((changes) => this.#batches.apply(changes, now));
      this.#prepared("COMMIT").run();
      return outcomes;
    } catch (error) {
      this.#batches.forgetPlaces();
      try {
        this.#db.exec("ROLLBACK");
      } catch {
        // SQLite has rolled it back itself, as it does when the disk is full.
      }
      throw this.failure(error);
    }
  }

  load(id: string): StoredSession | undefined {
    const row = this.#prepared("SELECT * FROM sessions WHERE id = ?").get(id);
    if (row === undefined) return undefined;
    const { n, epoch, updatedAt, record, state } = sessionOf(row);
    const entries = this.#entries(id, n);
    return { record, epoch, state, updatedAt, entries };
  }

  read(id: string, journal: JournalName, position: number, octetsMax: number): JournalEntry[] {
    const place = this.#batches.place(id);
    if (place === undefined) return [];
    const index = journalNames.indexOf(journal);
    const rows = this.#prepared(
      `SELECT journal, position, octets, crc FROM entries
       WHERE session = ? AND journal = ? AND position >= ? ORDER BY position`,
    ).iterate(place.n, index, position);
    const entries: JournalEntry[] = [];
    let octets = 0;
    for (const row of rows) {
      const entry = entryOf(id, place.n, row);
      octets += entry.octets.length;
      if (octets > octetsMax && entries.length > 0) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Up to a page of sessions whose id is beyond this one. */
  sessionsAfter(id: string): SessionSummary[] {
    const rows = this.#prepared(
      `SELECT id, role, identity, created_at, updated_at, epoch${this.#checksums},
         (SELECT coalesce(sum(length(octets)), 0) FROM entries
          WHERE session = n AND journal <> 2) AS sent_octets,
         (SELECT coalesce(sum(length(octets)), 0) FROM entries
          WHERE session = n AND journal = 2) AS received_octets
       FROM sessions WHERE id > ? ORDER BY id LIMIT ${PAGE_ROWS}`,
    ).all(id);
    return rows.map((row) => ({
      id: String(row["id"]),
      role: row["role"] === "initiator" ? "initiator" : "responder",
      identity: String(row["identity"]),
      createdAt: Number(row["created_at"]),
      updatedAt: Number(row["updated_at"]),
      epoch: Number(row["epoch"]),
      sentOctets: Number(row["sent_octets"]),
      receivedOctets: Number(row["received_octets"]),
      ...(!isSessionWhole(row) && { isDamaged: true }),
    }));
  }

  /** Up to a page of tombstones beyond this one. */
  tombstonesAfter(endedAt: number, id: string): Tombstone[] {
    return this.#tombstoneRows(endedAt, id).map(tombstoneOf);
  }

  #tombstoneRows(endedAt: number, id: string): Row[] {
    return this.#prepared(
      `SELECT * FROM tombstones WHERE (ended_at, id) > (?, ?)
       ORDER BY ended_at, id LIMIT ${PAGE_ROWS}`,
    ).all(endedAt, id);
  }

  forget(endedBefore: number): void {
    this.#prepared("DELETE FROM tombstones WHERE ended_at < ?").run(endedBefore);
  }

  activity(name: string): Uint8Array | undefined {
    const row = this.#prepared("SELECT octets, crc FROM activities WHERE name = ?").get(
      storable(name),
    );
    if (row === undefined) return undefined;
    return whole(row["octets"], row["crc"], `activity ${name}`);
  }

  activitiesAfter(name: string): string[] {
    const rows = this.#prepared(
      `SELECT name FROM activities WHERE name > ? ORDER BY name LIMIT ${PAGE_ROWS}`,
    ).all(name);
    return rows.map((row) => String(row["name"]));
  }

  /** Looks at every page, and at every checksum. */
  check(): StoreReport {
    const problems: string[] = [];
    const damaged: string[] = [];
    const look = (what: string, id: string | undefined, read: () => unknown) => {
      try {
        read();
      } catch (error) {
        problems.push(`${what}: ${this.failure(error).message}`);
        if (id !== undefined) damaged.push(id);
      }
    };
    look("file", undefined, () => problems.push(...this.#integrity("integrity_check")));
    let ids: string[] = [];
    look("sessions", undefined, () => {
      ids = this.#db.prepare("SELECT id FROM sessions ORDER BY id").all().map(idOf);
    });
    for (const id of ids) {
      look(`session ${id}`, id, () => {
        this.load(id);
        this.#checkWaiting(id);
      });
    }
    look("tombstones", undefined, () => this.#checkTombstones(problems));
    let names: string[] = [];
    look("activities", undefined, () => {
      names = this.#db.prepare("SELECT name AS id FROM activities").all().map(idOf);
    });
    for (const name of names) look(`activity ${name}`, undefined, () => this.activity(name));
    return { problems, damaged };
  }

  #checkTombstones(problems: string[]): void {
    let last: Row | undefined = { ended_at: Number.MIN_SAFE_INTEGER, id: "" };
    while (last !== undefined) {
      const rows: Row[] = this.#tombstoneRows(Number(last["ended_at"]), idOf(last));
      for (const row of rows) {
        if (!isTombstoneWhole(row)) problems.push(`tombstone ${idOf(row)}: damaged: its checksum`);
      }
      last = rows.at(-1);
    }
  }

  #checkWaiting(id: string): void {
    for (let position = 0; ; ) {
      const piece = this.read(id, "waiting", position, CHECK_OCTETS);
      const last = piece.at(-1);
      if (last === undefined) return;
      position = last.position + last.octets.length;
    }
  }

  /** Gives the file system back what is not used. */
  compact(): void {
    this.#db.exec("VACUUM");
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  /** What went wrong underneath, in our words. */
  failure(error: unknown): StoreError {
    if (error instanceof StoreError) return error;
    const { errcode, message } = error as { errcode?: number; message?: string }; // node:sqlite's
    const code = (errcode ?? 0) & 0xff;
    const text = `${this.#path}: ${message}`;
    const cause = { cause: error };
    if (code === SQLITE_FULL) return new StoreError("full", text, cause);
    if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) {
      return new StoreError("damaged", text, cause);
    }
    if (code === SQLITE_CANTOPEN) {
      const message = existsSync(this.#path)
        ? `${this.#path} cannot be opened: if its disk is read-only, look at a copy elsewhere`
        : `there is no ${this.#path}`;
      return new StoreError("failed", message, cause);
    }
    return new StoreError("failed", text, cause);
  }

  #entries(id: string, n: number): JournalEntry[] {
    const rows = this.#prepared(
      `SELECT journal, position, octets, crc FROM entries
       WHERE session = ? AND journal <> ${WAITING} ORDER BY journal, position`,
    ).all(n);
    const entries: JournalEntry[] = [];
    for (const row of rows) {
      const { journal, position, octets } = entryOf(id, n, row);
      const last = entries.at(-1);
      if (last?.journal === journal && last.position + last.octets.length !== position) {
        const end = last.position + last.octets.length;
        throw new StoreError("damaged", `lost: ${journal} from ${end} to ${position} of ${id}`);
      }
      entries.push({ journal, position, octets });
    }
    return entries;
  }

  #integrity(pragma: "quick_check" | "integrity_check"): string[] {
    const rows = this.#db.prepare(`PRAGMA ${pragma}(100)`).all();
    return rows.map((row) => String(Object.values(row)[0])).filter((text) => text !== "ok");
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Pages after which the log of a file is copied into it. */
function checkpointPages(path: string): number {
  const { blocks, bsize } = statfsSync(path);
  const part = Math.trunc((blocks * bsize * CHECKPOINT_PART) / PAGE_OCTETS);
  return Math.min(Math.max(part, CHECKPOINT_PAGES_MIN), CHECKPOINT_PAGES);
}
