/**
 * What a batch of a session makes of the rows of the SQLite store, within a transaction of whoever calls.
 *
 * @module
 */

import type { StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { NO_OCTETS } from "../pure/octets.ts";
import { checksum, fieldsChecksum, storable } from "./sqlite-rows.ts";
import {
  type JournalTrim,
  journalNames,
  type SessionChanges,
  StoreError,
  type Tombstone,
} from "./store.ts";

/** Sessions whose place is remembered between batches. 20,000: 4 MiB at most. */
const PLACES_MAX = 20_000;

/** Where a session is in the file, and where its journals end. */
export interface Place {
  readonly n: number;
  epoch: number;
  /** Behind the last entry of each journal; `undefined` while it has none. */
  readonly ends: (number | undefined)[];
}

/** What became of one batch of a transaction. */
export type BatchOutcome = StoreError | undefined;

/** Applies batches, and remembers where the sessions are that it met. */
export class Batches {
  readonly #prepared: (sql: string) => StatementSync;
  readonly #places = new Map<string, Place>();

  /** @param prepared - The statement of a text, which is prepared once. */
  constructor(prepared: (sql: string) => StatementSync) {
    this.#prepared = prepared;
  }

  /** What is remembered may be of what was rolled back. */
  forgetPlaces(): void {
    this.#places.clear();
  }

  /** One batch. Whatever refuses it does so before anything of it is written. */
  apply(changes: SessionChanges, now: number): BatchOutcome {
    const { id, epoch, create, state, end } = changes;
    if (id === "") return this.#applyActivities(changes);
    const known = this.place(id);
    if (create && known) return new StoreError("exists", id);
    if (!create && !known) return new StoreError("unknown", id);
    if (known && known.epoch > epoch) {
      return new StoreError("fenced", `epoch ${epoch} of ${id}, the store has ${known.epoch}`);
    }
    const gap = known && gapIn(known, changes);
    if (gap) return gap;
    const place = known ?? this.#create(changes, now);
    if (known && !end) {
      const batchCrc = fieldsChecksum([id, epoch, now]);
      if (state) {
        this.#prepared(
          `UPDATE sessions SET epoch = ?, updated_at = ?, batch_crc = ?, state = ?, state_crc = ?
           WHERE n = ?`,
        ).run(epoch, now, batchCrc, state, crc32(state), place.n);
      } else {
        const update = "UPDATE sessions SET epoch = ?, updated_at = ?, batch_crc = ? WHERE n = ?";
        this.#prepared(update).run(epoch, now, batchCrc, place.n);
      }
      place.epoch = epoch;
    }
    this.#applyJournals(place, changes);
    this.#applyActivities(changes);
    if (end) this.#end(place, end);
    return undefined;
  }

  /** Where a session is, if there is one. */
  place(id: string): Place | undefined {
    const known = this.#places.get(id);
    if (known) return known;
    const row = this.#prepared("SELECT n, epoch FROM sessions WHERE id = ?").get(id);
    if (row === undefined) return undefined;
    const n = Number(row["n"]);
    const ends = journalNames.map((_, index) => {
      const last = this.#prepared(
        `SELECT position + length(octets) AS end FROM entries
         WHERE session = ? AND journal = ? ORDER BY position DESC LIMIT 1`,
      ).get(n, index);
      return last && Number(last["end"]);
    });
    const place = { n, epoch: Number(row["epoch"]), ends };
    this.#remember(id, place);
    return place;
  }

  #applyActivities({ activities = [] }: SessionChanges): undefined {
    for (const { name, octets } of activities) {
      if (octets) {
        const put = "INSERT OR REPLACE INTO activities (name, octets, crc) VALUES (?, ?, ?)";
        this.#prepared(put).run(storable(name), octets, crc32(octets));
      } else this.#prepared("DELETE FROM activities WHERE name = ?").run(storable(name));
    }
  }

  #create({ id, epoch, create, state }: SessionChanges, now: number): Place {
    if (create === undefined) throw new Error("looked before");
    const { role, createdAt, establishment } = create;
    const identity = storable(create.identity);
    const { lastInsertRowid } = this.#prepared(
      `INSERT INTO sessions (id, role, identity, created_at, updated_at, epoch,
         establishment, establishment_crc, state, state_crc, record_crc, batch_crc)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      id,
      role,
      identity,
      createdAt,
      now,
      epoch,
      establishment,
      crc32(establishment),
      state ?? null,
      crc32(state ?? NO_OCTETS),
      fieldsChecksum([id, role, identity, createdAt]),
      fieldsChecksum([id, epoch, now]),
    );
    const place = { n: Number(lastInsertRowid), epoch, ends: [] };
    this.#remember(id, place);
    return place;
  }

  #applyJournals(place: Place, { cuts = [], appends = [], trims = [] }: SessionChanges): void {
    for (const cut of cuts) this.#cut(place, cut);
    for (const { journal, position, octets } of appends) {
      const index = journalNames.indexOf(journal);
      this.#prepared(
        "INSERT INTO entries (session, journal, position, octets, crc) VALUES (?, ?, ?, ?, ?)",
      ).run(place.n, index, position, octets, checksum(place.n, index, position, octets));
      place.ends[index] = position + octets.length;
    }
    for (const { journal, position } of trims) {
      const index = journalNames.indexOf(journal);
      this.#prepared(
        `DELETE FROM entries WHERE session = ? AND journal = ? AND position < ?
         AND position + length(octets) <= ?`,
      ).run(place.n, index, position, position);
      if ((place.ends[index] ?? 0) <= position) place.ends[index] = undefined;
    }
  }

  #cut({ n, ends }: Place, { journal, position }: JournalTrim): void {
    const index = journalNames.indexOf(journal);
    if ((ends[index] ?? 0) <= position) return;
    this.#prepared("DELETE FROM entries WHERE session = ? AND journal = ? AND position >= ?").run(
      n,
      index,
      position,
    );
    const last = this.#prepared(
      `SELECT position, octets FROM entries WHERE session = ? AND journal = ?
       ORDER BY position DESC LIMIT 1`,
    ).get(n, index);
    ends[index] = last && position;
    if (last === undefined) return;
    const start = Number(last["position"]);
    const octets = (last["octets"] as Uint8Array).subarray(0, position - start); // a strict table
    this.#prepared(
      "UPDATE entries SET octets = ?, crc = ? WHERE session = ? AND journal = ? AND position = ?",
    ).run(octets, checksum(n, index, start, octets), n, index, start);
  }

  #end(place: Place, { id, outcome, message, received, endedAt }: Tombstone): void {
    const fields = [id, storable(outcome), storable(message), ...received, endedAt];
    this.#prepared("DELETE FROM entries WHERE session = ?").run(place.n);
    this.#prepared("DELETE FROM sessions WHERE n = ?").run(place.n);
    this.#prepared(
      `INSERT OR REPLACE INTO tombstones
         (id, outcome, message, received0, received1, ended_at, crc)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ).run(...fields, fieldsChecksum(fields));
    this.#places.delete(id);
  }

  #remember(id: string, place: Place): void {
    if (this.#places.size >= PLACES_MAX) {
      for (const oldest of this.#places.keys()) {
        this.#places.delete(oldest);
        break;
      }
    }
    this.#places.set(id, place);
  }
}

/** Why these entries cannot go behind what is there, if they cannot. */
function gapIn(
  place: Place,
  { id, cuts = [], appends = [] }: SessionChanges,
): StoreError | undefined {
  const ends = [...place.ends];
  for (const { journal, position } of cuts) {
    const index = journalNames.indexOf(journal);
    const end = ends[index];
    // One that loses all it has begins wherever it is written to next.
    if (end !== undefined) ends[index] = Math.min(end, position);
  }
  for (const { journal, position, octets } of appends) {
    const index = journalNames.indexOf(journal);
    const end = ends[index];
    if (end !== undefined && end !== position) {
      return new StoreError("gap", `${journal} of ${id} ends at ${end}, not at ${position}`);
    }
    ends[index] = position + octets.length;
  }
  return undefined;
}
