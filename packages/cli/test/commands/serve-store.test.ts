import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { Running, serving, TemporaryHome } from "../processes.ts";

/** A node on a store that is killed and started again, at one address. */
class Node {
  readonly #home: TemporaryHome;
  address = "127.0.0.1:0";
  running: Running | undefined;

  constructor(home: TemporaryHome) {
    this.#home = home;
  }

  async start(): Promise<void> {
    const store = join(this.#home.path, "node.db");
    const { node, address } = await serving(this.#home, "--listen", this.address, "--store", store);
    this.running = node;
    this.address = address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running?.[Symbol.asyncDispose]();
  }
}

function chatting(home: TemporaryHome, address: string, name: string): Running {
  return new Running(home, "chat", `tcp://${address}`, "--name", name, "--json");
}

describe("serve --store", () => {
  it("is killed again and again while people talk: nothing is lost, nothing comes twice", async () => {
    using home = new TemporaryHome();
    await using node = new Node(home);
    await node.start();
    await using ana = chatting(home, node.address, "ana");
    await ana.first("joined");
    await using bob = chatting(home, node.address, "bob");
    await bob.first("joined");
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
      await node.running?.signal("SIGKILL");
      say(20);
      await node.start();
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
    using home = new TemporaryHome();
    await using node = new Node(home);
    await node.start();
    await using ana = chatting(home, node.address, "ana");
    await ana.first("joined");
    await using bob = chatting(home, node.address, "bob");
    await bob.first("joined");
    bob.process.kill("SIGSTOP");
    // More than ten times what bob gave credit for.
    const said = Array.from({ length: 1500 }, (_, i) => `${i} `.padEnd(2000, "."));
    ana.say(...said, "over");
    ana.write({ type: "who" });
    // The answer comes behind everything that was said.
    await ana.first("members");
    await node.running?.signal("SIGKILL");
    await node.start();
    bob.process.kill("SIGCONT");
    await bob.until(() => bob.heard.at(-1) === "ana: over");
    assert.deepEqual(
      bob.heard,
      [...said, "over"].map((line) => `ana: ${line}`),
    );
  });

  it("ends when its store fails, and says so; whoever is there waits for the next node", async () => {
    using home = new TemporaryHome();
    await using node = new Node(home);
    await node.start();
    await using ana = chatting(home, node.address, "ana");
    await ana.first("joined");
    await using bob = chatting(home, node.address, "bob");
    await bob.first("joined");
    const file = new DatabaseSync(join(home.path, "node.db"));
    file.exec("ALTER TABLE entries RENAME TO gone");
    ana.say("is anybody there?");
    const { reason } = (await node.running?.logged("store")) ?? {};
    const code = await node.running?.ended();
    file.exec("ALTER TABLE gone RENAME TO entries");
    file.close();
    await node.start();
    await bob.until(() => bob.heard.length > 0);
    const ends = [...ana.ofType("closed"), ...bob.ofType("closed")];
    assert.match(String(reason), /^failed: .*node\.db: no such table/);
    assert.deepEqual(
      { code, heard: bob.heard, ends },
      { code: 1, heard: ["ana: is anybody there?"], ends: [] },
    );
  });

  it("lets go of whoever is there when it is stopped, and has them back in their rooms", async () => {
    using home = new TemporaryHome();
    await using node = new Node(home);
    await node.start();
    await using ana = chatting(home, node.address, "ana");
    await ana.first("joined");
    assert.equal(await node.running?.signal("SIGTERM"), 0);
    await node.start();
    await ana.first("resumed");
    ana.write({ type: "who" });
    const { members } = await ana.first("members");
    assert.deepEqual(members, [{ ...(members as object[])[0], name: "ana", state: "connected" }]);
    assert.deepEqual(ana.ofType("left"), []);
  });

  it("forgets what it kept of a member that said goodbye", async () => {
    using home = new TemporaryHome();
    await using node = new Node(home);
    await node.start();
    await using ana = chatting(home, node.address, "ana");
    await ana.first("joined");
    ana.write({ type: "quit" });
    assert.equal(await ana.ended(), 0);
    await node.running?.signal("SIGKILL");
    await using list = new Running(home, "store", "sessions", join(home.path, "node.db"));
    assert.deepEqual([await list.ended(), list.lines], [0, []]);
  });

  it("says what a damaged file has lost, and goes on without it when told to", async () => {
    using home = new TemporaryHome();
    await using node = new Node(home);
    await node.start();
    await using ana = chatting(home, node.address, "ana");
    const anaId = String((await ana.first("connected"))["session"]);
    await ana.first("joined");
    await using bob = chatting(home, node.address, "bob");
    await bob.first("joined");
    bob.process.kill("SIGSTOP");
    ana.say("for bob");
    await ana.until(() => ana.printed.find(({ type }) => type === "arrived"));
    await node.running?.signal("SIGKILL");
    await ana.signal("SIGKILL");
    const file = join(home.path, "node.db");
    {
      using database = new DatabaseSync(file);
      const journal = "session = (SELECT n FROM sessions WHERE id = ?)";
      database.prepare(`DELETE FROM entries WHERE ${journal}`).run(anaId);
    }
    const run = async (...words: string[]) => {
      await using command = new Running(home, ...words);
      const code = await command.ended();
      return { code, lines: command.lines, stderr: command.stderr };
    };
    const check = await run("store", "check", file);
    const refused = await run("serve", "--listen", node.address, "--store", file);
    const ended = await run("sessions", "end", anaId, "--store", file);
    const whole = await run("store", "check", file);
    await node.start();
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
