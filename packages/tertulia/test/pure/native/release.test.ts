import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { releaseStates, releaseTable } from "../../../src/pure/native/release.ts";

const transitions = Object.entries(releaseTable).flatMap(([from, row]) =>
  Object.entries(row).map(([input, transition]) => ({ from, input, ...transition })),
);

describe("release table", () => {
  it("leads to states that exist, and to all of them", () => {
    const reached = new Set(["open", ...transitions.map(({ to }) => to)]);
    assert.deepEqual([...reached].sort(), Object.keys(releaseStates).sort());
  });

  it("can be left from every state but the last, towards the end", () => {
    const towardsEnd = new Set(["released"]);
    for (let before = 0; before < towardsEnd.size; ) {
      before = towardsEnd.size;
      for (const { from, to } of transitions) if (towardsEnd.has(to)) towardsEnd.add(from);
    }
    assert.deepEqual([...towardsEnd].sort(), Object.keys(releaseStates).sort());
    assert.deepEqual(releaseTable.released, {});
  });
});
