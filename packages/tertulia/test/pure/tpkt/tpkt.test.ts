import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/pure/errors.ts";
import { concatOctets, hex } from "../../../src/pure/octets.ts";
import { TpktFramer, tpktHeader } from "../../../src/pure/tpkt/tpkt.ts";

const octets = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

function* packets(framer: TpktFramer): Generator<string> {
  for (let tpdu = framer.next(); tpdu; tpdu = framer.next()) yield hex(tpdu);
}

describe("TPKT", () => {
  it("gives the same TPDUs however the stream is cut", () => {
    const tpdus = fc.array(fc.uint8Array({ minLength: 3, maxLength: 40 }), { maxLength: 6 });
    fc.assert(
      fc.property(tpdus, fc.array(fc.nat(20)), (all, cuts) => {
        const stream = concatOctets(all.flatMap((tpdu) => [tpktHeader(tpdu.length), tpdu]));
        const framer = new TpktFramer();
        const found: string[] = [];
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          framer.push(stream.subarray(at, at + cut));
          at += cut;
          found.push(...packets(framer));
        }
        assert.deepEqual(
          found,
          all.map((tpdu) => hex(tpdu)),
        );
        assert.equal(framer.pending, 0);
      }),
    );
  });

  for (const [wire, violation] of [
    ["04 00 00 07 02 f0 80", "tpktVersion"],
    ["03 00 00 06 02 f0", "tpktLength"],
  ] as const) {
    it(`rejects "${wire}" as ${violation}`, () => {
      const framer = new TpktFramer();
      framer.push(octets(wire));
      assert.throws(
        () => framer.next(),
        (error) => error instanceof ProtocolError && error.violation === violation,
      );
    });
  }
});
