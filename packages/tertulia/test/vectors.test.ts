import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { VECTORS_PATH, vectorsText } from "./vectors.ts";

describe("docs/protocol.vectors.json", () => {
  it("is what the implementation says and derives", () => {
    assert.equal(vectorsText(), readFileSync(VECTORS_PATH, "utf8"));
  });
});
