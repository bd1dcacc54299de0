import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { peerLimitsOf } from "../../../src/pure/native/establishment.ts";
import { FrameReader } from "../../../src/pure/native/frame-reader.ts";
import { DIALOGUE, DIALOGUE_EXPEDITED, MORE } from "../../../src/pure/native/frames.ts";
import { Journal } from "../../../src/pure/native/journal.ts";
import { type Limits, limitsFrom } from "../../../src/pure/native/limits.ts";
import type { LinkListener } from "../../../src/pure/native/link-parts.ts";
import { Outbox } from "../../../src/pure/native/outbox.ts";
import { MESSAGE_COST } from "../../../src/pure/native/peer-limits.ts";
import { Windows } from "../../../src/pure/native/windows.ts";
import { EXPEDITED, NORMAL } from "./pair.ts";

const SEGMENT_OCTETS = 1000;
/** What the peer takes of messages at first, and of expedited ones. */
const CREDIT = 3 * (SEGMENT_OCTETS + MESSAGE_COST);
const EXPEDITED_CREDIT = 2 * (100 + MESSAGE_COST);

/** An outbox, its lanes, and the tickets that were accepted. */
class Fixture {
  readonly lane0: Journal = new Journal();
  readonly lane1: Journal = new Journal();
  readonly accepted: number[] = [];
  readonly windows: Windows;
  readonly outbox: Outbox;

  constructor(changes: Partial<Limits> = {}) {
    const limits = limitsFrom(changes);
    const peer = {
      ...peerLimitsOf(limits),
      messageCredit: CREDIT,
      expeditedCredit: EXPEDITED_CREDIT,
      messageOctetsMax: 10 * SEGMENT_OCTETS,
      expeditedOctetsMax: 100,
    };
    const listener = { accepted: (ticket) => void this.accepted.push(ticket) } as LinkListener; // no more is told here
    const { lane0, lane1 } = this;
    this.windows = new Windows(limits, peer);
    this.outbox = new Outbox({
      isInitiator: true,
      limits,
      peer,
      segmentOctets: SEGMENT_OCTETS,
      lane0,
      lane1,
      windows: this.windows,
      keeper: undefined,
      listener,
    });
  }

  send(octets: number): number {
    return this.outbox.send(NORMAL, new Uint8Array(octets));
  }

  sendExpedited(octets: number): number {
    return this.outbox.sendExpedited(EXPEDITED, new Uint8Array(octets));
  }

  /** The peer allows so much more of what is in order, or of what overtakes. */
  allow(octets: number, expeditedOctets = 0): void {
    this.windows.messages.credit += octets;
    this.windows.expedited.credit += expeditedOctets;
    this.outbox.pump();
  }

  /** The frames of a lane: type, and octets of the body. */
  frames(lane: Journal): [type: number, octets: number][] {
    const frames: [number, number][] = [];
    const reader = new FrameReader(1_000_000);
    for (const octets of lane.from(lane.start)) {
      reader.feed(octets);
      while (reader.next()) frames.push([reader.type, reader.end - reader.start]);
    }
    return frames;
  }
}

