import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { peerLimitsOf } from "../../../src/pure/native/establishment.ts";
import { DIALOGUE, encodeFrame, MORE, OPEN } from "../../../src/pure/native/frames.ts";
import { type Limits, limitsFrom } from "../../../src/pure/native/limits.ts";
import { Link } from "../../../src/pure/native/link.ts";
import type { LinkListener } from "../../../src/pure/native/link-parts.ts";
import { defaultContexts } from "../../../src/pure/native/message.ts";
import type { Received, StreamState } from "../../../src/pure/native/stream.ts";
import { concatOctets, utf8 } from "../../../src/pure/octets.ts";
import { Lender } from "../lender.ts";
import { EXPEDITED, NORMAL } from "./pair.ts";

/** One end of a link, and what it was told. */
class End implements LinkListener {
  readonly told: string[] = [];
  readonly link: Link;
  stream: StreamState | undefined;

  constructor(isInitiator: boolean, limits: Limits, peer: Limits) {
    this.link = new Link(isInitiator, limits, peerLimitsOf(peer), defaultContexts, this);
  }

  control(type: number): void {
    this.told.push(`control ${type}`);
  }
  readable(): void {
    this.told.push("readable");
  }
  accepted(ticket: number): void {
    this.told.push(`accepted ${ticket}`);
  }
  dialogue(octets: Uint8Array, isExpedited: boolean): void {
    this.told.push(`${isExpedited ? "expedited " : ""}dialogue ${octets.length}`);
  }
  streamOpened(stream: StreamState): void {
    this.stream = stream;
    this.told.push(`opened ${stream.id} ${stream.label}`);
  }
  streamReadable(id: number): void {
    this.told.push(`readable ${id}`);
  }
  streamWritable(id: number): void {
    this.told.push(`writable ${id}`);
  }
  streamEnded(id: number): void {
    this.told.push(`ended ${id}`);
  }
  streamReset(id: number, code: number): void {
    this.told.push(`reset ${id}: ${code}`);
  }

  /** Everything that is to be sent now. */
  compose(now = 1000): Uint8Array {
    const chunks: Uint8Array[] = [];
    while (this.link.compose(now, 1_000_000, chunks) > 0);
    return concatOctets(chunks);
  }

  /** The lengths of the messages that wait. */
  take(): number[] {
    const lengths: number[] = [];
    for (let next = this.link.inbox.take(); next; next = this.link.inbox.take()) {
      lengths.push(next.octets.length);
    }
    return lengths;
  }
}

function linked(changes: Partial<Limits> = {}): { one: End; other: End; flow: () => void } {
  const limits = limitsFrom(changes);
  const [one, other] = [new End(true, limits, limits), new End(false, limits, limits)];
  const flow = () => {
    for (let moved = true; moved; ) {
      const [there, back] = [one.compose(), other.compose()];
      other.link.receive(there, 1000);
      one.link.receive(back, 1000);
      moved = there.length + back.length > 0;
    }
  };
  return { one, other, flow };
}

const TINY: Partial<Limits> = {
  frameOctetsMax: 1024,
  expeditedOctetsMax: 100,
  windowOctets: 4096,
  windowOctetsMax: 4096,
};

