/**
 * What is stored of a session: its journals, and the state that goes with each batch of them. A restart
 * needs nothing else.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { concatOctets, Reader, utf8, Writer } from "../octets.ts";
import { type CarriedStream, readCarried, writeCarried } from "./carried.ts";
import { FIRST_LIFE, type KeptOverlap } from "./overlap.ts";
import type { ReleaseState } from "./release.ts";

/**
 * The journals of a session. `sent0` and `sent1` hold what each lane has sent and the peer has not
 * committed; `received` holds what came, on either lane, and the application has not settled;
 * `sending` the message of which only a part is in `sent0`; `waiting` what has not been given to the
 * lanes yet, which may be more than fits into memory and is read in pieces.
 */
export const journalNames = ["sent0", "sent1", "received", "sending", "waiting"] as const;

export type JournalName = (typeof journalNames)[number];

/** A piece of a journal. Pieces of one journal never overlap and leave no gap. */
export interface JournalEntry {
  readonly journal: JournalName;
  /** Position of its first octet. */
  readonly position: number;
  readonly octets: Uint8Array;
}

/** Says that nothing before a position is needed any more. */
export interface JournalTrim {
  readonly journal: JournalName;
  readonly position: number;
}

/** Positions behind the last message that was settled, on lane 0 and lane 1. */
export type Cursor = readonly [number, number];

/** How a session ended. */
export interface KeptEnd {
  readonly outcome: string;
  readonly message: string;
}

/** What is known of a stream whose process is gone. */
export interface KeptStream {
  /** Its number in the session: even when the initiator opened it. */
  readonly id: number;
  readonly label: string;
  /** Octets of the peer's that the application took, at least. */
  readonly takenOctets: number;
  /** Octets that the application wrote and that were kept: so many the peer is sent. */
  readonly writtenOctets: number;
}

/** What is kept of the dialogue that a session carries. */
export interface KeptDialogue {
  /** What whoever runs the dialogue gave to be kept; `undefined` when nobody did. */
  readonly snapshot: Uint8Array | undefined;
  /** SPDUs before these positions on lane 0 and lane 1 have had their effect on the snapshot. */
  readonly cursor: Cursor;
  /** SPDUs that the snapshot has sent and no journal has yet, by lane. */
  readonly waiting: readonly [readonly Uint8Array[], readonly Uint8Array[]];
}

/** What a restart needs besides the journals, as of one instant. */
export interface KeptState {
  readonly release: ReleaseState;
  /** How it ended, when it has, and the application has not settled all that came before that. */
  readonly end: KeptEnd | undefined;
  /** Everything before these the application has settled. */
  readonly cursor: Cursor;
  /** Everything before these was looked into; what is behind them in `received` was not. */
  readonly received: readonly [number, number];
  /** Octets that the receive windows have counted: messages, session, expedited. */
  readonly counted: readonly [number, number, number];
  /** Octets that we have counted against the peer's credit, likewise. */
  readonly sent: readonly [number, number, number];
  /** Messages of ours that are in the journals, by lane, since the session began. */
  readonly messages: readonly [number, number];
  /** Ends of both lanes, and how far the peer has committed. */
  readonly ends: readonly [number, number];
  readonly acknowledged: readonly [number, number];
  /** Where `sent0`, `sent1` and `received` have to begin, or before. */
  readonly starts: readonly [number, number, number];
  /** Where `received` and `sending` end. */
  readonly receivedEnd: number;
  readonly sendingEnd: number;
  /** Frame type of the message in `sending`, and how much of it is sent; no type when none is. */
  readonly sending: { readonly type: number; readonly offset: number } | undefined;
  /** The next number of a stream of ours, and of the peer's. */
  readonly nextStreams: readonly [number, number];
  /** Streams that were open. */
  readonly streams: readonly KeptStream[];
  /** Streams that were open when a process before that ended, and whose loss is not settled. */
  readonly lost: readonly KeptStream[];
  /** Those of `streams` that a planned end carries over; `undefined` with any other end. */
  readonly carried: readonly CarriedStream[] | undefined;
  readonly dialogue: KeptDialogue;
  readonly overlap: KeptOverlap;
}

/** A session's journals as they were found. */
export interface KeptSession {
  readonly epoch: number;
  readonly state: KeptState;
  /** By journal, by position. */
  readonly entries: readonly JournalEntry[];
}

/**
 * Version 1 had neither `end` nor `dialogue`, and of streams their numbers. Version 2 had no `overlap`.
 * Version 3 has no `carried`, and is what is written unless an end is planned.
 */
const STATE_VERSION = 4;
const CLAUSE = "stored state";
const releases: readonly ReleaseState[] = [
  "open",
  "draining",
  "finishing",
  "asked",
  "answering",
  "answered",
  "crossing",
  "crossed",
  "finished",
  "released",
];

