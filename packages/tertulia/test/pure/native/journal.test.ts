import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encodeFrame } from "../../../src/pure/native/frames.ts";
import { COPY_OCTETS_MAX, Journal } from "../../../src/pure/native/journal.ts";
import { concatOctets, type Loan, utf8, Writer } from "../../../src/pure/octets.ts";
import { Lender } from "../lender.ts";

const isMessage = (type: number) => type === 0x40;

/** A journal, and all octets that were ever put into it. */
class Model {
  readonly journal = new Journal();
  readonly lender = new Lender();
  #octets: Uint8Array = new Uint8Array();
  /** Positions at which frames end. */
  readonly ends: number[] = [0];

  append(payload: Uint8Array, prefix: number): void {
    this.journal.append(0x40, payload, prefix);
    const body = prefix < 0 ? payload : new Writer().varint(prefix).octets(payload).finish();
    this.#octets = concatOctets([this.#octets, encodeFrame(0x40, body)]);
    this.ends.push(this.#octets.length);
  }

  /** The same of what is lent, with room in front or without. */
  lend(payload: Uint8Array, prefix: number, frontOctets: number): void {
    const append = (octets: Uint8Array, { memory }: Loan) => {
      if (!memory?.keep()) assert.fail("nothing is taken here");
      this.journal.appendLent(0x40, octets, prefix, memory);
    };
    this.lender.lend(payload, append, frontOctets);
    const body = prefix < 0 ? payload : new Writer().varint(prefix).octets(payload).finish();
    this.#octets = concatOctets([this.#octets, encodeFrame(0x40, body)]);
    this.ends.push(this.#octets.length);
  }

  /** Takes octets and checks that they are those that come next. */
  take(octetsMax: number): void {
    const from = this.journal.sent;
    const chunks: Uint8Array[] = [];
    const taken = this.journal.take(octetsMax, chunks);
    assert.equal(this.journal.sent, from + taken);
    assert.ok(this.ends.includes(this.journal.sent), "what is sent next may be another frame");
    assert.deepEqual(concatOctets(chunks), this.#octets.slice(from, from + taken));
  }

  /** A place between frames, from `least` to `most`. */
  boundary(least: number, most: number, choice: number): number {
    const places = this.ends.filter((end) => end >= least && end <= most);
    return places[choice % places.length] ?? least;
  }
}

type Step = readonly [what: number, size: number, choice: number];
const steps = fc.array(fc.tuple(fc.nat(6), fc.nat(9000), fc.nat(1000)), {
  maxLength: 60,
  size: "max",
});

function walk(model: Model, [what, size, choice]: Step): void {
  const { journal } = model;
  switch (what) {
    case 0:
    case 1:
      // Short ones mostly, long ones now and then, with and without a prefix.
      model.append(
        new Uint8Array(choice % 5 ? size % 300 : size).fill(choice),
        (choice % 3) * 200 - 1,
      );
      return;
    case 6:
      return model.lend(
        new Uint8Array(size).fill(choice),
        (choice % 3) * 200 - 1,
        choice % 2 ? 16 : 0,
      );
    case 2:
      return model.take(size);
    case 3:
      return journal.acknowledge(model.boundary(0, journal.given, choice));
    case 4:
      return journal.rewind(model.boundary(journal.start, journal.given, choice));
    default:
      if (choice % 2) journal.hold();
      else journal.unhold();
  }
}

describe("journal", () => {
  it("gives each octet again from wherever it is rewound to, until it is acknowledged", () => {
    let lent = 0;
    fc.assert(
      fc.property(steps, (walked) => {
        const model = new Model();
        for (const step of walked) {
          walk(model, step);
          const { acknowledged, end, given, sent, size, start } = model.journal;
          assert.ok(start <= sent && sent <= given && given <= end, "positions are in order");
          assert.ok(start <= acknowledged && acknowledged <= given);
          assert.equal(size, end - start);
        }
        model.journal.rewind(model.journal.start);
        while (model.journal.unsent > 0) model.take(5000);
        const { given } = model.journal;
        model.journal.acknowledge(given);
        assert.equal(model.journal.size, 0);
        lent += model.lender.kept;
      }),
    );
    assert.ok(lent > 0);
  });

  it("counts the messages from a position on, and survives a position inside of a frame", () => {
    const model = new Model();
    for (let i = 0; i < 100; i++) model.append(utf8("x".repeat(i * 10)), -1);
    assert.equal(model.journal.count(0, isMessage), 100);
    assert.equal(model.journal.count(model.ends[60] as number, isMessage), 40);
    for (let at = 0; at < 500; at++) assert.ok(model.journal.count(at, isMessage) >= 0);
  });

  it("keeps everything while it is held, and lets go of it afterwards", () => {
    const model = new Model();
    model.append(utf8("one"), -1);
    model.take(1000);
    model.journal.hold();
    model.journal.acknowledge(model.journal.end);
    assert.deepEqual([model.journal.start, model.journal.acknowledged], [0, 5]);
    model.journal.unhold();
    assert.equal(model.journal.start, 5);
  });

  it("sends again what was acknowledged behind the place where a new transport begins", () => {
    const model = new Model();
    for (let i = 0; i < 3; i++) model.append(utf8("abc"), -1);
    model.take(1000);
    model.journal.rewind(5);
    model.journal.acknowledge(15);
    assert.deepEqual([model.journal.start, model.journal.unsent], [5, 10]);
    model.take(1000);
    assert.equal(model.journal.size, 0);
  });

  it("never writes into octets that a broken transport may still read", () => {
    const model = new Model();
    const payload = new Uint8Array(COPY_OCTETS_MAX).fill(1);
    // Enough for slabs of full size, which are the ones that are used again.
    for (let i = 0; i < 100; i++) model.append(payload, -1);
    const chunks: Uint8Array[] = [];
    model.journal.take(Number.MAX_SAFE_INTEGER, chunks);
    const before = concatOctets(chunks);
    model.journal.rewind(0);
    while (model.journal.unsent > 0) model.take(Number.MAX_SAFE_INTEGER);
    model.journal.acknowledge(model.boundary(0, model.journal.end, 90));
    for (let i = 0; i < 100; i++)
      model.append(
        payload.map(() => 2),
        -1,
      );
    assert.deepEqual(concatOctets(chunks), before);
  });

  it("gives back what it was lent once the peer has it, unless a broken transport may still read it", () => {
    const model = new Model();
    const { journal, lender } = model;
    for (const frontOctets of [16, 0, 16]) model.lend(new Uint8Array(9000), 300, frontOctets);
    model.append(utf8("behind"), -1);
    model.take(Number.MAX_SAFE_INTEGER);
    const [, first = 0, second = 0] = model.ends;
    journal.acknowledge(first);
    assert.equal(lender.keptNow, 2);
    journal.rewind(first);
    while (journal.unsent > 0) model.take(Number.MAX_SAFE_INTEGER);
    model.lend(new Uint8Array(9000), 300, 16);
    model.take(Number.MAX_SAFE_INTEGER);
    journal.acknowledge(second);
    assert.equal(lender.keptNow, 3);
    journal.acknowledge(journal.end);
    assert.equal(lender.keptNow, 2);
  });

  it("writes the header in front of what it was lent, where there is room", () => {
    const lengths = [16, 5, 4, 0].map((frontOctets) => {
      const model = new Model();
      model.lend(new Uint8Array(9000), 300, frontOctets);
      const chunks: Uint8Array[] = [];
      model.journal.take(Number.MAX_SAFE_INTEGER, chunks);
      return chunks.map(({ length }) => length);
    });
    assert.deepEqual(lengths, [[9005], [9005], [5, 9000], [5, 9000]]);
  });

  it("writes into the same memory again under load, and gives it back when it is quiet", () => {
    const journal = new Journal();
    const payload = new Uint8Array(1000);
    /** The memory that a burst of 1 MB is written into. */
    const burst = () => {
      const chunks: Uint8Array[] = [];
      for (let i = 0; i < 1000; i++) journal.append(0x40, payload);
      journal.take(Number.MAX_SAFE_INTEGER, chunks);
      journal.acknowledge(journal.end);
      return new Set(chunks.map(({ buffer }) => buffer));
    };
    burst();
    const [one, other] = [burst(), burst()];
    assert.ok([...one].filter((memory) => other.has(memory)).length > 10);
    journal.relax();
    assert.ok(![...burst()].some((memory) => other.has(memory)));
  });

  it("goes back to one small slab when question and answer follow a load", () => {
    const journal = new Journal();
    const send = (count: number): ArrayBufferLike | undefined => {
      for (let i = 0; i < count; i++) journal.append(0x40, new Uint8Array(60));
      const chunks: Uint8Array[] = [];
      journal.take(Number.MAX_SAFE_INTEGER, chunks);
      journal.acknowledge(journal.end);
      return chunks[0]?.buffer;
    };
    send(10_000);
    for (let i = 0; i < 10; i++) send(1);
    const memory = send(1);
    assert.deepEqual([memory?.byteLength, send(1) === memory], [1024, true]);
  });

  it("gives whole frames only: what goes out next may be of another lane", () => {
    const model = new Model();
    model.append(new Uint8Array(500), -1);
    model.append(new Uint8Array(COPY_OCTETS_MAX + 1), -1);
    model.take(100);
    assert.equal(model.journal.unsent, 0);
  });

  it("fills its slabs with copies of what is given to it, and writes into them again", () => {
    const journal = new Journal();
    const memory = new Set<ArrayBufferLike>();
    const given = Uint8Array.from({ length: 1_000_000 }, (_, i) => i >> 8);
    const frames: Uint8Array[] = [];
    for (let at = 0; at < given.length; ) {
      const payload = given.slice(at, at + Math.min(20_000, journal.copyRoom));
      at += payload.length;
      journal.append(0x40, payload, 300, true);
      frames.push(encodeFrame(0x40, new Writer().varint(300).octets(payload).finish()));
      payload.fill(0);
      const taken: Uint8Array[] = [];
      journal.take(1_000_000, taken);
      assert.deepEqual(concatOctets(taken), frames.at(-1));
      for (const { buffer } of taken) memory.add(buffer);
      if (journal.size > 200_000) journal.acknowledge(journal.given);
    }
    const octets = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert.ok(octets < 300_000, `${octets} octets of memory`);
  });

  it("does not copy a large payload", () => {
    const journal = new Journal();
    const payload = new Uint8Array(COPY_OCTETS_MAX + 1);
    journal.append(0x40, payload);
    const chunks: Uint8Array[] = [];
    journal.take(Number.MAX_SAFE_INTEGER, chunks);
    assert.equal(chunks[1]?.buffer, payload.buffer);
  });
});
