import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isCapture, readCapture } from "../../src/osi/capture.ts";
import { decodeStreams } from "../../src/osi/decode.ts";
import { SessionError } from "../../src/pure/errors.ts";
import { fixture } from "../fixtures.ts";
import { captureNames } from "../pure/iso8327/captures.ts";

/** A pcap file of raw IPv4 with these TCP segments from one port to another. */
function pcap(
  segments: readonly { readonly sequence: number; readonly text: string }[],
): Uint8Array {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt32LE(101, 20);
  const packets = segments.map(({ sequence, text }, i) => {
    const packet = Buffer.alloc(16 + 40 + text.length);
    packet.writeUInt32LE(i, 0);
    packet.writeUInt32LE(40 + text.length, 8);
    packet.writeUInt8(0x45, 16);
    packet.writeUInt16BE(40 + text.length, 18);
    packet.writeUInt8(6, 25);
    packet.set([10, 0, 0, 1, 10, 0, 0, 2], 28);
    packet.writeUInt16BE(5000, 36);
    packet.writeUInt16BE(102, 38);
    packet.writeUInt32BE(sequence >>> 0, 40);
    packet.writeUInt8(0x50, 48);
    packet.write(text, 56, "latin1");
    return packet;
  });
  return Buffer.concat([header, ...packets]);
}

const texts = (file: Uint8Array) =>
  readCapture(file).map(({ octets }) => Buffer.from(octets).toString("latin1"));

describe("captures", () => {
  it("give streams in order, without what was sent twice", () => {
    const file = pcap([
      { sequence: 0xfffffffe, text: "ab" },
      { sequence: 3, text: "fg" },
      { sequence: 0, text: "cde" },
      { sequence: 1, text: "de" },
      { sequence: 4, text: "gh" },
    ]);
    assert.deepEqual(texts(file), ["ab", "cdefg", "h"]);
    const [first] = readCapture(file);
    assert.deepEqual([first?.source, first?.target], ["10.0.0.1:5000", "10.0.0.2:102"]);
  });

  it("are told from other files", () => {
    assert.equal(isCapture(Buffer.from("01 00 31 03 2a 01 35 and more of that")), false);
    assert.throws(() => readCapture(new Uint8Array(40)), { code: "ERR_ARGUMENT" });
  });

  it("are read up to where they are cut off, which is said", () => {
    for (const [whole, cut] of [
      [
        pcap([
          { sequence: 1, text: "ab" },
          { sequence: 3, text: "cd" },
        ]),
        5,
      ],
      [readFileSync(fixture("iso8327", "refuse-user.pcapng")), 700],
    ] as const) {
      const file = whole.subarray(0, whole.length - cut);
      const messages: string[] = [];
      const found = readCapture(file, ({ message }) => messages.push(message));
      assert.deepEqual(messages, ["the capture is cut off"]);
      assert.ok(found.length > 0 && found.length < readCapture(whole).length);
      assert.throws(() => readCapture(file), { code: "ERR_ARGUMENT" });
    }
  });

  it("have no octets that make reading throw anything but ERR_ARGUMENT", () => {
    const files = captureNames
      .filter((name) => name !== "data-segmented")
      .map((name) => readFileSync(fixture("iso8327", `${name}.pcapng`)));
    files.push(Buffer.from(pcap([{ sequence: 1, text: "\x03\x00\x00\x07\x02\xf0\x80" }])));
    const changes = fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...files), changes, fc.nat(6000), (file, changes, size) => {
        const mutated = Uint8Array.from(file.subarray(0, size < 3000 ? size : undefined));
        for (const [at, value] of changes) if (at > 23 && at < mutated.length) mutated[at] = value;
        try {
          decodeStreams(readCapture(mutated));
        } catch (error) {
          assert.ok(error instanceof SessionError && error.code === "ERR_ARGUMENT", String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
