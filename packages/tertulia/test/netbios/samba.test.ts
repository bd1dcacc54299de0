import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { hasNamespaces, hasPeers } from "../peers.ts";
import { type Agent, address, Network } from "./network.ts";

/** 1 is Samba's file server, 2 a client of it, 3 and 4 are ours. */
describe("Samba on the same network", () => {
  let network: Network;
  let alice: Agent;
  let client: string;
  let isReady = false;

  const canRun = (t: TestContext): boolean => {
    if (!hasNamespaces(t) || !hasPeers(t, "nmbd", "smbd", "smbclient", "nmblookup", "nbtscan")) {
      return false;
    }
    assert.ok(isReady, "the network is up");
    return true;
  };

  before(async () => {
    if (process.getuid?.() !== 0) return;
    network = new Network(4);
    client = network.configure("CLI", 2);
    const retargets = ["netbios retarget:OLDNAME = 10.77.0.3:5555"];
    const master = ["preferred master = yes", "local master = yes", "os level = 99"];
    const server = network.configure("PEERA", 1, ...retargets, ...master);
    network.daemon("nmbd", 1, server);
    network.daemon("smbd", 1, server);
    alice = await network.agent(3);
    const broadcast = ["-s", client, "-B", "10.77.0.255", "PEERA#20"];
    await network.until(2, "nmblookup", broadcast, /10\.77\.0\.1 PEERA<20>/);
    await alice.call("addName", "ALICE<20>");
    await alice.call("addName", "ALICE<03>");
    isReady = true;
  });

  after(async () => {
    await network?.[Symbol.asyncDispose]();
  });

  it("nmbd answers our query, twice, which is no conflict; and our node status request", async (t) => {
    if (!canRun(t)) return;
    const found = await alice.call<{ address: string }[]>("find", "PEERA<20>");
    assert.equal(found[0]?.address, address(1));
    const names = await alice.call<string[]>("status", address(1));
    assert.deepEqual(names.slice(0, 3).sort(), ["PEERA<00>", "PEERA<03>", "PEERA<20>"]);
    assert.equal(alice.events.filter(({ type }) => type === "conflictDemanded").length, 0);
  });

  it("nmblookup and nbtscan find ours, and list its names", async (t) => {
    if (!canRun(t)) return;
    const found = await network.run(2, "nmblookup", [
      "-s",
      client,
      "-B",
      "10.77.0.255",
      "ALICE#20",
    ]);
    assert.match(found.output, /^10\.77\.0\.3 ALICE<20>$/m);
    const status = await network.run(2, "nmblookup", ["-s", client, "-A", address(3)]);
    assert.match(status.output, /ALICE\s+<20> -\s+B <ACTIVE>/);
    assert.match(status.output, /ALICE\s+<03> -\s+B <ACTIVE>/);
    const scan = await network.run(2, "nbtscan", ["-q", "-s", ":", address(3)]);
    assert.match(scan.output, /^10\.77\.0\.3:.*<server>:/m);
  });

  it("nmbd defends its name against us, and we ours against nmbd", async (t) => {
    if (!canRun(t)) return;
    await assert.rejects(alice.call("addName", "PEERA<20>"), { reason: "nameInUse" });
    const rival = network.daemon("nmbd", 4, network.configure("ALICE", 4));
    await alice.event(
      ({ type, name }) => type === "defended" && JSON.stringify(name).includes("ALICE"),
    );
    const who = ["-s", client, "-B", "10.77.0.255", "ALICE#20"];
    const { output } = await network.run(2, "nmblookup", who);
    await network.stop(rival);
    assert.match(output, /^10\.77\.0\.3 ALICE<20>$/m);
    assert.doesNotMatch(output, /10\.77\.0\.4/);
  });

  it("smbclient calls our listener, and is told why not", async (t) => {
    if (!canRun(t)) return;
    await alice.call("listen", "ALICE<20>", "nothing");
    const calling = ["-s", client, "-p", "139", "-N", "-t", "2", "-I", address(3)];
    const refused = network.run(2, "smbclient", [...calling, "//NOBODY/pub", "-c", "ls"]);
    await alice.event(
      ({ type, reason }) => type === "refused" && reason === "calledNameNotPresent",
    );
    await refused;
    const called = network.run(2, "smbclient", [...calling, "//ALICE/pub", "-c", "ls"], {
      timeoutMs: 2000,
    });
    const session = await alice.event(
      ({ role, local }) => role === "session" && local === "ALICE<20>",
    );
    assert.equal(session["remote"], "CLI<00>");
    const message = await alice.event(({ role }) => role === "message");
    assert.match(String(message["userData"]), /^ff534d42/);
    await called;
  });

  it("smbclient -M delivers its message to a name that we listen on", async (t) => {
    if (!canRun(t)) return;
    await alice.call("listen", "ALICE<03>", "messenger");
    const parameters = ["-s", client, "-M", "ALICE", "-I", address(3)];
    const { output } = await network.run(2, "smbclient", parameters, { input: "hello, Alice\n" });
    const text = Buffer.from("hello, Alice").toString("hex");
    const message = await alice.event(
      ({ role, userData }) => role === "message" && String(userData).includes(text),
    );
    assert.ok(message, output);
  });

  it("smbd answers our call, and we follow it to where it sends us", async (t) => {
    if (!canRun(t)) return;
    await using back = await backServer(network);
    const straight = await alice.call<{ session: number; peer: unknown }>("call", "PEERA<20>", {
      calling: "ALICE",
    });
    assert.deepEqual(straight.peer, { address: address(1), port: 139 });
    // An SMB1 negotiation: what comes back shows that the session carries messages both ways.
    await alice.call("send", straight.session, NEGOTIATE);
    assert.match(String(await alice.call("receive", straight.session)), /^ff534d4272/);
    await alice.call("hangUp", straight.session);
    const sent = await alice.call<{ session: number; peer: unknown }>("call", "OLDNAME<20>", {
      calling: "ALICE",
      at: address(1),
    });
    assert.deepEqual(sent.peer, { address: address(3), port: 5555 });
    await alice.call("send", sent.session, "68656c6c6f");
    assert.equal(await alice.call("receive", sent.session), "68656c6c6f");
    assert.ok(back);
  });

  it("smbd knows no durable sessions: it is called by name all the same, and plainly", async (t) => {
    if (!canRun(t)) return;
    const called = await alice.call<{ type: string; session: number }>(
      "callByName",
      "PEERA<20>",
      "ALICE<20>",
    );
    assert.equal(called.type, "plain");
    await alice.call("send", called.session, NEGOTIATE);
    assert.match(String(await alice.call("receive", called.session)), /^ff534d4272/);
    await alice.call("hangUp", called.session);
  });

  it("nmbd's announcements come to us, and it answers our request for a backup list", async (t) => {
    if (!canRun(t)) return;
    await alice.call("addName", "OURNODE<00>");
    await alice.call("addName", "LAB<1e>", { group: true });
    await alice.call("openDatagrams");
    const master = ["-s", client, "-B", "10.77.0.255", "LAB#1d"];
    await network.until(2, "nmblookup", master, /10\.77\.0\.1 LAB<1d>/, 40_000);
    await alice.call("sendDatagram", "OURNODE<00>", "LAB<1d>", mailslot("090499000000"), true);
    const answer = await alice.event(
      ({ role, destination }) => role === "datagram" && destination === "OURNODE<00>",
    );
    assert.equal(answer["source"], "PEERA<00>");
    assert.equal(answer["kind"], "directUnique");
    // Opcode 10, GetBackupListResponse, with one server: PEERA.
    assert.match(String(answer["userData"]), /0a0199000000504545524100$/);
    await alice.event(({ role, kind }) => role === "datagram" && kind === "directGroup", 20_000);
  });
});

