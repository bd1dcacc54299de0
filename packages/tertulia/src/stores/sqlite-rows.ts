/**
 * Rows of the SQLite store, as what they say, if they still say what was written.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { NO_OCTETS } from "../pure/octets.ts";
import {
  type JournalEntry,
  type JournalName,
  journalNames,
  type SessionRecord,
  StoreError,
  type Tombstone,
} from "./store.ts";

/** @throws {StoreError} `damaged`. */
export function entryOf(id: string, n: number, row: Row): JournalEntry {
  const [index, position] = [Number(row["journal"]), Number(row["position"])];
  const octets = row["octets"] as Uint8Array; // the table is strict
  const journal = journalNames[index] as JournalName; // we wrote it
  if (checksum(n, index, position, octets) !== Number(row["crc"])) {
    throw new StoreError("damaged", `checksum of ${journal} at ${position} of session ${id}`);
  }
  return { journal, position, octets };
}

/** Covers where an entry belongs as well as what it is. */
export function checksum(n: number, journal: number, position: number, octets: Uint8Array): number {
  return crc32(octets, crc32(`${n} ${journal} ${position}`));
}

/** Covers columns that are no blobs, in an order that does not change. Texts are {@link storable}. */
export function fieldsChecksum(fields: readonly unknown[]): number {
  return crc32(JSON.stringify(fields));
}

/** A text that comes back as it was stored: of others it is cut off where they have a NUL. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

/** A row as `node:sqlite` gives it. */
export type Row = Record<string, unknown>;

/** Its session. */
export function idOf(row: Row): string {
  return String(row["id"]);
}

/** A session as its row has it. */
interface SessionRow {
  readonly n: number;
  readonly epoch: number;
  readonly updatedAt: number;
  readonly record: SessionRecord;
  readonly state: Uint8Array | undefined;
}

const recordColumns = ["id", "role", "identity", "created_at"];
const batchColumns = ["id", "epoch", "updated_at"];
const tombstoneColumns = ["id", "outcome", "message", "received0", "received1", "ended_at"];

/** Whether columns say what was written; those of a file that is only looked at may have no checksum. */
function isWhole(row: Row, columns: readonly string[], crc: string): boolean {
  if (row[crc] === undefined) return true;
  return fieldsChecksum(columns.map((column) => row[column])) === Number(row[crc]);
}

/** Whether it says of a session what was written. */
export function isSessionWhole(row: Row): boolean {
  return isWhole(row, recordColumns, "record_crc") && isWhole(row, batchColumns, "batch_crc");
}

export function isTombstoneWhole(row: Row): boolean {
  return isWhole(row, tombstoneColumns, "crc");
}

/** A tombstone; of one that does not say any more what was written, that this is so. */
export function tombstoneOf(row: Row): Tombstone {
  const [id, endedAt] = [idOf(row), Number(row["ended_at"])];
  if (!isTombstoneWhole(row)) {
    const message = "how it ended is damaged";
    return { id, outcome: "lost", message, received: [0, 0], endedAt };
  }
  return {
    id,
    outcome: String(row["outcome"]),
    message: String(row["message"]),
    received: [Number(row["received0"]), Number(row["received1"])],
    endedAt,
  };
}

/** @throws {StoreError} `damaged`. */
export function sessionOf(row: Row): SessionRow {
  const id = idOf(row);
  if (!isSessionWhole(row)) throw new StoreError("damaged", `checksum of the row of ${id}`);
  const role: "initiator" | "responder" = row["role"] === "initiator" ? "initiator" : "responder";
  const establishment = whole(row["establishment"], row["establishment_crc"], `record of ${id}`);
  const hasState = row["state"] !== null;
  const state = whole(row["state"] ?? NO_OCTETS, row["state_crc"], `state of ${id}`);
  return {
    n: Number(row["n"]),
    epoch: Number(row["epoch"]),
    updatedAt: Number(row["updated_at"]),
    record: {
      id,
      role,
      identity: String(row["identity"]),
      createdAt: Number(row["created_at"]),
      establishment,
    },
    state: hasState ? state : undefined,
  };
}

/** The octets of a blob, if they are what they were. */
export function whole(octets: unknown, crc: unknown, what: string): Uint8Array {
  if (!(octets instanceof Uint8Array) || crc32(octets) !== Number(crc)) {
    throw new StoreError("damaged", `checksum of the ${what}`);
  }
  return octets;
}
