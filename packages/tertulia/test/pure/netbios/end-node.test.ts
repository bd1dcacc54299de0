import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  conflictDemand,
  positiveQueryResponse,
  queryRequest,
  registrationRequest,
  registrationResponse,
  releaseRequest,
  statusRequest,
} from "../../../src/pure/netbios/messages.ts";
import { netbiosName, WILDCARD } from "../../../src/pure/netbios/name.ts";
import {
  decodeNamePacket,
  encodeNamePacket,
  type NamePacket,
} from "../../../src/pure/netbios/name-packet.ts";
import type { NameEntry } from "../../../src/pure/netbios/name-record.ts";
import { namePackets, nearly } from "./arbitraries.ts";
import { BROADCAST, Lan } from "./lan.ts";

const ALICE = netbiosName("ALICE", 0x20);
const LAB = netbiosName("LAB", 0x1e);
const NBNS = "10.77.0.9";
const withServer = { nameServers: [{ address: NBNS, port: 137 }] };
const entry = (address: string, group = false): NameEntry => ({ group, nodeType: "B", address });

/** A LAN on which .1 owns ALICE and LAB. */
function lanWithAlice(options = {}): Lan & { readonly alice: ReturnType<Lan["node"]> } {
  const lan = new Lan();
  const alice = lan.node("10.77.0.1", options);
  alice.claim(ALICE, 0);
  alice.claim(LAB, 0, { group: true });
  lan.settle(5000);
  lan.takeTold();
  lan.wire.splice(0);
  return Object.assign(lan, { alice });
}

