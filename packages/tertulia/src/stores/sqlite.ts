/**
 * The embedded store: one SQLite file, synced in groups by a thread of its own.
 *
 * While one transaction is being synced, what is written gathers; then all of it becomes the next
 * one. So a slow disk makes larger groups, not a longer queue. Why: docs/design/durability.md.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { Fifo } from "../pure/fifo.ts";
import { Writer } from "../pure/octets.ts";
import { encodeChanges } from "./batch.ts";
import type { DatabaseOptions } from "./sqlite-database.ts";
import type { Answer, Failure, Request, WriteFailures } from "./sqlite-worker.ts";
import {
  type JournalEntry,
  type JournalName,
  type SessionChanges,
  type SessionSummary,
  type Store,
  type StoredSession,
  StoreError,
  type StoreReport,
  type Tombstone,
} from "./store.ts";

/** How a store's file is opened, and what it does when the disk is full. All optional. */
export interface SqliteStoreOptions {
  /** Looks, and changes nothing; also while another process has it open. Default: false. */
  readonly readOnly?: boolean;
  /**
   * When there is no room: `block` tries again every `retryMs`, and sessions wait, with everything
   * that was acknowledged safe; `fail` refuses the writes, and sessions end. Default: `block`.
   */
  readonly onFull?: "block" | "fail";
  /** Default: 1,000. */
  readonly retryMs?: number;
  /** Octets that the file may have. Default: 0, as many as the disk has. */
  readonly octetsMax?: number;
  /** Opens a damaged file all the same, to save what is whole. Default: false. */
  readonly allowDamaged?: boolean;
  /** Told when there is no room, and when there is again. Default: nobody is. */
  readonly onBlocked?: (error: StoreError | undefined) => void;
  /**
   * Told, once, that the medium has failed: nothing more is kept, and each session is parked when it
   * next writes, until the store is opened again. Default: nobody is.
   */
  readonly onFailed?: (error: StoreError) => void;
}

interface Waiter {
  resolve(value: unknown): void;
  reject(error: StoreError): void;
}

/** A write that is not durable yet. */
interface PendingWrite {
  readonly id: string;
  /** Where it begins among the octets of all that gathered with it. */
  readonly start: number;
  resolve(): void;
  reject(error: StoreError): void;
}

/**
 * Opens a store, making the file if there is none, and recovers what a crash left.
 *
 * @throws {StoreError} `failed` when another process has it open, when it belongs to another program,
 *   or when it is of a later version; `damaged`, with what is wrong.
 *
 * @example
 * await using store = await openSqliteStore("sessions.db");
 * await using listener = await listen("tcp://127.0.0.1:7700", { durability: "disk", store });
 */
export async function openSqliteStore(
  path: string,
  options: SqliteStoreOptions = {},
): Promise<SqliteStore> {
  const store = new SqliteStore(path, options);
  await store.opened;
  return store;
}

/**
 * A store in one SQLite file, synced in groups by a thread of its own. Made by {@link
 * openSqliteStore}; belongs to one process.
 */
export class SqliteStore implements Store {
  readonly kind = "sqlite";
  readonly durability = "disk";
  isBlocked = false;
  /** Rejects when it could not be opened. */
  readonly opened: Promise<void>;

  readonly #worker: Worker;
  readonly #options: SqliteStoreOptions;
  readonly #waiters: Fifo<Waiter> = new Fifo();
  /** What was written since the last transaction began. */
  #gathering = new Writer();
  #gathered: PendingWrite[] = [];
  #syncing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Once the medium has failed nothing more is promised: what it has can be read on reopening. */
  #failure: StoreError | undefined;
  /** Ends the waiting for room. */
  #endBlock: (() => void) | undefined;

  /** Use {@link openSqliteStore}. */
  constructor(path: string, options: SqliteStoreOptions) {
    this.#options = options;
    const workerData: DatabaseOptions = {
      path,
      isReadOnly: options.readOnly ?? false,
      octetsMax: options.octetsMax ?? 0,
      isDamageAllowed: options.allowDamaged ?? false,
    };
    this.#worker = new Worker(new URL("./sqlite-worker.js", import.meta.url), {
      workerData,
      name: "tertulia store",
      // node:sqlite is a release candidate, which need not be said at every start.
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    this.#worker.on("message", (answer: Answer) => this.#answered(answer));
    this.#worker.on("error", (error) => this.#died(error));
    this.#worker.on("exit", () => this.#died(undefined));
    this.opened = this.#expect().then(() => this.#worker.unref());
  }

