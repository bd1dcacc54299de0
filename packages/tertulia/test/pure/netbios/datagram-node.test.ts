import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Endpoint } from "../../../src/pure/netbios/address.ts";
import { encodeDatagram } from "../../../src/pure/netbios/datagram.ts";
import { type DatagramEvent, DatagramNode } from "../../../src/pure/netbios/datagram-node.ts";
import { Distributor, type DistributorEvent } from "../../../src/pure/netbios/distributor.ts";
import { formatName, type NetbiosName, netbiosName } from "../../../src/pure/netbios/name.ts";
import { datagrams, nearly } from "./arbitraries.ts";

const [ALICE, BOB, LAB] = [netbiosName("ALICE"), netbiosName("BOB"), netbiosName("LAB", 0x1e)];
const at = (address: string): Endpoint => ({ address, port: 138 });
const text = new TextEncoder();

interface Sent {
  readonly octets: Uint8Array;
  readonly to: Endpoint;
}

/** A node with names, and what it was told. */
class Station {
  readonly node: DatagramNode;
  readonly told: string[] = [];
  readonly address: string;

  constructor(address: string, names: readonly NetbiosName[], groups: readonly NetbiosName[] = []) {
    const has = (all: readonly NetbiosName[], name: NetbiosName): boolean =>
      all.some((one) => formatName(one) === formatName(name));
    this.address = address;
    this.node = new DatagramNode({
      nodeType: "P",
      address,
      random: () => 0xffff,
      own: (name) => (has(names, name) ? "unique" : has(groups, name) ? "group" : undefined),
    });
  }

  out(): Sent[] {
    const sent: Sent[] = [];
    for (let output = this.node.poll(); output; output = this.node.poll()) {
      if (output.type === "send") sent.push(output);
      else this.told.push(story(output.event));
    }
    return sent;
  }

  take(sent: readonly Sent[], from: string, now = 0): Sent[] {
    for (const { octets } of sent) this.node.receive(octets, at(from), now);
    return this.out();
  }
}

const story = (event: DatagramEvent | DistributorEvent): string => {
  switch (event.type) {
    case "datagram":
      return `${event.kind} ${formatName(event.source)} > ${formatName(event.destination)}: ${Buffer.from(event.userData).toString()}`;
    case "refused":
      return `refused ${event.error.reason}`;
    case "distributable":
      return `distributable ${event.isPositive}`;
    case "distributed":
      return `distributed to ${event.count}`;
    case "notDistributed":
      return `notDistributed ${event.reason}`;
    case "malformed":
      return `malformed ${(event.error as { violation?: string }).violation}`;
  }
};

const hello = { source: BOB, destination: ALICE, userData: text.encode("hello") };

describe("datagram service (RFC 1002 5.3)", () => {
  it("delivers to a name, to a group, to all", () => {
    const bob = new Station("10.77.0.2", [BOB]);
    const alice = new Station("10.77.0.1", [ALICE], [LAB]);
    const all = { ...hello, destination: netbiosName("*") };
    bob.node.send("directUnique", hello, [at("10.77.0.1")]);
    bob.node.send("directGroup", { ...hello, destination: LAB }, [at("10.77.0.1")]);
    bob.node.send("broadcast", all, [at("10.77.0.1")]);
    alice.take(bob.out(), "10.77.0.2");
    assert.deepEqual(alice.told, [
      "directUnique BOB<00> > ALICE<00>: hello",
      "directGroup BOB<00> > LAB<1e>: hello",
      "broadcast BOB<00> > *<00>: hello",
    ]);
  });

  it("answers an unknown unique name with an error, an unknown group with silence", () => {
    const bob = new Station("10.77.0.2", [BOB]);
    const alice = new Station("10.77.0.1", []);
    bob.node.send("directUnique", hello, [at("10.77.0.1")]);
    bob.node.send("directGroup", { ...hello, destination: LAB }, [at("10.77.0.1")]);
    bob.node.send("broadcast", { ...hello, destination: LAB }, [at("10.77.0.1")]);
    bob.take(alice.take(bob.out(), "10.77.0.2"), "10.77.0.1");
    assert.deepEqual([alice.told, bob.told], [[], ["refused destinationNameNotPresent"]]);
  });

  it("sends no error to a third party that a packet says it comes from", () => {
    const bob = new Station("10.77.0.2", [BOB]);
    bob.node.send("directUnique", hello, [at("10.77.0.1")]);
    assert.deepEqual(new Station("10.77.0.1", []).take(bob.out(), "10.77.0.66"), []);
  });

  it("says which name of a datagram is bad, but only to a datagram for one node", () => {
    const packet = (type: "directUnique" | "directGroup", body: number[]) => ({
      to: at("10.77.0.1"),
      octets: encodeDatagram({
        type,
        more: false,
        first: true,
        sourceType: "B",
        id: 0,
        sourceAddress: "10.77.0.2",
        sourcePort: 138,
        length: body.length,
        offset: 0,
        body: Uint8Array.from(body),
      }),
    });
    const alice = new Station("10.77.0.1", [ALICE]);
    const name = [32, ...Array(32).fill(0x41), 0];
    const codes = alice
      .take([packet("directUnique", [5]), packet("directUnique", [...name, 5])], "10.77.0.2")
      .map(({ octets }) => octets.at(-1));
    assert.deepEqual(codes, [0x83, 0x84]);
    assert.deepEqual(alice.take([packet("directGroup", [5])], "10.77.0.2"), []);
  });

  it("carries 512 octets with long scopes in fragments, and refuses 513", () => {
    const [from, to] = [
      netbiosName("BOB", 0, "s".repeat(60)),
      netbiosName("ALICE", 0, "s".repeat(60)),
    ];
    const bob = new Station("10.77.0.2", [from]);
    const alice = new Station("10.77.0.1", [to]);
    const long = { source: from, destination: to, userData: new Uint8Array(512).fill(0x61) };
    bob.node.send("directUnique", long, [at("10.77.0.1")]);
    const sent = bob.out();
    assert.equal(sent.length, 2);
    alice.take(sent, "10.77.0.2");
    assert.match(alice.told[0] ?? "", /a{512}$/);
    assert.equal(alice.node.deadline, undefined);
    const longer = { ...long, userData: new Uint8Array(513) };
    assert.throws(() => bob.node.send("directUnique", longer, []), { code: "ERR_LIMIT" });
  });

  it("survives any packets, and answers each at most once", () => {
    const any = fc.oneof(fc.uint8Array({ maxLength: 60 }), nearly(datagrams, encodeDatagram));
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (all) => {
        const alice = new Station("10.77.0.1", [ALICE]);
        const sent = all.map((octets) => ({ octets, to: at("10.77.0.1") }));
        assert.ok(alice.take(sent, "10.77.0.66").length <= all.length);
        alice.node.tick(1e9);
        assert.equal(alice.node.deadline, undefined);
      }),
      { numRuns: 300 },
    );
  });
});

