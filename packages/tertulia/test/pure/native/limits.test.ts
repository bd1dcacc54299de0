import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultLimits, type Limits, limitsFrom } from "../../../src/pure/native/limits.ts";

describe("limits", () => {
  it("are the defaults, with changes", () => {
    assert.deepEqual(limitsFrom(), defaultLimits);
    assert.equal(limitsFrom({ streamsMax: 3 }).streamsMax, 3);
    // As callers without types may say it.
    const nothing = { streamsMax: undefined } as unknown as Partial<Limits>;
    assert.equal(limitsFrom(nothing).streamsMax, defaultLimits.streamsMax);
  });

  const wrong: readonly (readonly [Record<string, number>, RegExp])[] = [
    [{ nonsense: 1 }, /no such limit: nonsense/],
    [{ deadMs: -1 }, /deadMs must be a whole number, not -1/],
    [{ deadMs: 1.5 }, /deadMs must be a whole number, not 1.5/],
    [{ probeMs: 30_000 }, /probeMs must not exceed deadMs/],
    [{ windowOctets: 100 }, /windowOctets must be at least 4096/],
    [{ frameOctetsMax: 100, expeditedOctetsMax: 10 }, /frameOctetsMax must be at least 256/],
    [{ expeditedOctetsMax: 100_000 }, /expeditedOctetsMax must not exceed frameOctetsMax/],
  ];
  for (const [changes, message] of wrong) {
    it(`refuse ${JSON.stringify(changes)}`, () => {
      assert.throws(() => limitsFrom(changes), { code: "ERR_ARGUMENT", message });
    });
  }
});
