/**
 * The server's memory of what became of calls, for exactly-once: replies, kept together with effects.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { SessionError } from "../pure/errors.ts";
import { CLIENT_ID_OCTETS } from "../pure/oncrpc/once.ts";

/** What became of one call. */
export interface OutcomeRecord {
  readonly client: string;
  readonly slot: number;
  readonly serial: number;
  readonly state: "done" | "cancelled";
  /** The message that tells the client; `undefined` when it is too large to keep. */
  readonly reply: Uint8Array | undefined;
  /** What the handler wants done together with keeping the reply, in order. */
  readonly effects: readonly ((transaction: unknown) => void)[];
  /** The message to keep when an effect throws, in the reply's place. */
  readonly failed: () => Uint8Array;
}

/** One slot's last call, and its reply while the client may ask for it. */
export interface StoredOutcome {
  readonly slot: number;
  readonly serial: number;
  readonly state: "done" | "cancelled";
  readonly reply: Uint8Array | undefined;
}

/** What a store remembers of a client. */
export interface KnownClient {
  /**
   * Identifies the memory of this client: 16 random octets, made when it became known. A client that
   * is told others than before knows by it that it was forgotten.
   */
  readonly memory: Uint8Array;
  readonly outcomes: readonly StoredOutcome[];
}

/**
 * Where a server keeps what became of calls: {@link SqliteOutcomes}, {@link MemoryOutcomes}, or one
 * of your own.
 */
export interface OutcomeStore {
  /** Whether `commit` costs a sync, so that calls are worth collecting. */
  readonly isDurable: boolean;
  /** What is known of a client. One that is new, or forgotten, is known from now on, durably. */
  greet(client: string): KnownClient;
  /**
   * Keeps outcomes and does their effects, all or nothing, durably when it returns. An effect that
   * throws undoes its own call's effects only; that call's `failed` is kept, and its error returned.
   *
   * @throws when nothing could be kept.
   */
  commit(records: readonly OutcomeRecord[]): readonly (unknown | undefined)[];
  /** Forgets a client that has said goodbye. */
  forget(client: string): void;
}

const NO_ERRORS: readonly undefined[] = [];

/** Remembers as long as the process lives: survives broken sessions, not a crash. */
export class MemoryOutcomes implements OutcomeStore {
  readonly isDurable = false;

  greet(): KnownClient {
    return { memory: freshMemory(), outcomes: [] };
  }

  commit(records: readonly OutcomeRecord[]): readonly unknown[] {
    let errors: unknown[] | undefined;
    for (const [index, { effects }] of records.entries()) {
      try {
        for (const effect of effects) effect(undefined);
      } catch (error) {
        errors ??= new Array(records.length);
        errors[index] = error ?? new Error("threw nothing");
      }
    }
    return errors ?? NO_ERRORS;
  }

  forget(): void {}
}

/** The number of no slot, under which a client's memory is kept. */
const MEMORY = -1;

/**
 * Remembers in an SQLite database, of which the handlers' effects may change other tables: they are
 * given the database and run within the transaction that keeps the reply.
 */
export class SqliteOutcomes implements OutcomeStore {
  readonly isDurable = true;
  readonly #database: DatabaseSync;
  readonly #insert: ReturnType<DatabaseSync["prepare"]>;
  readonly #select: ReturnType<DatabaseSync["prepare"]>;
  readonly #delete: ReturnType<DatabaseSync["prepare"]>;

  constructor(database: DatabaseSync) {
    this.#database = database;
    // WAL with FULL syncs at each commit; what was answered is on the disk.
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS rpc_outcomes (
        client TEXT NOT NULL, slot INTEGER NOT NULL, serial INTEGER NOT NULL,
        state INTEGER NOT NULL, reply BLOB, PRIMARY KEY (client, slot)
      ) WITHOUT ROWID;
    `);
    this.#insert = database.prepare("INSERT OR REPLACE INTO rpc_outcomes VALUES (?, ?, ?, ?, ?)");
    this.#select = database.prepare(
      "SELECT slot, serial, state, reply FROM rpc_outcomes WHERE client = ?",
    );
    this.#delete = database.prepare("DELETE FROM rpc_outcomes WHERE client = ?");
  }

  greet(client: string): KnownClient {
    const rows = this.#select.all(client);
    const known = rows.find(({ slot }) => slot === MEMORY)?.["reply"];
    const memory = known instanceof Uint8Array ? known : freshMemory();
    if (known === undefined) this.#insert.run(client, MEMORY, 0, 0, memory);
    const calls = rows.filter(({ slot }) => slot !== MEMORY);
    const outcomes = calls.map(({ slot, serial, state, reply }): StoredOutcome => {
      return {
        slot: Number(slot),
        serial: Number(serial),
        state: state === 1 ? "cancelled" : "done",
        reply: reply instanceof Uint8Array ? reply : undefined,
      };
    });
    return { memory, outcomes };
  }

  commit(records: readonly OutcomeRecord[]): readonly unknown[] {
    const database = this.#database;
    const errors: unknown[] = new Array(records.length);
    database.exec("BEGIN IMMEDIATE");
    try {
      for (const [index, record] of records.entries()) {
        const { client, slot, serial, state, effects } = record;
        let { reply } = record;
        if (effects.length > 0) {
          database.exec("SAVEPOINT call");
          try {
            for (const effect of effects) effect(database);
          } catch (error) {
            database.exec("ROLLBACK TO call");
            errors[index] = error ?? new Error("threw nothing");
            reply = record.failed();
          }
          database.exec("RELEASE call");
        }
        this.#insert.run(client, slot, serial, state === "cancelled" ? 1 : 0, reply ?? null);
      }
      database.exec("COMMIT");
    } catch (cause) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw new SessionError("ERR_STORE", "the outcomes could not be kept", { cause });
    }
    return errors;
  }

  forget(client: string): void {
    this.#delete.run(client);
  }
}

function freshMemory(): Uint8Array {
  return new Uint8Array(randomBytes(CLIENT_ID_OCTETS));
}
