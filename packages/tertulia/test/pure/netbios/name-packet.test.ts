import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeNamePacket, encodeNamePacket } from "../../../src/pure/netbios/name-packet.ts";
import { hex } from "../../../src/pure/octets.ts";
import { fixturePath, readCapture } from "../../netbios/captures.ts";
import { namePackets, nearly, octets } from "./arbitraries.ts";

const FRED = "20 4547464345464545434143414341434143414341434143414341434143414341 00";
const QUERY = `0001 0110 0001 0000 0000 0000 ${FRED} 0020 0001`;
const ANSWER = `0001 8500 0000 0001 0000 0000 ${FRED}`;

describe("name service packet", () => {
  for (const capture of ["lookup.pcap", "wins.pcap", "wack.pcap"]) {
    it(`gives the octets of ${capture} again`, () => {
      const packets = readCapture(fixturePath(capture)).filter(
        ({ protocol, sourcePort, destinationPort }) =>
          protocol === "udp" && (sourcePort === 137 || destinationPort === 137),
      );
      assert.ok(packets.length >= 8);
      for (const { payload, frame } of packets) {
        const again = encodeNamePacket(decodeNamePacket(payload, { strict: true }));
        assert.equal(hex(again), hex(payload), `frame ${frame}`);
      }
    });
  }

  it("decodes what it encodes", () => {
    fc.assert(
      fc.property(namePackets, (packet) => {
        fc.pre(packet.answers.length > 0 || packet.rcode === 0);
        assert.deepEqual(decodeNamePacket(encodeNamePacket(packet)), packet);
      }),
      { numRuns: 300 },
    );
  });

  it("takes a negative query response as drawn: ANCOUNT 0, and a NULL record", () => {
    const wire = octets(`0001 8583 0000 0000 0000 0000 ${FRED} 000a 0001 00000000 0000`);
    const packet = decodeNamePacket(wire, { strict: true });
    assert.equal(packet.answers[0]?.type, "NULL");
    assert.deepEqual(encodeNamePacket(packet), wire);
  });

  it("takes a WACK as drawn, with the type of NB", () => {
    const wire = octets(`0001 bc00 0000 0001 0000 0000 ${FRED} 0020 0001 0000003c 0002 2910`);
    const packet = decodeNamePacket(wire);
    assert.equal(packet.answers[0]?.type, "NULL");
    assert.deepEqual(encodeNamePacket(packet), wire);
  });

  it("takes a redirect, whose address record points into the server record", () => {
    const ns = "c00c 0002 0001 00000000 000a 03 4e5331 04 54455354 00";
    const at = 12 + 38 + 12;
    const wire = octets(
      `0001 8100 0001 0000 0001 0001 ${FRED} 0020 0001 ${ns} c0${at.toString(16)} 0001 0001 00000000 0004 0a4d0004`,
    );
    const packet = decodeNamePacket(wire, { strict: true });
    assert.deepEqual(packet.additional, [
      { type: "A", name: "NS1.TEST", ttl: 0, address: "10.77.0.4" },
    ]);
    assert.deepEqual(encodeNamePacket(packet), wire);
  });

  for (const [violation, wire, strict] of [
    ["truncated", "0001", false],
    ["questionCount", `0001 0110 0002 0000 0000 0000 ${FRED} 0020 0001`, false],
    ["questionType", `0001 0110 0001 0000 0000 0000 ${FRED} 0001 0001`, false],
    ["recordClass", `0001 0110 0001 0000 0000 0000 ${FRED} 0020 0002`, false],
    ["truncated", `0001 0110 0001 0000 0000 0000 ${FRED} 0020`, false],
    ["recordLength", `${ANSWER} 0020 0001 00000000 0005 0000000000`, false],
    ["recordLength", `${ANSWER} 0001 0001 00000000 0005 0000000000`, false],
    ["recordLength", `${ANSWER} 0002 0001 00000000 0002 0000`, false],
    ["truncated", `${ANSWER} 0020 0001 00000000 0007 000000000000`, false],
    ["truncated", `0001 8500 0000 0001 0000 0000 20 41`, false],
    ["recordType", `${ANSWER} 0010 0001 00000000 0000`, false],
    ["reservedFlags", QUERY.replace("0110", "0170"), true],
    ["unknownOpcode", QUERY.replace("0110", "0910"), true],
    ["trailingOctets", `${QUERY} 00`, true],
    ["statisticsLength", `${ANSWER} 0021 0001 00000000 0001 00`, true],
  ] as const) {
    it(`rejects ${violation}${strict ? " if strict" : ""}: ${wire.slice(-24)}`, () => {
      assert.throws(() => decodeNamePacket(octets(wire), { strict }), { violation });
      if (strict) assert.doesNotThrow(() => decodeNamePacket(octets(wire)));
    });
  }

  it("gives a packet or a ProtocolError for any octets", () => {
    const any = fc.oneof(fc.uint8Array({ maxLength: 100 }), nearly(namePackets, encodeNamePacket));
    fc.assert(
      fc.property(any, fc.boolean(), (wire, strict) => {
        try {
          encodeNamePacket(decodeNamePacket(wire, { strict }));
        } catch (error) {
          assert.equal((error as { code?: string }).code, "ERR_PROTOCOL");
        }
      }),
      { numRuns: 2000 },
    );
  });
});
