/**
 * A batch as octets, so that it can be handed to another thread without being cloned piece by piece.
 *
 * @module
 */

import { type Reader, utf8, type Writer } from "../pure/octets.ts";
import {
  type ActivityChange,
  type JournalEntry,
  type JournalName,
  type JournalTrim,
  journalNames,
  type SessionChanges,
  type SessionRecord,
  type Tombstone,
} from "./store.ts";

const CREATE = 1;
const STATE = 2;
const END = 4;

/** Writes a batch behind what is there. The octets of the batch are copied. */
export function encodeChanges(writer: Writer, changes: SessionChanges): void {
  const { id, epoch, create, state, end } = changes;
  const { cuts = [], appends = [], trims = [], activities = [] } = changes;
  text(writer, id);
  writer.varint(epoch).u8((create ? CREATE : 0) | (state ? STATE : 0) | (end ? END : 0));
  if (create) {
    writer.u8(create.role === "initiator" ? 0 : 1).varint(create.createdAt);
    text(writer, create.identity);
    blob(writer, create.establishment);
  }
  if (state) blob(writer, state);
  writer.varint(cuts.length);
  for (const { journal, position } of cuts) {
    writer.u8(journalNames.indexOf(journal)).varint(position);
  }
  writer.varint(appends.length);
  for (const { journal, position, octets } of appends) {
    writer.u8(journalNames.indexOf(journal)).varint(position);
    blob(writer, octets);
  }
  writer.varint(trims.length);
  for (const { journal, position } of trims) {
    writer.u8(journalNames.indexOf(journal)).varint(position);
  }
  writer.varint(activities.length);
  for (const { name, octets } of activities) {
    text(writer, name);
    writer.u8(octets ? 1 : 0);
    if (octets) blob(writer, octets);
  }
  if (end) {
    text(writer, end.outcome);
    text(writer, end.message);
    writer.varint(end.received[0]).varint(end.received[1]).varint(end.endedAt);
  }
}

/** Reads a batch. Its octets are views. */
export function decodeChanges(reader: Reader): SessionChanges {
  const id = readText(reader);
  const epoch = reader.varint();
  const flags = reader.u8();
  const create = flags & CREATE ? readRecord(reader, id) : undefined;
  const state = flags & STATE ? readBlob(reader) : undefined;
  const place = (): JournalTrim => ({ journal: readJournal(reader), position: reader.varint() });
  const cuts = list(reader, place);
  const appends = list(
    reader,
    (): JournalEntry => ({
      journal: readJournal(reader),
      position: reader.varint(),
      octets: readBlob(reader),
    }),
  );
  const trims = list(reader, place);
  const activities = list(
    reader,
    (): ActivityChange => ({
      name: readText(reader),
      octets: reader.u8() ? readBlob(reader) : undefined,
    }),
  );
  const end = flags & END ? readTombstone(reader, id) : undefined;
  return {
    id,
    epoch,
    ...(create && { create }),
    ...(state && { state }),
    cuts,
    appends,
    trims,
    activities,
    ...(end && { end }),
  };
}

function readRecord(reader: Reader, id: string): SessionRecord {
  const role = reader.u8() === 0 ? "initiator" : "responder";
  const createdAt = reader.varint();
  const identity = readText(reader);
  return { id, role, identity, createdAt, establishment: readBlob(reader) };
}

function readTombstone(reader: Reader, id: string): Tombstone {
  const [outcome, message] = [readText(reader), readText(reader)];
  const received = [reader.varint(), reader.varint()] as const;
  return { id, outcome, received, message, endedAt: reader.varint() };
}

function readJournal(reader: Reader): JournalName {
  return journalNames[reader.u8()] as JournalName; // we wrote it
}

function list<T>(reader: Reader, read: () => T): T[] {
  return Array.from({ length: reader.varint() }, read);
}

function text(writer: Writer, value: string): void {
  blob(writer, utf8(value));
}

function readText(reader: Reader): string {
  return reader.utf8(reader.varint());
}

function blob(writer: Writer, octets: Uint8Array): void {
  writer.varint(octets.length).octets(octets);
}

function readBlob(reader: Reader): Uint8Array {
  return reader.octets(reader.varint());
}
