/**
 * What a session needs of a store: that what it says is kept is kept, whole or not at all.
 *
 * A store knows sessions, their journals, their tombstones, and named blobs. It does not know the
 * protocol: what it keeps is octets with positions. Anything that can apply one batch atomically and
 * say when it is durable can be a store: a file, a database, a cluster. `tertulia/testing` has the
 * suite that every store passes.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import {
  type JournalEntry,
  type JournalName,
  type JournalTrim,
  journalNames,
} from "../pure/native/kept-state.ts";

export { type JournalEntry, type JournalName, type JournalTrim, journalNames };

/** What has to be known of a session to go on with it, and never changes. */
export interface SessionRecord {
  /** The session's identifier, in hex. */
  readonly id: string;
  readonly role: "initiator" | "responder";
  /** Name and proof of the peer's identity, as `method:name`; for operators and quotas. */
  readonly identity: string;
  /** When it was established, in ms since 1970. */
  readonly createdAt: number;
  /**
   * Secret, agreement, limits and the like, as the session wrote them. Whoever reads this can resume
   * the session in the peer's place: a store keeps it as it would keep a private key.
   */
  readonly establishment: Uint8Array;
}

/** What is left of a session that has ended: enough to tell a late peer exactly what arrived. */
export interface Tombstone {
  readonly id: string;
  /** `released`, `aborted`, `expired`, `lost`, … */
  readonly outcome: string;
  /** What had been committed of the peer's two lanes. */
  readonly received: readonly [number, number];
  readonly message: string;
  /** When it ended, in ms since 1970. */
  readonly endedAt: number;
}

/** A blob with a name, which outlives sessions: an activity (X.215 3.5) that is interrupted. */
export interface ActivityChange {
  readonly name: string;
  /** What to keep; `undefined` to forget it. */
  readonly octets: Uint8Array | undefined;
}

/**
 * A batch: all of it is kept, or nothing. What is absent does not change. Applied in this order:
 * `create`, `state`, `cuts`, `appends`, `trims`, `activities`, `end`.
 */
export interface SessionChanges {
  /** Empty for a batch of activities alone, which are no session's. */
  readonly id: string;
  /**
   * The epoch of the session for whoever writes. A store that has a higher one refuses the whole
   * batch: the writer was displaced, and does not know it yet.
   */
  readonly epoch: number;
  /** The record of a session that is new. */
  readonly create?: SessionRecord;
  /** Positions, counts and what the release has come to, as the session wrote them. */
  readonly state?: Uint8Array;
  /** Has journals end at a position again: what they have from there on is forgotten. */
  readonly cuts?: readonly JournalTrim[];
  /** What is added to its journals. */
  readonly appends?: readonly JournalEntry[];
  /** What its journals may forget. */
  readonly trims?: readonly JournalTrim[];
  /** Activities that are kept, or forgotten. */
  readonly activities?: readonly ActivityChange[];
  /** Forgets the session with its journals, and remembers this instead. */
  readonly end?: Tombstone;
}

/** A session as an operator sees it. */
export interface SessionSummary {
  readonly id: string;
  readonly role: SessionRecord["role"];
  readonly identity: string;
  readonly createdAt: number;
  /** When its last batch was kept, in ms since 1970. */
  readonly updatedAt: number;
  readonly epoch: number;
  /** Octets sent and not committed by the peer, and received and not committed by the application. */
  readonly sentOctets: number;
  readonly receivedOctets: number;
  /** What the store says of it here is not what was written. {@link Store.load} says so, too. */
  readonly isDamaged?: boolean;
}

/** Everything there is of a session. */
export interface StoredSession {
  readonly record: SessionRecord;
  readonly epoch: number;
  /** Absent when no batch carried one yet. */
  readonly state: Uint8Array | undefined;
  readonly updatedAt: number;
  /**
   * By journal, by position, without those of `waiting`, for which there is {@link Store.read}. The first
   * entry may begin before the last trim.
   */
  readonly entries: readonly JournalEntry[];
}

/** What a store found when it was opened, or when it was asked to look. */
export interface StoreReport {
  /** What is wrong, in words; empty when nothing is. */
  readonly problems: readonly string[];
  /** Sessions of which something is missing: they cannot be resumed, and are not silently shortened. */
  readonly damaged: readonly string[];
}

/**
 * Keeps sessions beyond the life of a process.
 *
 * Several calls of `write` may be under way at once, and a store is free to sync them together; it
 * applies them in the order of the calls.
 */
export interface Store extends AsyncDisposable {
  /** `memory`, `sqlite`, … */
  readonly kind: string;
  /** What it survives: `memory` for nothing, `disk` for the process, `replicated` for the node. */
  readonly durability: "memory" | "disk" | "replicated";

  /**
   * Whether what is written waits for room: whoever would begin something is better told to come again.
   * Absent where nothing ever waits.
   */
  readonly isBlocked?: boolean;

  /**
   * Applies a batch. Resolves when it is durable, in the order of the calls.
   *
   * @throws {StoreError} `fenced`, `full`, `gap`, `unknown`, `exists`, `failed`, `closed`. Nothing of the
   *   batch was kept then, and nothing that was kept before is lost. With `full` and `failed`, of what
   *   the same session has written behind it, before it could know, nothing is kept either.
   */
  write(changes: SessionChanges): Promise<void>;

  /** @throws {StoreError} `damaged` when something of it is missing; `failed`, `closed`. */
  load(id: string): Promise<StoredSession | undefined>;

  /**
   * A piece of a journal: entries that begin at this position or behind it, in their order, as many as
   * make up so many octets, and at least one if there is one. None of a session that is not there.
   *
   * @throws {StoreError} as `load`.
   */
  read(
    id: string,
    journal: JournalName,
    position: number,
    octetsMax: number,
  ): Promise<readonly JournalEntry[]>;

  /** All sessions, by id. `StoreError` as `load`. */
  sessions(): AsyncIterable<SessionSummary>;

  /** The tombstones, the oldest first. */
  tombstones(): AsyncIterable<Tombstone>;

  /** Forgets tombstones older than this, in ms since 1970. */
  forget(endedBefore: number): Promise<void>;

  /** The blob of this name. */
  activity(name: string): Promise<Uint8Array | undefined>;

  /** Names of all blobs. */
  activities(): AsyncIterable<string>;

  /** Looks at everything that is kept. */
  check(): Promise<StoreReport>;
}

/** Why a store could not do what was asked of it. */
export type StoreFailure =
  /** It was disposed of. */
  | "closed"
  /** What was kept is not what is there now. */
  | "damaged"
  /** A session of this id is there already. */
  | "exists"
  /** The medium failed; `cause` says how. */
  | "failed"
  /** A higher epoch was here. */
  | "fenced"
  /** No room. */
  | "full"
  /** An entry does not begin where its journal ends, as far as the store still has any of it. */
  | "gap"
  /** There is no such session. */
  | "unknown";

/** The store could not do what was asked of it. Match on `failure`. */
export class StoreError extends SessionError {
  override readonly name = "StoreError";
  readonly failure: StoreFailure;

  constructor(failure: StoreFailure, message: string, options?: ErrorOptions) {
    super("ERR_STORE", `${failure}: ${message}`, options);
    this.failure = failure;
  }
}
