import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { House } from "../house.ts";
import { Running, serving, TemporaryHome } from "../processes.ts";

const json = "--json";

describe("chat through a node", () => {
  it("loses, repeats and reorders nothing that is said while a link is cut", async () => {
    await using house = await House.open();
    const ana = await house.join("ana");
    const bob = await house.join("bob");
    await ana.first("arrived");
    ana.say("1", "2");
    ana.write({ type: "break", seconds: 1 });
    await bob.first("link");
    ana.say("3", "4");
    bob.say("one", "two");
    await ana.first("resumed");
    ana.say("5");
    bob.say("three");
    await bob.until(() => bob.heard.length === 5 || undefined);
    ana.write({ type: "quit" });
    bob.write({ type: "quit" });
    assert.deepEqual([await ana.ended(), await bob.ended()], [0, 0]);
    assert.deepEqual(bob.heard, ["ana: 1", "ana: 2", "ana: 3", "ana: 4", "ana: 5"]);
    const [one, two] = ana.heard;
    assert.deepEqual([one, two], ["bob: one", "bob: two"]);
    const [resumed] = ana.ofType("resumed");
    assert.deepEqual([resumed?.["over"], Number(resumed?.["suspendedMs"]) >= 900], ["tls", true]);
  });

  it("takes plain lines, and delivers all of them before it goes", async () => {
    await using house = await House.open();
    const ana = await house.join("ana");
    await using bob = new Running(house.home, "chat", house.address, "--name", "bob");
    bob.process.stdin.end("hello\n//who writes so?\n/who\n/nonsense\nbye");
    assert.equal(await bob.ended(), 0);
    await ana.first("left");
    assert.deepEqual(ana.heard, ["bob: hello", "bob: /who writes so?", "bob: bye"]);
    assert.match(bob.stderr, /no such command: \/nonsense; \/help lists them/);
  });

  it("ends with 1 when a line is too long for the others, and was not said", async () => {
    await using house = await House.open();
    await using bob = new Running(house.home, "chat", house.address, "--name", "bob");
    bob.process.stdin.end(`hello\n${"x".repeat(2_000_000)}\nbye`);
    assert.equal(await bob.ended(), 1);
    assert.match(bob.stderr, /the peer takes/);
  });

  it("takes 10,000 lines at once, and delivers all of them", async () => {
    await using house = await House.open();
    const ana = await house.join("ana");
    await using bob = new Running(house.home, "chat", house.address, "--name", "bob");
    const lines = Array.from({ length: 10_000 }, (_, index) => String(index));
    bob.process.stdin.end(lines.join("\n"));
    assert.deepEqual([await bob.ended(), bob.lines], [0, []]);
    await ana.first("left");
    assert.deepEqual(
      ana.heard,
      lines.map((line) => `bob: ${line}`),
    );
  });

  it("says goodbye when nobody reads what it prints any more", async () => {
    await using house = await House.open();
    const ana = await house.join("ana");
    const bob = await house.join("bob");
    await ana.first("arrived");
    bob.process.stdout.destroy();
    ana.say("who hears me?");
    assert.deepEqual([await bob.ended(), bob.stderr], [0, ""]);
    assert.deepEqual(await ana.first("left"), { type: "left", name: "bob" });
  });

  it("says who is here, and goes over to a WebSocket and back without a pause", async () => {
    await using house = await House.open();
    const ana = await house.join("ana", "--room", "patio");
    ana.write({ type: "who" }, { type: "move", to: "ws" });
    const { members } = await ana.first("members");
    await ana.until(() => ana.ofType("moved").length === 1 || undefined);
    ana.write({ type: "move", to: "tcp" });
    await ana.until(() => ana.ofType("moved").length === 2 || undefined);
    ana.write({ type: "quit" });
    await ana.ended();
    const names = (members as { name: string }[]).map(({ name }) => name);
    const kinds = ana.ofType("moved").map(({ over }) => over);
    assert.deepEqual([names, kinds, ana.ofType("suspended")], [["ana"], ["wss", "tcp"], []]);
  });

  it("says goodbye at Ctrl-C, and so does the node at SIGTERM", async () => {
    await using house = await House.open();
    const ana = await house.join("ana");
    const bob = await house.join("bob");
    const bobs = await bob.signal("SIGINT");
    assert.deepEqual(await ana.first("left"), { type: "left", name: "bob" });
    const nodes = await house.node.signal("SIGTERM");
    assert.deepEqual([bobs, nodes, await ana.ended()], [0, 0, 0]);
  });

  it("ends soon at Ctrl-C also while the link is cut, and says what may be lost", async () => {
    await using house = await House.open();
    const ana = await house.join("ana");
    ana.write({ type: "break", seconds: 600 });
    await ana.first("suspended");
    ana.say("will not arrive");
    ana.write({ type: "who" }, { type: "nonsense" });
    // It does in turn what it is told.
    await ana.first("error");
    const code = await ana.signal("SIGINT");
    const [closed] = ana.ofType("closed");
    assert.deepEqual([code, closed?.["outcome"]], [6, "aborted"]);
    assert.match(String(closed?.["reason"]), /without goodbye; \d+ octets may not have arrived/);
  });

  it("is refused by a node that does not know its key, or has not that room", async () => {
    using home = new TemporaryHome();
    using other = new TemporaryHome();
    const { node, address } = await serving(home, "--admit", `SHA256:${"A".repeat(43)}`);
    await using _ = node;
    await using stranger = new Running(other, "chat", address, json, "--accept-new");
    assert.equal(await stranger.ended(), 4);
    assert.match(stranger.stderr, /authenticationFailed: the key SHA256:.{43} is not known here/);
    const small = await serving(home, "--rooms", "patio", "cellar");
    await using __ = small.node;
    await using lost = new Running(home, "chat", small.address, json, "--room", "attic");
    assert.equal(await lost.ended(), 4);
    assert.equal(lost.stderr, "there is no room attic; there is patio, cellar\n");
  });
});

