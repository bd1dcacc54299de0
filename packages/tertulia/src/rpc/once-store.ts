/**
 * The server's memory of what became of calls, for exactly-once: replies, kept together with effects.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { SessionError } from "../pure/errors.ts";
import { CLIENT_ID_OCTETS } from "../pure/oncrpc/once.ts";
import type { CallStore } from "./once-client.ts";

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

export interface StoredOutcome {
  readonly slot: number;
  readonly serial: number;
  readonly state: "done" | "cancelled";
  readonly reply: Uint8Array | undefined;
}

export interface OutcomeStore {
  /** Identifies this memory: 16 random octets, made when it was empty. */
  readonly memory: Uint8Array;
  /** Whether `commit` costs a sync, so that calls are worth collecting. */
  readonly isDurable: boolean;
  /**
   * What is known of a client; `undefined` when it is new or forgotten: from now on it is known, durably,
   * because only so a client that is not known later has been forgotten.
   */
  greet(client: string): readonly StoredOutcome[] | undefined;
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
  readonly memory: Uint8Array = new Uint8Array(randomBytes(CLIENT_ID_OCTETS));
  readonly isDurable = false;

  greet(): undefined {}

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

/** The number of no slot, under which it is kept that a client is known. */
const GREETED = -1;

/**
 * Remembers in an SQLite database, of which the handlers' effects may change other tables: they are
 * given the database and run within the transaction that keeps the reply.
 */
export class SqliteOutcomes implements OutcomeStore {
  readonly memory: Uint8Array;
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
      CREATE TABLE IF NOT EXISTS rpc_memory (id BLOB NOT NULL);
      CREATE TABLE IF NOT EXISTS rpc_outcomes (
        client TEXT NOT NULL, slot INTEGER NOT NULL, serial INTEGER NOT NULL,
        state INTEGER NOT NULL, reply BLOB, PRIMARY KEY (client, slot)
      ) WITHOUT ROWID;
    `);
    const known = database.prepare("SELECT id FROM rpc_memory").get();
    if (known === undefined) {
      const id = new Uint8Array(randomBytes(CLIENT_ID_OCTETS));
      database.prepare("INSERT INTO rpc_memory VALUES (?)").run(id);
      this.memory = id;
    } else if (known["id"] instanceof Uint8Array) this.memory = known["id"];
    else throw new SessionError("ERR_STORE", "the memory's identity is damaged");
    this.#insert = database.prepare("INSERT OR REPLACE INTO rpc_outcomes VALUES (?, ?, ?, ?, ?)");
    this.#select = database.prepare(
      "SELECT slot, serial, state, reply FROM rpc_outcomes WHERE client = ?",
    );
    this.#delete = database.prepare("DELETE FROM rpc_outcomes WHERE client = ?");
  }

  greet(client: string): readonly StoredOutcome[] | undefined {
    const rows = this.#select.all(client);
    if (rows.length === 0) {
      this.#insert.run(client, GREETED, 0, 0, null);
      return undefined;
    }
    const calls = rows.filter(({ slot }) => slot !== GREETED);
    return calls.map(({ slot, serial, state, reply }) => ({
      slot: Number(slot),
      serial: Number(serial),
      state: state === 1 ? "cancelled" : "done",
      reply: reply instanceof Uint8Array ? reply : undefined,
    }));
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

/** A client's calls in an SQLite database: the next process learns what became of them. */
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
    this.#database.exec("BEGIN IMMEDIATE; DELETE FROM rpc_client");
    this.#database.prepare("INSERT INTO rpc_client VALUES (?, ?)").run(clientId, memory ?? null);
    this.#database.exec("COMMIT");
  }

  save(slot: number, serial: number, call: Uint8Array | undefined): void {
    this.#save.run(slot, serial, call ?? null);
  }
}
