import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/pure/errors.ts";
import { FrameReader } from "../../../src/pure/native/frame-reader.ts";
import { DATA, encodeFrame, MESSAGE } from "../../../src/pure/native/frames.ts";
import { concatOctets, hex, type Loan } from "../../../src/pure/octets.ts";
import { Lender } from "../lender.ts";

const LIMIT = 2000;
const LARGE = 100_000;
const LENT = { take: () => false };
const TAKEN = { take: () => true };

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

  it("takes the loan for what is held, and copies nothing then", () => {
    const reader = new FrameReader(LARGE);
    const chunk = concatOctets([7, 8].map((octet) => encodeFrame(MESSAGE, Uint8Array.of(octet))));
    let taken = 0;
    reader.feed(chunk, { take: () => ++taken > 0 });
    for (let i = 0; i < 2; i++) {
      assert.equal(reader.next(), true);
      assert.equal(taken, i);
      reader.hold();
      assert.equal(reader.body().buffer, chunk.buffer);
    }
    assert.equal(taken, 1);
  });

  it("puts a message together in the chunk where it began, if that may be taken", () => {
    const reader = new FrameReader(LARGE);
    const message = Uint8Array.from({ length: 40_000 }, (_, i) => i % 251);
    const frame = encodeFrame(MESSAGE, message);
    const first = encodeFrame(1, Uint8Array.of(7));
    const chunk = concatOctets([first, frame]).slice(0, 40_000);
    reader.feed(chunk, TAKEN);
    assert.deepEqual([reader.next(), reader.next()], [true, false]);
    reader.feed(frame.slice(40_000 - first.length), TAKEN);
    assert.deepEqual([reader.next(), reader.isApart], [true, true]);
    assert.deepEqual(reader.body(), message);
    assert.equal(reader.body().buffer, chunk.buffer);
  });

  for (const [what, type, octets, loan, isKept] of [
    ["nobody has lent", MESSAGE, 40_000, undefined, false],
    ["cannot be taken", MESSAGE, 40_000, LENT, false],
    ["somebody keeps", MESSAGE, 40_000, TAKEN, true],
    ["would be less than half used", MESSAGE, 20_000, TAKEN, false],
    ["is too short", MESSAGE, 70_000, TAKEN, false],
    ["no message began in", 1, 40_000, TAKEN, false],
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
      reader.feed(chunk, loan);
      assert.equal(reader.next(), true);
      if (isKept) reader.hold();
      assert.equal(reader.next(), false);
      assert.deepEqual(chunk, before);
      reader.feed(stream.slice(45_000));
      assert.equal(reader.next(), true);
      assert.deepEqual(reader.body(), body);
    });
  }

  it("copies of what it was lent what is held, and what follows it, once", () => {
    const reader = new FrameReader(LARGE);
    const frames = [7, 8, 9].map((octet) => encodeFrame(MESSAGE, new Uint8Array(300).fill(octet)));
    const chunk = concatOctets(frames);
    reader.feed(chunk, LENT);
    const bodies: Uint8Array[] = [];
    for (const isHeld of [false, true, true]) {
      assert.equal(reader.next(), true);
      if (isHeld) reader.hold();
      bodies.push(reader.body());
    }
    chunk.fill(0);
    const [first, second, third] = bodies;
    assert.deepEqual(first, new Uint8Array(300));
    assert.deepEqual(second, new Uint8Array(300).fill(8));
    assert.deepEqual(third, new Uint8Array(300).fill(9));
    assert.equal(second?.buffer, third?.buffer);
  });

  it("keeps nothing of what it was lent that it does not say", () => {
    const reader = new FrameReader(LARGE);
    const body = Uint8Array.from({ length: 40_000 }, (_, i) => i % 251);
    const stream = concatOctets([encodeFrame(1, body), encodeFrame(2, body)]);
    // The second begins in the first read and ends in the next.
    const pieces = [stream.slice(0, 60_000), stream.slice(60_000)];
    const found: Uint8Array[] = [];
    for (const piece of pieces) {
      reader.feed(piece, LENT);
      while (reader.next()) found.push(reader.body().slice());
      piece.fill(0);
    }
    assert.deepEqual(found, [body, body]);
  });

  it("finds every body whole, however what it was lent is cut, and copies nothing of what comes again", () => {
    const frames = fc.array(fc.tuple(fc.constantFrom(1, DATA, MESSAGE), fc.nat(66_000)), {
      minLength: 1,
      maxLength: 12,
    });
    let repeated = 0;
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 65_536 })), (bodies, cuts) => {
        const sent = bodies.map(([, size], n) =>
          Uint8Array.from({ length: size }, (_, i) => i + n),
        );
        const wire = concatOctets(
          bodies.map(([type], n) => encodeFrame(type, sent[n] as Uint8Array)),
        );
        const reader = new FrameReader(70_000);
        const lender = new Lender();
        const found: Uint8Array[] = [];
        const received = (octets: Uint8Array, loan: Loan) => {
          reader.feed(octets, loan);
          while (reader.next()) {
            if (reader.type >= MESSAGE) reader.hold();
            // Of a message what is held stays; of the rest only until it is read.
            found.push(reader.type >= MESSAGE ? reader.body() : reader.body().slice());
          }
        };
        for (let at = 0, n = 0; at < wire.length; n++) {
          const size = cuts[n] ?? 10_000;
          lender.lend(wire.subarray(at, at + size), received);
          at += size;
        }
        assert.deepEqual(found, sent);
        repeated += lender.repeated;
      }),
      { numRuns: 60 },
    );
    assert.ok(repeated > 0);
  });

  it("has nothing to copy of a body that is its own", () => {
    const reader = new FrameReader(LIMIT);
    const frame = encodeFrame(1, new Uint8Array(300).fill(5));
    reader.feed(frame.slice(0, 200), LENT);
    assert.equal(reader.next(), false);
    const rest = concatOctets([frame.subarray(200), encodeFrame(2, Uint8Array.of(6))]);
    reader.feed(rest, LENT);
    assert.equal(reader.next(), true);
    reader.hold();
    assert.equal(reader.isApart, true);
    const body = reader.body();
    assert.equal(reader.next(), true);
    assert.equal(reader.isApart, false);
    assert.equal(reader.body().buffer, rest.buffer);
    rest.fill(0);
    assert.deepEqual(body, new Uint8Array(300).fill(5));
  });

  it("copies the rest of what it was lent", () => {
    const reader = new FrameReader(LIMIT);
    const chunk = concatOctets([encodeFrame(1, Uint8Array.of(7)), Uint8Array.of(9, 9)]);
    reader.feed(chunk, LENT);
    assert.equal(reader.next(), true);
    const rest = reader.rest();
    chunk.fill(0);
    assert.deepEqual(rest, Uint8Array.of(9, 9));
  });
});