export function encodeState(state: KeptState): Uint8Array {
  const { sending, carried } = state;
  const version = carried ? STATE_VERSION : STATE_VERSION - 1;
  const writer = new Writer().u8(version).u8(releases.indexOf(state.release));
  for (const value of [
    ...state.cursor,
    ...state.received,
    ...state.counted,
    ...state.sent,
    ...state.messages,
    ...state.ends,
    ...state.acknowledged,
    ...state.starts,
    state.receivedEnd,
    state.sendingEnd,
    ...(sending ? [1, sending.type, sending.offset] : [0]),
    ...state.nextStreams,
    state.streams.length,
    ...state.streams.map(({ id }) => id),
  ]) {
    writer.varint(value);
  }
  const blob = (octets: Uint8Array) => writer.varint(octets.length).octets(octets);
  blob(utf8(state.end?.outcome ?? ""));
  blob(utf8(state.end?.message ?? ""));
  const { snapshot, cursor, waiting } = state.dialogue;
  writer.varint(cursor[0]).varint(cursor[1]);
  for (const octets of [snapshot ? [snapshot] : [], ...waiting]) {
    writer.varint(octets.length);
    for (const each of octets) blob(each);
  }
  for (const streams of [state.streams, state.lost]) {
    writer.varint(streams.length);
    for (const { id, label, takenOctets, writtenOctets } of streams) {
      writer.varint(id).varint(takenOctets).varint(writtenOctets);
      blob(utf8(label));
    }
  }
  const { life, starts, isAhead, peerLife } = state.overlap;
  for (const value of [life, ...starts, isAhead ? 1 : 0, peerLife]) writer.varint(value);
  if (carried) writeCarried(writer, carried);
  return writer.finish();
}

/** @throws {ProtocolError} `unknownState` for one of a later version, `truncated`. */
export function decodeState(octets: Uint8Array): KeptState {
  const reader = new Reader(octets, CLAUSE);
  const version = reader.u8();
  const release = releases[reader.u8()];
  if (version < 1 || version > STATE_VERSION || release === undefined) {
    throw new ProtocolError("unknownState", CLAUSE, `version ${version}, we know ${STATE_VERSION}`);
  }
  const two = () => [reader.varint(), reader.varint()] as const;
  const three = () => [reader.varint(), reader.varint(), reader.varint()] as const;
  const text = () => reader.utf8(reader.varint());
  const blobs = () => {
    const octets = () => reader.octets(reader.varint()).slice();
    return Array.from({ length: reader.varint() }, octets);
  };
  const state = {
    release,
    cursor: two(),
    received: two(),
    counted: three(),
    sent: three(),
    messages: two(),
    ends: two(),
    acknowledged: two(),
    starts: three(),
    receivedEnd: reader.varint(),
    sendingEnd: reader.varint(),
    sending: reader.varint() ? { type: reader.varint(), offset: reader.varint() } : undefined,
    nextStreams: two(),
  };
  const ids = Array.from({ length: reader.varint() }, () => reader.varint());
  if (version < 2) {
    const streams = ids.map((id) => ({ id, label: "", takenOctets: 0, writtenOctets: 0 }));
    const none = { lost: [], carried: undefined, end: undefined, dialogue: NO_DIALOGUE };
    return { ...state, ...none, streams, overlap: FIRST_LIFE };
  }
  const [outcome, message] = [text(), text()];
  const end = outcome === "" ? undefined : { outcome, message };
  const cursor = two();
  const [snapshot] = blobs();
  const waiting = [blobs(), blobs()] as const;
  const stream = () => {
    const [id, takenOctets, writtenOctets] = three();
    return { id, takenOctets, writtenOctets, label: text() };
  };
  const streams = () => Array.from({ length: reader.varint() }, stream);
  const dialogue = { snapshot, cursor, waiting };
  const rest = { ...state, end, dialogue, streams: streams(), lost: streams() };
  if (version < 3) return { ...rest, carried: undefined, overlap: FIRST_LIFE };
  const [life, starts] = [reader.varint(), two()];
  const overlap = { life, starts, isAhead: reader.u8() === 1, peerLife: reader.varint() };
  return { ...rest, carried: version < 4 ? undefined : readCarried(reader), overlap };
}

const NO_DIALOGUE: KeptDialogue = { snapshot: undefined, cursor: [0, 0], waiting: [[], []] };

/** Whether the journals reach as far as the state says. @throws {ProtocolError} `journalShort`. */
export function checkJournals({ state, entries }: KeptSession): void {
  const [start0, start1, startReceived] = state.starts;
  runOf(entries, "sent0", state.ends[0], start0);
  runOf(entries, "sent1", state.ends[1], start1);
  runOf(entries, "received", state.receivedEnd, startReceived);
  // A message that is sent in pieces is not empty.
  if (state.sending) runOf(entries, "sending", state.sendingEnd, state.sendingEnd - 1);
}

/** The entries of one journal as one run of octets, and where it begins. */
export function runOf(
  entries: readonly JournalEntry[],
  name: JournalName,
  end: number,
  startMax: number = end,
): { readonly start: number; readonly octets: Uint8Array } {
  const own = entries.filter(({ journal }) => journal === name);
  const start = own[0]?.position ?? end;
  const octets = concatOctets(own.map((entry) => entry.octets));
  if (start > startMax) {
    const detail = `${name} begins at ${start}, lost from ${startMax}`;
    throw new ProtocolError("journalShort", CLAUSE, detail);
  }
  if (start + octets.length !== end) {
    const have = start + octets.length;
    throw new ProtocolError("journalShort", CLAUSE, `${name} ends at ${have}, lost up to ${end}`);
  }
  return { start, octets };
}
