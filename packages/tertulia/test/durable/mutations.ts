/**
 * What may be wrong with machines that are kept, with stores and with disks, and what the simulator of
 * processes that die has to notice.
 */

import type { Mutation } from "../simulation/mutants.ts";

export const mutations: readonly Mutation[] = [
  {
    name: "what arrives is acknowledged before it is synced",
    file: "native/link",
    from: "writeVarints(body, ACK, arrived0, this.#received0, arrived1, this.#received1)",
    to: "writeVarints(body, ACK, arrived0, arrived0, arrived1, arrived1)",
  },
  {
    name: "what is sent goes out before it is synced",
    file: "native/journal",
    from: "const { stored } = this;",
    to: "const stored = this.end;",
  },
  {
    name: "what arrives is looked into before it is synced",
    file: "native/keep",
    from: "this.underWay.push(changed);",
    to: "this.underWay.push({ ...changed, appends: [] }); link.stored(changed);",
  },
  {
    name: "what arrives is looked into before its sender has stored it",
    file: "native/keeper",
    from: "return this.overlap?.peerStored ?? EVERYTHING;",
    to: "return EVERYTHING;",
  },
  {
    name: "what is sent is said to be stored before it is synced",
    file: "native/keep",
    from: "this.underWay.push(changed);",
    to: "this.underWay.push(changed); link.stored({ ...changed, appends: [] });",
  },
  {
    name: "what a dead process had not stored stays with its peer",
    file: "native/link",
    from: "keeper.held.cut(received, starts);",
    to: "",
  },
  {
    name: "what is void stays in the store",
    file: "native/held",
    from: "this.#cutAt = this.end;",
    to: "",
  },
  {
    name: "a restart does not begin another life",
    file: "native/overlap",
    from: "isAhead ? life + 1 : life",
    to: "life",
  },
  {
    name: "that a life transmits before it stores is not kept",
    file: "native/keeper",
    from: "isAhead ? 1 : 0",
    to: "0",
  },
  {
    name: "a new life transmits before it stores, and its peer has not stored that it began",
    file: "native/overlap",
    from: "this.#isKnown = false;",
    to: "",
  },
  {
    name: "a life of the peer's is said to be known before that is synced",
    file: "native/overlap",
    from: "[this.#life, this.#peerLifeStored];",
    to: "[this.#life, this.#peerLife];",
  },
  {
    name: "the life of the peer's is not kept",
    file: "native/overlap",
    from: "[this.#life, this.#starts, this.#peerLife];",
    to: "[this.#life, this.#starts, 0];",
  },
  {
    name: "what a dead process had granted is not allowed for",
    file: "native/link",
    from: "this.#lookAtHeld(keeper, keeper.held.seenBy(cursor, from));",
    to: "this.#lookAtHeld(keeper, keeper.held.seenBy(cursor, from)); this.#endRestoring(keeper);",
  },
  {
    name: "what the application has had waits for its sender to say that it is stored",
    file: "native/link",
    from: "keeper.held.seenBy(cursor, from)",
    to: "from",
  },
  {
    name: "what arrived in another life of the peer's is acknowledged to the next",
    file: "native/link",
    from: "overlap?.isHeard !== false && held",
    to: "held",
  },
  {
    name: "the epoch is not persisted",
    file: "native/keep",
    from: "const changes = { epoch, state,",
    to: "const changes = { epoch: 0, state,",
  },
  {
    name: "an epoch that is answered is not persisted",
    file: "native/machine",
    from: "return Math.max(this.#epoch, this.#claimed);",
    to: "return this.#epoch;",
  },
  {
    name: "an epoch is spoken of before it is synced",
    file: "native/machine",
    from: 'this.#keep.gate([{ type: "send", transport, chunks: [octets] }], candidate);',
    to: "this.#sendTo(transport, octets);",
  },
  {
    name: "the cursor is ahead of the effect",
    file: "native/link-keeping",
    from: "cursor: keeper.cursor,",
    to: "cursor: keeper.taken,",
  },
  {
    name: "the application's own cursor is not heeded",
    file: "native/link",
    from: "keeper.countSettled([settled[0] ?? 0, settled[1] ?? 0])",
    to: "keeper.countSettled(state.cursor)",
  },
  {
    name: "a tombstone is forgotten",
    file: "native/keep",
    from: "changes: { epoch, end }",
    to: "changes: { epoch }",
  },
  {
    name: "what was not read when the session ended is forgotten",
    file: "native/machine",
    from: "if (hasNoRest || this.link.isSettled)",
    to: "if (true)",
  },
  {
    name: "the end is told before it is synced",
    file: "native/machine",
    from: "keep.gate(last);",
    to: "for (const output of last) this.#outputs.push(output);",
  },
  {
    name: "the state of the release is not kept",
    file: "native/keep",
    from: "encodeState({ ...changed.state, release, end: rest, dialogue })",
    to: 'encodeState({ ...changed.state, release: "open", end: rest, dialogue })',
  },
  {
    name: "a journal's entry is dropped",
    file: "native/link-keeping",
    from: 'append("sent1", lane1, keeper.told1);',
    to: "",
  },
  {
    name: "a store drops an entry now and then",
    file: "stores/memory",
    from: "for (const { journal, position, octets } of appends) {",
    to: "for (const { journal, position, octets } of appends) { if (position % 7 === 3) continue;",
  },
  {
    name: "what is sent is forgotten before the peer has it",
    file: "native/link-keeping",
    from: 'trim("sent0", lane0.start, keeper.forgotten0)',
    to: 'trim("sent0", lane0.end, keeper.forgotten0)',
  },
  {
    name: "what came is forgotten before it is settled",
    file: "native/keeper",
    from: "return Math.min(start0, start1, segments, spdu0 ?? 0, spdu1 ?? 0);",
    to: "return this.#seen;",
  },
  {
    name: "a message that is sent in part is not kept whole",
    file: "native/link-keeping",
    from: 'appends.push({ journal: "sending", position: keeper.sendingEnd, octets });',
    to: "",
  },
  {
    name: "a message that was sent in part is not gone on with",
    file: "native/link-keeping",
    from: "restoreSending(keeper, waiting, state, entries);",
    to: "",
  },
  {
    name: "what came before a crash is taken again",
    file: "native/link",
    from: "if (this.#cursor0 > held.arrived0)",
    to: "if (true)",
  },
  {
    name: "what the windows have counted is not kept",
    file: "native/link",
    from: "window.restore(state.counted[i] ?? 0);",
    to: "window.restore(0);",
  },
  {
    name: "credit that was used is used again after a crash",
    file: "native/link-keeping",
    from: "[messages.sent, session.sent, expedited.sent] = state.sent;",
    to: "",
  },
  {
    name: "a sync that failed counts as one that did not",
    file: "native/machine",
    from: "storeFailed(error) {",
    to: "storeFailed(error) { if (this.#keep.stored < this.#keep.collected) return this.stored(this.#keep.stored + 1);",
  },
  {
    name: "what is kept of the dialogue is of another instant",
    file: "native/keep",
    from: "snapshotDialogue ? snapshotDialogue() : this.dialogue",
    to: "snapshotDialogue && !this.dialogue ? this.dialogue = snapshotDialogue() : this.dialogue",
  },
  {
    name: "an SPDU that the dialogue has had comes again",
    file: "native/keeper",
    from: "this.#dialogueCursor[lane] = spdu.end;",
    to: "",
  },
  {
    name: "an SPDU that the dialogue has not had does not come again",
    file: "native/keeper",
    from: "return end <= this.#dialogueCursor[lane];",
    to: "return this.isRestoring;",
  },
  {
    name: "SPDUs that wait for the messages before them are not kept",
    file: "native/link-keeping",
    from: "waiting: waiting?.spdus ?? [[], []],",
    to: "waiting: [[], []],",
  },
  {
    name: "a torn record is accepted",
    file: "durable/disk",
    from: "if (crc32(octets) !== sum)\n                break;",
    to: "",
  },
  {
    name: "a disk says that it has synced before it has",
    file: "durable/disk",
    from: "this.#gathered.push({ changes, done });",
    to: "this.#clock.in(0, () => done()); this.#gathered.push({ changes, done: () => {} });",
  },
];
