import { deepEqual, ok, throws } from "node:assert/strict";
import { describe, it, mock } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/pure/errors.ts";
import { hex } from "../../../src/pure/octets.ts";
import { encodeRecord, RecordDecoder } from "../../../src/pure/oncrpc/record.ts";

/** The records of a stream that is cut into chunks of these sizes, over and over. */
function records(
  stream: Uint8Array,
  cuts: readonly number[],
  decoder = new RecordDecoder(),
): string[] {
  const found: string[] = [];
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = cuts[i % cuts.length] ?? 1;
    // Each chunk has memory of its own, as a socket's have.
    decoder.receive(stream.slice(at, at + size));
    while (decoder.next()) found.push(hex(decoder.octets.subarray(decoder.start, decoder.end)));
    at += size;
  }
  return found;
}

const stream = fc.array(
  fc.record({
    octets: fc.uint8Array({ maxLength: 40 }),
    fragmentMax: fc.integer({ min: 1, max: 50 }),
  }),
  { maxLength: 8 },
);

describe("record marking", () => {
  it("gives the same records whatever the fragments and wherever the stream is cut", () => {
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 9 }),
        (all, cuts) => {
          const parts = all.map(({ octets, fragmentMax }) => encodeRecord(octets, fragmentMax));
          const whole = new Uint8Array(parts.flatMap((part) => [...part]));
          deepEqual(
            records(whole, cuts),
            all.map(({ octets }) => hex(octets)),
          );
        },
      ),
    );
  });

  it("does not keep a record that came in parts longer than it is looked at", () => {
    const decoder = new RecordDecoder();
    const octets = encodeRecord(new Uint8Array(1000));
    decoder.receive(octets.slice(0, 500));
    deepEqual([decoder.next(), decoder.heldOctets], [false, 992]);
    decoder.receive(octets.slice(500));
    deepEqual([decoder.next(), decoder.end, decoder.heldOctets], [true, 1000, 0]);
    deepEqual([decoder.next(), decoder.octets.length], [false, 0]);
  });

  it("takes empty fragments, which RFC 5531 allows, also as the last", () => {
    const octets = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 0x80, 0, 0, 0]);
    deepEqual(records(octets, [14]), ["0102"]);
    deepEqual(records(octets, [1]), ["0102"]);
  });

  it("refuses a sum of fragments that is too long, before it holds it", () => {
    const limits = { recordMax: 10, fragmentsMax: 3 };
    const refused = (octets: number[], violation: string): void =>
      throws(() => records(new Uint8Array(octets), [octets.length], new RecordDecoder(limits)), {
        violation,
      });
    refused([0x80, 0, 0, 11], "recordTooLong");
    refused([0xff, 0xff, 0xff, 0xff], "recordTooLong");
    refused([0, 0, 0, 6, 1, 2, 3, 4, 5, 6, 0x80, 0, 0, 5], "recordTooLong");
    refused(new Array(16).fill(0), "tooManyFragments");
  });

  it("copies a record a few times and not once a fragment, however many there are", () => {
    const record = new Uint8Array(4 * 1024 * 1024 - 65_536).fill(7);
    const octets = encodeRecord(record, record.length / 65_536);
    let copied = 0;
    const { set } = Uint8Array.prototype;
    const spy = mock.method(Uint8Array.prototype, "set", function (this: Uint8Array, from, at) {
      copied += from.length;
      set.call(this, from, at);
    } satisfies typeof set);
    const decoder = new RecordDecoder();
    decoder.receive(octets);
    const isWhole = decoder.next();
    spy.mock.restore();
    deepEqual([isWhole, decoder.end], [true, record.length]);
    ok(copied < record.length * 4, `${copied} octets were copied`);
  });

  it("makes of any octets records or a ProtocolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        try {
          records(octets, [7], new RecordDecoder({ recordMax: 100, fragmentsMax: 5 }));
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
    );
  });
});
