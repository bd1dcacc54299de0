import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Arrivals } from "../../../src/pure/native/arrivals.ts";
import { ACK } from "../../../src/pure/native/frames.ts";
import { Reader, Writer } from "../../../src/pure/octets.ts";

const ACKNOWLEDGE_MS = 20;
const WINDOW_OCTETS = 1024 * 1024;

/** What an ACK of theirs says: received and committed on lane 0, and on lane 1. */
function ackOf(arrivals: Arrivals, arrived = arrivals.received): number[] {
  const writer = new Writer();
  arrivals.writeAck(writer, arrived);
  const frame = new Reader(writer.finish(), "");
  assert.equal(frame.u8(), ACK);
  frame.varint();
  return [1, 2, 3, 4].map(() => frame.varint());
}

describe("arrivals on the lanes of a link (5.1)", () => {
  it("counts each lane for itself", () => {
    const arrivals = new Arrivals(ACKNOWLEDGE_MS);
    assert.deepEqual([arrivals.receive0(100), arrivals.receive1(7)], [true, true]);
    arrivals.receive0(20);
    assert.deepEqual(arrivals.received, [120, 7]);
    assert.deepEqual(arrivals.cursor, [120, 7]);
  });

  it("knows what comes again on another transport (8.3)", () => {
    const arrivals = new Arrivals(ACKNOWLEDGE_MS);
    for (const octets of [100, 20, 30]) arrivals.receive0(octets);
    arrivals.receive1(7);
    arrivals.attach(100, 0);
    const isNew = [20, 30, 40].map((octets) => arrivals.receive0(octets));
    assert.deepEqual(isNew, [false, false, true]);
    assert.deepEqual([arrivals.receive1(7), arrivals.receive1(8)], [false, true]);
    assert.deepEqual(arrivals.received, [190, 15]);
  });
});

describe("acknowledgement of what came (5.2)", () => {
  it("states what was received and what is committed of it, by lane", () => {
    const arrivals = new Arrivals(ACKNOWLEDGE_MS);
    arrivals.receive0(100);
    arrivals.receive1(7);
    assert.deepEqual(ackOf(arrivals), [100, 100, 7, 7]);
    assert.deepEqual(ackOf(arrivals, [150, 9]), [150, 100, 9, 7]);
  });

  it("is due after a while, from the first that came, and no more once it is said", () => {
    const arrivals = new Arrivals(ACKNOWLEDGE_MS);
    assert.deepEqual([arrivals.look(1000, WINDOW_OCTETS), arrivals.dueAt], [false, 0]);
    arrivals.receive0(100);
    assert.deepEqual([arrivals.look(1000, WINDOW_OCTETS), arrivals.dueAt], [false, 1020]);
    arrivals.receive1(100);
    assert.deepEqual([arrivals.look(1010, WINDOW_OCTETS), arrivals.dueAt], [false, 1020]);
    assert.deepEqual([arrivals.isDue(1019), arrivals.isDue(1020)], [false, true]);
    ackOf(arrivals);
    assert.deepEqual([arrivals.dueAt, arrivals.isDue(2000)], [0, false]);
  });

  it("waits for nothing after 128 KiB", () => {
    const arrivals = new Arrivals(ACKNOWLEDGE_MS);
    arrivals.receive0(100 * 1024);
    arrivals.receive1(28 * 1024 - 1);
    assert.equal(arrivals.look(1000, WINDOW_OCTETS), false);
    arrivals.receive1(1);
    assert.equal(arrivals.look(1000, WINDOW_OCTETS), true);
    ackOf(arrivals);
    assert.equal(arrivals.look(1000, WINDOW_OCTETS), false);
  });

  it("waits for nothing after a sixteenth of a window that has grown", () => {
    const arrivals = new Arrivals(ACKNOWLEDGE_MS);
    arrivals.receive0(256 * 1024 - 1);
    assert.equal(arrivals.look(1000, 4 * WINDOW_OCTETS), false);
    arrivals.receive0(1);
    assert.equal(arrivals.look(1000, 4 * WINDOW_OCTETS), true);
  });

  it("rides on what is sent when 512 octets came, or a quarter of its time is over", () => {
    const arrivals = new Arrivals(ACKNOWLEDGE_MS);
    assert.equal(arrivals.isWorthwhile(5000, false), false);
    arrivals.receive0(511);
    arrivals.look(1000, WINDOW_OCTETS);
    assert.deepEqual(
      [arrivals.isWorthwhile(1004, false), arrivals.isWorthwhile(1005, false)],
      [false, true],
    );
    arrivals.receive1(1);
    assert.equal(arrivals.isWorthwhile(1000, false), true);
  });

  it("rides on whatever is sent where the peer's store waits for it", () => {
    const arrivals = new Arrivals(ACKNOWLEDGE_MS);
    assert.equal(arrivals.isWorthwhile(1000, true), false);
    arrivals.receive0(1);
    assert.equal(arrivals.isWorthwhile(1000, true), true);
  });

  it("is not due while there is no transport, and what came is said on the next", () => {
    const arrivals = new Arrivals(ACKNOWLEDGE_MS);
    arrivals.receive0(100);
    arrivals.look(1000, WINDOW_OCTETS);
    arrivals.detach();
    assert.equal(arrivals.isDue(2000), false);
    assert.deepEqual(ackOf(arrivals), [100, 100, 0, 0]);
  });
});
