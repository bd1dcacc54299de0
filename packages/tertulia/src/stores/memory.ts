/**
 * A store that survives nothing: for tests, and to see what a session would keep.
 *
 * It is also the plainest statement of the contract: what another store does, it does as this one.
 *
 * @module
 */

import {
  type ActivityChange,
  type JournalEntry,
  type JournalName,
  journalNames,
  type SessionChanges,
  type SessionRecord,
  type SessionSummary,
  type Store,
  type StoredSession,
  StoreError,
  type StoreReport,
  type Tombstone,
} from "./store.ts";

/** A session as a {@link MemoryStore} has it. */
export interface KeptSessionImage {
  readonly record: SessionRecord;
  readonly epoch: number;
  readonly state: Uint8Array | undefined;
  readonly updatedAt: number;
  readonly entries: readonly JournalEntry[];
}

/** Everything a {@link MemoryStore} holds. Its values are never changed, only replaced. */
export interface MemoryImage {
  readonly sessions: ReadonlyMap<string, KeptSessionImage>;
  readonly tombstones: ReadonlyMap<string, Tombstone>;
  readonly activities: ReadonlyMap<string, Uint8Array>;
}

/** A store that survives nothing: for tests, and to see what a session would keep. */
export class MemoryStore implements Store {
  readonly kind = "memory";
  readonly durability = "memory";
  readonly #sessions: Map<string, KeptSessionImage>;
  readonly #tombstones: Map<string, Tombstone>;
  readonly #activities: Map<string, Uint8Array>;
  #isClosed = false;

  /** @param image - What it begins with: an {@link image} of another, as a crash would leave it. */
  constructor(image?: MemoryImage) {
    this.#sessions = new Map(image?.sessions);
    this.#tombstones = new Map(image?.tombstones);
    this.#activities = new Map(image?.activities);
  }

  /** What it holds now. */
  get image(): MemoryImage {
    return {
      sessions: new Map(this.#sessions),
      tombstones: new Map(this.#tombstones),
      activities: new Map(this.#activities),
    };
  }

  async write(changes: SessionChanges): Promise<void> {
    this.#checkOpen();
    this.apply(changes);
  }

  /** As {@link write}, at once. */
  apply(changes: SessionChanges): void {
    if (changes.id !== "") this.#applySession(changes);
    for (const change of changes.activities ?? []) this.#applyActivity(change);
  }

  async load(id: string): Promise<StoredSession | undefined> {
    this.#checkOpen();
    const kept = this.#sessions.get(id);
    const entries = kept?.entries.filter(({ journal }) => journal !== "waiting").sort(byJournal);
    return kept && entries && { ...kept, entries };
  }

  async read(
    id: string,
    journal: JournalName,
    position: number,
    octetsMax: number,
  ): Promise<readonly JournalEntry[]> {
    this.#checkOpen();
    const all = this.#sessions.get(id)?.entries ?? [];
    const rest = all.filter((entry) => entry.journal === journal && entry.position >= position);
    let octets = 0;
    const isBeyond = (entry: JournalEntry) => {
      octets += entry.octets.length;
      return octets > octetsMax;
    };
    const end = rest.findIndex((entry, index) => isBeyond(entry) && index > 0);
    return end < 0 ? rest : rest.slice(0, end);
  }

  async *sessions(): AsyncGenerator<SessionSummary, void, undefined> {
    this.#checkOpen();
    for (const [, kept] of [...this.#sessions].sort(([a], [b]) => (a < b ? -1 : 1))) {
      yield summaryOf(kept);
    }
  }

  async *tombstones(): AsyncGenerator<Tombstone, void, undefined> {
    this.#checkOpen();
    yield* [...this.#tombstones.values()].sort((a, b) => a.endedAt - b.endedAt);
  }

  async forget(endedBefore: number): Promise<void> {
    this.#checkOpen();
    for (const [id, { endedAt }] of this.#tombstones) {
      if (endedAt < endedBefore) this.#tombstones.delete(id);
    }
  }

  async activity(name: string): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    return this.#activities.get(name);
  }

  async *activities(): AsyncGenerator<string, void, undefined> {
    this.#checkOpen();
    yield* [...this.#activities.keys()].sort();
  }

  async check(): Promise<StoreReport> {
    this.#checkOpen();
    return { problems: [], damaged: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
  }

  #applySession(changes: SessionChanges): void {
    const { id } = changes;
    const kept = applyChanges(this.#sessions.get(id), changes, Date.now());
    if (changes.end) {
      this.#sessions.delete(id);
      this.#tombstones.set(id, changes.end);
    } else this.#sessions.set(id, kept);
  }

  #applyActivity({ name, octets }: ActivityChange): void {
    if (octets) this.#activities.set(name, octets.slice());
    else this.#activities.delete(name);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new StoreError("closed", "the store was disposed of");
  }
}

/** What a session is after a batch; throws when the batch is refused. */
function applyChanges(
  before: KeptSessionImage | undefined,
  { id, epoch, create, state, cuts = [], appends = [], trims = [] }: SessionChanges,
  now: number,
): KeptSessionImage {
  if (create && before) throw new StoreError("exists", id);
  const record = before?.record ?? create;
  if (record === undefined) throw new StoreError("unknown", id);
  if (before && before.epoch > epoch) {
    throw new StoreError("fenced", `epoch ${epoch} of ${id}, the store has ${before.epoch}`);
  }
  let entries = before?.entries ?? [];
  for (const { journal, position } of cuts) {
    entries = entries.flatMap((entry) => {
      const octets = entry.octets.subarray(0, Math.max(0, position - entry.position));
      const isCut = entry.journal === journal && octets.length < entry.octets.length;
      if (!isCut) return [entry];
      return octets.length > 0 ? [{ ...entry, octets }] : [];
    });
  }
  for (const { journal, position, octets } of appends) {
    const last = entries.findLast((entry) => entry.journal === journal);
    const end = last && last.position + last.octets.length;
    if (end !== undefined && end !== position) {
      throw new StoreError("gap", `${journal} of ${id} ends at ${end}, not at ${position}`);
    }
    // A copy: views of a session's slabs are good until it hears that this is durable.
    entries = [...entries, { journal, position, octets: octets.slice() }];
  }
  for (const { journal, position } of trims) {
    entries = entries.filter(
      (entry) => entry.journal !== journal || entry.position + entry.octets.length > position,
    );
  }
  return { record, epoch, state: state?.slice() ?? before?.state, updatedAt: now, entries };
}

function summaryOf({ record, epoch, updatedAt, entries }: KeptSessionImage): SessionSummary {
  const octets = (...names: readonly JournalName[]) =>
    entries.reduce((sum, e) => sum + (names.includes(e.journal) ? e.octets.length : 0), 0);
  const { id, role, identity, createdAt } = record;
  const sentOctets = octets("sent0", "sent1", "sending", "waiting");
  const receivedOctets = octets("received");
  return { id, role, identity, createdAt, updatedAt, epoch, sentOctets, receivedOctets };
}

function byJournal(one: JournalEntry, other: JournalEntry): number {
  const [left, right] = [journalNames.indexOf(one.journal), journalNames.indexOf(other.journal)];
  return left - right || one.position - other.position;
}
