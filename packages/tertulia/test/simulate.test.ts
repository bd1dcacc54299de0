import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { play, playDialogues, type Report } from "./simulation/scenario.ts";

const SEEDS = 1000;
const DIALOGUE_SEEDS = 200;

function failuresIn(reports: readonly Report[], option = ""): string[] {
  return reports.flatMap(({ seed, failure }) =>
    failure === undefined
      ? []
      : [`${failure}\n  again: npm run simulate -- ${option}--seed ${seed} --trace`],
  );
}

describe("simulator", () => {
  it(`loses, doubles and reorders nothing in ${SEEDS} scenarios, and both sides end`, () => {
    const reports = Array.from({ length: SEEDS }, (_, index) => play(index + 1));
    assert.deepEqual(failuresIn(reports), []);
  });

  it(`keeps ${DIALOGUE_SEEDS} dialogues to their tables, tokens on one side, and both in step`, () => {
    const reports = Array.from({ length: DIALOGUE_SEEDS }, (_, i) => playDialogues(i + 1));
    assert.deepEqual(failuresIn(reports, "--dialogues "), []);
    assert.ok(reports.some(({ agreements = 0 }) => agreements > 0));
  });

  it("plays the same scenario for the same seed", () => {
    const traces = [1, 2].map(() => {
      const lines: string[] = [];
      play(7, (line) => lines.push(line));
      return lines;
    });
    assert.deepEqual(traces[0], traces[1]);
  });
});