describe("NBDD (RFC 1002 5.3.4)", () => {
  const owners = (name: NetbiosName): string[] | undefined => {
    if (formatName(name) === "LAB<1e>") return ["10.77.0.1", "10.77.0.2", "10.77.0.3"];
    return formatName(name) === "BOB<00>" ? ["10.77.0.2"] : undefined;
  };

  /** What a distributor sends on for what it gets, as `to` addresses, and what it tells. */
  function distributed(sent: readonly Sent[], from: string, options = {}): [Sent[], string[]] {
    const distributor = new Distributor({ address: "10.77.0.9", owners, ...options });
    for (const { octets } of sent) distributor.receive(octets, at(from), 0);
    const [out, told]: [Sent[], string[]] = [[], []];
    for (let output = distributor.poll(); output; output = distributor.poll()) {
      if (output.type === "send") out.push(output);
      else told.push(story(output.event));
    }
    distributor.tick(2000);
    assert.equal(distributor.deadline, undefined);
    return [out, told];
  }

  it("says whether it distributes to a name", () => {
    const bob = new Station("10.77.0.2", [BOB]);
    bob.node.queryDistribution(LAB, at("10.77.0.9"));
    bob.node.queryDistribution(ALICE, at("10.77.0.9"));
    const [answers] = distributed(bob.out(), "10.77.0.2");
    bob.take(answers, "10.77.0.9");
    assert.deepEqual(bob.told, ["distributable true", "distributable false"]);
  });

  it("sends a datagram on to every member but its sender, fragments too, unchanged", () => {
    for (const size of [5, 512]) {
      const bob = new Station("10.77.0.2", [BOB]);
      const destination = { ...LAB };
      bob.node.send("directGroup", { ...hello, destination, userData: new Uint8Array(size) }, [
        at("10.77.0.9"),
      ]);
      const sent = bob.out();
      const [out, told] = distributed(sent, "10.77.0.2");
      assert.deepEqual(told, ["distributed to 2"]);
      const toFirst = out.filter(({ to }) => to.address === "10.77.0.1");
      assert.deepEqual(
        toFirst.map(({ octets }) => octets),
        sent.map(({ octets }) => octets),
      );
      assert.equal(out.length, 2 * sent.length);
    }
  });

  it("is no amplifier for strangers, and no loop", () => {
    const bob = new Station("10.77.0.2", [BOB]);
    bob.node.send("directGroup", { ...hello, source: ALICE, destination: LAB }, [at("10.77.0.9")]);
    assert.deepEqual(distributed(bob.out(), "10.77.0.2"), [[], ["notDistributed notOwner"]]);
    bob.node.send("directGroup", { ...hello, destination: LAB }, [at("10.77.0.9")]);
    assert.deepEqual(distributed(bob.out(), "10.77.0.66"), [[], []]);
    bob.node.send("directGroup", { ...hello, destination: ALICE }, [at("10.77.0.9")]);
    assert.deepEqual(distributed(bob.out(), "10.77.0.2"), [[], ["notDistributed unknown"]]);
  });

  it("survives any packets, and remembers only so many", () => {
    const any = fc.oneof(fc.uint8Array({ maxLength: 60 }), nearly(datagrams, encodeDatagram));
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (all) => {
        const sent = all.map((octets) => ({ octets, to: at("10.77.0.9") }));
        const [out] = distributed(sent, "10.77.0.66", { underwayMax: 1, ownersOnly: false });
        assert.ok(out.length <= 3 * all.length);
      }),
      { numRuns: 300 },
    );
  });
});