/** Ours on port 5555 of node 3, where smbd sends who calls OLDNAME. */
async function backServer(network: Network): Promise<AsyncDisposable & { agent: Agent }> {
  const options = { localSessionPort: 5555, localNamePort: 0 };
  const agent = await network.agent(3, options);
  await agent.call("listen", "OLDNAME<20>", "echo");
  return { agent, [Symbol.asyncDispose]: async () => {} };
}

const NEGOTIATE =
  "ff534d4272000000001843c80000000000000000000000000000feff00000000000c00024e54204c4d20302e313200";

/** A browser request in a mailslot datagram, as SMB wraps it (the fields are little-endian). */
function mailslot(hex: string): string {
  const data = Buffer.from(hex, "hex");
  const slot = Buffer.from("\\MAILSLOT\\BROWSE\0");
  const words = Buffer.alloc(34);
  words.writeUInt16LE(data.length, 2);
  words.writeUInt16LE(data.length, 22);
  words.writeUInt16LE(32 + 1 + 34 + 2 + slot.length, 24);
  words.writeUInt16LE(3, 26);
  words.writeUInt16LE(1, 28);
  words.writeUInt16LE(1, 30);
  words.writeUInt16LE(2, 32);
  const size = Buffer.alloc(2);
  size.writeUInt16LE(slot.length + data.length);
  const header = Buffer.concat([Buffer.from("ff534d4225", "hex"), Buffer.alloc(27)]);
  return Buffer.concat([header, Buffer.of(17), words, size, slot, data]).toString("hex");
}
