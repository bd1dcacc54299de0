/**
 * The table of docs/guide/errors-and-limits.md: each error that it names is one that a test asserts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

const root = join(import.meta.dirname, "../../../../..");

describe("the table of bad input", () => {
  it("names errors that tests over real sockets assert", () => {
    const page = readFileSync(join(root, "docs/guide/errors-and-limits.md"), "utf8");
    const rows = page
      .split("## What bad input comes to")[1]
      ?.split("\n## ")[0]
      ?.match(/^\|.*$/gm);
    const errors = rows?.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, e = ""]) => e));
    const tests = globSync("packages/tertulia/test/{io,auth}/*.test.ts", { cwd: root })
      .map((file) => readFileSync(join(root, file), "utf8").replaceAll("\\", ""))
      .join("\n");
    // What does not vary of it, without the code: tests give that in different ways.
    const parts = errors?.flatMap((error) => error.replace(/^ERR_\w+( refused)?: /, "").split("…"));
    const claimed = parts?.map((part) => part.trim()).filter((part) => part.length > 4) ?? [];
    assert.deepEqual(
      claimed.filter((part) => !tests.includes(part)),
      [],
    );
    assert.ok(claimed.length > 30, `${claimed.length}`);
  });
});