describe("link", () => {
  it("puts a message of 64 octets on the wire with two more", () => {
    const { one } = linked();
    one.link.outbox.send(NORMAL, new Uint8Array(64));
    assert.equal(one.compose().length, 66);
  });

  it("acknowledges a short message with the answer to it after 5 ms, and a long one at once", () => {
    const answer = (size: number, afterMs: number): number => {
      const { one, other } = linked();
      one.link.outbox.send(NORMAL, new Uint8Array(size));
      other.link.receive(one.compose(), 1000);
      other.link.outbox.send(NORMAL, new Uint8Array(64));
      return other.compose(1000 + afterMs).length;
    };
    assert.deepEqual([answer(64, 4), answer(64, 5), answer(510, 0)], [66, 72, 74]);
  });

  it("puts large messages together from segments, longer than the window too", () => {
    const { one, other, flow } = linked(TINY);
    one.link.outbox.send(NORMAL, new Uint8Array(50_000));
    flow();
    assert.deepEqual([other.take(), other.told], [[50_000], ["readable"]]);
  });

  it("lets wait what there is no credit for, and says of each when it is accepted", () => {
    const { one, other, flow } = linked(TINY);
    const tickets = [1000, 1000, 1000, 1000, 1000].map((size) =>
      one.link.outbox.send(NORMAL, new Uint8Array(size)),
    );
    assert.deepEqual(tickets, [0, 0, 0, 1, 2]);
    flow();
    assert.deepEqual(other.take(), [1000, 1000, 1000]);
    flow();
    assert.deepEqual(
      [other.take(), one.told],
      [
        [1000, 1000],
        ["accepted 1", "accepted 2"],
      ],
    );
  });

  it("says of an expedited message alone that it is accepted", () => {
    const { one, other, flow } = linked(TINY);
    for (let i = 0; i < 4; i++) one.link.outbox.send(NORMAL, new Uint8Array(1000));
    for (let i = 0; i < 9; i++) one.link.outbox.sendExpedited(EXPEDITED, new Uint8Array(100));
    flow();
    other.link.inbox.take();
    other.link.inbox.take();
    other.link.inbox.take();
    other.link.inbox.take();
    flow();
    // The ninth has credit again; the fourth normal one, which is older, has not.
    assert.deepEqual(one.told, ["accepted 2"]);
  });

  it("never lets a message go before an expedited one that was sent earlier and waits", () => {
    const { one, other, flow } = linked(TINY);
    for (let i = 0; i < 9; i++) one.link.outbox.sendExpedited(EXPEDITED, new Uint8Array(100));
    assert.notEqual(one.link.outbox.send(NORMAL, new Uint8Array(7)), 0);
    flow();
    assert.deepEqual(other.take(), [100, 100, 100, 100, 100, 100, 100, 100]);
    flow();
    assert.deepEqual(other.take(), [100, 7]);
  });

  it("keeps an SPDU of the dialogue behind the messages before it", () => {
    const { one, other, flow } = linked(TINY);
    for (let i = 0; i < 4; i++) one.link.outbox.send(NORMAL, new Uint8Array(1000));
    one.link.outbox.sendDialogue(utf8("sync"), false);
    one.link.outbox.sendDialogue(utf8("now"), true);
    flow();
    assert.deepEqual(other.told, ["expedited dialogue 3", "readable"]);
    assert.equal(other.take().length, 3);
    flow();
    assert.deepEqual(other.told.slice(2), ["readable", "dialogue 4"]);
  });

  it("lets SPDUs of the dialogue wait for credit, until they are read", () => {
    const { one, other, flow } = linked(TINY);
    for (let i = 0; i < 6; i++) one.link.outbox.sendDialogue(new Uint8Array(1000), false);
    for (let i = 0; i < 9; i++) one.link.outbox.sendDialogue(new Uint8Array(100), true);
    flow();
    const normal = "dialogue 1000";
    const expedited = "expedited dialogue 100";
    assert.deepEqual(other.told, [...Array(8).fill(expedited), normal, normal, normal]);
    assert.equal(one.link.outbox.waitingOctets, 3 * 1064 + 164);
    for (let i = 0; i < 3; i++) other.link.inbox.readSpdu(1000, false);
    for (let i = 0; i < 8; i++) other.link.inbox.readSpdu(100, true);
    flow();
    assert.deepEqual(other.told.slice(11), [expedited, normal, normal, normal]);
    assert.equal(one.link.outbox.waitingOctets, 0);
  });

  it("names SPDUs that go beyond credit", () => {
    const { one, other } = linked(TINY);
    for (let i = 0; i < 3; i++) one.link.outbox.sendDialogue(new Uint8Array(1000), false);
    other.link.receive(one.compose(), 1000);
    const strayed = Uint8Array.from([DIALOGUE, 0x80 | 104, 7, ...new Uint8Array(1000)]);
    assert.throws(() => other.link.receive(strayed, 1000), { violation: "creditExceeded" });
  });

  it("names a message from the peer that is longer than we take, in pieces or expedited", () => {
    const { other } = linked({ messageOctetsMax: 300, expeditedOctetsMax: 50 });
    const segment = encodeFrame(NORMAL | MORE, new Uint8Array(200));
    other.link.receive(segment, 1000);
    assert.throws(() => other.link.receive(segment, 1000), { violation: "messageTooLong" });
    const expedited = encodeFrame(EXPEDITED, new Uint8Array(51));
    assert.throws(() => other.link.receive(expedited, 1000), { violation: "messageTooLong" });
  });

  it("names another message that begins in the middle of one", () => {
    const { other } = linked();
    other.link.receive(encodeFrame(NORMAL | MORE, new Uint8Array(200)), 1000);
    const another = encodeFrame(NORMAL ^ 1, new Uint8Array(1));
    assert.throws(() => other.link.receive(another, 1000), { violation: "segmentsMixed" });
  });

  it("refuses what is too long, or too much, and lets one long message wait", () => {
    const limits = { ...TINY, messageOctetsMax: 10_000, waitingOctetsMax: 5000 };
    const { one } = linked(limits);
    assert.throws(() => one.link.outbox.send(NORMAL, new Uint8Array(10_001)), {
      code: "ERR_LIMIT",
      message: "a message of 10001 octets; the peer takes 10000",
    });
    assert.throws(() => one.link.outbox.sendExpedited(EXPEDITED, new Uint8Array(101)), {
      code: "ERR_LIMIT",
    });
    assert.notEqual(one.link.outbox.send(NORMAL, new Uint8Array(10_000)), 0);
    assert.throws(() => one.link.outbox.send(NORMAL, new Uint8Array(1)), { code: "ERR_LIMIT" });
  });

  it("is not drained while anything waits, and acknowledged only at the end", () => {
    const { one, other, flow } = linked(TINY);
    for (let i = 0; i < 4; i++) one.link.outbox.send(NORMAL, new Uint8Array(1000));
    assert.equal(one.link.isDrained, false);
    flow();
    other.take();
    flow();
    assert.equal(one.link.isDrained, true);
    assert.equal(one.link.isAcknowledged, false);
    one.link.receive(other.compose(2000), 2000);
    assert.equal(one.link.isAcknowledged, true);
  });

  it("goes on when its journal has room again because all of it was sent anew", () => {
    const { one, other, flow } = linked({ journalOctetsMax: 4096 });
    for (let i = 0; i < 9; i++) one.link.outbox.send(NORMAL, new Uint8Array(1000));
    other.link.receive(one.compose(), 1000);
    // The peer had everything, and says so, but began to count at the beginning.
    const nowhere = { received: [0, 0], retained: [0, 0] } as const;
    one.link.attach(nowhere, nowhere);
    other.link.attach(nowhere, nowhere);
    one.link.receive(other.compose(), 1000);
    flow();
    assert.equal(other.take().length, 9);
  });

  it("lets go of a large chunk behind a small message", () => {
    const { one, other } = linked();
    one.link.outbox.send(NORMAL, new Uint8Array(10));
    // An optional frame that is skipped fills the rest of the chunk.
    const skipped = new Uint8Array(60_000);
    skipped.set([0xa0, 0xdd, 0xd4, 0x03]);
    other.link.receive(concatOctets([one.compose(), skipped]), 1000);
    const message = other.link.inbox.take();
    assert.ok((message?.octets.buffer.byteLength ?? 0) < 1000);
  });
});

