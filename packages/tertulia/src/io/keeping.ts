/**
 * A session's side of its store: what it has written there, and who waits for that.
 *
 * @module
 */

import type { SessionError } from "../pure/errors.ts";
import type { Agreement, Proposal } from "../pure/native/establishment.ts";
import type { Established } from "../pure/native/initiation.ts";
import {
  type Cursor,
  checkJournals,
  decodeState,
  type KeptSession,
} from "../pure/native/kept-state.ts";
import { defaultLimits, type Limits } from "../pure/native/limits.ts";
import { defaultContexts } from "../pure/native/message.ts";
import type { MachineChanges } from "../pure/native/session-output.ts";
import { decodeUtf8, hex, NO_OCTETS, unhex, utf8 } from "../pure/octets.ts";
import {
  type ActivityChange,
  type JournalEntry,
  type SessionChanges,
  type SessionRecord,
  type Store,
  type StoredSession,
  StoreError,
} from "../stores/store.ts";
import { agreedContexts, type SessionOptions } from "./options.ts";
import type { Runtime } from "./runtime.ts";
import type { Identity, SessionParts } from "./session-parts.ts";

/** Everything that a session is made of again after a restart, besides its journals. */
export interface Establishment {
  readonly established: Established;
  readonly limits: Limits;
  readonly identity: Identity;
  /** Over TLS: the key that the peer proved to hold. */
  readonly keyFingerprint: string | undefined;
}

export class Keeping {
  readonly store: Store;
  readonly #id: string;
  #record: SessionRecord | undefined;
  /** Who waits for a mark, by the mark. Those of one mark share a promise. */
  readonly #waiters = new Map<number, PromiseWithResolvers<void>>();
  #failure: SessionError | undefined;
  /** What is kept beside the session, by name: what the store does not have yet, and what there is. */
  readonly #notes = new Map<string, Uint8Array>();
  readonly #noteNames = new Set<string>();
  /** What goes into the journal `waiting`, and out of it, with the next batch. */
  #waiting: JournalEntry[] = [];
  #waitingStart: number | undefined;

  /** @param record - What is to be created with the first batch; absent when it is there. */
  constructor(store: Store, id: string, record?: SessionRecord) {
    this.store = store;
    this.#id = id;
    this.#record = record;
  }

