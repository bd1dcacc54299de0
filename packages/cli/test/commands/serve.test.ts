import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { describe, it } from "node:test";
import { connect } from "tertulia";
import { type Printed, Running, serving, TemporaryHome } from "../processes.ts";

describe("serve", () => {
  it("tells people what to do next, and how to stop it", async () => {
    using home = new TemporaryHome();
    await using node = new Running(home, "serve", "--listen", "127.0.0.1:0");
    await node.until(() => node.lines.find((line) => line.includes("Ctrl-C ends this node")));
    const [, address] = /on (127\.0\.0\.1:\d+):/.exec(node.lines[0] ?? "") ?? [];
    const commands = node.lines.filter((line) => line.startsWith("    "));
    assert.deepEqual(
      commands.map((line) => line.replace("npx ", "").trim()),
      [`tertulia chat ${address} --name ana`, `tertulia chat ${address} --name bob`],
    );
    assert.equal(await node.signal("SIGINT"), 0);
  });

  it("goes on in the background, there when the command returns, gone when serve stop does", async () => {
    using home = new TemporaryHome();
    const words = ["serve", "--listen", "127.0.0.1:0", "--daemon", "--json"];
    await using command = new Running(home, ...words);
    assert.equal(await command.ended(), 0);
    const { pid, log } = command.printed[0] ?? assert.fail("it said nothing");
    try {
      const [listening = ""] = readFileSync(String(log), "utf8").split("\n");
      assert.equal(JSON.parse(listening).event, "listening");
      await using stop = new Running(home, "serve", "stop", String(pid));
      assert.equal(await stop.ended(), 0);
      assert.deepEqual(stop.lines, [`the node with process id ${pid} has stopped`]);
      assert.match(readFileSync(String(log), "utf8"), /"stopped"/);
      await using again = new Running(home, "serve", "stop");
      assert.equal(await again.ended(), 3);
      assert.match(again.stderr, /no node runs here/);
    } catch (error) {
      process.kill(Number(pid), "SIGKILL");
      throw error;
    }
  });

  it("says when its port is taken", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home);
    await using _ = node;
    await using second = new Running(home, "serve", "--listen", address);
    assert.equal(await second.ended(), 3);
    const [what, advice] = second.stderr.split("\n");
    assert.equal(what, `cannot listen: ${address} is in use already`);
    assert.match(advice ?? "", /tertulia serve stop ends a node .*; --listen takes another port$/);
  });

  it("listens at all addresses where it is to listen at *", async () => {
    using home = new TemporaryHome();
    await using node = new Running(home, "serve", "--listen", "*:0", "--json");
    assert.match(String((await node.logged("listening"))["address"]), /^\[::\]:\d+$/);
  });

  it("logs who comes and goes, one object a line", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home);
    await using _ = node;
    await using ana = new Running(home, "chat", address, "--name", "ana");
    ana.process.stdin.end();
    await ana.ended();
    await node.until(() => node.printed.find(({ event }) => event === "left"));
    assert.equal(await node.signal("SIGTERM"), 0);
    assert.deepEqual(
      node.printed.map(({ event }) => event),
      ["listening", "arrived", "left", "stopping", "stopped"],
    );
  });

  it("lets nobody write into its log, or command the terminal that shows it", async () => {
    using home = new TemporaryHome();
    await using node = new Running(home, "serve", "--listen", "127.0.0.1:0");
    await node.until(() => node.lines.find((line) => line.includes("Ctrl-C ends this node")));
    const [, address] = /on (127\.0\.0\.1:\d+):/.exec(node.lines[0] ?? "") ?? [];
    const selector = `x\n12:00:00  all is well\u001b[2J${"y".repeat(9000)}`;
    await assert.rejects(connect(`tcp://${address}`, { selector }), { code: "ERR_REFUSED" });
    const line = await node.until(() => node.lines.find((one) => one.includes("turned")));
    assert.match(
      line,
      /away: selectorUnknown: there is no x 12:00:00 {2}all is well\ufffd\[2Jy+…$/,
    );
    assert.ok(line.length < 600, `${line.length} characters`);
  });

  it("counts whom it turns away, and does not write a line for each", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home);
    await using _ = node;
    const [, port] = address.split(":");
    const strangers = 300;
    for (let i = 0; i < strangers; i++) {
      connectSocket(Number(port), "127.0.0.1")
        .on("error", () => {})
        .end("hello?");
    }
    const lines = (): Printed[] => node.printed.filter(({ event }) => event === "refused");
    const counted = (): number => lines().reduce((sum, { count = 1 }) => sum + Number(count), 0);
    await node.until(() => counted() >= strangers);
    assert.equal(counted(), strangers);
    assert.ok(lines().length < strangers / 2, `${lines().length} lines`);
  });

  it("takes TLS only when told so", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--tls-only");
    await using _ = node;
    await using clear = new Running(home, "chat", `tcp://${address}`);
    await using secure = new Running(home, "chat", `wss://${address}`, "--json");
    await secure.first("joined");
    assert.equal(await clear.ended(), 4);
  });

  it("keeps one identity to its quota", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--quota-sessions", "1");
    await using _ = node;
    await using one = new Running(home, "chat", `tcp://${address}`, "--name", "ana", "--json");
    await one.first("joined");
    await using other = new Running(home, "chat", `tcp://${address}`, "--name", "ana", "--json");
    assert.equal(await other.ended(), 4);
    assert.match(other.stderr, /limit: .*quota of sessions for ed25519:.*: 1, wanted 2/);
    await using wrong = new Running(home, "serve", "--quota-sessions", "few");
    assert.equal(await wrong.ended(), 2);
  });

  it("ends what is idle", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--idle", "1");
    await using _ = node;
    await using one = new Running(home, "chat", `tcp://${address}`, "--json");
    const { reason } = await one.first("closed");
    // Whichever side notices first.
    assert.match(String(reason), /idle|nothing was said for 1000 ms/);
  });
});
