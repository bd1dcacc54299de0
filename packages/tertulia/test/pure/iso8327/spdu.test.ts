import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/pure/errors.ts";
import type { SpduType } from "../../../src/pure/iso8327/parameters.ts";
import { decodeSpdu, encodeSpdu, type Spdu } from "../../../src/pure/iso8327/spdu.ts";
import { decodeExpeditedTsdu, decodeTsdu, encodeTsdu } from "../../../src/pure/iso8327/tsdu.ts";
import { hex, Reader } from "../../../src/pure/octets.ts";
import { captureNames, conversations } from "./captures.ts";
import { octets, samples } from "./samples.ts";

const heads: Readonly<Partial<Record<SpduType, Spdu>>> = { DT: { type: "GT" } };

describe("SPDU", () => {
  for (const { spdu, wire } of samples) {
    it(`encodes and decodes ${spdu.type} ${wire.slice(0, 24)}`, () => {
      assert.equal(hex(encodeSpdu(spdu), " "), wire);
      const position = "DT MIP MAP AE MAA RS AS AR AD AI CD".split(" ").includes(spdu.type)
        ? "afterGT"
        : "MIA RA ADA AIA CDA ER ED".split(" ").includes(spdu.type)
          ? "afterPT"
          : "first";
      assert.deepEqual(decodeSpdu(new Reader(octets(wire), ""), position, { strict: true }), spdu);
    });
  }

  for (const name of [...captureNames, "libiec61850-mms"]) {
    it(`decodes and re-encodes every SPDU of ${name}`, () => {
      let count = 0;
      for (const conversation of conversations(name)) {
        for (const { type, octets: tsdu } of conversation) {
          if (type === "control") continue;
          const spdus =
            type === "normal" ? decodeTsdu(tsdu, { strict: true }) : [decodeExpeditedTsdu(tsdu)];
          assert.equal(hex(encodeTsdu(...spdus)), hex(tsdu));
          count += 1;
        }
      }
      assert.ok(count >= 2, `${count} TSDUs`);
    });
  }

  it("carries 513 octets of a CONNECT in PGI 194", () => {
    const userData = new Uint8Array(513).fill(7);
    const wire = encodeSpdu({ type: "CN", userData });
    assert.equal(hex(wire.subarray(0, 8)), "0dff0205c2ff0201");
    assert.deepEqual(decodeSpdu(new Reader(wire, ""), "first"), { type: "CN", userData });
  });

  it("ignores units that it does not know (A.4.3.1.1)", () => {
    assert.deepEqual(decodeTsdu(octets("09 06 03 01 ff 11 01 01"), { strict: true }), [
      { type: "FN", transportDisconnect: 1 },
    ]);
  });

  for (const [violation, wire] of [
    ["truncated", ""],
    ["truncated", "0d 05 c1"],
    ["truncated", "0d 02 c1 09"],
    ["unknownSpdu", "63 00"],
    ["shortFormSpdu", "e8 00"],
    ["category2Alone", "31 03 2a 01 31"],
    ["concatenation", "0a 00 01 00"],
    ["concatenation", "01 00 32 03 2a 01 31 30 03 32 01 01"],
    ["concatenation", "02 00 31 03 2a 01 31"],
    ["tokensInHead", "01 03 10 01 01 35 06 1b 01 01 2a 01 31"],
    ["tokensInHead", "01 03 10 01 01 01 03 19 01 01 61"],
    ["userDataInHead", "02 03 c1 01 61 32 03 2a 01 31"],
    ["userDataWithoutTokens", "01 03 c1 01 61"],
    ["missingParameter", "01 00 31 00"],
    ["missingParameter", "0d 08 05 06 13 00 14 02 00 02"],
    ["parameterLength", "09 04 11 02 01 01"],
    ["parameterLength", "0d 13 33 11 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10"],
    ["notDigits", "01 00 31 03 2a 01 61"],
    ["reservedValue", "01 00 35 06 1b 01 09 2a 01 31"],
    ["wrongFlow", "05 00 61"],
  ] as const) {
    it(`rejects "${wire}" as ${violation}`, () => {
      assert.throws(() => decodeTsdu(octets(wire)), { code: "ERR_PROTOCOL", violation });
    });
  }

  for (const [violation, wire] of [
    ["unitsOutOfOrder", "01 00 31 06 c1 01 01 2a 01 31"],
    ["duplicateUnit", "01 00 31 06 2a 01 30 2a 01 31"],
    ["longLengthIndicator", "09 ff 00 03 11 01 01"],
    ["reservedValue", "02 00 30 03 32 01 63"],
  ] as const) {
    it(`forgives ${violation} unless it is strict`, () => {
      const reported: string[] = [];
      decodeTsdu(octets(wire), { report: (error) => reported.push(error.violation) });
      assert.deepEqual(reported, [violation]);
      assert.throws(() => decodeTsdu(octets(wire), { strict: true }), { violation });
    });
  }

  it("answers any octets with SPDUs or a ProtocolError", () => {
    const wires = samples.map(({ wire }) => octets(wire));
    fc.assert(
      fc.property(
        fc.constantFrom(...wires),
        fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 4 }),
        fc.uint8Array({ maxLength: 12 }),
        (wire, changes, tail) => {
          const mutated = Uint8Array.of(...(wire[0] === 1 ? [] : [1, 0]), ...wire, ...tail);
          for (const [at, value] of changes) if (at < mutated.length) mutated[at] = value;
          for (const attempt of [mutated, tail, mutated.subarray(2)]) {
            for (const decode of [decodeTsdu, decodeExpeditedTsdu]) {
              try {
                decode(attempt);
              } catch (error) {
                assert.ok(error instanceof ProtocolError, String(error));
              }
            }
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("has a head for nothing but category 2", () => {
    assert.deepEqual(decodeTsdu(encodeTsdu(heads.DT as Spdu, { type: "DT" })), [
      { type: "GT" },
      { type: "DT", userData: new Uint8Array() },
    ]);
  });
});
