/**
 * Records of a name server that outlive its process, in SQLite.
 *
 * Names are served from memory. What has changed is written together, some milliseconds later: a
 * crash forgets at most that much, and every node refreshes its names anyway (RFC 1001 15.5.1).
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { SessionError } from "../pure/errors.ts";
import type { NetbiosName, NodeType } from "../pure/netbios/name.ts";
import {
  type Member,
  MemoryNameDatabase,
  type NameDatabase,
  type NameRecord,
} from "../pure/netbios/name-database.ts";

/** How records are written. All optional. */
export interface SqliteNamesOptions {
  /** How long a change waits for others to be written with. Default: 50 ms. */
  readonly flushMs?: number;
}

/**
 * Records of a name server in one SQLite file. Served from memory; a crash forgets at most the last
 * `flushMs`.
 */
export class SqliteNameDatabase implements NameDatabase, Disposable {
  readonly #memory = new MemoryNameDatabase();
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #changed = new Map<string, NetbiosName>();
  readonly #flushMs: number;
  #timer: NodeJS.Timeout | undefined;
  #failure: SessionError | undefined;

  /** @throws {SessionError} `ERR_STORE` when the file cannot be opened or is not such a database. */
  constructor(path: string, { flushMs = 50 }: SqliteNamesOptions = {}) {
    this.#flushMs = flushMs;
    try {
      this.#database = new DatabaseSync(path);
      this.#database.exec(SCHEMA);
      this.#insert = this.#database.prepare(
        "INSERT OR REPLACE INTO names (label, scope, kind, members) VALUES (?, ?, ?, ?)",
      );
      this.#remove = this.#database.prepare("DELETE FROM names WHERE label = ? AND scope = ?");
      for (const row of this.#database.prepare("SELECT * FROM names").all()) {
        const record = recordOf(row);
        this.#memory.put(record.name.label + record.name.scope, record);
      }
    } catch (cause) {
      throw new SessionError("ERR_STORE", `names in ${path}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /** How many names there are. */
  get size(): number {
    return this.#memory.size;
  }

  /** Why changes could not be written, if they could not. Names are served all the same. */
  get failure(): SessionError | undefined {
    return this.#failure;
  }

  find(key: string): NameRecord | undefined {
    return this.#memory.find(key);
  }

  put(key: string, record: NameRecord): void {
    this.#memory.put(key, record);
    this.#change(key, record.name);
  }

  delete(key: string): void {
    const record = this.#memory.find(key);
    this.#memory.delete(key);
    if (record) this.#change(key, record.name);
  }

  all(): Iterable<readonly [key: string, record: NameRecord]> {
    return this.#memory.all();
  }

  /** Writes what has changed, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#changed.size === 0) return;
    try {
      this.#database.exec("BEGIN");
      for (const [key, name] of this.#changed) {
        const record = this.#memory.find(key);
        const label = Buffer.from(name.label, "latin1");
        const scope = Buffer.from(name.scope, "latin1");
        if (record) this.#insert.run(label, scope, record.kind, JSON.stringify(record.members));
        else this.#remove.run(label, scope);
      }
      this.#database.exec("COMMIT");
      this.#changed.clear();
      this.#failure = undefined;
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      // They stay in the list and are tried again with the next change.
      this.#failure = new SessionError("ERR_STORE", (cause as Error).message, { cause });
    }
  }

  [Symbol.dispose](): void {
    if (!this.#database.isOpen) return;
    this.flush();
    this.#database.close();
  }

  #change(key: string, name: NetbiosName): void {
    this.#changed.set(key, name);
    this.#timer ??= setTimeout(() => this.flush(), this.#flushMs);
  }
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS names (
    label BLOB NOT NULL, scope BLOB NOT NULL, kind TEXT NOT NULL, members TEXT NOT NULL,
    PRIMARY KEY (label, scope)
  ) WITHOUT ROWID;
`;

/** A row as a record. The file is ours, but a person may have been at it. */
function recordOf(row: Record<string, unknown>): NameRecord {
  const { label, scope, kind, members } = row;
  if (!(label instanceof Uint8Array) || !(scope instanceof Uint8Array)) throw new Error("no name");
  if (kind !== "unique" && kind !== "group" && kind !== "internet") throw new Error(`kind ${kind}`);
  const list: unknown = JSON.parse(String(members));
  if (!Array.isArray(list)) throw new Error("members are not a list");
  const name = {
    label: Buffer.from(label).toString("latin1"),
    scope: Buffer.from(scope).toString("latin1"),
  };
  return { name, kind, members: list.map(memberOf) };
}

function memberOf(item: unknown): Member {
  const { address, nodeType, expiresAt } = item as Record<string, unknown>;
  return {
    address: String(address),
    // Written by us from a NodeType; anything else would only be shown to others.
    nodeType: String(nodeType) as NodeType,
    expiresAt: typeof expiresAt === "number" ? expiresAt : undefined,
  };
}
