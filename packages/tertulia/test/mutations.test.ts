import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hunt, mutations, SEEDS_MAX } from "./simulation/mutations.ts";

describe("simulator, over a broken machine", () => {
  for (const mutation of mutations) {
    it(`notices within ${SEEDS_MAX} seeds that ${mutation.name}`, async () => {
      assert.notEqual(await hunt(mutation), undefined);
    });
  }
});
