import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/pure/errors.ts";
import { hex } from "../../../src/pure/octets.ts";
import { XDR_LIMITS } from "../../../src/pure/oncrpc/limits.ts";
import { XdrReader } from "../../../src/pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../../../src/pure/oncrpc/xdr-writer.ts";
import {
  type Choice,
  decodeNode,
  encodeNode,
  type Node,
} from "../../fixtures/oncrpc/generated/bench.ts";

function written(write: (writer: XdrWriter) => void): string {
  const writer = new XdrWriter(new Uint8Array(4).fill(0xee));
  write(writer);
  return hex(writer.finish());
}

function read<T>(octets: string, take: (reader: XdrReader) => T): T {
  const reader = new XdrReader(new Uint8Array(Buffer.from(octets.replaceAll(" ", ""), "hex")));
  const value = take(reader);
  reader.finish();
  return value;
}

const choice: fc.Arbitrary<Choice> = fc.oneof<fc.Arbitrary<Choice>[]>(
  fc.record({ k: fc.constant("KIND_A"), i: fc.integer() }, { noNullPrototype: true }),
  fc
    .record(
      { k: fc.constant("KIND_B"), s: fc.string({ maxLength: 16, unit: "grapheme" }) },
      { noNullPrototype: true },
    )
    .filter(({ s }) => new TextEncoder().encode(s).length <= 64),
  fc.constant({ k: "KIND_C" }),
);

const node: fc.Arbitrary<Node> = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.record(
    {
      id: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      ubig: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      d: fc.double(),
      f: fc.float(),
      b: fc.boolean(),
      c: choice,
      fixed: fc.uint8Array({ minLength: 5, maxLength: 5 }),
      data: fc.uint8Array({ maxLength: 40 }),
      name: fc.string({ maxLength: 60, unit: "grapheme" }),
      arr: fc.array(fc.integer(), { maxLength: 8 }),
      u: fc.nat({ max: 0xffff_ffff }),
      e: fc.constantFrom("KIND_A" as const, "KIND_B" as const, "KIND_C" as const),
      all: fc.array(choice, { maxLength: 4 }),
      farr: fc.array(fc.integer(), { minLength: 3, maxLength: 3 }),
      next: fc.option(tie("node"), { nil: undefined, maxDepth: 4 }),
    },
    { noNullPrototype: true },
  ),
})).node;

describe("XDR", () => {
  it("encodes the example of RFC 4506 7 to the RFC's octets", () => {
    // struct file { string filename<255>; filetype type { EXEC, string }; string owner<32>; opaque data<65535> }
    const octets = written((writer) => {
      writer.string("sillyprog", 255);
      writer.int(2);
      writer.string("lisp", 255);
      writer.string("john", 32);
      writer.opaque(new TextEncoder().encode("(quit)"), 65_535);
    });
    equal(
      octets,
      "0000000973696c6c7970726f6700000000000002000000046c697370000000046a6f686e0000000628717569742900 00".replace(
        " ",
        "",
      ),
    );
  });

  it("pads with zeros, also in a slab that was used before", () => {
    equal(
      written((writer) => writer.opaque(new Uint8Array([1]), 9)),
      "0000000101000000",
    );
    equal(
      written((writer) => writer.string("é", 9)),
      "00000002c3a90000",
    );
    equal(
      written((writer) => writer.opaqueFixed(new Uint8Array(17).fill(1), 17)).slice(-6),
      "000000",
    );
  });

  it("refuses what does not fit, and leaves the writer where it was", () => {
    const refuse = (write: (writer: XdrWriter) => void): void =>
      throws(() => written(write), { code: "ERR_ARGUMENT" });
    refuse((writer) => writer.int(2 ** 31));
    refuse((writer) => writer.int(0.5));
    refuse((writer) => writer.uint(-1));
    refuse((writer) => writer.hyper(2n ** 63n));
    refuse((writer) => writer.uhyper(-1n));
    refuse((writer) => writer.opaque(new Uint8Array(5), 4));
    refuse((writer) => writer.opaqueFixed(new Uint8Array(5), 4));
    refuse((writer) => writer.string("€€", 5));
    refuse((writer) => writer.string("half \ud800", 99));
    refuse((writer) => writer.string(`${"long ".repeat(20)}\ud800`, 999));
  });

  it("names the rule that octets break", () => {
    const refused = (
      octets: string,
      take: (reader: XdrReader) => unknown,
      violation: string,
    ): void => throws(() => read(octets, take), { violation });
    refused("00 00 00", (reader) => reader.int(), "truncated");
    refused("00 00 00 02", (reader) => reader.bool(), "badBool");
    refused("ff ff ff ff", (reader) => reader.opaque(0xffff_ffff), "tooLong");
    refused("00 00 00 05", (reader) => reader.string(4), "tooLong");
    refused("00 00 00 01 61 00 00 01", (reader) => reader.string(4), "paddingNotZero");
    refused("00 00 00 01 ff 00 00 00", (reader) => reader.string(4), "notUtf8");
    refused("00 00 00 02 00 00 00 01", (reader) => reader.count(9, 4), "truncated");
    refused("00 00 00 0a", (reader) => reader.count(9, 0), "tooMany");
    refused("00 00 00 01 00", (reader) => reader.int(), "trailingOctets");
    refused("00 01 00 00", (reader) => reader.range(0, 0xffff), "integerOutOfRange");
  });

  it("lets padding be anything when it is told to", () => {
    const octets = new Uint8Array([0, 0, 0, 1, 0x61, 9, 9, 9]);
    equal(new XdrReader(octets, { ...XDR_LIMITS, zeroPadding: false }).string(4), "a");
  });

  it("allocates nothing for a count that cannot be true", () => {
    const octets = new Uint8Array([0x00, 0x0f, 0xff, 0xff]);
    throws(() => new XdrReader(octets).count(0xffff_ffff, 4), { violation: "truncated" });
  });
});