describe("outbox of a session: messages", () => {
  it("journals them at once while there is credit, each with what one costs (5.3)", () => {
    const fixture = new Fixture();
    assert.deepEqual([fixture.send(10), fixture.send(SEGMENT_OCTETS)], [0, 0]);
    const left = CREDIT - SEGMENT_OCTETS - 10 - 2 * MESSAGE_COST;
    assert.equal(fixture.windows.room, left);
    assert.deepEqual(fixture.frames(fixture.lane0), [
      [NORMAL, 10],
      [NORMAL, SEGMENT_OCTETS],
    ]);
    assert.deepEqual([fixture.outbox.waiting, fixture.outbox.waitingOctets], [undefined, 0]);
  });

  it("has them wait in order without credit, and says by its ticket which is journaled", () => {
    const fixture = new Fixture();
    for (let i = 0; i < 3; i++) fixture.send(SEGMENT_OCTETS);
    const tickets = [fixture.send(20), fixture.send(10)];
    assert.equal(fixture.outbox.waitingOctets, 30 + 2 * MESSAGE_COST);
    fixture.allow(20 + MESSAGE_COST);
    assert.deepEqual(fixture.accepted, tickets.slice(0, 1));
    fixture.allow(10 + MESSAGE_COST);
    assert.deepEqual(fixture.accepted, tickets);
    assert.deepEqual(fixture.frames(fixture.lane0).slice(3), [
      [NORMAL, 20],
      [NORMAL, 10],
    ]);
  });

  it("lets none go past those that wait, though there were credit for it", () => {
    const fixture = new Fixture();
    for (let i = 0; i < 2; i++) fixture.send(SEGMENT_OCTETS);
    fixture.send(SEGMENT_OCTETS - 10);
    assert.notEqual(fixture.send(SEGMENT_OCTETS), 0);
    fixture.allow(10 + MESSAGE_COST);
    assert.notEqual(fixture.send(1), 0);
  });

  it("has them wait while the journal is full", () => {
    const fixture = new Fixture({ journalOctetsMax: 4096 });
    fixture.allow(CREDIT);
    for (let i = 0; i < 4; i++) fixture.send(SEGMENT_OCTETS);
    assert.equal(fixture.send(100), 0);
    assert.equal(fixture.outbox.takesAtOnce(1), false);
    const ticket = fixture.send(1);
    fixture.lane0.take(10_000, []);
    fixture.lane0.acknowledge(fixture.lane0.end);
    fixture.outbox.pump();
    assert.deepEqual(fixture.accepted, [ticket]);
  });

  it("sends a long one in segments, as far as credit goes (6.2)", () => {
    const fixture = new Fixture();
    assert.equal(fixture.send(2 * SEGMENT_OCTETS + 1), 0);
    assert.deepEqual(fixture.frames(fixture.lane0), [
      [NORMAL | MORE, SEGMENT_OCTETS],
      [NORMAL | MORE, SEGMENT_OCTETS],
      [NORMAL, 1],
    ]);
    // With the first segment the cost of a message is counted.
    assert.equal(fixture.windows.room, CREDIT - 2 * SEGMENT_OCTETS - 1 - MESSAGE_COST);
  });

  it("says beforehand whether it takes one at once, or of a long one a part", () => {
    const fixture = new Fixture();
    assert.equal(fixture.outbox.takesAtOnce(10 * SEGMENT_OCTETS), true);
    for (let i = 0; i < 2; i++) fixture.send(SEGMENT_OCTETS);
    fixture.send(SEGMENT_OCTETS - MESSAGE_COST - 10);
    assert.deepEqual(
      [10, 11].map((size) => fixture.outbox.takesAtOnce(size)),
      [true, false],
    );
    assert.deepEqual([fixture.send(10), fixture.outbox.takesAtOnce(0)], [0, false]);
  });

  it("refuses one that is longer than the peer takes, and changes nothing", () => {
    const fixture = new Fixture();
    assert.throws(() => fixture.send(10 * SEGMENT_OCTETS + 1), { code: "ERR_LIMIT" });
    assert.throws(() => fixture.sendExpedited(101), { code: "ERR_LIMIT" });
    assert.deepEqual([fixture.windows.sent, fixture.lane0.end], [[0, 0, 0], 0]);
  });
});

describe("outbox of a session: what overtakes (6.3)", () => {
  it("goes on lane 1, with credit of its own", () => {
    const fixture = new Fixture();
    for (let i = 0; i < 3; i++) fixture.send(SEGMENT_OCTETS);
    assert.equal(fixture.sendExpedited(100), 0);
    assert.deepEqual(fixture.frames(fixture.lane1), [[EXPEDITED, 100]]);
    assert.equal(fixture.windows.expedited.room, EXPEDITED_CREDIT - 100 - MESSAGE_COST);
  });

  it("waits in order, and what is sent later waits with it", () => {
    const fixture = new Fixture();
    for (let i = 0; i < 2; i++) fixture.sendExpedited(100);
    const tickets = [fixture.sendExpedited(100), fixture.sendExpedited(1), fixture.send(10)];
    assert.deepEqual(fixture.frames(fixture.lane0), []);
    fixture.allow(0, 100 + MESSAGE_COST);
    fixture.allow(0, 1 + MESSAGE_COST);
    assert.deepEqual(fixture.accepted, tickets);
  });
});

describe("outbox of a session: the dialogue's SPDUs (6.4)", () => {
  it("go in order with the messages, or past them, and count as they do", () => {
    const fixture = new Fixture();
    fixture.outbox.sendDialogue(new Uint8Array(10), false);
    fixture.outbox.sendDialogue(new Uint8Array(20), true);
    assert.deepEqual(fixture.frames(fixture.lane0), [[DIALOGUE, 10]]);
    assert.deepEqual(fixture.frames(fixture.lane1), [[DIALOGUE_EXPEDITED, 20]]);
    const [ten, twenty] = [10 + MESSAGE_COST, 20 + MESSAGE_COST];
    assert.deepEqual(fixture.windows.sent, [ten, ten, twenty]);
  });

  it("wait behind what waits", () => {
    const fixture = new Fixture();
    for (let i = 0; i < 4; i++) fixture.send(SEGMENT_OCTETS);
    fixture.outbox.sendDialogue(new Uint8Array(10), false);
    for (let i = 0; i < 3; i++) fixture.outbox.sendDialogue(new Uint8Array(100), true);
    assert.equal(fixture.outbox.waiting?.length, 3);
    fixture.allow(CREDIT, EXPEDITED_CREDIT);
    assert.deepEqual(fixture.frames(fixture.lane0).slice(3), [
      [NORMAL, SEGMENT_OCTETS],
      [DIALOGUE, 10],
    ]);
    assert.equal(fixture.frames(fixture.lane1).length, 3);
  });

  it("are not segmented: one that is longer than a segment is refused", () => {
    const { outbox } = new Fixture();
    assert.equal(outbox.spduOctetsMax, SEGMENT_OCTETS);
    const octets = new Uint8Array(SEGMENT_OCTETS + 1);
    assert.throws(() => outbox.sendDialogue(octets, false), { code: "ERR_LIMIT" });
  });
});