  write({ end, ...changes }: MachineChanges): Promise<void> {
    const create = this.#record;
    this.#record = undefined;
    const activities = this.#noteChanges(end !== undefined);
    const more = end ? undefined : this.#waitingChanges(changes);
    return this.store.write({
      ...changes,
      ...more,
      id: this.#id,
      ...(create && { create }),
      ...(activities && { activities }),
      ...(end && { end: { ...end, id: this.#id, endedAt: Date.now() } }),
    });
  }

  /**
   * Has something kept with the next batch, and forgotten with the session.
   *
   * @param name - Which of several; empty for the application's own.
   */
  note(octets: Uint8Array, name = ""): void {
    this.#notes.set(name, octets);
    this.#noteNames.add(name);
  }

  /** What was kept so, if anything was. */
  async readNote(name = ""): Promise<Uint8Array | undefined> {
    const note = this.#notes.get(name);
    if (note) return note;
    const octets = await this.store.activity(this.#noteKey(name));
    if (octets) this.#noteNames.add(name);
    return octets;
  }

  /** Has something wait in the store, from the next batch on. */
  appendWaiting(position: number, octets: Uint8Array): void {
    this.#waiting.push({ journal: "waiting", position, octets });
  }

  /** Has what waits before a position forgotten with the next batch. */
  trimWaiting(position: number): void {
    this.#waitingStart = position;
  }

  /** A piece of what waits in the store. */
  readWaiting(position: number, octetsMax: number): Promise<readonly JournalEntry[]> {
    return this.store.read(this.#id, "waiting", position, octetsMax);
  }

  #noteKey(name: string): string {
    return name === "" ? `session/${this.#id}` : `session/${this.#id}/${name}`;
  }

  #noteChanges(isEnd: boolean): ActivityChange[] | undefined {
    const names = isEnd ? [...this.#noteNames] : [...this.#notes.keys()];
    const changes = names.map((name) => ({
      name: this.#noteKey(name),
      octets: isEnd ? undefined : this.#notes.get(name),
    }));
    this.#notes.clear();
    return changes.length > 0 ? changes : undefined;
  }

  #waitingChanges({ appends, trims }: MachineChanges): Partial<SessionChanges> | undefined {
    const [waiting, start] = [this.#waiting, this.#waitingStart];
    if (waiting.length === 0 && start === undefined) return undefined;
    this.#waiting = [];
    this.#waitingStart = undefined;
    return {
      appends: [...(appends ?? []), ...waiting],
      trims: [
        ...(trims ?? []),
        ...(start === undefined ? [] : [{ journal: "waiting" as const, position: start }]),
      ],
    };
  }

  /** Resolves when a mark is stored; rejects when it will not be. */
  wait(mark: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    let waiter = this.#waiters.get(mark);
    if (waiter === undefined) {
      waiter = Promise.withResolvers();
      // Not everybody who sends waits: that is theirs to decide.
      waiter.promise.catch(() => {});
      this.#waiters.set(mark, waiter);
    }
    return waiter.promise;
  }

  /** Everything up to this mark is stored. */
  stored(mark: number): void {
    // In the order of the marks, which is that of insertion.
    for (const [waiting, { resolve }] of this.#waiters) {
      if (waiting > mark) break;
      this.#waiters.delete(waiting);
      resolve();
    }
  }

  /** Nothing more will be stored. */
  ended(reason: SessionError): void {
    this.#failure = reason;
    for (const { reject } of this.#waiters.values()) reject(reason);
    this.#waiters.clear();
  }
}

/**
 * How a new session is kept; `undefined` when no more than `memory` was agreed on.
 *
 * @param keepsAll - Keeps it all the same: the peer dies with its process, but we need not.
 */
export function keepingOf(
  store: Store | undefined,
  role: SessionRecord["role"],
  establishment: Establishment,
  keepsAll = false,
): Keeping | undefined {
  const { sessionId, agreement } = establishment.established;
  if (store === undefined || (agreement.durability === "memory" && !keepsAll)) return undefined;
  const id = hex(sessionId);
  return new Keeping(store, id, recordOf(id, role, establishment));
}

/** What a session that a store has kept is made of. @throws {StoreError} `damaged`. */
export function partsOf(
  stored: StoredSession,
  runtime: Runtime,
  { store, contexts = defaultContexts, agreeToRelease, carriesStreams = false }: KeptOptions,
  cursor: Cursor | undefined,
): SessionParts {
  const { establishment, kept } = readStored(stored);
  const { established, ...rest } = establishment;
  return {
    ...rest,
    established,
    role: stored.record.role,
    contexts: agreedContexts(contexts, established.agreement.contexts),
    suite: runtime.suite,
    runtime,
    transport: undefined,
    keeping: new Keeping(store, stored.record.id),
    kept,
    carriesStreams,
    // A clock that was put back in between says that no time has passed.
    ageMs: Math.max(0, Date.now() - stored.record.createdAt),
    quietMs: Math.max(0, Date.now() - stored.updatedAt),
    ...(cursor && { cursor }),
    ...(agreeToRelease && { agreeToRelease }),
  };
}

interface KeptOptions extends SessionOptions {
  readonly store: Store;
  readonly agreeToRelease?: SessionParts["agreeToRelease"] | undefined;
  readonly carriesStreams?: boolean;
}

/** What a store is to keep of a session that was just established. */
export function recordOf(
  id: string,
  role: SessionRecord["role"],
  { established, limits, identity, keyFingerprint }: Establishment,
): SessionRecord {
  const { secret, agreement } = established;
  const { userData, dialogue, ...peer } = established.peer;
  const octets = { secret: hex(secret), userData: hex(userData), dialogue: hex(dialogue) };
  const text = JSON.stringify({
    version: 1,
    ...octets,
    agreement,
    limits,
    identity,
    keyFingerprint,
    peer,
  });
  return {
    id,
    role,
    identity: `${identity.method}:${identity.name}`,
    createdAt: Date.now(),
    establishment: utf8(text),
  };
}

/** What a session of a store is made of. @throws {StoreError} `damaged`. */
export function readStored({ record, epoch, state, entries }: StoredSession): {
  readonly establishment: Establishment;
  readonly kept: KeptSession;
} {
  if (state === undefined) throw new StoreError("damaged", `session ${record.id} has no state`);
  try {
    const text = decodeUtf8(record.establishment) ?? "";
    // `recordOf` wrote it, and the store vouches for it.
    const { version, secret, userData, dialogue, agreement, peer, ...rest } = JSON.parse(
      text,
    ) as StoredEstablishment;
    if (version !== 1)
      throw new StoreError("failed", `session ${record.id} is of version ${version}`);
    const established: Established = {
      sessionId: unhex(record.id),
      secret: unhex(secret),
      agreement,
      peer: { ...peer, userData: unhex(userData), dialogue: unhex(dialogue) },
      rest: NO_OCTETS,
    };
    const kept = { epoch, state: decodeState(state), entries };
    checkJournals(kept);
    // One of an earlier version does not have all limits.
    const limits = { ...defaultLimits, ...rest.limits };
    return { establishment: { ...rest, limits, established }, kept };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const message = `session ${record.id}: ${error instanceof Error ? error.message : error}`;
    throw new StoreError("damaged", message, { cause: error });
  }
}

interface StoredEstablishment extends Omit<Establishment, "established"> {
  readonly version: number;
  readonly secret: string;
  readonly userData: string;
  readonly dialogue: string;
  readonly agreement: Agreement;
  readonly peer: Omit<Proposal, "userData" | "dialogue">;
}
