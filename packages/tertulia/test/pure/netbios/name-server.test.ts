import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Endpoint } from "../../../src/pure/netbios/address.ts";
import {
  kindOf,
  multihomedRegistrationRequest,
  overwriteRequest,
  positiveQueryResponse,
  queryRequest,
  refreshRequest,
  registrationRequest,
  releaseRequest,
} from "../../../src/pure/netbios/messages.ts";
import { type NetbiosName, netbiosName } from "../../../src/pure/netbios/name.ts";
import { MemoryNameDatabase } from "../../../src/pure/netbios/name-database.ts";
import {
  decodeNamePacket,
  encodeNamePacket,
  type NamePacket,
} from "../../../src/pure/netbios/name-packet.ts";
import type { NameEntry } from "../../../src/pure/netbios/name-record.ts";
import { NameServer } from "../../../src/pure/netbios/name-server.ts";
import type { NameServerOptions } from "../../../src/pure/netbios/name-server-options.ts";
import { readPlainQuery } from "../../../src/pure/netbios/plain-query.ts";
import { namePackets, nearly } from "./arbitraries.ts";

const ALICE = netbiosName("ALICE", 0x20);
const LAB = netbiosName("LAB", 0);
const at = (address: string): Endpoint => ({ address, port: 137 });
const entry = (address: string, group = false): NameEntry => ({ group, nodeType: "P", address });

/** A server, and what it answers to one packet after another. */
class Bench {
  readonly server: NameServer;
  readonly database = new MemoryNameDatabase();
  now = 0;

  constructor(options: Partial<NameServerOptions> = {}) {
    const random = (): number => 7;
    this.server = new NameServer({ database: this.database, random, ...options });
  }

  /** The packets that go out because of this one, with where they go. */
  send(packet: NamePacket, from: string): { to: string; packet: NamePacket }[] {
    this.server.receive(encodeNamePacket(packet), at(from), this.now);
    return this.out();
  }

  out(): { to: string; packet: NamePacket }[] {
    const sent: { to: string; packet: NamePacket }[] = [];
    for (let output = this.server.poll(); output; output = this.server.poll()) {
      if (output.type !== "send") continue;
      sent.push({
        to: output.to.address,
        packet: decodeNamePacket(output.octets, { strict: true }),
      });
    }
    return sent;
  }

  register(name: NetbiosName, address: string, group = false, ttl = 600): string {
    const packet = registrationRequest({ id: 1, name, entry: entry(address, group), ttl });
    return summary(this.send(packet, address));
  }

  query(name: NetbiosName): string[] | string {
    const [sent] = this.send(queryRequest(2, name), "10.77.0.50");
    const [record] = sent?.packet.answers ?? [];
    if (record?.type === "NB") return record.entries.map(({ address }) => address);
    return sent ? kindOf(sent.packet) : "silence";
  }

  tick(now: number): string {
    this.now = now;
    this.server.tick(now);
    return summary(this.out());
  }
}

const summary = (sent: { to: string; packet: NamePacket }[]): string =>
  sent
    .map(({ to, packet }) => `${to} ${kindOf(packet)}${packet.rcode ? ` ${packet.rcode}` : ""}`)
    .join("; ");

