import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type DataPacket,
  decodeDatagram,
  decodeDatagramBody,
  encodeDatagram,
  encodeDatagramBody,
  reasonOfDatagramError,
  sourceTypeOf,
} from "../../../src/pure/netbios/datagram.ts";
import { fragment, Reassembler } from "../../../src/pure/netbios/fragments.ts";
import { netbiosName } from "../../../src/pure/netbios/name.ts";
import { datagrams, names, nearly, octets } from "./arbitraries.ts";

const BODY = encodeDatagramBody({
  source: netbiosName("ALICE", 0, "a".repeat(60)),
  destination: netbiosName("BOB", 0, "b".repeat(60)),
  userData: new Uint8Array(512).map((_, i) => i),
});

const whole = (id: number, sourceAddress = "10.77.0.1"): DataPacket => ({
  type: "directUnique",
  more: false,
  first: true,
  sourceType: "B",
  id,
  sourceAddress,
  sourcePort: 138,
  length: BODY.length,
  offset: 0,
  body: BODY,
});

describe("datagram service packet", () => {
  it("is the octets of RFC 1002 4.4.2", () => {
    const userData = octets("68 69");
    const body = encodeDatagramBody({
      source: netbiosName("A"),
      destination: netbiosName("B"),
      userData,
    });
    const wire = encodeDatagram({
      ...whole(0x4242),
      type: "directGroup",
      length: body.length,
      body,
    });
    assert.deepEqual(wire.subarray(0, 14), octets("11 02 4242 0a4d0001 008a 0046 0000"));
    assert.equal(wire.length, 14 + 34 + 34 + 2);
  });

  it("decodes what it encodes", () => {
    fc.assert(
      fc.property(datagrams, (packet) => {
        assert.deepEqual(decodeDatagram(encodeDatagram(packet)), packet);
      }),
    );
  });

  it("keeps names and user data", () => {
    fc.assert(
      fc.property(
        names,
        names,
        fc.uint8Array({ maxLength: 512 }),
        (source, destination, userData) => {
          const body = { source, destination, userData };
          assert.deepEqual(decodeDatagramBody(encodeDatagramBody(body)), body);
        },
      ),
    );
  });

  for (const [violation, wire, strict] of [
    ["unknownDatagramType", "17 02 0001 0a4d0001 008a", false],
    ["truncated", "10 02 0001 0a4d0001", false],
    ["truncated", "10 02 0001 0a4d0001 008a 0005 0000 01", false],
    ["datagramLength", "10 02 0001 0a4d0001 008a ffff 0000 01", false],
    ["datagramOffset", "10 00 0001 0a4d0001 008a 0005 0005 01", false],
    ["datagramFirst", "10 02 0001 0a4d0001 008a 0002 0001 01", false],
    ["pointerForbidden", "14 02 0001 0a4d0001 008a c000", false],
    ["reservedFlags", "13 12 0001 0a4d0001 008a 82", true],
    ["trailingOctets", "13 02 0001 0a4d0001 008a 82 00", true],
  ] as const) {
    it(`rejects ${violation}: ${wire}`, () =>
      assert.throws(() => decodeDatagram(octets(wire), { strict }), { violation }));
  }

  it("tells which name is bad, for the DATAGRAM ERROR to say", () => {
    const name = `20${"41".repeat(32)}00`;
    assert.throws(() => decodeDatagramBody(octets("05")), { violation: "sourceName" });
    assert.throws(() => decodeDatagramBody(octets(`${name} 05`)), { violation: "destinationName" });
    assert.equal(reasonOfDatagramError(0x84), "invalidDestinationName");
    assert.equal(reasonOfDatagramError(1), undefined);
    assert.deepEqual([sourceTypeOf("H"), sourceTypeOf("P")], ["M", "P"]);
  });

  it("gives a packet or a ProtocolError for any octets", () => {
    const any = fc.oneof(fc.uint8Array({ maxLength: 60 }), nearly(datagrams, encodeDatagram));
    fc.assert(
      fc.property(any, fc.boolean(), (wire, strict) => {
        try {
          const packet = decodeDatagram(wire, { strict });
          if ("body" in packet) decodeDatagramBody(packet.body);
        } catch (error) {
          assert.equal((error as { code?: string }).code, "ERR_PROTOCOL");
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("datagram fragments", () => {
  it("are two packets of at most 548 octets for 512 octets with long scopes", () => {
    const packets = fragment(whole(1));
    const shape = packets.map(({ first, more, offset, body }) => [
      first,
      more,
      offset,
      body.length,
    ]);
    assert.deepEqual(shape, [
      [true, true, 0, 534],
      [false, false, 534, BODY.length - 534],
    ]);
    for (const packet of packets) assert.ok(encodeDatagram(packet).length <= 548);
  });

  it("become the datagram again, through the wire and mixed with another's", () => {
    const reassembler = new Reassembler();
    const [a, b] = [whole(1), whole(1, "10.77.0.2")].map((all) => fragment(all, 200));
    assert.ok(a && b);
    const mixed = a.flatMap((packet, i) => [packet, b[i] as DataPacket]);
    const done: DataPacket[] = [];
    for (const packet of mixed) {
      const wire = decodeDatagram(encodeDatagram(packet), { strict: true });
      assert.ok("body" in wire);
      const all = reassembler.take(wire, 0);
      if (all) done.push(all);
    }
    assert.deepEqual(done, [whole(1), whole(1, "10.77.0.2")]);
    assert.equal(reassembler.size, 0);
  });

  it("are forgotten after FRAGMENT_TO", () => {
    const reassembler = new Reassembler();
    const [first, second] = fragment(whole(1));
    assert.ok(first && second);
    reassembler.take(first, 0);
    assert.equal(reassembler.deadline, 2000);
    assert.equal(reassembler.take(second, 2000), undefined);
    assert.equal(reassembler.deadline, undefined);
  });

  it("are discarded out of order, or if they do not belong together", () => {
    const reassembler = new Reassembler();
    const [first, second, third] = fragment(whole(1), 250);
    assert.ok(first && second && third);
    reassembler.take(first, 0);
    assert.equal(reassembler.take(third, 0), undefined);
    assert.equal(reassembler.take(second, 0), undefined);
    assert.equal(reassembler.size, 0);
  });

  it("of a flood push out the oldest", () => {
    const reassembler = new Reassembler({ incompleteMax: 3 });
    for (let id = 0; id < 10; id++) reassembler.take(fragment(whole(id))[0] as DataPacket, 0);
    assert.equal(reassembler.size, 3);
    assert.equal(reassembler.take(fragment(whole(0))[1] as DataPacket, 0), undefined);
    assert.ok(reassembler.take(fragment(whole(9))[1] as DataPacket, 0));
  });
});
