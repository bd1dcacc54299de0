import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { VirtualClock } from "../../src/testing/clock.ts";
import { Random } from "../../src/testing/random.ts";

describe("virtual clock", () => {
  it("lets things happen in the order of their times, and of the calls at the same time", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (delays) => {
        const clock = new VirtualClock();
        const happened: number[] = [];
        for (const [i, delay] of delays.entries()) clock.in(delay, () => happened.push(i));
        const order = delays.map((delay, i) => [delay, i] as const);
        order.sort(([one, i], [other, j]) => one - other || i - j);
        clock.runUntil(clock.now + 20);
        assert.deepEqual(
          happened,
          order.map(([, i]) => i),
        );
        assert.equal(clock.size, 0);
      }),
    );
  });

  it("never goes back", () => {
    const clock = new VirtualClock();
    clock.runUntil(5000);
    clock.at(100, () => assert.equal(clock.now, 5000));
    assert.equal(clock.step(), true);
    assert.equal(clock.step(), false);
  });
});

describe("random", () => {
  it("gives the same for the same seed, and another for another", () => {
    const draw = (seed: number) => {
      const random = new Random(seed);
      return [random.uint32(), random.fork().uint32(), random.between(1, 6), random.octets(5)];
    };
    assert.deepEqual(draw(1), draw(1));
    assert.notDeepEqual(draw(1), draw(2));
  });
});
