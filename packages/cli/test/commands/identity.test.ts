import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Running, TemporaryHome } from "../processes.ts";

describe("identity", () => {
  it("shows the same key each time, with its picture", async () => {
    using home = new TemporaryHome();
    await using one = new Running(home, "identity");
    await one.ended();
    await using other = new Running(home, "identity", "show", "--json");
    await other.ended();
    assert.deepEqual(
      [one.lines[0], one.lines[1], one.lines.length],
      [other.printed[0]?.["fingerprint"], "+----[ED25519]----+", 13],
    );
  });

  it("keeps it where it is told", async () => {
    using home = new TemporaryHome();
    await using identity = new Running(home, "identity", "show", "--home", home.path, "--json");
    await identity.ended();
    assert.equal(identity.printed[0]?.["file"], `${home.path}/identity.pem`);
  });

  it("cannot forget whom it does not know", async () => {
    using home = new TemporaryHome();
    await using identity = new Running(home, "identity", "forget", "[::1]");
    assert.equal(await identity.ended(), 1);
    assert.match(identity.stderr, /^\[::1\]:7700 is not in /);
  });
});
