import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/pure/errors.ts";
import { FrameReader } from "../../../src/pure/native/frame-reader.ts";
import { encodeFrame, MESSAGE } from "../../../src/pure/native/frames.ts";
import { concatOctets, hex } from "../../../src/pure/octets.ts";

const LIMIT = 2000;
const LARGE = 100_000;

const frames = fc.array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 400 })), { maxLength: 8 });
const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 30 });

/** The frames of octets that come in these pieces, as text. */
function read(octets: Uint8Array, pieces: readonly number[]): string[] {
  const reader = new FrameReader(LIMIT);
  const found: string[] = [];
  let at = 0;
  for (let i = 0; at < octets.length; i++) {
    const size = pieces[i % pieces.length] as number;
    reader.feed(octets.slice(at, at + size));
    at += size;
    while (reader.next()) found.push(`${reader.type} ${reader.size} ${hex(reader.body())}`);
  }
  return found;
}

describe("frame reader", () => {
  it("finds the same frames however the octets are cut", () => {
    fc.assert(
      fc.property(frames, cuts, (wanted, pieces) => {
        const octets = wanted.map(([type, body]) => encodeFrame(type, body));
        const expected = wanted.map(
          ([type, body], i) => `${type} ${octets[i]?.length} ${hex(body)}`,
        );
        assert.deepEqual(read(concatOctets(octets), pieces), expected);
      }),
    );
  });

  it("reads any octets as frames or as a violation", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), cuts, (octets, pieces) => {
        try {
          read(octets, pieces);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
          assert.equal(error.violation, "frameTooLong");
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses a long frame by its header, before there is any of it", () => {
    const header = encodeFrame(0x40, new Uint8Array(LIMIT + 1)).subarray(0, 3);
    assert.throws(() => read(header, [1]), {
      violation: "frameTooLong",
      message: `frameTooLong (Tertulia 2.1): MESSAGE: have ${LIMIT + 1}, limit ${LIMIT}`,
    });
  });

  it("refuses a length that never ends", () => {
    const endless = Uint8Array.of(0x40, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80);
    assert.throws(() => read(endless, [1]), {
      message: `frameTooLong (Tertulia 2.1): MESSAGE: have a length without an end, limit ${LIMIT}`,
    });
  });

  it("gives views of what came whole, and what comes behind a frame", () => {
    const reader = new FrameReader(LIMIT);
    const chunk = concatOctets([encodeFrame(1, Uint8Array.of(7)), Uint8Array.of(9, 9)]);
    reader.feed(chunk);
    assert.equal(reader.next(), true);
    assert.equal(reader.body().buffer, chunk.buffer);
    assert.deepEqual(reader.rest(), Uint8Array.of(9, 9));
    assert.equal(reader.isEmpty, true);
  });

  it("puts a message together in the chunk where it began, if that is given away", () => {
    const reader = new FrameReader(LARGE);
    const message = Uint8Array.from({ length: 40_000 }, (_, i) => i % 251);
    const frame = encodeFrame(MESSAGE, message);
    const chunk = concatOctets([encodeFrame(MESSAGE, Uint8Array.of(7)), frame]).slice(0, 40_000);
    reader.feed(chunk, true);
    assert.deepEqual([reader.next(), reader.next(), reader.isHeld], [true, false, true]);
    reader.feed(frame.slice(40_000 - 3), true);
    assert.deepEqual([reader.next(), reader.isApart, reader.isHeld], [true, true, false]);
    assert.deepEqual(reader.body(), message);
    assert.equal(reader.body().buffer, chunk.buffer);
  });

  for (const [what, type, octets, isGiven, isKept] of [
    ["is not given away", MESSAGE, 40_000, false, false],
    ["somebody keeps", MESSAGE, 40_000, true, true],
    ["would be less than half used", MESSAGE, 20_000, true, false],
    ["is too short", MESSAGE, 70_000, true, false],
    ["no message began in", 1, 40_000, true, false],
  ] as const) {
    it(`leaves a chunk as it is that ${what}`, () => {
      const reader = new FrameReader(LARGE);
      const body = Uint8Array.from({ length: octets }, (_, i) => i % 251);
      const stream = concatOctets([
        encodeFrame(MESSAGE, new Uint8Array(30_000)),
        encodeFrame(type, body),
      ]);
      const chunk = stream.slice(0, 45_000);
      const before = chunk.slice();
      reader.feed(chunk, isGiven);
      assert.equal(reader.next(), true);
      if (isKept) reader.hold();
      assert.equal(reader.next(), false);
      assert.deepEqual(chunk, before);
      reader.feed(stream.slice(45_000), isGiven);
      assert.equal(reader.next(), true);
      assert.deepEqual(reader.body(), body);
    });
  }

  it("says whether anybody may still read what it was fed", () => {
    const reader = new FrameReader(LIMIT);
    const frame = encodeFrame(1, new Uint8Array(300));
    reader.feed(frame.subarray(0, 200));
    assert.equal(reader.next(), false);
    assert.equal(reader.isHeld, false);
    reader.feed(concatOctets([frame.subarray(200), encodeFrame(2, Uint8Array.of(5))]));
    assert.equal(reader.next(), true);
    reader.hold();
    assert.deepEqual([reader.isApart, reader.isHeld], [true, false]);
    assert.equal(reader.next(), true);
    assert.deepEqual([reader.isApart, reader.isHeld], [false, false]);
    reader.hold();
    assert.equal(reader.isHeld, true);
    reader.feed(Uint8Array.of(3));
    reader.rest();
    assert.equal(reader.isHeld, true);
  });
});
