import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { play } from "./scenario.ts";

// `npm run simulate:durable -- --seeds 10000` plays more of them.
const SEEDS = 200;

describe("processes that die, on virtual disks", () => {
  it(`lose, double and reorder nothing in ${SEEDS} scenarios, and end`, () => {
    const failures = Array.from({ length: SEEDS }, (_, index) => play(index + 1)).flatMap(
      ({ seed, failure }) =>
        failure === undefined
          ? []
          : [`${failure}\n  again: npm run simulate:durable -- --seed ${seed} --trace`],
    );
    deepEqual(failures, []);
  });
});
