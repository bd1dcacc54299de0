import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mutations as crashMutations } from "./durable/mutations.ts";
import { hunt, SEEDS_MAX } from "./simulation/mutants.ts";
import { mutations as linkMutations } from "./simulation/mutations.ts";

describe("simulator, over a broken machine", () => {
  const scenario = import.meta.resolve("./simulation/scenario.js");
  for (const mutation of linkMutations) {
    it(`notices within ${SEEDS_MAX} seeds that ${mutation.name}`, async () => {
      assert.notEqual(await hunt(mutation, scenario), undefined);
    });
  }
});

describe("simulator of processes that die, over a broken machine, store or disk", () => {
  const scenario = import.meta.resolve("./durable/scenario.js");
  for (const mutation of crashMutations) {
    it(`notices within ${SEEDS_MAX} seeds that ${mutation.name}`, async () => {
      assert.notEqual(await hunt(mutation, scenario), undefined);
    });
  }
});
