/**
 * What of a link goes to the store, and how its sending side begins where a stored one stood.
 *
 * @module
 */

import { concatOctets, NO_OCTETS } from "../octets.ts";
import type { Journal } from "./journal.ts";
import type { Keeper } from "./keeper.ts";
import {
  type JournalEntry,
  type JournalTrim,
  type KeptDialogue,
  type KeptSession,
  type KeptState,
  runOf,
} from "./kept-state.ts";
import type { LinkParts } from "./link-parts.ts";
import { FIRST_LIFE } from "./overlap.ts";
import { firstStreams, type Streams } from "./streams.ts";
import type { Waiting } from "./waiting.ts";

/** Octets that a store is told to forget without being told anything else at the same time. */
const TRIM_OCTETS = 1024 * 1024;

/** What has to be stored next, as views that stay as they are until it is. */
export interface LinkChanges {
  readonly state: Omit<KeptState, "dialogue" | "end" | "release"> & {
    readonly dialogue: Omit<KeptDialogue, "snapshot">;
  };
  readonly cuts: readonly JournalTrim[];
  readonly appends: readonly JournalEntry[];
  readonly trims: readonly JournalTrim[];
}

/** A link as it is to be stored. */
export interface KeptParts extends LinkParts {
  readonly keeper: Keeper;
  readonly received: readonly [number, number];
  readonly waiting: Waiting | undefined;
  readonly streams: Streams | undefined;
  /** Whether something came that is still to be stored: what came too late is not. */
  readonly hasStaged: boolean;
  /** Whether something has come, or was sent, that {@link collect} has not given. */
  readonly isNew: boolean;
}

/**
 * What has to be stored now, if anything.
 *
 * @param isForced - Also what could wait, and the state when nothing else is new.
 */
export function collect(parts: KeptParts, now: number, isForced: boolean): LinkChanges | undefined {
  const { keeper, lane0, lane1 } = parts;
  const isSettleDue = keeper.settleAt > 0 && now >= keeper.settleAt;
  const shrunk = lane0.start - keeper.forgotten0 + lane1.start - keeper.forgotten1;
  const isDue = parts.isNew || isForced || isSettleDue || shrunk >= TRIM_OCTETS;
  if (!isDue) return undefined;
  keeper.settleAt = 0;
  const appends: JournalEntry[] = [];
  const append = (journal: "sent0" | "sent1", lane: Journal, position: number) => {
    if (lane.end === position) return;
    appends.push({ journal, position, octets: joined(lane.from(position)) });
  };
  append("sent0", lane0, keeper.told0);
  append("sent1", lane1, keeper.told1);
  const cuts = keeper.held.collectCuts();
  if (parts.hasStaged) appends.push(keeper.held.collect());
  const trims: JournalTrim[] = [];
  const sending = collectSending(parts, appends, trims);
  const trim = (journal: JournalTrim["journal"], position: number, forgotten: number) => {
    if (position > forgotten) trims.push({ journal, position });
    return position;
  };
  keeper.told0 = lane0.end;
  keeper.told1 = lane1.end;
  keeper.forgotten0 = trim("sent0", lane0.start, keeper.forgotten0);
  keeper.forgotten1 = trim("sent1", lane1.start, keeper.forgotten1);
  const { receivedStart } = keeper;
  keeper.forgottenReceived = trim("received", receivedStart, keeper.forgottenReceived);
  return { state: stateOf(parts, sending), cuts, appends, trims };
}

function stateOf(parts: KeptParts, sending: KeptState["sending"]): LinkChanges["state"] {
  const { keeper, lane0, lane1, windows, streams, waiting } = parts;
  return {
    cursor: keeper.cursor,
    received: parts.received,
    counted: windows.received,
    sent: windows.sent,
    messages: [keeper.messages0, keeper.messages1],
    ends: [lane0.end, lane1.end],
    acknowledged: [lane0.acknowledged, lane1.acknowledged],
    starts: [lane0.start, lane1.start, keeper.receivedStart],
    receivedEnd: keeper.held.end,
    sendingEnd: keeper.sendingEnd,
    sending,
    nextStreams: streams?.next ?? firstStreams(parts.isInitiator),
    streams: streams?.kept ?? [],
    lost: streams?.lost ?? [],
    carried: streams?.carried,
    dialogue: {
      cursor: keeper.dialogueCursor,
      waiting: waiting?.spdus ?? [[], []],
    },
    overlap: keeper.overlap?.collect() ?? FIRST_LIFE,
  };
}

/** A message of which a part is sent has to be kept whole: its end is not in the journal. */
function collectSending(
  { keeper, waiting }: KeptParts,
  appends: JournalEntry[],
  trims: JournalTrim[],
): KeptState["sending"] {
  const message = waiting?.begun;
  if ((message?.ticket ?? 0) !== keeper.sendingTicket) {
    if (keeper.sendingTicket > 0) trims.push({ journal: "sending", position: keeper.sendingEnd });
    keeper.sendingTicket = message?.ticket ?? 0;
    if (message) {
      const { octets } = message;
      appends.push({ journal: "sending", position: keeper.sendingEnd, octets });
      keeper.sendingEnd += octets.length;
    }
  }
  return message && { type: message.type, offset: message.offset };
}

/**
 * Has lanes, credit and what waits stand where stored ones stood; what came is not looked into yet.
 *
 * @throws {ProtocolError} `journalShort`.
 */
export function restoreSent(
  { keeper, lane0, lane1, windows }: LinkParts & { readonly keeper: Keeper },
  waiting: Waiting,
  { state, entries }: KeptSession,
): void {
  const sent0 = runOf(entries, "sent0", state.ends[0]);
  const sent1 = runOf(entries, "sent1", state.ends[1]);
  lane0.restore(sent0.start, sent0.octets, state.acknowledged[0]);
  lane1.restore(sent1.start, sent1.octets, state.acknowledged[1]);
  [keeper.told0, keeper.told1] = state.ends;
  [keeper.messages0, keeper.messages1] = state.messages;
  windows.restoreSent(state.sent);
  keeper.forgotten0 = sent0.start;
  keeper.forgotten1 = sent1.start;
  restoreSending(keeper, waiting, state, entries);
  waiting.restoreSpdus(state.dialogue.waiting);
}

function restoreSending(
  keeper: Keeper,
  waiting: Waiting,
  { sending, sendingEnd }: KeptState,
  entries: readonly JournalEntry[],
): void {
  keeper.sendingEnd = sendingEnd;
  if (sending === undefined) return;
  const { octets } = runOf(entries, "sending", sendingEnd);
  keeper.sendingTicket = waiting.restoreBegun(sending.type, octets, sending.offset);
}

function joined(views: readonly Uint8Array[]): Uint8Array {
  const [first = NO_OCTETS] = views;
  return views.length === 1 ? first : concatOctets(views);
}