describe("B node (RFC 1002 5.1.1)", () => {
  it("claims a name with three broadcasts of 250 ms, then a demand", () => {
    const lan = new Lan();
    lan.node("10.77.0.1").claim(ALICE, 0);
    lan.settle(749);
    assert.deepEqual(lan.takeTold(), []);
    lan.settle(750);
    assert.deepEqual(lan.takeTold(), ["1.claimed ALICE<20> for 0"]);
    assert.deepEqual(lan.wire, [
      ...Array(3).fill(`10.77.0.1 > ${BROADCAST} NAME REGISTRATION REQUEST`),
      `10.77.0.1 > ${BROADCAST} NAME OVERWRITE REQUEST`,
    ]);
  });

  it("defends a unique name, and the other does not get it", () => {
    const lan = lanWithAlice();
    lan.node("10.77.0.2").claim(ALICE, lan.now);
    lan.settle();
    assert.deepEqual(lan.takeTold(), ["1.defended ALICE<20>", "2.failed nameInUse"]);
  });

  it("lets others join a group, but not claim its name as unique", () => {
    const lan = lanWithAlice();
    const bob = lan.node("10.77.0.2");
    bob.claim(LAB, lan.now, { group: true });
    lan.settle();
    lan.node("10.77.0.3").claim(LAB, lan.now);
    lan.settle();
    assert.deepEqual(lan.takeTold(), [
      "2.claimed LAB<1e> for 0",
      "1.defended LAB<1e>",
      "2.defended LAB<1e>",
      "3.failed nameInUse",
    ]);
  });

  it("finds a name, and its own without a packet", () => {
    const lan = lanWithAlice();
    const bob = lan.node("10.77.0.2");
    bob.find(ALICE, lan.now);
    bob.find(netbiosName("NOSUCH"), lan.now);
    lan.alice.find(ALICE, lan.now);
    lan.settle();
    assert.deepEqual(lan.takeTold(), [
      "1.found ALICE<20> at 10.77.0.1",
      "2.found ALICE<20> at 10.77.0.1",
      "2.failed nameNotFound",
    ]);
  });

  it("releases a name with a demand, and does not answer for it any more", () => {
    const lan = lanWithAlice();
    lan.alice.release(ALICE, lan.now);
    lan.settle();
    lan.node("10.77.0.2").find(ALICE, lan.now);
    lan.settle();
    assert.deepEqual(lan.takeTold(), ["1.released ALICE<20>", "2.failed nameNotFound"]);
    assert.equal(lan.wire[0], `10.77.0.1 > ${BROADCAST} NAME RELEASE REQUEST`);
  });

  it("answers a node status request with the names of the scope, for * and for a name", () => {
    const lan = lanWithAlice();
    lan.alice.claim(netbiosName("ALICE", 0, "OTHER"), lan.now);
    lan.settle();
    lan.takeTold();
    const bob = lan.node("10.77.0.2");
    const at = { address: "10.77.0.1", port: 137 };
    bob.status(at, lan.now);
    bob.status(at, lan.now, { ...WILDCARD, scope: "OTHER" });
    bob.status(at, lan.now, ALICE);
    bob.status(at, lan.now, netbiosName("NOSUCH"));
    lan.settle();
    assert.deepEqual(lan.takeTold(), [
      "2.status of 2",
      "2.status of 1",
      "2.status of 2",
      "2.failed noAnswer",
    ]);
  });

  it("tells the later of two who answer to a unique name; that one gives it up", () => {
    const lan = lanWithAlice();
    const liar = lan.node("10.77.0.2", { conflictDemands: "obey" });
    // The network was cut while the other claimed it.
    lan.isLost = (from) => from.address === "10.77.0.1";
    liar.claim(ALICE, lan.now);
    lan.settle();
    lan.isLost = () => false;
    lan.takeTold();
    lan.node("10.77.0.3").find(ALICE, lan.now);
    lan.settle();
    assert.deepEqual(lan.takeTold(), [
      "3.found ALICE<20> at 10.77.0.1",
      "3.conflictDemanded of 10.77.0.2",
      "2.conflict ALICE<20>",
    ]);
    assert.equal(liar.names.find(ALICE)?.state, "conflict");
    lan.node("10.77.0.4").find(ALICE, lan.now);
    liar.release(ALICE, lan.now);
    lan.wire.splice(0);
    lan.settle();
    assert.deepEqual(lan.takeTold(), ["2.released ALICE<20>", "4.found ALICE<20> at 10.77.0.1"]);
    assert.equal(lan.wire.filter((line) => line.includes("RELEASE")).length, 0);
  });

  it("takes the same answer twice for a duplicate: nmbd sends each twice", () => {
    const lan = lanWithAlice();
    const bob = lan.node("10.77.0.2");
    bob.find(ALICE, lan.now);
    const { poll } = lan.alice;
    const ours = poll.bind(lan.alice);
    const twice: ReturnType<typeof ours>[] = [];
    lan.alice.poll = () => {
      const again = twice.pop();
      if (again) return again;
      const output = ours();
      if (output?.type === "send") twice.push(output);
      return output;
    };
    lan.settle();
    assert.equal(lan.wire.filter((line) => line.includes("POSITIVE")).length, 2);
    assert.deepEqual(lan.takeTold(), ["2.found ALICE<20> at 10.77.0.1"]);
  });

  it("keeps its name when a liar says that it is in conflict", () => {
    const lan = lanWithAlice();
    lan.inject(encodeNamePacket(conflictDemand(7, ALICE)), "10.77.0.66", "10.77.0.1");
    lan.inject(encodeNamePacket(conflictDemand(8, ALICE)), "10.77.0.66", "10.77.0.1");
    lan.settle();
    assert.deepEqual(lan.takeTold(), ["1.falseConflict ALICE<20>"]);
    assert.equal(lan.alice.names.find(ALICE)?.state, "active");
  });

  it("gives its name up when another really answers to it", () => {
    const lan = lanWithAlice();
    lan.isLost = (_, to) => to.address === "10.77.0.2";
    const other = lan.node("10.77.0.2");
    other.claim(ALICE, lan.now);
    lan.isLost = (from) => from.address === "10.77.0.1" && !lan.wire.at(-1)?.includes("QUERY");
    lan.settle();
    lan.takeTold();
    lan.isLost = () => false;
    lan.inject(encodeNamePacket(conflictDemand(7, ALICE)), "10.77.0.3", "10.77.0.1");
    lan.settle();
    assert.deepEqual(lan.takeTold(), ["1.conflict ALICE<20>"]);
  });

  it("believes no response to what it did not ask, nor one from who was not asked", () => {
    const lan = lanWithAlice();
    const bob = lan.node("10.77.0.2", { nodeType: "P", ...withServer });
    bob.find(ALICE, lan.now);
    lan.settle(lan.now);
    for (let id = 0; id < 0x10000; id++) {
      const forged = positiveQueryResponse(id, ALICE, [entry("10.66.6.6")], 0);
      bob.receive(encodeNamePacket(forged), { address: "10.77.0.66", port: 137 }, lan.now);
    }
    lan.settle();
    assert.deepEqual(lan.takeTold(), ["2.failed noNameServer"]);
  });

  it("refuses what cannot be claimed or released, and changes nothing", () => {
    const lan = lanWithAlice({ limits: { namesMax: 3 } });
    const { alice } = lan;
    const before = alice.names.all();
    assert.throws(() => alice.claim(WILDCARD, 0), { reason: "invalidName" });
    assert.throws(() => alice.claim(ALICE, 0), { reason: "duplicateName" });
    assert.throws(() => alice.release(netbiosName("BOB"), 0), { reason: "notOurName" });
    assert.deepEqual(alice.names.all(), before);
    alice.claim(netbiosName("C"), 0);
    assert.throws(() => alice.claim(netbiosName("D"), 0), { reason: "nameTableFull" });
  });

  it("fails a request beyond the limit of those that wait", () => {
    const lan = new Lan();
    const node = lan.node("10.77.0.1", { limits: { requestsMax: 2 } });
    for (const name of ["A", "B", "C"]) node.find(netbiosName(name), 0);
    lan.settle(0);
    assert.deepEqual(lan.takeTold(), ["1.failed tooMany"]);
  });

  it("cuts an answer that does not fit a datagram, and gives all of it over TCP", () => {
    const lan = lanWithAlice();
    for (let i = 0; i < 40; i++) lan.alice.claim(netbiosName(`NAME${i}`), lan.now);
    lan.settle();
    lan.takeTold();
    const bob = lan.node("10.77.0.2");
    const at = { address: "10.77.0.1", port: 137 };
    bob.status(at, lan.now);
    lan.settle();
    lan.isLost = (_, __, ___, via) => via === "tcp";
    bob.status(at, lan.now);
    lan.settle();
    assert.deepEqual(lan.takeTold(), [
      "2.truncated *<00>",
      "2.status of 42",
      "2.truncated *<00>",
      "2.status of 24",
    ]);
  });

  it("tells of names only whom it is told to", () => {
    const lan = lanWithAlice({ answersStatusTo: () => false });
    lan.node("10.77.0.2").status({ address: "10.77.0.1", port: 137 }, lan.now);
    lan.settle();
    assert.deepEqual(lan.takeTold(), ["2.failed noAnswer"]);
  });
});

