import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Running, TemporaryHome } from "./processes.ts";

describe("tertulia", () => {
  for (const words of [[], ["serve"], ["chat"], ["identity"], ["identity", "trust"]]) {
    it(`explains itself: ${["tertulia", ...words, "--help"].join(" ")}`, async () => {
      using home = new TemporaryHome();
      await using command = new Running(home, ...words, "--help");
      assert.equal(await command.ended(), 0);
      const [usage = ""] = command.lines;
      assert.ok(usage.startsWith(`Usage: ${["tertulia", ...words].join(" ")}`), usage);
    });
  }

  it("says in each help what the exit codes mean", async () => {
    using home = new TemporaryHome();
    for (const area of ["serve", "chat", "identity"]) {
      await using command = new Running(home, area, "--help");
      await command.ended();
      assert.ok(command.lines.includes("Exit codes:"), area);
    }
  });

  it("ends with 2 for a command line that it does not understand", async () => {
    using home = new TemporaryHome();
    const codes = [];
    for (const words of [["nonsense"], ["serve", "--nonsense"], ["identity", "trust"]]) {
      await using command = new Running(home, ...words);
      codes.push(await command.ended());
    }
    assert.deepEqual(codes, [2, 2, 2]);
  });
});
