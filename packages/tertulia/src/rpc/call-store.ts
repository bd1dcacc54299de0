/**
 * Where a client keeps its calls beyond its process, so that the next one learns what became of them.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { SessionError } from "../pure/errors.ts";

/** What became of one slot: a call that is about to be sent, or the end of it. */
export interface CallChange {
  readonly slot: number;
  readonly serial: number;
  /** The message that carries the call; `undefined` once its outcome is known: the number stays. */
  readonly call: Uint8Array | undefined;
  /** What the caller wants done together with forgetting the call. */
  readonly effect: ((transaction: unknown) => void) | undefined;
}

/** One slot's call, as the process before left it. */
export interface StoredCall {
  readonly slot: number;
  readonly serial: number;
  /** The message that carries the call, if its outcome is not known. */
  readonly call: Uint8Array | undefined;
}

/** Where a client keeps its calls beyond its process: {@link SqliteCalls}, or one of your own. */
export interface CallStore {
  /** Who the client is, and what it had in flight; nothing at first. */
  load():
    | {
        readonly clientId: Uint8Array;
        readonly memory: Uint8Array | undefined;
        readonly slots: readonly StoredCall[];
      }
    | undefined;
  /** Keeps who the client is, and whose memory its calls are in. */
  identify(clientId: Uint8Array, memory: Uint8Array | undefined): void;
  /**
   * Keeps changes and does their effects, in order, all or nothing, durably when it returns. An effect
   * that throws is undone alone; its call is forgotten all the same, and the error returned in its place.
   *
   * @throws when nothing could be kept.
   */
  commit(changes: readonly CallChange[]): readonly (unknown | undefined)[];
}

/** A client's calls in an SQLite database, of which the callers' effects may change other tables. */
export class SqliteCalls implements CallStore {
  readonly #database: DatabaseSync;
  readonly #save: ReturnType<DatabaseSync["prepare"]>;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS rpc_client (id BLOB NOT NULL, memory BLOB);
      CREATE TABLE IF NOT EXISTS rpc_calls (
        slot INTEGER PRIMARY KEY, serial INTEGER NOT NULL, call BLOB
      ) WITHOUT ROWID;
    `);
    this.#save = database.prepare("INSERT OR REPLACE INTO rpc_calls VALUES (?, ?, ?)");
  }

  load(): ReturnType<CallStore["load"]> {
    const client = this.#database.prepare("SELECT id, memory FROM rpc_client").get();
    if (!(client?.["id"] instanceof Uint8Array)) return undefined;
    const { id, memory } = client;
    const slots = this.#database.prepare("SELECT slot, serial, call FROM rpc_calls").all();
    return {
      clientId: id,
      memory: memory instanceof Uint8Array ? memory : undefined,
      slots: slots.map(({ slot, serial, call }) => ({
        slot: Number(slot),
        serial: Number(serial),
        call: call instanceof Uint8Array ? call : undefined,
      })),
    };
  }

  identify(clientId: Uint8Array, memory: Uint8Array | undefined): void {
    this.#within(() => {
      this.#database.exec("DELETE FROM rpc_client");
      this.#database.prepare("INSERT INTO rpc_client VALUES (?, ?)").run(clientId, memory ?? null);
    });
  }

  commit(changes: readonly CallChange[]): readonly unknown[] {
    const errors: unknown[] = new Array(changes.length);
    this.#within(() => {
      for (const [index, { slot, serial, call, effect }] of changes.entries()) {
        if (effect !== undefined) errors[index] = this.#attempt(effect);
        this.#save.run(slot, serial, call ?? null);
      }
    });
    return errors;
  }

  /** Does an effect, or nothing of it; what it threw. */
  #attempt(effect: (transaction: unknown) => void): unknown {
    const database = this.#database;
    database.exec("SAVEPOINT effect");
    try {
      effect(database);
      return undefined;
    } catch (error) {
      database.exec("ROLLBACK TO effect");
      return error ?? new Error("threw nothing");
    } finally {
      database.exec("RELEASE effect");
    }
  }

  #within(work: () => void): void {
    const database = this.#database;
    try {
      database.exec("BEGIN IMMEDIATE");
      work();
      database.exec("COMMIT");
    } catch (cause) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw new SessionError("ERR_STORE", "the calls could not be kept", { cause });
    }
  }
}