describe("P, M and H nodes (RFC 1002 5.1.2, 5.1.3)", () => {
  it("P claims, refreshes at half its TTL and releases with the NBNS, and ignores broadcasts", () => {
    const lan = new Lan();
    const server = lan.server(NBNS);
    const node = lan.node("10.77.0.1", { nodeType: "P", ...withServer });
    node.claim(ALICE, 0, { ttl: 600 });
    lan.settle(100);
    assert.equal(node.deadline, 300_002);
    lan.settle(300_100);
    const query = encodeNamePacket(queryRequest(1, ALICE, true));
    lan.inject(query, "10.77.0.5", "10.77.0.1");
    lan.settle(300_200);
    node.release(ALICE, lan.now);
    lan.settle(301_000);
    assert.deepEqual(lan.takeTold(), [
      "1.claimed ALICE<20> for 600",
      "1.refreshed ALICE<20> for 600",
      "9.released",
      "1.released ALICE<20>",
    ]);
    assert.equal(server.find(ALICE, lan.now), undefined);
    assert.equal(lan.wire.filter((line) => line.includes(BROADCAST)).length, 0);
    assert.equal(lan.wire.filter((line) => line.includes("POSITIVE NAME QUERY")).length, 0);
  });

  it("P cannot claim without an NBNS: three times five seconds for each", () => {
    const lan = new Lan();
    const nameServers = ["10.77.0.8", NBNS].map((address) => ({ address, port: 137 }));
    lan.node("10.77.0.1", { nodeType: "P", nameServers }).claim(ALICE, 0);
    lan.settle(29_999);
    assert.deepEqual(lan.takeTold(), []);
    lan.settle(30_000);
    assert.deepEqual(lan.takeTold(), ["1.failed noNameServer"]);
    assert.equal(lan.wire.length, 6);
  });

  it("H falls back to broadcast without an NBNS; M broadcasts first", () => {
    const lan = new Lan();
    lan.node("10.77.0.1", { nodeType: "H", ...withServer }).claim(ALICE, 0);
    lan.settle();
    assert.deepEqual(lan.takeTold(), ["1.claimed ALICE<20> for 0"]);
    const other = new Lan();
    other.server(NBNS);
    other.node("10.77.0.1", { nodeType: "M", ...withServer }).claim(ALICE, 0);
    other.settle();
    assert.deepEqual(other.takeTold(), ["1.claimed ALICE<20> for 259200"]);
    assert.deepEqual(
      other.wire.map((line) => line.split(" ").slice(2).join(" ")),
      [
        ...Array(3).fill(`${BROADCAST} NAME REGISTRATION REQUEST`),
        `${NBNS} NAME REGISTRATION REQUEST`,
        "10.77.0.1 POSITIVE NAME REGISTRATION RESPONSE",
        `${BROADCAST} NAME OVERWRITE REQUEST`,
      ],
    );
  });

  it("M and H find by the one way and then by the other", () => {
    const lan = lanWithAlice();
    lan.server(NBNS);
    for (const nodeType of ["M", "H"] as const) {
      lan.node("10.77.0.2", { nodeType, ...withServer }).find(ALICE, lan.now);
      lan.settle();
    }
    assert.deepEqual(lan.takeTold(), Array(2).fill("2.found ALICE<20> at 10.77.0.1"));
    lan.node("10.77.0.2", { nodeType: "M", ...withServer }).find(netbiosName("X"), lan.now);
    lan.settle();
    assert.deepEqual(lan.takeTold(), ["2.failed nameNotFound"]);
  });

  it("M demands the release of all only after the NBNS has agreed", () => {
    const lan = new Lan();
    lan.server(NBNS);
    const node = lan.node("10.77.0.1", { nodeType: "M", ...withServer });
    node.claim(ALICE, 0);
    lan.settle();
    lan.wire.splice(0);
    node.release(ALICE, lan.now);
    lan.settle();
    assert.equal(lan.wire[0], `10.77.0.1 > ${NBNS} NAME RELEASE REQUEST`);
    assert.equal(lan.wire.filter((line) => line.includes(BROADCAST)).length, 3);
  });

  it("waits for as long as a WACK says, but not for ever", () => {
    const lan = new Lan();
    const node = lan.node("10.77.0.1", { nodeType: "P", ...withServer });
    node.claim(ALICE, 0);
    lan.settle(0);
    const request = lan.wire.length;
    assert.equal(request, 1);
    const id = sentIds(lan, node)[0] ?? 0;
    const wack = { ...registrationResponse(id, ALICE, entry("0.0.0.0"), 0xffffffff), opcode: 7 };
    lan.inject(encodeNamePacket(wack), NBNS, "10.77.0.1");
    lan.settle(60_000);
    assert.deepEqual(lan.takeTold(), ["1.wack 60000"]);
    lan.settle(60_001);
    assert.deepEqual(lan.takeTold(), ["1.failed noNameServer"]);
    assert.equal(lan.wire.filter((line) => line.endsWith("REQUEST")).length, 1);
  });

  it("answers a challenge by asking the old owner, and overwrites if that is gone", () => {
    for (const isAlive of [true, false]) {
      const lan = new Lan();
      lan.server(NBNS, { secured: false });
      const old = lan.node("10.77.0.1", { nodeType: "P", ...withServer });
      old.claim(ALICE, 0);
      lan.settle(10);
      if (!isAlive) lan.remove("10.77.0.1");
      lan.takeTold();
      lan.node("10.77.0.2", { nodeType: "P", ...withServer }).claim(ALICE, lan.now);
      lan.settle(20_000);
      assert.deepEqual(lan.takeTold(), [
        "9.endNodeChallenge",
        "2.challenge 10.77.0.1",
        isAlive ? "2.failed nameInUse" : "2.claimed ALICE<20> for 259200",
      ]);
    }
  });

  it("follows a redirect, and not in a circle", () => {
    const lan = new Lan();
    const there = { domain: "NS2.TEST", address: "10.77.0.8" };
    const back = { domain: "NS1.TEST", address: NBNS };
    lan.server(NBNS, { redirect: () => there });
    lan.server("10.77.0.8", {
      redirect: ({ label }) => (label.startsWith("ROUND") ? back : undefined),
    });
    const owner = { nameServers: [{ address: "10.77.0.8", port: 137 }] };
    lan.node("10.77.0.1", { nodeType: "P", ...owner }).claim(ALICE, 0);
    lan.settle(10);
    lan.takeTold();
    const node = lan.node("10.77.0.2", { nodeType: "P", ...withServer });
    node.find(ALICE, lan.now);
    lan.settle();
    assert.deepEqual(lan.takeTold(), [
      "2.redirected to 10.77.0.8",
      "2.found ALICE<20> at 10.77.0.1",
    ]);
    node.find(netbiosName("ROUND"), lan.now);
    lan.settle();
    const told = lan.takeTold();
    assert.equal(told.length, 9);
    assert.equal(told.at(-1), "2.failed tooManyRedirects");
  });

  it("loses a name to a release request of its NBNS, and of nobody else", () => {
    const lan = new Lan();
    lan.server(NBNS);
    const node = lan.node("10.77.0.1", { nodeType: "P", ...withServer });
    node.claim(ALICE, 0);
    lan.settle(10);
    lan.takeTold();
    const demand = encodeNamePacket(
      releaseRequest({ id: 1, name: ALICE, entry: entry("10.77.0.1") }),
    );
    lan.inject(demand, "10.77.0.66", "10.77.0.1");
    lan.settle(20);
    assert.deepEqual(lan.takeTold(), []);
    lan.inject(demand, NBNS, "10.77.0.1");
    lan.settle(30);
    assert.deepEqual(lan.takeTold(), ["1.lost ALICE<20>"]);
    assert.equal(node.deadline, undefined);
  });

  it("is in conflict when the NBNS refuses a refresh, or demands it", () => {
    for (const isDemand of [false, true]) {
      const lan = new Lan();
      lan.server(NBNS);
      const node = lan.node("10.77.0.1", { nodeType: "P", ...withServer });
      node.claim(ALICE, 0, { ttl: 600 });
      lan.settle(10);
      lan.remove(NBNS);
      const stolen = lan.server(NBNS, { secured: false });
      const theirs = { id: 1, name: ALICE, entry: entry("10.77.0.5"), ttl: 6000 };
      stolen.receive(
        encodeNamePacket(registrationRequest(theirs)),
        { address: "10.77.0.5", port: 137 },
        10,
      );
      if (isDemand) lan.inject(encodeNamePacket(conflictDemand(5, ALICE)), NBNS, "10.77.0.1");
      lan.takeTold();
      lan.settle(400_000);
      assert.deepEqual(
        lan.takeTold().filter((line) => line.startsWith("1.")),
        ["1.conflict ALICE<20>"],
      );
    }
  });

  it("tries a refresh again when the NBNS is away", () => {
    const lan = new Lan();
    lan.server(NBNS);
    const node = lan.node("10.77.0.1", { nodeType: "P", ...withServer });
    node.claim(ALICE, 0, { ttl: 600 });
    lan.settle(10);
    lan.remove(NBNS);
    lan.settle(400_000);
    lan.server(NBNS);
    lan.settle(700_000);
    assert.deepEqual(lan.takeTold(), [
      "1.claimed ALICE<20> for 600",
      "1.notRefreshed ALICE<20>",
      "1.refreshed ALICE<20> for 600",
    ]);
  });

  it("tells the NBNS of an owner that turned out not to have a name", () => {
    const lan = new Lan();
    const server = lan.server(NBNS);
    lan.node("10.77.0.1", { nodeType: "P", ...withServer }).claim(ALICE, 0);
    lan.settle(10);
    lan.remove("10.77.0.1");
    lan.takeTold();
    lan
      .node("10.77.0.2", { nodeType: "P", ...withServer })
      .reportWrongOwner(ALICE, "10.77.0.1", false);
    lan.settle(20_000);
    assert.deepEqual(lan.takeTold(), ["9.challenge", "9.challengeEnded", "9.released"]);
    assert.equal(server.find(ALICE, lan.now), undefined);
  });
});

