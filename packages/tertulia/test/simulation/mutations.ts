/**
 * What may be wrong with a machine whose transports break, and what the simulator has to notice.
 */

import type { Mutation } from "./mutants.ts";

export const mutations: readonly Mutation[] = [
  {
    name: "an acknowledgement frees more than was acknowledged",
    file: "native/lanes",
    from: "journal.acknowledge(committed)",
    to: "journal.acknowledge(Math.min(committed + 40, journal.given))",
  },
  {
    name: "nothing is acknowledged",
    file: "native/link",
    from: "if (acknowledges) {",
    to: "if (false) {",
  },
  {
    name: "a resume begins a little behind where the peer stands",
    file: "native/journal",
    from: "this.sent = position;\n        this.acknowledged",
    to: "this.sent = Math.min(position + 5, this.given);\n        this.acknowledged",
  },
  {
    name: "a resume replays nothing",
    file: "native/lanes",
    from: "lane0.rewind(start0);",
    to: "lane0.rewind(lane0.given);",
  },
  {
    name: "what came already is taken again after a resume",
    file: "native/arrivals",
    from: "if (this.cursor0 <= this.received0)\n            return false;",
    to: "",
  },
  {
    name: "a stale epoch is accepted",
    file: "native/machine",
    from: "if (epoch <= this.#claimed) {",
    to: "if (false) {",
  },
  {
    name: "the proof of RESUME is not checked",
    file: "native/machine",
    from: "if (!candidate.isResumedBy(request, binding)) {",
    to: "if (!candidate.isResumedBy(request, binding) && false) {",
  },
  {
    name: "the proof of RESUMED is not checked",
    file: "native/candidate",
    from: "if (epoch !== this.epoch || !equalOctets(expected, proof)) {",
    to: "if (false) {",
  },
  {
    name: "the proof of CONFIRM is not checked",
    file: "native/candidate",
    from: "if (proof.length !== PROOF_OCTETS || !equalOctets(expected, proof)) {",
    to: "if (false) {",
  },
  {
    name: "positions are not checked",
    file: "native/link",
    from: "checkPositions(peer) {",
    to: "checkPositions(peer) { return undefined;",
  },
  {
    name: "what the old transport acknowledges moves what the new one begins with",
    file: "native/journal",
    from: "this.#isHeld = true;",
    to: "",
  },
  {
    name: "what was acknowledged is not sent to a peer that counts it",
    file: "native/journal",
    from: "Math.min(this.acknowledged, this.sent)",
    to: "(this.sent = Math.max(this.acknowledged, this.sent), this.acknowledged)",
  },
  {
    name: "the credit of messages is ignored",
    file: "native/outbox",
    from: "windows.hasRoom(cost) &&",
    to: "",
  },
  {
    name: "the credit of a stream is ignored",
    file: "native/streams",
    from: "Math.min(stream.flow.room, session.room",
    to: "Math.min(9e15, session.room",
  },
  {
    name: "far more credit is granted than the window is wide",
    file: "native/flow",
    from: "this.granted = Math.max(this.granted, this.consumed + this.#windowOctets);",
    to: "this.granted = this.consumed + this.#windowOctets + 10_000_000;",
  },
  {
    name: "credit is not stated again after a resume",
    file: "native/link",
    from: "this.#restate();",
    to: "",
  },
  {
    name: "expedited messages are replayed after the others",
    file: "native/lanes",
    from: "const octets = this.lane1.take(Number.MAX_SAFE_INTEGER, into);\n        return octets + this.lane0.take(octetsMax, into);",
    to: "const octets = this.lane0.take(octetsMax, into);\n        return octets + this.lane1.take(Number.MAX_SAFE_INTEGER, into);",
  },
  {
    name: "what is sent after an expedited message that waits goes before it",
    file: "native/waiting",
    from: "if (expedited && expedited.ticket < message.ticket)",
    to: "if (false)",
  },
  {
    name: "a message goes past those that wait for credit",
    file: "native/outbox",
    from: "this.waitingOctets === 0 &&\n            size",
    to: "size",
  },
  {
    name: "FINISH goes out before everything is said",
    file: "native/link",
    from: "get isDrained() {",
    to: "get isDrained() { return true;",
  },
  {
    name: "a side ends without a farewell",
    file: "native/release",
    from: 'FINISHED: { to: "finished" }',
    to: 'FINISHED: { to: "released" }',
  },
  {
    name: "FINISHED is not waited for when both ask at once",
    file: "native/release",
    from: 'FINISH: { send: "FINISHED", to: "crossing" }',
    to: 'FINISH: { send: "FINISHED", to: "crossed" }',
  },
  {
    name: "a silent transport is never given up",
    file: "native/liveness",
    from: "if (now < dueAt)",
    to: "if (true)",
  },
  {
    name: "a frame that was read in part goes on with the next transport's octets",
    file: "native/link",
    from: "this.#reader = new FrameReader(this.#parts.limits.frameOctetsMax);",
    to: "(this.#reader = new FrameReader(1e9)).feed(Uint8Array.of(0x41)); this.#reader.next();",
  },
  {
    name: "an expired session waits for ever",
    file: "native/machine",
    from: "now < this.#expiresAt)",
    to: "true)",
  },
];
