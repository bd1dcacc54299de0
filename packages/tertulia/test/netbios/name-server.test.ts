import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { hasNamespaces, hasPeers } from "../peers.ts";
import { type Agent, address, Network } from "./network.ts";

/** 1 is our name server, 2 and 3 are Samba's clients of it. */
describe("our name server with Samba as its client", () => {
  let network: Network;
  let server: Agent;
  let client: string;

  const canRun = (t: TestContext): boolean =>
    hasNamespaces(t) && hasPeers(t, "nmbd", "nmblookup", "smbtorture");

  const told = (type: string, name: string) => (event: Record<string, unknown>) =>
    event["type"] === type && event["name"] === name;

  before(async () => {
    if (process.getuid?.() !== 0) return;
    network = new Network(3);
    client = network.configure("CLI", 2);
    server = await network.agent(1, {
      // The names of the clients are challenged by the RFC's rules, in a fraction of the RFC's time.
      timers: { unicastRetryMs: 200 },
      server: { groups: "windows", limits: { ttlMin: 2 } },
    });
    await server.call("addName", "WINSA<20>");
  });

  after(async () => {
    await network?.[Symbol.asyncDispose]();
  });

  it("registers nmbd's names, answers for them, and lets them go", async (t) => {
    if (!canRun(t)) return;
    const peer = network.configure("PEERB", 2, "wins server = 10.77.0.1");
    const nmbd = network.daemon("nmbd", 2, peer);
    await server.event(told("registered", "PEERB<20>"));
    await server.event(told("registered", "LAB<1e>"));
    const query = (name: string) =>
      network.run(3, "nmblookup", ["-s", client, "--recursion", "-U", address(1), name]);
    assert.match((await query("PEERB#20")).output, /^10\.77\.0\.2 PEERB<20>$/m);
    assert.match((await query("LAB#1e")).output, /^255\.255\.255\.255 LAB<1e>$/m);
    assert.match((await query("NOSUCH")).output, /failed to find name NOSUCH/);
    await network.stop(nmbd);
    await server.event(told("released", "PEERB<20>"));
    assert.match((await query("PEERB#20")).output, /failed to find name PEERB/);
  });

  it("refreshes nmbd's names, which nmbd asks for before their time is over", async (t) => {
    if (!canRun(t)) return;
    const configuration = network.configure("PEERF", 2, "wins server = 10.77.0.1", "max ttl = 6");
    const nmbd = network.daemon("nmbd", 2, configuration);
    const first = await server.event(told("registered", "PEERF<20>"));
    const again = await server.event(told("refreshed", "PEERF<20>"), 20_000);
    assert.deepEqual([first["ttl"], again["ttl"]], [6, 6]);
    await network.stop(nmbd);
  });

  it("lets nmbd wait while it asks a dead owner, and then gives it the name", async (t) => {
    if (!canRun(t)) return;
    server.events.splice(0);
    const one = network.daemon("nmbd", 2, network.configure("PEERC", 2, "wins server = 10.77.0.1"));
    await server.event(told("registered", "PEERC<20>"));
    await network.stop(one, "SIGKILL");
    server.events.splice(0);
    const two = network.daemon("nmbd", 3, network.configure("PEERC", 3, "wins server = 10.77.0.1"));
    const challenge = await server.event(told("challenge", "PEERC<20>"));
    assert.equal(challenge["owner"], address(2));
    const ended = await server.event(told("challengeEnded", "PEERC<20>"));
    assert.equal(ended["isDefended"], false);
    const query = ["-s", client, "--recursion", "-U", address(1), "PEERC#20"];
    await network.until(2, "nmblookup", query, /^10\.77\.0\.3 PEERC<20>$/m, 5000);
    await network.stop(two);
  });

  it("leaves a name with a living owner: nmbd defends it, and we hear it as the claimant", async (t) => {
    if (!canRun(t)) return;
    server.events.splice(0);
    const configuration = network.configure("PEERD", 2, "wins server = 10.77.0.1");
    const nmbd = network.daemon("nmbd", 2, configuration);
    await server.event(told("registered", "PEERD<20>"));
    const rival = await network.agent(3, { nodeType: "P", nameServers: [address(1)] });
    await assert.rejects(rival.call("addName", "PEERD<20>"), { reason: "nameInUse" });
    assert.equal((await rival.event(({ type }) => type === "wack"))["waitMs"], 2000);
    const ended = await server.event(told("challengeEnded", "PEERD<20>"));
    assert.equal(ended["isDefended"], true);
    await rival.call("close");
    await network.stop(nmbd);
  });

  for (const suite of ["nbt.register", "nbt.wins"]) {
    it(`passes smbtorture ${suite}`, async (t) => {
      if (!canRun(t)) return;
      // Its sub-test wins_bad_names reads here what the hook of the server under test has written.
      const SELFTEST_TMPDIR = network.folder;
      const hook = join(SELFTEST_TMPDIR, "hook");
      const lines = ["#!/bin/sh", `printf %s "$2" >'${SELFTEST_TMPDIR}/wins_hook_writes_here'`, ""];
      writeFileSync(hook, lines.join("\n"), { mode: 0o755 });
      await server.call("hook", hook);
      const ran = await network.run(2, "smbtorture", torture(client, "WINSA", suite), {
        env: { SELFTEST_TMPDIR },
        timeoutMs: 90_000,
      });
      assert.equal(ran.status, 0, ran.output.slice(-2000));
      assert.match(ran.output, /^success: /m);
      assert.doesNotMatch(ran.output, /^(failure|error): /m);
    });
  }

  it("does what nmbd does not, which fails both suites at once", async (t) => {
    if (!canRun(t)) return;
    const nmbd = network.daemon("nmbd", 3, network.configure("WINSN", 3, "wins support = yes"));
    const query = ["-s", client, "-B", "10.77.0.255", "WINSN#20"];
    await network.until(2, "nmblookup", query, /10\.77\.0\.3 WINSN<20>/);
    for (const suite of ["nbt.register", "nbt.wins.wins"]) {
      const ran = await network.run(2, "smbtorture", torture(client, "WINSN", suite));
      assert.match(ran.output, /^failure: /m);
    }
    await network.stop(nmbd);
  });
});

/** The parameters of smbtorture against the name server of this name. */
function torture(client: string, name: string, suite: string): string[] {
  const options = ["interfaces=10.77.0.2/24", "name resolve order=bcast"];
  const set = options.map((option) => `--option=${option}`);
  return ["-s", client, `//${name}/pub`, "-U%", ...set, suite];
}
