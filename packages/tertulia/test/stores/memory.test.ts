import { describe, it } from "node:test";
import { MemoryStore } from "../../src/stores/memory.ts";
import type { Store } from "../../src/stores/store.ts";
import { storeContract } from "../../src/testing/store-contract.ts";

describe("MemoryStore", () => {
  // What it holds at an instant is what a crash would leave, if it were a disk.
  const again = async (store: Store) => new MemoryStore((store as MemoryStore).image); // from `open`
  const fixture = { open: async () => new MemoryStore(), reopen: again, crash: again };
  const supports = { reopen: true, crash: true, damage: false };
  for (const { claim, skip, run } of storeContract(fixture, { supports })) {
    it(claim, { skip: skip ?? false }, run);
  }
});