describe("end node", () => {
  it("survives any packets, answers each at most once, and keeps its names", () => {
    const packets = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      nearly(namePackets, encodeNamePacket),
      namePackets.map((packet) => encodeNamePacket(aboutUs(packet))),
    );
    fc.assert(
      fc.property(fc.array(packets, { maxLength: 10 }), (all) => {
        const { alice } = lanWithAlice();
        let sent = 0;
        for (const octets of all) {
          alice.receive(octets, { address: "10.77.0.66", port: 137 }, 5000);
          for (let output = alice.poll(); output; output = alice.poll()) {
            if (output.type === "send" && output.to.address === "10.77.0.66") sent += 1;
          }
        }
        assert.ok(sent <= all.length);
        assert.equal(alice.names.size, 2);
      }),
      { numRuns: 100 },
    );
  });

  it("tells what is wrong with a packet that is not one", () => {
    const lan = lanWithAlice();
    const from = { address: "10.77.0.66", port: 137 };
    lan.alice.receive(new Uint8Array(3), from, 0);
    lan.alice.receive(encodeNamePacket({ ...statusRequest(1, ALICE), opcode: 5 }), from, 0);
    lan.settle(lan.now);
    assert.deepEqual(lan.takeTold(), ["1.malformed truncated", "1.malformed claimRecords"]);
  });
});

/** The same packet, with our name wherever there is one. */
function aboutUs(packet: NamePacket): NamePacket {
  const questions = packet.questions.map((question) => ({ ...question, name: ALICE }));
  return { ...packet, questions };
}

/** The ids of the requests that a node has just sent: what a spoofer would have to guess. */
function sentIds(_: Lan, node: ReturnType<Lan["node"]>): number[] {
  const ids: number[] = [];
  node.tick(5000);
  for (let output = node.poll(); output; output = node.poll()) {
    if (output.type === "send") ids.push(decodeNamePacket(output.octets).id);
  }
  return ids;
}