describe("a generated codec", () => {
  it("decodes to what was encoded, for every kind of type", () => {
    fc.assert(
      fc.property(node, (value) => {
        const writer = new XdrWriter();
        encodeNode(writer, value);
        const reader = new XdrReader(writer.finish());
        deepEqual(decodeNode(reader), value);
        reader.finish();
      }),
    );
  });

  it("makes of any octets a value or a ProtocolError", () => {
    fc.assert(
      fc.property(node, fc.nat(), fc.nat({ max: 255 }), (value, at, octet) => {
        const writer = new XdrWriter();
        encodeNode(writer, value);
        const octets = writer.finish();
        // One wrong octet in what was right gets further than noise does.
        octets[at % octets.length] = octet;
        try {
          decodeNode(new XdrReader(octets));
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        try {
          decodeNode(new XdrReader(octets));
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
    );
  });

  it("reads and writes a chain of 100,000 links without a stack for them", () => {
    const small = {
      ...{ id: 1, big: 0n, ubig: 0n, d: 0, f: 0, b: false, c: { k: "KIND_C" } as const },
      ...{ fixed: new Uint8Array(5), data: new Uint8Array(), name: "", arr: [], farr: [1, 2, 3] },
      ...{ u: 0, e: "KIND_A" as const, all: [] },
    };
    let first: Node = { ...small, next: undefined };
    for (let i = 0; i < 100_000; i++) first = { ...small, next: first };
    const writer = new XdrWriter();
    encodeNode(writer, first);
    let count = 0;
    for (let at: Node | undefined = decodeNode(new XdrReader(writer.finish())); at; at = at.next) {
      count += 1;
    }
    equal(count, 100_001);
  });

  it("refuses a chain without end, in and out", () => {
    const limits = { ...XDR_LIMITS, itemsMax: 10 };
    const writer = new XdrWriter();
    const small = {
      ...{ id: 1, big: 0n, ubig: 0n, d: 0, f: 0, b: false, c: { k: "KIND_C" } as const },
      ...{ fixed: new Uint8Array(5), data: new Uint8Array(), name: "", arr: [], farr: [1, 2, 3] },
      ...{ u: 0, e: "KIND_A" as const, all: [] },
    };
    let first: Node = { ...small, next: undefined };
    for (let i = 0; i < 20; i++) first = { ...small, next: first };
    encodeNode(writer, first);
    throws(() => decodeNode(new XdrReader(writer.finish(), limits)), { violation: "tooMany" });
    const circle: { next?: Node } & Omit<Node, "next"> = { ...small };
    circle.next = circle;
    throws(() => encodeNode(new XdrWriter(), circle), { code: "ERR_ARGUMENT" });
    ok(true);
  });
});
