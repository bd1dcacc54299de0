import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  formatName,
  type NetbiosEvent,
  type NetbiosNode,
  netbiosName,
  openNetbios,
  watchNetbios,
} from "../../src/netbios/index.ts";
import { SqliteNameDatabase } from "../../src/netbios/sqlite-names.ts";
import { freePorts, Loopback, QUICK } from "./loopback.ts";

const text = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString();
const octets = (all: string): Uint8Array => new Uint8Array(Buffer.from(all));

/** The first event of which this is true. */
async function event(
  node: NetbiosNode,
  isIt: (event: NetbiosEvent) => boolean,
): Promise<NetbiosEvent> {
  for await (const one of node.events({ signal: AbortSignal.timeout(5000) }))
    if (isIt(one)) return one;
  throw new Error("no such event");
}

describe("NetBIOS node", () => {
  it("claims, finds, tells and releases names on a network", async () => {
    await using lan = await Loopback.open();
    const [alice, bob] = [await lan.node(1), await lan.node(2)];
    await alice.addName("ALICE<20>");
    await alice.addName("LAB<1e>", { group: true });
    await bob.addName("LAB<1e>", { group: true });
    await assert.rejects(bob.addName("ALICE<20>"), { reason: "nameInUse", code: "ERR_REFUSED" });
    const found = await bob.find("ALICE<20>");
    assert.deepEqual(found.entries, [{ group: false, nodeType: "B", address: lan.address(1) }]);
    const { names } = await bob.status(lan.address(1));
    assert.deepEqual(
      names.map(({ label, group }) => [formatName({ label, scope: "" }), group]),
      [
        ["ALICE<20>", false],
        ["LAB<1e>", true],
      ],
    );
    await alice.deleteName("ALICE<20>");
    await assert.rejects(bob.find("ALICE<20>"), { reason: "nameNotFound" });
  });

  it("asks and serves over TCP what does not fit a datagram", async () => {
    await using lan = await Loopback.open();
    const server = await lan.node(9, { server: {} });
    const nodes = await Promise.all(
      [1, 2].map((host) => lan.node(host, { nodeType: "P", nameServers: [lan.address(9)] })),
    );
    const [one, two] = nodes;
    assert.ok(one && two && server.server);
    await Promise.all(Array.from({ length: 40 }, (_, i) => one.addName(`N${i}`)));
    const { names } = await two.status(lan.address(1));
    assert.equal(names.length, 40);
  });

  it("is a name server for others and for itself, and keeps its names in SQLite", async () => {
    await using lan = await Loopback.open();
    const folder = mkdtempSync(join(tmpdir(), "tertulia-names-"));
    try {
      const database = join(folder, "names.db");
      const nameServers = [lan.address(9)];
      const server = await lan.node(9, { nodeType: "H", nameServers, server: { database } });
      await server.addName("NBNS");
      const node = await lan.node(1, { nodeType: "P", nameServers });
      const claimed = await node.addName("ALICE");
      assert.equal(claimed.ttl, 259_200);
      assert.equal((await node.find("NBNS")).entries[0]?.address, lan.address(9));
      await server[Symbol.asyncDispose]();
      using again = new SqliteNameDatabase(database);
      const names = [...again.all()].map(([, { name }]) => formatName(name));
      assert.deepEqual(names.sort(), ["ALICE<00>", "NBNS<00>"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says who has the port", async () => {
    await using lan = await Loopback.open();
    await lan.node(1);
    const message = new RegExp(`UDP port \\d+ of .* is in use by .*pid ${process.pid}`);
    await assert.rejects(lan.node(1), { code: "ERR_REFUSED", message });
    const { namePort = 0 } = lan.ports;
    await assert.rejects(openNetbios({ address: "192.0.2.1", namePort }), { code: "ERR_ARGUMENT" });
  });

  it("stops waiting when it is told to, and gives the name back", async () => {
    await using lan = await Loopback.open();
    const node = await lan.node(1);
    await assert.rejects(node.addName("ALICE", { signal: AbortSignal.timeout(20) }), {
      name: "TimeoutError",
    });
    await assert.rejects(node.find("X", { signal: AbortSignal.abort(new Error("mine")) }), /mine/);
    const pending = node.find("NOBODY");
    await node[Symbol.asyncDispose]();
    await assert.rejects(pending, { code: "ERR_CLOSED" });
    await assert.rejects(node.find("NOBODY"), { code: "ERR_CLOSED" });
  });

  it("gives all names back when it closes", async () => {
    await using lan = await Loopback.open();
    const server = await lan.node(9, { server: {} });
    const node = await lan.node(1, { nodeType: "P", nameServers: [lan.address(9)] });
    await node.addName("ALICE");
    await node.close();
    assert.equal(server.server?.find(netbiosName("ALICE"), Date.now()), undefined);
  });
});

describe("NetBIOS datagrams", () => {
  it("go to a name, to a group, to all; every reader that wants one gets it", async () => {
    await using lan = await Loopback.open();
    const [alice, bob] = [await lan.node(1), await lan.node(2)];
    await Promise.all([alice.addName("ALICE"), bob.addName("BOB")]);
    await Promise.all([alice, bob].map((node) => node.addName("LAB", { group: true })));
    await Promise.all([alice.openDatagrams(), bob.openDatagrams()]);
    const read = async (to?: string): Promise<string[]> => {
      const got: string[] = [];
      for await (const one of alice.datagrams(to === undefined ? {} : { to })) {
        got.push(`${formatName(one.source)} ${one.kind} ${text(one.userData)}`);
        if (got.length === (to ? 1 : 3)) return got;
      }
      return got;
    };
    const all = read();
    const toGroup = read("LAB");
    await new Promise((resolve) => setImmediate(resolve));
    await bob.sendDatagram("BOB", "ALICE", octets("hello"));
    await bob.sendDatagram("BOB", "LAB", octets("group"), { group: true });
    await bob.broadcastDatagram("BOB", octets("all"));
    assert.deepEqual(await all, [
      "BOB<00> directUnique hello",
      "BOB<00> directGroup group",
      "BOB<00> broadcast all",
    ]);
    assert.deepEqual(await toGroup, ["BOB<00> directGroup group"]);
    await assert.rejects(bob.sendDatagram("CAROL", "ALICE", octets("")), { reason: "notOurName" });
  });

  it("come back as an error when the name is gone, and are not sent there again", async () => {
    await using lan = await Loopback.open();
    const [alice, bob] = [await lan.node(1), await lan.node(2)];
    await Promise.all([alice.addName("ALICE"), bob.addName("BOB")]);
    await alice.openDatagrams();
    const first = alice.datagrams().next();
    await bob.sendDatagram("BOB", "ALICE", octets("1"));
    await first;
    await alice.deleteName("ALICE");
    const refused = event(bob, ({ role }) => role === "datagrams");
    await bob.sendDatagram("BOB", "ALICE", octets("2"));
    const { event: error } = await refused;
    assert.ok(error.type === "refused" && "error" in error);
    assert.equal(error.error.reason, "destinationNameNotPresent");
    await assert.rejects(bob.sendDatagram("BOB", "ALICE", octets("3")), { reason: "nameNotFound" });
  });

  it("reach a group of P nodes through an NBDD, or each member if it will not", async () => {
    await using lan = await Loopback.open();
    const nameServers = [lan.address(9)];
    const server = await lan.node(9, { nodeType: "P", nameServers, server: {}, distributes: true });
    await server.openDatagrams();
    for (const distributionServers of [[lan.address(9)], [lan.address(8)], []]) {
      const options = { nodeType: "P", nameServers, distributionServers } as const;
      const nodes = await Promise.all([1, 2, 3].map((host) => lan.node(host, options)));
      const got = nodes.slice(1).map(async (node) => {
        await node.addName("LAB", { group: true });
        await node.openDatagrams();
        for await (const { userData } of node.datagrams()) return userData.length;
        return 0;
      });
      const [sender] = nodes;
      await sender?.addName("SENDER");
      await new Promise((resolve) => setTimeout(resolve, 50));
      await sender?.sendDatagram("SENDER", "LAB", new Uint8Array(500), { group: true });
      assert.deepEqual(await Promise.all(got), [500, 500]);
      for (const node of nodes) await node.close();
    }
  });
});

describe("two datagrams at once for a name that was not asked for yet", () => {
  it("both go by the NBDD, which is asked once", async () => {
    await using lan = await Loopback.open();
    const nameServers = [lan.address(9)];
    const distributionServers = nameServers;
    const server = await lan.node(9, { nodeType: "P", nameServers, server: {}, distributes: true });
    await server.openDatagrams();
    const options = { nodeType: "P", nameServers, distributionServers } as const;
    const [sender, member] = [await lan.node(1, options), await lan.node(2, options)];
    await sender.addName("SENDER");
    await member.addName("LAB", { group: true });
    const distributed = (async () => {
      let count = 0;
      const signal = AbortSignal.timeout(1000);
      for await (const { role, event } of server.events({ signal })) {
        if (role === "distributor" && event.type === "distributed") count += 1;
        if (count === 2) return count;
      }
      return count;
    })();
    const send = () => sender.sendDatagram("SENDER", "LAB", octets("1"), { group: true });
    await Promise.all([send(), send()]);
    assert.equal(await distributed, 2);
  });
});

describe("NetBIOS sessions", () => {
  it("carry messages both ways, of any size, with their boundaries", async () => {
    await using lan = await Loopback.open();
    const [alice, bob] = [await lan.node(1), await lan.node(2)];
    await Promise.all([alice.addName("ALICE"), bob.addName("BOB")]);
    const sizes = [0, 1, 1000, 16_383, 16_384, 65_536, 131_071];
    const serving = (async () => {
      for await (const session of alice.listen("ALICE")) {
        for await (const message of session) await session.send(message);
        await session.hangUp();
        return formatName(session.remote);
      }
      return "";
    })();
    const session = await bob.call("ALICE");
    for (const size of sizes) await session.send(new Uint8Array(size).fill(size));
    for (const size of sizes) {
      assert.deepEqual(await session.receive(), new Uint8Array(size).fill(size));
    }
    await assert.rejects(session.send(new Uint8Array(131_072)), { code: "ERR_LIMIT" });
    await session.hangUp();
    assert.equal(await serving, "BOB<00>");
    await assert.rejects(session.send(octets("late")), { code: "ERR_CLOSED" });
  });

  it("are refused with the code that says why", async () => {
    await using lan = await Loopback.open();
    const [alice, bob] = [await lan.node(1), await lan.node(2)];
    await Promise.all([alice.addName("ALICE"), bob.addName("BOB")]);
    await alice.sessionServer();
    const at = lan.address(1);
    await assert.rejects(bob.call("ALICE"), { reason: "notListeningOnCalledName" });
    await assert.rejects(bob.call("CAROL", { at, retryCount: 1 }), {
      reason: "calledNameNotPresent",
    });
    const ending = new AbortController();
    const listening = alice.listen("ALICE", {
      calling: "CAROL",
      signal: ending.signal,
      backlog: 0,
    });
    const next = listening.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await assert.rejects(bob.call("ALICE"), { reason: "notListeningForCallingName" });
    await assert.rejects(bob.call("ALICE", { calling: "CAROL" }), {
      reason: "insufficientResources",
    });
    ending.abort();
    assert.equal((await next).done, true);
    await assert.rejects(bob.call("NOBODY"), { reason: "nameNotFound" });
  });

  it("follow a retarget to a process on a port of its own", async () => {
    await using lan = await Loopback.open();
    const [front, back, bob] = [
      await lan.node(1),
      await lan.node(3, { localSessionPort: 0 }),
      await lan.node(2),
    ];
    await Promise.all([front.addName("SERVICE"), bob.addName("BOB")]);
    const { port } = await back.sessionServer();
    using _ = await front.retarget("SERVICE", { address: lan.address(3), port });
    const served = back.listen("SERVICE").next();
    const session = await bob.call("SERVICE");
    await session.send(octets("hello"));
    const { value: other } = await served;
    assert.ok(other);
    assert.equal(text(await other.receive()), "hello");
    assert.deepEqual(session.peer, { address: lan.address(3), port });
    await Promise.all([session.hangUp(), other.hangUp()]);
  });

  it("call a group by walking through its members", async () => {
    await using lan = await Loopback.open();
    const nameServers = [lan.address(9)];
    await lan.node(9, { server: {} });
    const options = { nodeType: "P", nameServers } as const;
    const nodes = await Promise.all([1, 2, 3].map((host) => lan.node(host, options)));
    const [one, two, bob] = nodes;
    assert.ok(one && two && bob);
    await one.addName("LAB", { group: true });
    await two.addName("LAB", { group: true });
    await bob.addName("BOB");
    await one.sessionServer();
    const served = two.listen("LAB").next();
    const session = await bob.call("LAB");
    assert.equal(session.peer.address, lan.address(2));
    const { value: other } = await served;
    await Promise.all([session.hangUp(), other?.hangUp()]);
  });

  it("tell a stranger from a caller", async () => {
    await using lan = await Loopback.open();
    const alice = await lan.node(1);
    const { port } = await alice.sessionServer();
    for (const [sent, expected, answer] of [
      ["GET / HTTP/1.1\r\n\r\n", /looks like HTTP/, "8300000" + "18f"],
      ["\x16\x03\x01", /looks like TLS/, "83000001" + "8f"],
      ["\x81\x00\x00\x02\x05\x05", /ERR|truncated|name/, ""],
      ["\x85\x00\x00\x00\x00\x00\x00\x00", /unexpectedPacket/, "83000001" + "8f"],
    ] as const) {
      const told = event(alice, ({ role }) => role === "sessions");
      const socket = connect(port, lan.address(1));
      const answers: Buffer[] = [];
      socket.on("data", (chunk) => answers.push(chunk));
      const closed = new Promise((resolve) => socket.on("close", resolve));
      socket.write(Buffer.from(sent, "latin1"));
      const { event: complaint } = await told;
      assert.ok(complaint.type === "malformedCall");
      assert.match(complaint.error.message, expected);
      socket.end();
      await closed;
      if (answer) assert.equal(Buffer.concat(answers).toString("hex"), answer);
    }
  });

  it("end with an error when the connection is lost, and when the peer talks nonsense", async () => {
    await using lan = await Loopback.open();
    const bob = await lan.node(2);
    await bob.addName("BOB");
    for (const [last, code] of [
      ["", "ERR_CLOSED"],
      ["\x00\x00\x00\x09half", "ERR_CLOSED"],
      ["\x99", "ERR_PROTOCOL"],
    ] as const) {
      const server = createServer((socket) => {
        socket.once("data", () => {
          socket.write(Buffer.from(`\x82\x00\x00\x00\x85\x00\x00\x00${last}`, "latin1"));
          if (last === "") setTimeout(() => socket.resetAndDestroy(), 20);
          else socket.end();
        });
      });
      await new Promise<void>((resolve) => server.listen(0, lan.address(7), resolve));
      const address = server.address();
      const port = typeof address === "object" ? address?.port : 0;
      try {
        const receiving = bob
          .call("ALICE", { at: `${lan.address(7)}:${port}` })
          .then((session) => session.receive());
        await assert.rejects(receiving, { code }, `after ${JSON.stringify(last)}`);
      } finally {
        server.close();
      }
    }
  });

  it("keep alive, and hang up on a peer that does not", async () => {
    await using lan = await Loopback.open();
    const bob = await lan.node(2);
    const got: Buffer[] = [];
    const held: Socket[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      held.push(socket);
      socket.once("data", () => {
        socket.write(Buffer.from("82000000", "hex"));
        socket.on("data", (chunk) => got.push(chunk));
      });
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, lan.address(7), resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const session = await bob.call("ALICE", {
      calling: "BOB",
      at: `${lan.address(7)}:${port}`,
      keepAliveMs: 20,
      closeTimeoutMs: 50,
    });
    while (got.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.match(Buffer.concat(got).toString("hex"), /^(85000000)+$/);
    await session.hangUp();
    assert.equal(session.hasEnded, true);
    for (const socket of held) socket.destroy();
    server.close();
  });

  it("do not fill memory: who does not receive stops who sends", async () => {
    await using lan = await Loopback.open();
    const [alice, bob] = [await lan.node(1), await lan.node(2)];
    await bob.addName("BOB");
    const served = alice.listen("ALICE").next();
    await alice.sessionServer();
    const session = await bob.call("ALICE", { at: lan.address(1) });
    const { value: other } = await served;
    assert.ok(other);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 2000; sent++) await session.send(new Uint8Array(60_000));
    })();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const stopped = sent;
    assert.ok(stopped < 2000, `${stopped} messages of 60 kB were sent to nobody`);
    let received = 0;
    for await (const _ of other) if (++received === 2000) break;
    await sending;
    await Promise.all([session.hangUp(), other.hangUp()]);
  });
});

describe("a flood of nonsense and spoofed answers", () => {
  it("ends no service, changes no name, and is answered afterwards as before", async () => {
    await using lan = await Loopback.open();
    const alice = await lan.node(1, { server: {}, distributes: true });
    const bob = await lan.node(2);
    await alice.addName("ALICE");
    await Promise.all([alice.openDatagrams(), alice.sessionServer()]);
    const socket = createSocket("udp4");
    const { namePort = 0, datagramPort = 0, sessionPort = 0 } = lan.ports;
    for (let i = 0; i < 4000; i++) {
      const octets = randomBytes(i % 80);
      // A name service response to nobody's question, a fragment of nothing, or noise.
      if (octets.length > 3) octets[2] = i % 3 === 0 ? 0xad : (octets[2] ?? 0);
      if (octets.length > 3 && i % 3 === 1) octets.set([0x10, 0x03]);
      socket.send(octets, i % 2 === 0 ? namePort : datagramPort, lan.address(1));
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (let i = 0; i < 50; i++)
      connect(sessionPort, lan.address(1))
        .on("error", () => {})
        .end(randomBytes(20));
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.close();
    assert.deepEqual(
      alice.names.map(({ name, state }) => [formatName(name), state]),
      [["ALICE<00>", "active"]],
    );
    assert.equal((await bob.find("ALICE")).entries[0]?.address, lan.address(1));
    await bob.addName("BOB");
    const served = alice.listen("ALICE").next();
    const session = await bob.call("ALICE");
    await session.hangUp();
    assert.equal((await served).done, false);
  });
});

describe("ports", () => {
  it("that all nodes share are not any that is free", async () => {
    for (const option of ["namePort", "datagramPort"]) {
      const message = `${option} 0: it is that of all nodes, 1 to 65535`;
      const opening = openNetbios({ address: "127.0.0.1", [option]: 0 });
      await assert.rejects(opening, { code: "ERR_ARGUMENT", message });
      const watching = watchNetbios({ address: "127.0.0.1", [option]: 0 }).next();
      await assert.rejects(watching, { code: "ERR_ARGUMENT", message });
    }
  });

  it("are free on another address", async () => {
    const ports = await freePorts();
    await using node = await openNetbios({ address: "127.0.0.1", ...ports, timers: QUICK });
    assert.equal(node.address, "127.0.0.1");
  });
});