describe("chat from one to another", () => {
  it("connects two people who know each other's keys, and survives breaks on both sides", async () => {
    using anas = new TemporaryHome();
    using bobs = new TemporaryHome();
    await using ana = new Running(anas, "chat", "--listen", "127.0.0.1:0", json, "--name", "ana");
    const { address, key } = await ana.first("listening");
    const words = ["chat", String(address), json, "--name", "bob", "--accept-new"];
    await using bob = new Running(bobs, ...words);
    const connected = await bob.first("connected");
    assert.deepEqual([connected["over"], connected["key"]], ["tls", key]);
    await ana.first("arrived");
    ana.write({ type: "break", seconds: 1 });
    await bob.first("suspended");
    ana.say("1", "2");
    bob.say("one");
    await bob.first("resumed");
    bob.write({ type: "break", seconds: 0.5 });
    await bob.until(() => bob.ofType("suspended").length === 2 || undefined);
    bob.say("two");
    ana.say("3");
    await bob.until(() => bob.heard.length === 3 || undefined);
    await ana.until(() => ana.heard.length === 2 || undefined);
    ana.write({ type: "quit" });
    assert.deepEqual([await ana.ended(), await bob.ended()], [0, 0]);
    assert.deepEqual(
      [ana.heard, bob.heard],
      [
        ["bob: one", "bob: two"],
        ["ana: 1", "ana: 2", "ana: 3"],
      ],
    );
  });

  it("refuses an unknown key where nobody can be asked, and a changed one everywhere", async () => {
    using anas = new TemporaryHome();
    using eves = new TemporaryHome();
    using bobs = new TemporaryHome();
    let where = "";
    {
      await using ana = new Running(anas, "chat", "--listen", "127.0.0.1:0", json);
      const { address, key } = await ana.first("listening");
      where = String(address);
      await using unknown = new Running(bobs, "chat", where, json);
      assert.equal(await unknown.ended(), 5);
      assert.ok(unknown.stderr.includes(`tertulia identity trust ${where} ${key}`), unknown.stderr);
      await using trusting = new Running(bobs, "identity", "trust", where, String(key));
      assert.equal(await trusting.ended(), 0);
      await using known = new Running(bobs, "chat", where, json);
      await known.first("joined");
      assert.equal(await known.signal("SIGINT"), 0);
      assert.equal(await ana.signal("SIGINT"), 0);
    }
    await using eve = new Running(eves, "chat", "--listen", where, json);
    await eve.first("listening");
    const folder = `${bobs.path}/tertulia`;
    await using bob = new Running(bobs, "chat", where, json, "--accept-new", "--home", folder);
    assert.equal(await bob.ended(), 5);
    assert.match(bob.stderr, /has another key than before/);
    assert.ok(bob.stderr.includes(`tertulia identity forget ${where} --home ${folder}\n`));
    await using forgetting = new Running(bobs, "identity", "forget", where);
    assert.equal(await forgetting.ended(), 0);
    await using again = new Running(bobs, "chat", where, json, "--accept-new");
    await again.first("joined");
  });
});

describe("chat", () => {
  it("says that nobody is there, and how to change that", async () => {
    using home = new TemporaryHome();
    await using chat = new Running(home, "chat", "127.0.0.1:1");
    assert.equal(await chat.ended(), 3);
    assert.match(
      chat.stderr,
      /^Nobody answers at tls:\/\/127.0.0.1:1: .*\nTo start a node: .*serve\n$/,
    );
  });

  it("wants either an address or --listen, and names without spaces", async () => {
    using home = new TemporaryHome();
    await using whom = new Running(home, "chat");
    await using name = new Running(home, "chat", "127.0.0.1:1", "--name", "a b");
    assert.deepEqual([await whom.ended(), await name.ended()], [2, 2]);
  });
});