describe("NBNS (RFC 1002 5.1.4)", () => {
  it("registers, answers, refreshes and releases a unique name", () => {
    const bench = new Bench();
    assert.equal(
      bench.register(ALICE, "10.77.0.1"),
      "10.77.0.1 POSITIVE NAME REGISTRATION RESPONSE",
    );
    assert.deepEqual(bench.query(ALICE), ["10.77.0.1"]);
    const owned = { id: 3, name: ALICE, entry: entry("10.77.0.1"), ttl: 600 };
    assert.match(summary(bench.send(refreshRequest(owned), "10.77.0.1")), /POSITIVE/);
    assert.match(summary(bench.send(releaseRequest(owned), "10.77.0.1")), /POSITIVE/);
    assert.equal(bench.query(ALICE), "NEGATIVE NAME QUERY RESPONSE");
    assert.match(summary(bench.send(releaseRequest(owned), "10.77.0.1")), /POSITIVE/);
  });

  it("forgets a name whose TTL is over, and its owner's place with it", () => {
    const bench = new Bench();
    bench.register(ALICE, "10.77.0.1");
    bench.tick(600_000);
    assert.equal(bench.query(ALICE), "NEGATIVE NAME QUERY RESPONSE");
    assert.equal(bench.database.size, 0);
    bench.register(ALICE, "10.77.0.1", false, 0);
    bench.now += 500_000_000;
    assert.deepEqual(bench.query(ALICE), ["10.77.0.1"]);
  });

  it("sweeps what nobody asks for", () => {
    const bench = new Bench();
    bench.register(ALICE, "10.77.0.1");
    assert.equal(bench.server.deadline, 60_000);
    bench.tick(660_000);
    assert.equal(bench.database.size, 0);
    assert.equal(bench.server.deadline, undefined);
  });

  it("grants at least what is proposed and the least it grants", () => {
    const bench = new Bench({ limits: { ttlMin: 100, ttlOfInfinite: 0 } });
    const ttl = (proposed: number): number | undefined => {
      const owned = { id: 1, name: ALICE, entry: entry("10.77.0.1"), ttl: proposed };
      return bench.send(registrationRequest(owned), "10.77.0.1")[0]?.packet.answers[0]?.ttl;
    };
    assert.deepEqual([ttl(1), ttl(5000), ttl(0)], [100, 5000, 0]);
  });

  it("takes nmbd's multi-homed registration, and several addresses of one owner", () => {
    const bench = new Bench();
    const owned = (address: string) => ({ id: 1, name: ALICE, entry: entry(address), ttl: 600 });
    bench.send(multihomedRegistrationRequest(owned("10.77.0.1")), "10.77.0.1");
    const sent = bench.send(multihomedRegistrationRequest(owned("10.88.0.1")), "10.77.0.1");
    assert.match(summary(sent), /WAIT FOR ACKNOWLEDGEMENT.*; 10.77.0.1 NAME QUERY REQUEST/);
    const id = sent[1]?.packet.id ?? 0;
    const both = [entry("10.77.0.1"), entry("10.88.0.1")];
    const answer = bench.send(positiveQueryResponse(id, ALICE, both, 0), "10.77.0.1");
    assert.equal(summary(answer), "10.77.0.1 POSITIVE NAME REGISTRATION RESPONSE");
    assert.deepEqual(bench.query(ALICE), ["10.77.0.1", "10.88.0.1"]);
  });

  it("keeps the members of a group, and refuses its name to a single owner at once", () => {
    const bench = new Bench();
    for (const address of ["10.77.0.1", "10.77.0.2"]) bench.register(LAB, address, true);
    assert.deepEqual(bench.query(LAB), ["10.77.0.1", "10.77.0.2"]);
    assert.match(bench.register(LAB, "10.77.0.3"), /NEGATIVE NAME REGISTRATION RESPONSE 6/);
    const owned = { id: 3, name: LAB, entry: entry("10.77.0.1", true) };
    bench.send(releaseRequest(owned), "10.77.0.1");
    assert.deepEqual(bench.query(LAB), ["10.77.0.2"]);
  });

  it("answers for groups as Windows does, if it is to", () => {
    const bench = new Bench({ groups: "windows" });
    const controllers = netbiosName("LAB", 0x1c);
    const master = netbiosName("LAB", 0x1d);
    for (const name of [LAB, controllers, master])
      bench.register(name, "10.77.0.1", name !== master);
    assert.deepEqual(bench.query(LAB), ["255.255.255.255"]);
    assert.deepEqual(bench.query(controllers), ["10.77.0.1"]);
    assert.equal(bench.query(master), "NEGATIVE NAME QUERY RESPONSE");
    bench.send(releaseRequest({ id: 3, name: LAB, entry: entry("10.77.0.1", true) }), "10.77.0.1");
    assert.deepEqual(bench.query(LAB), ["255.255.255.255"]);
  });

  it("secured: says wait, asks the owner three times, and replaces it if it is silent", () => {
    const bench = new Bench();
    bench.register(ALICE, "10.77.0.1");
    const sent = bench.register(ALICE, "10.77.0.2");
    assert.equal(sent, "10.77.0.2 WAIT FOR ACKNOWLEDGEMENT RESPONSE; 10.77.0.1 NAME QUERY REQUEST");
    assert.equal(bench.register(ALICE, "10.77.0.2"), "", "a repetition is ignored");
    assert.match(bench.register(ALICE, "10.77.0.3"), /NEGATIVE.*6/, "another has to wait");
    assert.match(bench.tick(5000), /NAME QUERY REQUEST/);
    assert.match(bench.tick(10_000), /NAME QUERY REQUEST/);
    assert.equal(bench.tick(15_000), "10.77.0.2 POSITIVE NAME REGISTRATION RESPONSE");
    assert.deepEqual(bench.query(ALICE), ["10.77.0.2"]);
  });

  it("secured: a name that its owner defends stays, whatever others answer for it", () => {
    const bench = new Bench();
    bench.register(ALICE, "10.77.0.1");
    bench.register(ALICE, "10.77.0.2");
    const defence = positiveQueryResponse(7, ALICE, [entry("10.77.0.1")], 0);
    assert.equal(summary(bench.send(defence, "10.77.0.66")), "");
    assert.match(summary(bench.send(defence, "10.77.0.1")), /^10.77.0.2 NEGATIVE.*6$/);
    assert.deepEqual(bench.query(ALICE), ["10.77.0.1"]);
  });

  it("secured: does not answer its own query, and no overwrite of another's name", () => {
    const bench = new Bench();
    bench.register(ALICE, "10.77.0.1");
    const owned = { id: 1, name: ALICE, entry: entry("10.77.0.2"), ttl: 600 };
    assert.match(summary(bench.send(overwriteRequest(owned), "10.77.0.2")), /NEGATIVE.*4$/);
    bench.register(ALICE, "10.77.0.2");
    assert.deepEqual(bench.send(queryRequest(7, ALICE), "10.77.0.9"), []);
  });

  it("non-secured: names the presumed owner, and obeys an overwrite", () => {
    const bench = new Bench({ secured: false });
    bench.register(ALICE, "10.77.0.1");
    assert.match(bench.register(ALICE, "10.77.0.2"), /END-NODE CHALLENGE/);
    const owned = { id: 1, name: ALICE, entry: entry("10.77.0.2"), ttl: 600 };
    assert.match(summary(bench.send(overwriteRequest(owned), "10.77.0.2")), /POSITIVE/);
    assert.deepEqual(bench.query(ALICE), ["10.77.0.2"]);
  });

  it("checks another's word that an owner is gone", () => {
    const bench = new Bench();
    bench.register(ALICE, "10.77.0.1");
    const word = releaseRequest({ id: 4, name: ALICE, entry: entry("10.77.0.1") });
    assert.match(summary(bench.send(word, "10.77.0.66")), /WAIT.*NAME QUERY/);
    const defence = positiveQueryResponse(7, ALICE, [entry("10.77.0.1")], 0);
    assert.equal(
      summary(bench.send(defence, "10.77.0.1")),
      "10.77.0.66 NEGATIVE NAME RELEASE RESPONSE 6",
    );
    const foreign = releaseRequest({ id: 5, name: ALICE, entry: entry("10.77.0.2") });
    assert.match(summary(bench.send(foreign, "10.77.0.2")), /NEGATIVE.*6/);
    assert.deepEqual(bench.query(ALICE), ["10.77.0.1"]);
  });

  it("refuses a refresh of another's name, and registers a refreshed name that it lost", () => {
    const secured = new Bench();
    secured.register(ALICE, "10.77.0.1");
    const other = { id: 3, name: ALICE, entry: entry("10.77.0.2"), ttl: 600 };
    assert.match(summary(secured.send(refreshRequest(other), "10.77.0.2")), /WAIT.*NAME QUERY/);
    const bench = new Bench({ secured: false });
    bench.register(ALICE, "10.77.0.1");
    const owned = (name: NetbiosName) => ({ id: 3, name, entry: entry("10.77.0.2"), ttl: 600 });
    assert.match(summary(bench.send(refreshRequest(owned(ALICE)), "10.77.0.2")), /NEGATIVE.*6/);
    const bob = netbiosName("BOB");
    assert.match(summary(bench.send(refreshRequest(owned(bob)), "10.77.0.2")), /POSITIVE/);
    assert.deepEqual(bench.query(bob), ["10.77.0.2"]);
  });

  it("ignores broadcasts and node status requests", () => {
    const bench = new Bench();
    bench.register(ALICE, "10.77.0.1");
    assert.deepEqual(bench.send(queryRequest(2, ALICE, true), "10.77.0.2"), []);
  });

  it("cuts a long list of members, and marks it", () => {
    const bench = new Bench();
    for (let i = 1; i <= 100; i++) bench.register(LAB, `10.77.1.${i}`, true);
    const [sent] = bench.send(queryRequest(2, LAB), "10.77.0.2");
    assert.equal(sent?.packet.truncated, true);
    bench.server.receive(encodeNamePacket(queryRequest(2, LAB)), at("10.77.0.2"), 0, "tcp");
    const [whole] = bench.out();
    assert.ok(whole?.packet.answers[0]?.type === "NB");
    assert.equal(whole.packet.answers[0].entries.length, 100);
  });

  it("keeps its limits in a flood: names, names of an address, members, challenges", () => {
    const limits = { namesMax: 5, namesPerAddressMax: 3, membersMax: 2, challengesMax: 1 };
    const bench = new Bench({ limits });
    const granted = (name: string, address: string): boolean =>
      bench.register(netbiosName(name), address).includes("POSITIVE");
    assert.deepEqual(
      ["A", "B", "C", "D"].map((name) => granted(name, "10.77.0.1")),
      [true, true, true, false],
    );
    for (const i of [2, 3, 4]) bench.register(LAB, `10.77.0.${i}`, true);
    assert.deepEqual(bench.query(LAB), ["10.77.0.3", "10.77.0.4"]);
    assert.deepEqual([granted("E", "10.77.0.5"), granted("F", "10.77.0.5")], [true, false]);
    assert.match(bench.register(netbiosName("A"), "10.77.0.7"), /WAIT/);
    assert.match(bench.register(netbiosName("B"), "10.77.0.7"), /NEGATIVE.*2$/);
    assert.match(bench.register(netbiosName("*X"), "10.77.0.7"), /NEGATIVE.*5$/);
  });

  for (const secured of [true, false]) {
    it(`grants no name of the dead that it cannot keep, ${secured ? "" : "non-"}secured`, () => {
      const bench = new Bench({ secured, limits: { namesPerAddressMax: 1 } });
      bench.register(ALICE, "10.77.0.1");
      bench.register(LAB, "10.77.0.2");
      const overwrite = overwriteRequest({ id: 1, name: ALICE, entry: entry("10.77.0.2"), ttl: 9 });
      if (secured) {
        bench.register(ALICE, "10.77.0.2");
        for (const now of [5000, 10_000]) bench.tick(now);
        assert.equal(bench.tick(15_000), "10.77.0.2 NEGATIVE NAME REGISTRATION RESPONSE 5");
      } else {
        const answer = summary(bench.send(overwrite, "10.77.0.2"));
        assert.equal(answer, "10.77.0.2 NEGATIVE NAME REGISTRATION RESPONSE 5");
      }
      assert.deepEqual(bench.query(ALICE), ["10.77.0.1"]);
    });
  }

  it("reads the plain query as the codec does, or not at all", () => {
    const queries = fc.oneof(
      nearly(fc.tuple(fc.nat(0xffff), fc.constantFrom(ALICE, LAB)), ([id, name]) =>
        encodeNamePacket(queryRequest(id, name)),
      ),
      fc.uint8Array({ minLength: 50, maxLength: 50 }),
    );
    fc.assert(
      fc.property(queries, (octets) => {
        const key = readPlainQuery(octets);
        if (key === undefined) return;
        const packet = decodeNamePacket(octets);
        assert.equal(packet.questions[0]?.name.label, key);
        assert.equal(kindOf(packet), "NAME QUERY REQUEST");
      }),
      { numRuns: 1000 },
    );
    const server = new Bench().server;
    assert.equal(server.answer(encodeNamePacket(queryRequest(1, ALICE)), 0), undefined);
    assert.equal(server.answer(new Uint8Array(3), 0), undefined);
    assert.equal(readPlainQuery(encodeNamePacket(queryRequest(1, ALICE))), ALICE.label);
  });

  it("gives the plain answer in the octets of the codec", () => {
    const bench = new Bench();
    bench.register(ALICE, "10.77.0.201");
    const octets = bench.server.answer(encodeNamePacket(queryRequest(9, ALICE)), 0);
    assert.ok(octets);
    const [sent] = bench.send(queryRequest(9, ALICE), "10.77.0.2");
    assert.deepEqual(decodeNamePacket(octets, { strict: true }), sent?.packet);
    assert.deepEqual(sent?.packet, positiveQueryResponse(9, ALICE, [entry("10.77.0.201")], 600));
  });

  it("survives any packets, and every name that it keeps has an owner", () => {
    const packets = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      nearly(namePackets, encodeNamePacket),
    );
    fc.assert(
      fc.property(fc.array(packets, { maxLength: 20 }), fc.boolean(), (all, secured) => {
        const bench = new Bench({ secured });
        for (const octets of all) bench.server.receive(octets, at("10.77.0.66"), 0);
        for (const [, { members }] of bench.database.all()) assert.ok(members.length > 0);
        bench.tick(1e9);
        assert.ok(bench.out().length <= all.length * 4);
      }),
      { numRuns: 200 },
    );
  });
});
