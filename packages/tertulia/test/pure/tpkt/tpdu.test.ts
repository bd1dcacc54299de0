import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/pure/errors.ts";
import { hex } from "../../../src/pure/octets.ts";
import { decodeTpdu, encodeTpdu, type Tpdu } from "../../../src/pure/tpkt/tpdu.ts";

const octets = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

const samples: readonly (readonly [Tpdu, string])[] = [
  [
    {
      type: "CR",
      destinationReference: 0,
      sourceReference: 1,
      classAndOptions: 0,
      sizeExponent: 13,
      callingSelector: octets("00 01"),
      calledSelector: octets("00 02"),
      additionalOptions: 1,
      alternativeClasses: octets("00"),
      preferredSize: 511,
    },
    "1b e0 00 00 00 01 00 c0 01 0d c1 02 00 01 c2 02 00 02 c6 01 01 c7 01 00 f0 02 01 ff",
  ],
  [
    { type: "CC", destinationReference: 0x43e3, sourceReference: 0x43d9, classAndOptions: 0 },
    "06 d0 43 e3 43 d9 00",
  ],
  [
    { type: "DR", destinationReference: 0x4832, sourceReference: 0x484d, reason: 128 },
    "06 80 48 32 48 4d 80",
  ],
  [{ type: "DT", endOfTsdu: true, userData: octets("01 02") }, "02 f0 80 01 02"],
  [{ type: "DT", endOfTsdu: false, userData: octets("01") }, "02 f0 00 01"],
  [{ type: "ED", userData: octets("19 07") }, "02 10 80 19 07"],
  [
    { type: "ER", destinationReference: 1, cause: 2, rejected: octets("f0") },
    "07 70 00 01 02 c1 01 f0",
  ],
];

describe("TPDU", () => {
  for (const [tpdu, wire] of samples) {
    it(`encodes and decodes ${tpdu.type} ${wire.slice(0, 14)}`, () => {
      assert.equal(hex(encodeTpdu(tpdu), " "), wire);
      assert.deepEqual(decodeTpdu(octets(wire)), tpdu);
    });
  }

  it("takes an ED without the mark of its end, as ISODE sends it", () => {
    assert.deepEqual(decodeTpdu(octets("02 10 00 05 00 61")), {
      type: "ED",
      userData: octets("05 00 61"),
    });
  });

  it("takes the last of two parameters of a kind, and ignores those it does not know", () => {
    const tpdu = decodeTpdu(octets("0f e0 00 00 00 01 00 c0 01 0a c0 01 0b 99 01 00"));
    assert.equal(tpdu.type === "CR" && tpdu.sizeExponent, 11);
  });

  for (const [wire, violation] of [
    ["", "truncated"],
    ["02 f0", "truncated"],
    ["ff e0", "reservedLength"],
    ["06 e0 00 00 00", "truncated"],
    ["08 e0 00 00 00 01 00 c0 05", "truncated"],
    ["0a e0 00 00 00 01 00 c0 02 0a 0a", "parameterLength"],
    ["0b e0 00 00 00 01 00 f0 00 c0 01 07", "parameterLength"],
    ["03 f0 80 01", "headerLength"],
    ["02 10 80", "expeditedLength"],
    ["02 c0 00", "tpduNotInClass0"],
    ["02 60 00", "tpduNotInClass0"],
  ] as const) {
    it(`rejects "${wire}" as ${violation}`, () => {
      assert.throws(
        () => decodeTpdu(octets(wire)),
        (error) => error instanceof ProtocolError && error.violation === violation,
      );
    });
  }

  it("answers any octets with a TPDU or a ProtocolError", () => {
    const code = fc.constantFrom(0x10, 0x70, 0x80, 0xd0, 0xe0, 0xf0);
    fc.assert(
      fc.property(fc.nat(30), code, fc.uint8Array({ maxLength: 30 }), (length, code, rest) => {
        try {
          decodeTpdu(Uint8Array.of(length, code, ...rest));
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
