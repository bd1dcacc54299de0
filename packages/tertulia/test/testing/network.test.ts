import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { VirtualClock } from "../../src/testing/clock.ts";
import { Wire, type WireSide } from "../../src/testing/network.ts";
import { Random } from "../../src/testing/random.ts";

/** A wire, and what happened at its sides. */
function wired(seed: number) {
  const clock = new VirtualClock();
  const quality = { delayMs: 5, jitterMs: 20, bufferOctets: 1000, pieceOctetsMax: 200 };
  const wire = new Wire(clock, new Random(seed), quality);
  const got: [number[], number[]] = [[], []];
  const told: string[] = [];
  for (const side of [0, 1] as const) {
    wire.attach(side, {
      received: (octets) => got[side].push(...octets),
      drained: () => told.push(`${side} drained`),
      ended: (error) => told.push(`${side} ended${error ? `: ${error.message}` : ""}`),
    });
  }
  const write = (side: WireSide, size: number) => wire.write(side, [new Uint8Array(size).fill(7)]);
  return { clock, wire, got, told, write, run: () => clock.runUntil(clock.now + 10_000) };
}

describe("wire", () => {
  it("carries octets in order, in whatever pieces", () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.uint8Array()), (seed, chunks) => {
        const { wire, got, run } = wired(seed);
        wire.write(0, chunks);
        run();
        assert.deepEqual(
          got[1],
          chunks.flatMap((chunk) => [...chunk]),
        );
      }),
    );
  });

  it("says when its buffer is full, and when there is room again", () => {
    const { write, told, run } = wired(1);
    assert.equal(write(0, 999), true);
    assert.equal(write(0, 1), false);
    run();
    assert.deepEqual(told, ["0 drained"]);
  });

  it("ends in order, behind what was written", () => {
    const { wire, write, got, told, run } = wired(2);
    write(0, 500);
    wire.end(0);
    run();
    assert.deepEqual([got[1].length, told], [500, ["1 ended"]]);
  });

  it("loses what is on its way when it is cut, and tells both", () => {
    const { wire, write, got, told, run } = wired(3);
    write(0, 500);
    wire.cut();
    run();
    assert.deepEqual([got[1].length, told.sort()], [0, ["0 ended: cut", "1 ended: cut"]]);
  });

  it("swallows one direction, and tells nobody", () => {
    const { wire, write, got, told, run } = wired(4);
    wire.silence(0);
    write(0, 500);
    write(1, 500);
    run();
    assert.deepEqual([got[0].length, got[1].length, told], [500, 0, []]);
  });
});
