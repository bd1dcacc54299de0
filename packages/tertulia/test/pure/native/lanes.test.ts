import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MORE } from "../../../src/pure/native/frames.ts";
import { EVERYTHING } from "../../../src/pure/native/held.ts";
import { Lanes } from "../../../src/pure/native/lanes.ts";
import { concatOctets, Reader, Writer } from "../../../src/pure/octets.ts";
import { EXPEDITED, NORMAL } from "./pair.ts";

const FRAME_OCTETS = 10;

/** Lanes with frames of ten octets. */
function lanesOf(...types: readonly number[]): Lanes {
  const lanes = new Lanes();
  for (const type of types) {
    const lane = type === EXPEDITED ? lanes.lane1 : lanes.lane0;
    lane.append(type, new Uint8Array(FRAME_OCTETS - 2));
  }
  return lanes;
}

/** The types of the frames that a transport is given. */
function given(lanes: Lanes, octetsMax = 1000): number[] {
  const chunks: Uint8Array[] = [];
  lanes.take(octetsMax, chunks);
  return [...concatOctets(chunks)].filter((_, at) => at % FRAME_OCTETS === 0);
}

function acknowledge(lanes: Lanes, values: readonly number[], stored = EVERYTHING): void {
  const writer = new Writer();
  for (const value of values) writer.varint(value);
  lanes.receiveAck(new Reader(writer.finish(), ""), stored);
}

describe("lanes of a link (5.1)", () => {
  it("give all of lane 1 before anything of lane 0", () => {
    const lanes = lanesOf(NORMAL, EXPEDITED, NORMAL, EXPEDITED);
    assert.equal(lanes.hasUnsent, true);
    assert.deepEqual(given(lanes, 1), [EXPEDITED, EXPEDITED, NORMAL, NORMAL]);
    assert.deepEqual([lanes.hasUnsent, lanes.given], [false, [20, 20]]);
  });

  it("give nothing that is not stored, until it need not be", () => {
    const lanes = lanesOf(NORMAL, EXPEDITED);
    assert.equal(lanes.isAhead, true);
    lanes.storedUpTo(0, 0);
    assert.deepEqual([lanes.isAhead, lanes.hasUnsent, given(lanes)], [false, false, []]);
    lanes.storedUpTo(10, 0);
    assert.deepEqual(given(lanes), [NORMAL]);
    lanes.storedUpTo(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    assert.deepEqual([lanes.isAhead, given(lanes)], [true, [EXPEDITED]]);
  });

  it("keep everything until it is committed (5.2)", () => {
    const lanes = lanesOf(NORMAL, NORMAL, EXPEDITED);
    given(lanes);
    acknowledge(lanes, [20, 10, 10, 10]);
    assert.deepEqual([lanes.starts, lanes.acknowledged, lanes.size], [[10, 10], [10, 10], 10]);
    assert.equal(lanes.isAcknowledged, false);
    acknowledge(lanes, [20, 20, 10, 10]);
    assert.deepEqual([lanes.isAcknowledged, lanes.size, lanes.ends], [true, 0, [20, 10]]);
  });

  it("refuse to be acknowledged what was not sent, not received, or not stored (5.2)", () => {
    for (const [values, stored] of [
      [[21, 20, 10, 10], EVERYTHING],
      [[20, 20, 11, 10], EVERYTHING],
      [[10, 20, 10, 10], EVERYTHING],
      [
        [20, 20, 10, 10],
        [10, 10],
      ],
      [
        [20, 20, 10, 10],
        [20, 0],
      ],
    ] as const) {
      const lanes = lanesOf(NORMAL, NORMAL, EXPEDITED);
      given(lanes);
      const refused = { violation: "acknowledgedUnsent" };
      assert.throws(() => acknowledge(lanes, values, stored), refused);
    }
  });

  it("are given again to another transport, and say how many messages that is (8.3)", () => {
    const lanes = lanesOf(NORMAL, NORMAL | MORE, NORMAL, EXPEDITED);
    given(lanes);
    assert.equal(lanes.rewind(10, 0), 2);
    assert.deepEqual(given(lanes), [EXPEDITED, NORMAL | MORE, NORMAL]);
  });

  it("forget nothing while another transport is on its way", () => {
    const lanes = lanesOf(NORMAL, EXPEDITED);
    given(lanes);
    lanes.hold();
    acknowledge(lanes, [10, 10, 10, 10]);
    assert.deepEqual(lanes.starts, [0, 0]);
    lanes.unhold();
    assert.deepEqual(lanes.starts, [10, 10]);
  });
});