describe("link: streams", () => {
  it("keeps octets of a stream apart from a message behind them, which is put together there", () => {
    const { one, other } = linked();
    const stream = one.link.openStream("long");
    other.link.receive(one.compose(), 1000);
    one.link.writeStream(stream, new Uint8Array(20_000).fill(1));
    one.link.outbox.send(NORMAL, new Uint8Array(40_000).fill(2));
    const wire = one.compose();
    // The reader may put the message together in the memory of the first chunk.
    other.link.receive(wire.slice(0, 45_000), 1000, { take: () => true });
    other.link.receive(wire.slice(45_000), 1000, { take: () => true });
    const read = other.stream && other.link.readStream(other.stream);
    assert.deepEqual([read?.length, [...new Set(read)]], [20_000, [1]]);
    assert.deepEqual([...new Set(other.link.inbox.take()?.octets)], [2]);
  });

  it("pass on what is lent to them, whatever becomes of its memory, and give all of that back", () => {
    const step = fc.record({
      octets: fc.oneof(fc.integer({ min: 1, max: 65_536 }), fc.constantFrom(1, 500, 3000, 65_472)),
      cut: fc.integer({ min: 1, max: 65_536 }),
      /** When the reader looks: on the loan, when it is over, or not yet. */
      reads: fc.constantFrom("take", "read", "later", "hold"),
    });
    let kept = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.constantFrom(10_000, 256 * 1024),
        (steps, windowOctets) => {
          const limits = { windowOctets, windowOctetsMax: windowOctets };
          const { one, other } = linked(limits);
          const [there, lentOut, lentIn] = [
            one.link.openStream("lent"),
            new Lender(),
            new Lender(),
          ];
          const [sent, came]: [Uint8Array[], Uint8Array[]] = [[], []];
          const held: Received[] = [];
          const put = ({ octets, lent }: Received) => {
            came.push(octets.slice());
            lent?.giveBack();
          };
          const unhold = () => {
            for (const received of held.splice(0)) put(received);
          };
          const look = (reads: string) => {
            const stream = other.stream;
            if (stream === undefined || reads === "later") return;
            if (reads === "read") {
              unhold();
              for (let next = other.link.readStream(stream); next; ) {
                came.push(next.slice());
                next = other.link.readStream(stream);
              }
              return;
            }
            for (let next = other.link.takeStream(stream); next; ) {
              held.push(next);
              next = other.link.takeStream(stream);
            }
            if (reads === "take") unhold();
          };
          const carry = (cut: number, reads: string) => {
            const wire = one.compose();
            for (let at = 0; at < wire.length; at += cut) {
              lentIn.lend(wire.subarray(at, at + cut), (octets, loan) => {
                other.link.receive(octets, 1000, loan);
                look(reads);
                other.link.gather();
              });
            }
            look(reads);
            one.link.receive(other.compose(), 1000);
          };
          for (const [i, { octets, cut, reads }] of steps.entries()) {
            if (there.pendingOctets < 200_000) {
              const piece = Uint8Array.from({ length: octets }, (_, n) => n * 7 + i);
              sent.push(piece);
              lentOut.lend(piece, (lent, { memory }) => {
                one.link.writeStream(there, lent, false, memory);
              });
            }
            carry(cut, reads);
          }
          one.link.endStream(there);
          for (let n = 0; n < 2000 && !other.stream?.isPeerEnded; n++) carry(65_536, "take");
          look("take");
          one.link.receive(other.compose(10_000), 10_000);
          assert.ok(Buffer.from(concatOctets(came)).equals(concatOctets(sent)));
          assert.deepEqual([lentOut.keptNow, lentIn.keptNow], [0, 0]);
          kept += Math.min(lentOut.kept, lentIn.kept);
        },
      ),
      { numRuns: 60 },
    );
    assert.ok(kept > 0);
  });

  it("carry octets, end in each direction, and are forgotten", () => {
    const { one, other, flow } = linked();
    const stream = one.link.openStream("file");
    one.link.writeStream(stream, utf8("hello"));
    one.link.endStream(stream);
    flow();
    const there = other.stream as StreamState;
    assert.deepEqual(other.told, ["opened 0 file", "readable 0", "ended 0"]);
    assert.deepEqual(other.link.readStream(there), utf8("hello"));
    other.link.writeStream(there, utf8("answer"));
    other.link.endStream(there);
    flow();
    assert.deepEqual(one.told, ["readable 0", "ended 0"]);
    assert.deepEqual(one.link.readStream(stream), utf8("answer"));
    assert.deepEqual([[...one.link.streams], [...other.link.streams]], [[], []]);
    assert.equal(one.link.unreadOctets, 0);
  });

  it("wait each for its own reader, and for nobody else's", () => {
    const { one, other, flow } = linked({ ...TINY, sessionWindowOctets: 100_000 });
    const stalled = one.link.openStream("stalled");
    one.link.writeStream(stalled, new Uint8Array(20_000));
    flow();
    const first = other.stream as StreamState;
    const busy = one.link.openStream("busy");
    one.link.writeStream(busy, new Uint8Array(20_000));
    let read = 0;
    flow();
    const second = other.stream as StreamState;
    for (let i = 0; i < 20; i++) {
      for (let octets = other.link.readStream(second); octets; ) {
        read += octets.length;
        octets = other.link.readStream(second);
      }
      flow();
    }
    assert.deepEqual([read, first.flow.waiting], [20_000, 4096]);
  });

  it("are acknowledged after 128 KiB, and after 256 where their window has grown to 4 MiB", () => {
    const { one, other } = linked();
    const stream = one.link.openStream("file");
    const counts: number[] = [];
    for (let pieces = 1; counts.length < 100; pieces++) {
      one.link.writeStream(stream, new Uint8Array(32 * 1024));
      other.link.receive(one.compose(), 1000);
      if (other.stream) other.link.readStream(other.stream);
      if (!other.link.isSendDue(1000)) continue;
      one.link.receive(other.compose(), 1000);
      counts.push(pieces);
      pieces = 0;
    }
    assert.deepEqual([counts[0], counts.at(-1)], [4, 8]);
  });

  it("tell their writer to wait, and when it may go on", () => {
    const { one, other, flow } = linked();
    const stream = one.link.openStream("s");
    assert.equal(one.link.writeStream(stream, new Uint8Array(700_000)), false);
    flow();
    for (let i = 0; i < 10; i++) {
      while (other.link.readStream(other.stream as StreamState));
      flow();
    }
    assert.deepEqual(one.told, ["writable 0"]);
  });

  it("end at once by a reset, which frees the window, once", () => {
    const { one, other, flow } = linked();
    const stream = one.link.openStream("s");
    one.link.writeStream(stream, new Uint8Array(5000));
    flow();
    const there = other.stream as StreamState;
    assert.equal(other.link.unreadOctets, 5000);
    one.link.resetStream(stream, 42);
    flow();
    assert.deepEqual(other.told.slice(2), ["reset 0: 42"]);
    assert.equal(other.link.readStream(there), undefined);
    other.link.resetStream(there, 1);
    assert.equal(other.link.unreadOctets, 0);
    flow();
    assert.deepEqual(one.told, []);
    assert.throws(() => one.link.writeStream(stream, utf8("x")), { code: "ERR_STATE" });
  });

  it("that both ended give their window back when they are dropped unread", () => {
    const { one, other, flow } = linked();
    const stream = one.link.openStream("s");
    one.link.writeStream(stream, new Uint8Array(5000));
    one.link.endStream(stream);
    flow();
    const there = other.stream as StreamState;
    other.link.endStream(there);
    flow();
    other.link.resetStream(there, 0);
    assert.equal(other.link.unreadOctets, 0);
  });

  it("are no more than the peer takes, and come again when one has ended", () => {
    const { one, other, flow } = linked({ streamsMax: 1 });
    const stream = one.link.openStream("a");
    assert.throws(() => one.link.openStream("b"), { code: "ERR_LIMIT" });
    assert.throws(() => one.link.openStream("x".repeat(1025)), { code: "ERR_LIMIT" });
    one.link.resetStream(stream, 0);
    assert.equal(one.link.openStream("b").id, 2);
    flow();
    assert.deepEqual(other.told, ["opened 0 a", "reset 0: 0", "opened 2 b"]);
  });

  it("that the peer opens are no more than we take", () => {
    const { other } = linked({ streamsMax: 2 });
    for (const id of [0, 2]) other.link.receive(encodeFrame(OPEN, Uint8Array.of(id, 65)), 1000);
    const third = encodeFrame(OPEN, Uint8Array.of(4, 65));
    assert.throws(() => other.link.receive(third, 1000), { violation: "tooManyStreams" });
  });

  it("gather small pieces, so that many of them take little room", () => {
    const { one, other, flow } = linked();
    const stream = one.link.openStream("s");
    for (let i = 0; i < 100; i++) {
      one.link.writeStream(stream, Uint8Array.of(i));
      flow();
    }
    const there = other.stream as StreamState;
    const pieces: Uint8Array[] = [];
    for (let next = there.read(); next; next = there.read()) pieces.push(next);
    assert.equal(pieces.length, 2);
    assert.deepEqual([...concatOctets(pieces)], [...Array(100).keys()]);
  });
});
