import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  concatOctets,
  equalOctets,
  hex,
  letGoBuffer,
  letGoOctets,
  Reader,
  utf8,
  Writer,
} from "../../src/pure/octets.ts";

const CLAUSE = "test";
const whole = fc.maxSafeNat();

describe("octets", () => {
  it("reads back what it wrote, wherever the buffer grows", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), whole, fc.nat(0xffff), (some, a, b) => {
        const octets = new Writer().octets(some).varint(a).u16(b).u64(BigInt(a)).u8(7).finish();
        const reader = new Reader(octets, CLAUSE);
        assert.deepEqual(reader.octets(some.length), some);
        assert.deepEqual(
          [reader.varint(), reader.u16(), reader.u64(), reader.u8()],
          [a, b, BigInt(a), 7],
        );
        assert.equal(reader.remaining, 0);
      }),
    );
  });

  it("keeps an octet that is written where the buffer grows", () => {
    for (let size = 0; size < 300; size++) {
      const octets = new Writer().octets(new Uint8Array(size)).u8(5).finish();
      assert.equal(octets[size], 5);
    }
  });

  it("blames the peer for a short field, bad text and a number beyond 2^53-1", () => {
    const error = (violation: string) => ({ code: "ERR_PROTOCOL", violation });
    assert.throws(() => new Reader(Uint8Array.of(1), CLAUSE).u16(), error("truncated"));
    assert.throws(() => new Reader(Uint8Array.of(0xff), CLAUSE).utf8(1), error("notUtf8"));
    const large = new Uint8Array(9).fill(0xff);
    assert.throws(() => new Reader(large, CLAUSE).varint(), error("integerTooLarge"));
  });

  it("confines a sub-reader to its field", () => {
    const reader = new Reader(Uint8Array.of(1, 2, 3), CLAUSE);
    assert.deepEqual(reader.sub(2).rest(), Uint8Array.of(1, 2));
    assert.throws(() => reader.sub(2), { violation: "truncated" });
    assert.equal(reader.offset, 2);
  });

  it("compares, joins and shows", () => {
    assert.equal(equalOctets(utf8("a"), utf8("b")), false);
    assert.equal(equalOctets(utf8("a"), utf8("ab")), false);
    assert.equal(equalOctets(utf8("ab"), concatOctets([utf8("a"), utf8("b")])), true);
    assert.equal(hex(Uint8Array.of(0, 255), " "), "00 ff");
  });

  it("gives back the memory of octets that are long and all there is of it", () => {
    const [long, short, part] = [
      new Uint8Array(70_000),
      new Uint8Array(100),
      new Uint8Array(70_000).subarray(1),
    ];
    for (const octets of [long, short, part]) letGoOctets(octets);
    assert.deepEqual([long.length, short.length, part.length], [0, 100, 69_999]);
    letGoBuffer(part.buffer);
    assert.equal(part.length, 0);
  });
});
