import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Segments } from "../../../src/pure/native/segments.ts";

const TYPE = 0x40;
const MiB = 1024 * 1024;

/** Octets of memory in use, without what is only waiting to be collected. */
function memoryOctets(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe("segments of a message", () => {
  it("come out as one, whatever their lengths", () => {
    const whole = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) >> 3);
    const segments = new Segments(TYPE, MiB);
    const lengths = [1, 0, 20_000, 16_383, 16_384, 3, 40_000, 16_000, 16_000, 16_000];
    let at = 0;
    for (const length of lengths) {
      segments.add(TYPE, whole.subarray(at, at + length));
      at += length;
    }
    segments.add(TYPE, whole.subarray(at));
    assert.deepEqual(segments.join(), whole);
  });

  it("take no more memory than their octets, when each has one or none", () => {
    const segments = new Segments(TYPE, MiB);
    const before = memoryOctets();
    for (let i = 0; i < 500_000; i++) {
      segments.add(TYPE, new Uint8Array(0));
      segments.add(TYPE, Uint8Array.of(i));
    }
    const taken = memoryOctets() - before;
    assert.ok(taken < 8 * MiB, `${taken} octets`);
    assert.equal(segments.join().length, 500_000);
  });
});
