import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { House } from "../house.ts";
import { Running } from "../processes.ts";

/** A house that keeps everything. */
function kept(): Promise<House> {
  return House.open({ over: "tcp", isKept: true });
}

describe("serve --store", () => {
  it("is killed again and again while people talk: nothing is lost, nothing comes twice", async () => {
    await using house = await kept();
    const ana = await house.join("ana");
    const bob = await house.join("bob");
    const said: string[] = [];
    const say = (count: number) => {
      for (let i = 0; i < count; i += 1) {
        said.push(`line ${said.length}`);
        ana.say(said.at(-1) as string);
      }
    };
    for (let kill = 0; kill < 3; kill += 1) {
      const heard = bob.heard.length;
      say(200);
      await bob.until(() => bob.heard.length > heard + kill * 60);
      await house.node.signal("SIGKILL");
      say(20);
      await house.start();
    }
    await bob.until(() => bob.heard.length >= said.length);
    bob.say("over");
    await ana.until(() => ana.heard.length > 0);
    const ends = [...ana.ofType("closed"), ...bob.ofType("closed")];
    assert.deepEqual(
      { heard: bob.heard, back: ana.heard, ends },
      { heard: said.map((line) => `ana: ${line}`), back: ["bob: over"], ends: [] },
    );
  });

  it("has everything for a member that has stopped reading, also after a kill", async () => {
    await using house = await kept();
    const ana = await house.join("ana");
    const bob = await house.join("bob");
    bob.process.kill("SIGSTOP");
    // More than ten times what bob gave credit for.
    const said = Array.from({ length: 1500 }, (_, i) => `${i} `.padEnd(2000, "."));
    ana.say(...said, "over");
    ana.write({ type: "who" });
    // The answer comes behind everything that was said.
    await ana.first("members");
    await house.node.signal("SIGKILL");
    await house.start();
    bob.process.kill("SIGCONT");
    await bob.until(() => bob.heard.at(-1) === "ana: over");
    assert.deepEqual(
      bob.heard,
      [...said, "over"].map((line) => `ana: ${line}`),
    );
  });

  it("ends when its store fails, and says so; whoever is there waits for the next node", async () => {
    await using house = await kept();
    const ana = await house.join("ana");
    const bob = await house.join("bob");
    const file = new DatabaseSync(house.store);
    file.exec("ALTER TABLE entries RENAME TO gone");
    ana.say("is anybody there?");
    const { reason } = await house.node.logged("store");
    const code = await house.node.ended();
    file.exec("ALTER TABLE gone RENAME TO entries");
    file.close();
    await house.start();
    await bob.until(() => bob.heard.length > 0);
    const ends = [...ana.ofType("closed"), ...bob.ofType("closed")];
    assert.match(String(reason), /^failed: .*node\.db: no such table/);
    assert.deepEqual(
      { code, heard: bob.heard, ends },
      { code: 1, heard: ["ana: is anybody there?"], ends: [] },
    );
  });

  it("lets go of whoever is there when it is stopped, and has them back in their rooms", async () => {
    await using house = await kept();
    const ana = await house.join("ana");
    assert.equal(await house.node.signal("SIGTERM"), 0);
    await house.start();
    await ana.first("resumed");
    ana.write({ type: "who" });
    const { members } = await ana.first("members");
    assert.deepEqual(members, [{ ...(members as object[])[0], name: "ana", state: "connected" }]);
    assert.deepEqual(ana.ofType("left"), []);
  });

  it("forgets what it kept of a member that said goodbye", async () => {
    await using house = await kept();
    const ana = await house.join("ana");
    ana.write({ type: "quit" });
    assert.equal(await ana.ended(), 0);
    await house.node.signal("SIGKILL");
    await using list = new Running(house.home, "store", "sessions", house.store);
    assert.deepEqual([await list.ended(), list.lines], [0, []]);
  });

  it("says what a damaged file has lost, and goes on without it when told to", async () => {
    await using house = await kept();
    const ana = await house.join("ana");
    const anaId = String((await ana.first("connected"))["session"]);
    const bob = await house.join("bob");
    // What she has not taken is in her journal, and stays there.
    ana.process.kill("SIGSTOP");
    bob.say("for ana");
    bob.write({ type: "who" });
    // The answer comes behind everything that was said.
    await bob.first("members");
    bob.process.kill("SIGSTOP");
    await house.node.signal("SIGKILL");
    await ana.signal("SIGKILL");
    {
      using database = new DatabaseSync(house.store);
      const journal = "session = (SELECT n FROM sessions WHERE id = ?)";
      database.prepare(`DELETE FROM entries WHERE ${journal}`).run(anaId);
    }
    const run = async (...words: string[]) => {
      await using command = new Running(house.home, ...words);
      const code = await command.ended();
      return { code, lines: command.lines, stderr: command.stderr };
    };
    const check = await run("store", "check", house.store);
    const refused = await run("serve", "--listen", house.address, "--store", house.store);
    const ended = await run("sessions", "end", anaId, "--store", house.store);
    const whole = await run("store", "check", house.store);
    await house.start();
    bob.process.kill("SIGCONT");
    await bob.until(() => bob.ofType("left").length > 0 || bob.ofType("resumed").length > 0);
    assert.deepEqual(
      [check.code, check.lines.at(-1), refused.code, ended.code, whole.lines],
      [1, `lost: session ${anaId}`, 1, 0, ["whole"]],
    );
    assert.match(check.lines[0] ?? "", /journalShort .* lost /);
    assert.match(check.stderr, /sessions end ID --store/);
    assert.match(refused.stderr, /damaged: .*journalShort.*\n.*store check /);
  });
});