  write(changes: SessionChanges): Promise<void> {
    const refusal = this.#refusal();
    if (refusal) return Promise.reject(refusal);
    const start = this.#gathering.size;
    encodeChanges(this.#gathering, changes);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#gathered.push({ id: changes.id, start, resolve, reject });
    // In a microtask: what else this turn writes shares the sync.
    this.#syncing ??= Promise.resolve().then(() => this.#sync());
    return promise;
  }

  async load(id: string): Promise<StoredSession | undefined> {
    // The worker answers with what `Database.load` returned, here and below.
    return (await this.#ask({ type: "load", id })) as StoredSession | undefined;
  }

  async read(
    id: string,
    journal: JournalName,
    position: number,
    octetsMax: number,
  ): Promise<readonly JournalEntry[]> {
    const request = { type: "read", id, journal, position, octetsMax } as const;
    return (await this.#ask(request)) as readonly JournalEntry[];
  }

  async *sessions(): AsyncGenerator<SessionSummary, void, undefined> {
    for (let id = ""; ; ) {
      const page = (await this.#ask({ type: "sessionsAfter", id })) as SessionSummary[];
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      id = last.id;
    }
  }

  async *tombstones(): AsyncGenerator<Tombstone, void, undefined> {
    for (let [endedAt, id] = [-1, ""]; ; ) {
      const page = (await this.#ask({ type: "tombstonesAfter", endedAt, id })) as Tombstone[];
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      ({ endedAt, id } = last);
    }
  }

  async forget(endedBefore: number): Promise<void> {
    await this.#ask({ type: "forget", endedBefore });
  }

  async activity(name: string): Promise<Uint8Array | undefined> {
    return (await this.#ask({ type: "activity", name })) as Uint8Array | undefined;
  }

  async *activities(): AsyncGenerator<string, void, undefined> {
    for (let name = ""; ; ) {
      const page = (await this.#ask({ type: "activitiesAfter", name })) as string[];
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      name = last;
    }
  }

  async check(): Promise<StoreReport> {
    return (await this.#ask({ type: "check" })) as StoreReport;
  }

  /** Gives the file system back what is not used. Writes wait meanwhile. */
  async compact(): Promise<void> {
    await this.#ask({ type: "compact" });
  }

  /** Syncs what was written, and closes the file. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // A write that waits for room gets its last chance, and then its answer.
    this.#endBlock?.();
    await this.#syncing;
    await this.#expect({ type: "close" }).catch(() => {});
    await this.#worker.terminate();
  }

  /** Syncs what has gathered, group by group, until nothing has. */
  async #sync(): Promise<void> {
    while (this.#gathered.length > 0) {
      const group = this.#gathered;
      const octets = this.#gathering.finish();
      this.#gathered = [];
      this.#gathering = new Writer();
      try {
        const failures = await this.#transact(group.length, octets);
        const byIndex = new Map(failures);
        for (const [index, { resolve, reject }] of group.entries()) {
          const failure = byIndex.get(index);
          if (failure) reject(errorOf(failure));
          else resolve();
        }
      } catch (error) {
        const failure = error as StoreError; // `#transact` rejects with nothing else
        if (failure.failure !== "full") this.#failed(failure);
        for (const { reject } of group) reject(failure);
        // First they hear of it: what they write before that is behind it, too.
        await Promise.resolve();
        this.#refuseBehind(group, failure);
      }
    }
    this.#syncing = undefined;
  }

  /**
   * What a session has written behind what was refused builds on that: a state that counts octets which are
   * not there would be damage.
   */
  #refuseBehind(refused: readonly PendingWrite[], failure: StoreError): void {
    const ids = new Set(refused.map(({ id }) => id));
    // What belongs to no session builds on nothing.
    ids.delete("");
    const gathered = this.#gathered;
    const octets = this.#gathering.finish();
    this.#gathered = [];
    this.#gathering = new Writer();
    for (const [index, write] of gathered.entries()) {
      if (failure.failure !== "full" || ids.has(write.id)) write.reject(failure);
      else {
        this.#gathered.push({ ...write, start: this.#gathering.size });
        this.#gathering.octets(octets.subarray(write.start, gathered[index + 1]?.start));
      }
    }
  }

  /** One transaction, as often as it takes when there is no room and the policy is to wait. */
  async #transact(count: number, octets: Uint8Array): Promise<WriteFailures | undefined> {
    const { onFull = "block", retryMs = 1000 } = this.#options;
    for (let isBlocked = false; ; ) {
      try {
        const answer = await this.#expect({ type: "write", count, octets });
        if (isBlocked) this.#setBlocked(undefined);
        return answer as WriteFailures | undefined; // the worker's answer to `write`
      } catch (error) {
        const failure = error as StoreError; // `#expect` rejects with nothing else
        if (failure.failure !== "full" || onFull === "fail" || this.#closing) throw failure;
        if (!isBlocked) this.#setBlocked(failure);
        isBlocked = true;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, retryMs);
          this.#endBlock = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        this.#endBlock = undefined;
      }
    }
  }

  #setBlocked(why: StoreError | undefined): void {
    this.isBlocked = why !== undefined;
    this.#options.onBlocked?.(why);
  }

  #refusal(): StoreError | undefined {
    if (this.#closing) return new StoreError("closed", "the store was disposed of");
    return this.#failure;
  }

  async #ask(request: Request): Promise<unknown> {
    const refusal = this.#refusal();
    if (refusal) throw refusal;
    return this.#expect(request);
  }

  /** The next answer of the worker, which answers in order. */
  #expect(request?: Request): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiters.push({ resolve, reject });
    this.#worker.ref();
    if (request) this.#worker.postMessage(request);
    return promise;
  }

  #answered({ value, failed }: Answer): void {
    const waiter = this.#waiters.shift();
    // A process with nothing but an idle store may end.
    if (this.#waiters.length === 0) this.#worker.unref();
    if (failed) waiter?.reject(errorOf(failed));
    else waiter?.resolve(value);
  }

  #died(cause: unknown): void {
    const failure = new StoreError("failed", "the store's thread ended", { cause });
    this.#failed(failure);
    for (let waiter = this.#waiters.shift(); waiter; waiter = this.#waiters.shift()) {
      waiter.reject(this.#failure ?? failure);
    }
  }

  #failed(failure: StoreError): void {
    if (this.#failure) return;
    this.#failure = failure;
    if (!this.#closing) this.#options.onFailed?.(failure);
  }
}

function errorOf({ failure, message }: Failure): StoreError {
  return new StoreError(failure, message);
}
