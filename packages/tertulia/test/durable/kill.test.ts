import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { kill } from "./kill.ts";

describe("processes that are killed", () => {
  // `npm run kill` does it 200 times over two minutes.
  it("go on with the same session, to the exact sequence", async () => {
    const { wrong } = await kill({ kills: 12, overMs: 5000, seed: 1 });
    equal(wrong, undefined);
  });
});
