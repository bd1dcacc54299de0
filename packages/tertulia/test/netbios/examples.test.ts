import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";

describe("the guide's examples", () => {
  for (const [example, output] of [
    ["netbios-hello.ts", "hello, world\n"],
    ["netbios-durable.ts", "before\nafter\n"],
    ["netbios-ncb.ts", "from CLIENT<00>\n"],
  ] as const) {
    it(`${example} prints what it promises`, () => {
      const path = join(import.meta.dirname, "../../../../../examples", example);
      const run = spawnSync(process.execPath, [path], { encoding: "utf8", timeout: 20_000 });
      assert.equal(run.stdout, output, run.stderr);
    });
  }
});
