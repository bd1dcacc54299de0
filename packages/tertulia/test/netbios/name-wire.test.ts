import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { hasNamespaces, hasPeers } from "../peers.ts";
import { type Agent, address, Network } from "./network.ts";
import { type Dissection, Wire } from "./wire.ts";

/** RFC 1002 4.2.1.1: the second word of a header. */
const KINDS: Readonly<Record<string, string>> = {
  "0x0100": "query",
  "0x2800": "overwrite",
  "0x2900": "registration",
  "0x8580": "positive answer",
  "0x8583": "negative answer",
  "0xad00": "end-node challenge",
  "0xad80": "positive registration",
  "0xad86": "negative registration",
  "0xbc00": "wait",
};

const NAMES: Dissection = {
  filter: "udp port 137",
  fields: ["nbns.flags"],
  words: ([flags = ""]) => KINDS[flags] ?? flags,
};

/** 1 is a secured name server, 2 a non-secured one; 3 and 4 are P nodes. */
describe("name servers of ours with ours as nodes, with tshark on the wire", () => {
  let network: Network;

  const canRun = (t: TestContext): boolean => hasNamespaces(t) && hasPeers(t, "tshark");
  const timers = { unicastRetryMs: 600 };
  const node = (number: number, server: number): Promise<Agent> =>
    network.agent(number, { nodeType: "P", nameServers: [address(server)], timers });
  const between = (packets: readonly string[], one: number, other: number): string[] =>
    packets.filter((packet) => {
      const [from, to] = packet.split(/ > |: /);
      const ends = [address(one), address(other)];
      return ends.includes(from ?? "") && ends.includes(to ?? "");
    });

  before(async () => {
    if (process.getuid?.() !== 0) return;
    network = new Network(4);
    await network.agent(1, { server: {}, timers });
    await network.agent(2, { server: { secured: false }, timers });
  });

  after(async () => {
    await network?.[Symbol.asyncDispose]();
  });

  it("secured: the server has the claimant wait, and asks the old owner itself", async (t) => {
    if (!canRun(t)) return;
    const [owner, claimant] = [await node(3, 1), await node(4, 1)];
    await owner.call("addName", "SECURED");
    await using wire = await Wire.tap(network, 1, NAMES);
    await assert.rejects(claimant.call("addName", "SECURED"), { reason: "nameInUse" });
    owner.process.kill("SIGKILL");
    await claimant.call("addName", "SECURED");
    const packets = await wire.packets(11);
    assert.deepEqual(between(packets, 1, 4), [
      "10.77.0.4 > 10.77.0.1: registration",
      "10.77.0.1 > 10.77.0.4: wait",
      "10.77.0.1 > 10.77.0.4: negative registration",
      "10.77.0.4 > 10.77.0.1: registration",
      "10.77.0.1 > 10.77.0.4: wait",
      "10.77.0.1 > 10.77.0.4: positive registration",
    ]);
    assert.deepEqual(between(packets, 1, 3), [
      "10.77.0.1 > 10.77.0.3: query",
      "10.77.0.3 > 10.77.0.1: positive answer",
      ...Array.from({ length: 3 }, () => "10.77.0.1 > 10.77.0.3: query"),
    ]);
    await claimant.call("close");
  });

  it("non-secured: the claimant is challenged to ask, and overwrites the name of the dead", async (t) => {
    if (!canRun(t)) return;
    const [owner, claimant] = [await node(3, 2), await node(4, 2)];
    await owner.call("addName", "OPEN");
    await using wire = await Wire.tap(network, 4, NAMES);
    await assert.rejects(claimant.call("addName", "OPEN"), { reason: "nameInUse" });
    owner.process.kill("SIGKILL");
    await claimant.call("addName", "OPEN");
    const packets = await wire.packets(11);
    assert.deepEqual(between(packets, 2, 4), [
      "10.77.0.4 > 10.77.0.2: registration",
      "10.77.0.2 > 10.77.0.4: end-node challenge",
      "10.77.0.4 > 10.77.0.2: registration",
      "10.77.0.2 > 10.77.0.4: end-node challenge",
      "10.77.0.4 > 10.77.0.2: overwrite",
      "10.77.0.2 > 10.77.0.4: positive registration",
    ]);
    assert.deepEqual(between(packets, 3, 4), [
      "10.77.0.4 > 10.77.0.3: query",
      "10.77.0.3 > 10.77.0.4: positive answer",
      ...Array.from({ length: 3 }, () => "10.77.0.4 > 10.77.0.3: query"),
    ]);
    await claimant.call("close");
  });
});
