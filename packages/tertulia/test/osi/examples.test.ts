import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fixture } from "../fixtures.ts";

const examples = join(fixture(), "../../../../examples");

describe("the examples of the guide", () => {
  for (const [name, last] of [
    ["osi-dialogue", "released"],
    ["osi-associate", "released"],
    ["osi-activity", "done"],
  ] as const) {
    it(`run: ${name}`, () => {
      const output = execFileSync(process.execPath, [join(examples, `${name}.ts`)], {
        encoding: "utf8",
        timeout: 20_000,
      });
      assert.equal(output.trimEnd().split("\n").at(-1), last);
    });
  }
});
