import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Liveness } from "../../../src/pure/native/liveness.ts";

const limits = { probeMs: 10_000, deadMs: 25_000 };

/** What each look finds. */
function looks(live: Liveness, ...at: readonly number[]): string[] {
  return at.map((now) => live.look(now));
}

describe("liveness of a peer", () => {
  it("asks a silent one once, and gives it up when it does not answer", () => {
    const live = new Liveness(limits, 0);
    assert.deepEqual(looks(live, 9999, 10_000, 24_999, 25_000), ["alive", "ask", "alive", "dead"]);
  });

  it("begins anew with whatever is heard", () => {
    const live = new Liveness(limits, 0);
    live.look(10_000);
    live.heard(12_000);
    assert.deepEqual(looks(live, 21_999, 22_000), ["alive", "ask"]);
  });

  it("asks again, and gives time to answer, when its own side was held up", () => {
    const live = new Liveness(limits, 0);
    assert.deepEqual(looks(live, 10_000, 40_000, 54_999, 55_000), ["ask", "ask", "alive", "dead"]);
  });

  it("waits less for an answer when there is reason to doubt", () => {
    const live = new Liveness(limits, 0);
    live.doubt(1000);
    assert.deepEqual(looks(live, 5999, 6000), ["alive", "dead"]);
  });

  it("measures the round trip of the last probe only, and once", () => {
    const live = new Liveness(limits, 0);
    const [first, second] = [live.ping(100), live.ping(200)];
    live.heard(230);
    const found = [live.answered(first), live.answered(second), live.answered(second)];
    assert.deepEqual(found, [undefined, 30, undefined]);
  });
});
