import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatName } from "../../../src/pure/netbios/name.ts";
import { SessionFramer } from "../../../src/pure/netbios/session-framer.ts";
import {
  describeType,
  encodeSessionPacket,
  reasonOfErrorCode,
  type SessionPacket,
} from "../../../src/pure/netbios/session-packet.ts";
import { concatOctets, hex } from "../../../src/pure/octets.ts";
import { fixturePath, readCapture } from "../../netbios/captures.ts";
import { nearly, octets, sessionPackets } from "./arbitraries.ts";

const taken = (chunks: readonly Uint8Array[], strict = false): SessionPacket[] => {
  const framer = new SessionFramer({ strict });
  return chunks.flatMap((chunk) => [...framer.take(chunk)]);
};

describe("session service packet", () => {
  it("gives the octets of smbclient's call of smbd again", () => {
    const stream = (fromPort: number) =>
      concatOctets(
        readCapture(fixturePath("lookup.pcap"))
          .filter((p) => p.protocol === "tcp" && (p.sourcePort === 139) === (fromPort === 139))
          .map(({ payload }) => payload),
      );
    for (const port of [139, 0]) {
      const packets = taken([stream(port)], true);
      assert.equal(hex(concatOctets(packets.map(encodeSessionPacket))), hex(stream(port)));
    }
    const [request] = taken([stream(0)]);
    assert.ok(request?.type === "request");
    assert.equal(
      `${formatName(request.calling)} calls ${formatName(request.called)}`,
      "CLI<00> calls PEERA<20>",
    );
  });

  it("decodes what it encodes, however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(sessionPackets, { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (packets, cuts) => {
          const stream = concatOctets(packets.map(encodeSessionPacket));
          const at = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort(
            (a, b) => a - b,
          );
          const chunks = [0, ...at].map((from, i) => stream.subarray(from, at[i]));
          assert.deepEqual(taken(chunks), packets);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("carries 131071 octets: the seventeenth bit of the length is in FLAGS", () => {
    const userData = new Uint8Array(0x1ffff).fill(7);
    const wire = encodeSessionPacket({ type: "message", userData });
    assert.equal(hex(wire.subarray(0, 4)), "0001ffff");
    assert.deepEqual(taken([wire.subarray(0, 70000), wire.subarray(70000)]), [
      { type: "message", userData },
    ]);
  });

  it("says whether the stream ends within a packet", () => {
    const framer = new SessionFramer();
    assert.equal(framer.isWithinPacket, false);
    assert.deepEqual([...framer.take(octets("00 00 00 02 41"))], []);
    assert.equal(framer.isWithinPacket, true);
  });

  for (const [violation, wire, strict] of [
    ["unknownSessionType", "4f5054494f4e53", false],
    ["unknownSessionType", "16", false],
    ["unknownSessionType", "86000000", false],
    ["sessionLength", "82000001 00", false],
    ["sessionLength", "810001ff", false],
    ["truncated", "83000000", false],
    ["truncated", "84000002 0a4d", false],
    ["pointerForbidden", "81000002 c000", false],
    ["reservedFlags", "85020000", true],
    ["trailingOctets", `81000046 ${`20${"41".repeat(32)}00`.repeat(2)} 0000`, true],
  ] as const) {
    it(`rejects ${violation}${strict ? " if strict" : ""}: ${wire.slice(0, 20)}`, () => {
      assert.throws(() => taken([octets(wire)], strict), { violation });
      if (strict) assert.doesNotThrow(() => taken([octets(wire)]));
    });
  }

  it("recognizes a stranger by the first octet", () => {
    assert.match(describeType(0x4f), /HTTP/);
    assert.match(describeType(0x16), /TLS/);
    assert.equal(describeType(0x99), "0x99");
  });

  it("names the error codes of 4.3.4", () => {
    assert.equal(reasonOfErrorCode(0x82), "calledNameNotPresent");
    assert.equal(reasonOfErrorCode(0x42), "unspecified");
  });

  it("gives packets or a ProtocolError for any octets", () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      nearly(sessionPackets, encodeSessionPacket),
    );
    fc.assert(
      fc.property(fc.array(any, { maxLength: 3 }), fc.boolean(), (chunks, strict) => {
        try {
          taken(chunks, strict);
        } catch (error) {
          assert.equal((error as { code?: string }).code, "ERR_PROTOCOL");
        }
      }),
      { numRuns: 2000 },
    );
  });
});
