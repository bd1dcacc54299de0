import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { hasNamespaces, hasPeers } from "../peers.ts";
import { type Agent, address, Network } from "./network.ts";

/** 1 is nmbd as a name server, 2, 3 and 4 are ours, 2 being a P node. */
describe("ours with nmbd as their name server", () => {
  let network: Network;
  let client: string;
  let bob: Agent;

  const canRun = (t: TestContext): boolean => hasNamespaces(t) && hasPeers(t, "nmbd", "nmblookup");
  const nameServers = [address(1)];
  const timers = { unicastRetryMs: 1000 };

  before(async () => {
    if (process.getuid?.() !== 0) return;
    network = new Network(4);
    client = network.configure("CLI", 2);
    network.daemon("nmbd", 1, network.configure("WINSA", 1, "wins support = yes"));
    bob = await network.agent(2, { nodeType: "P", nameServers, timers });
    const query = ["-s", client, "--recursion", "-U", address(1), "WINSA#20"];
    await network.until(2, "nmblookup", query, /^10\.77\.0\.1 WINSA<20>$/m);
  });

  after(async () => {
    await network?.[Symbol.asyncDispose]();
  });

  for (const [nodeType, host] of [
    ["P", 3],
    ["M", 4],
    ["H", 3],
  ] as const) {
    it(`${nodeType} claims there, is found, loses no name to another, and gives it back`, async (t) => {
      if (!canRun(t)) return;
      const node = await network.agent(host, { nodeType, nameServers, timers });
      const name = `OURS-${nodeType}<20>`;
      await node.call("addName", name);
      const query = ["-s", client, "--recursion", "-U", address(1), name.replace("<20>", "#20")];
      const found = await network.run(2, "nmblookup", query);
      assert.match(found.output, new RegExp(`^${address(host)} ${name}$`, "m"));
      assert.equal(
        (await bob.call<{ address: string }[]>("find", name))[0]?.address,
        address(host),
      );
      // nmbd asks the owner, which defends itself, and tells us to wait meanwhile.
      await assert.rejects(bob.call("addName", name), { reason: "nameInUse" });
      await bob.event(({ type }) => type === "wack");
      await node.call("deleteName", name);
      await assert.rejects(bob.call("find", name), { reason: "nameNotFound" });
      await node.call("close");
    });
  }
});

/** 1 and 2 will both have the same name; 3 asks for it. */
describe("two nodes that got one name while the network was in parts", () => {
  for (const first of ["nmbd", "ours"] as const) {
    const second = first === "nmbd" ? "ours" : "nmbd";
    it(`who asks finds the conflict, and tells the later to answer: ${second}`, async (t) => {
      if (!hasNamespaces(t) || !hasPeers(t, "nmbd")) return;
      await using network = new Network(3);
      network.part(2);
      const configuration = network.configure("TWIN", 1);
      const nmbd = network.daemon("nmbd", 1, configuration);
      const ours = await network.agent(2);
      await ours.call("addName", "TWIN<20>");
      const asker = await network.agent(3);
      const client = network.configure("CLI", 3);
      const query = ["-s", client, "-B", "10.77.0.255", "TWIN#20"];
      await network.until(3, "nmblookup", query, /^10\.77\.0\.1 TWIN<20>$/m);
      network.join(2);
      await network.until(3, "nmblookup", ["-s", client, "-A", address(2)], /TWIN/);
      // The second answers when the first has.
      const slow = second === "nmbd" ? nmbd : ours.process;
      slow.kill("SIGSTOP");
      const found = await asker.call<{ address: string }[]>("find", "TWIN<20>");
      slow.kill("SIGCONT");
      assert.equal(found[0]?.address, address(first === "nmbd" ? 1 : 2));
      const demanded = await asker.event(({ type }) => type === "conflictDemanded");
      const told = JSON.stringify(demanded["of"]);
      assert.match(told, new RegExp(`"${address(second === "nmbd" ? 1 : 2)}"`));
      if (second === "ours") {
        // We ask before we believe it; the other does have the name.
        const conflict = await ours.event(({ type }) => type === "conflict");
        assert.equal(conflict["name"], "TWIN<20>");
        const left = await asker.call<{ address: string }[]>("find", "TWIN<20>");
        assert.deepEqual(
          left.map((entry) => entry.address),
          [address(1)],
        );
      }
    });
  }
});
