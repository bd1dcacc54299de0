import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { peerLimitsOf } from "../../../src/pure/native/establishment.ts";
import { MORE } from "../../../src/pure/native/frames.ts";
import { Inbox } from "../../../src/pure/native/inbox.ts";
import { type Limits, limitsFrom } from "../../../src/pure/native/limits.ts";
import { octetsContext, textContext } from "../../../src/pure/native/message.ts";
import { MESSAGE_COST } from "../../../src/pure/native/peer-limits.ts";
import { Windows } from "../../../src/pure/native/windows.ts";
import { decodeUtf8, utf8 } from "../../../src/pure/octets.ts";
import { EXPEDITED, NORMAL } from "./pair.ts";

const WINDOW_OCTETS = 10_000;

/** An inbox, what its messages are counted by, and of which lanes some were taken. */
class Fixture {
  readonly windows: Windows;
  readonly took: number[] = [];
  /** How often it was told that messages wait. */
  announced = 0;
  readonly inbox: Inbox;

  constructor(changes: Partial<Limits> = {}) {
    const keeper = { took: (lane: 0 | 1) => void this.took.push(lane) };
    const limits = limitsFrom({ windowOctets: WINDOW_OCTETS, ...changes });
    this.windows = new Windows(limits, peerLimitsOf(limits));
    const listener = { readable: () => void this.announced++ };
    const parts = { limits, windows: this.windows, keeper, listener };
    this.inbox = new Inbox(parts, [textContext, octetsContext]);
  }

  /** A frame comes, in a chunk of its own. */
  receive(text: string, type = NORMAL): void {
    const octets = utf8(text);
    if (type === EXPEDITED) this.inbox.receiveExpedited(type, octets);
    else this.inbox.receive(type, octets, 0, octets.length);
  }

  /** Everything that waits, as text. */
  take(): (string | undefined)[] {
    const texts: (string | undefined)[] = [];
    for (let next = this.inbox.take(); next; next = this.inbox.take()) {
      texts.push(decodeUtf8(next.octets));
    }
    return texts;
  }

  /** What waits of each window. */
  get waiting(): [session: number, messages: number, expedited: number] {
    const { session, messages, expedited } = this.windows;
    return [session.waiting, messages.waiting, expedited.waiting];
  }
}

describe("inbox of a session", () => {
  it("gives messages in their order, and expedited ones past them (6.3)", () => {
    const fixture = new Fixture();
    fixture.receive("one");
    fixture.receive("urgent", EXPEDITED);
    fixture.receive("two");
    assert.deepEqual([fixture.inbox.length, fixture.inbox.ordinaryLength], [3, 2]);
    assert.deepEqual(fixture.take(), ["urgent", "one", "two"]);
    assert.deepEqual(fixture.took, [1, 0, 0]);
  });

  it("says that messages wait when the first does, and again when none did", () => {
    const fixture = new Fixture();
    const { inbox } = fixture;
    const come = (...texts: string[]) => {
      inbox.expect();
      for (const text of texts) {
        fixture.receive(text);
        inbox.announce();
      }
      return fixture.announced;
    };
    assert.deepEqual([come(), come("one", "two"), come("three")], [0, 1, 1]);
    fixture.take();
    assert.deepEqual([come(), come("four")], [1, 2]);
  });

  it("counts a message until it is taken, with what one costs (5.3)", () => {
    const fixture = new Fixture();
    fixture.receive("abc");
    fixture.receive("urgent", EXPEDITED);
    const [three, six] = [3 + MESSAGE_COST, 6 + MESSAGE_COST];
    assert.deepEqual(fixture.waiting, [three, three, six]);
    fixture.take();
    assert.deepEqual(fixture.waiting, [0, 0, 0]);
  });

  it("counts SPDUs as messages, until they are read where they wait (6.4)", () => {
    const fixture = new Fixture();
    fixture.inbox.receiveSpdu(10, false);
    fixture.inbox.receiveSpdu(20, true);
    const [ten, twenty] = [10 + MESSAGE_COST, 20 + MESSAGE_COST];
    assert.deepEqual(fixture.waiting, [ten, ten, twenty]);
    fixture.inbox.readSpdu(10, false);
    fixture.inbox.readSpdu(20, true);
    assert.deepEqual(fixture.waiting, [0, 0, 0]);
    assert.equal(fixture.inbox.isReadable, false);
  });

  it("gives a message in segments when its last is there (6.2)", () => {
    const fixture = new Fixture();
    fixture.receive("ab", NORMAL | MORE);
    assert.deepEqual([fixture.inbox.isIncomplete, fixture.take()], [true, []]);
    fixture.receive("cd", NORMAL | MORE);
    fixture.receive("e");
    assert.deepEqual([fixture.inbox.isIncomplete, fixture.take()], [false, ["abcde"]]);
    assert.deepEqual(fixture.waiting, [0, 0, 0]);
  });

  it("counts segments as read while they are put together, and the message when it is whole", () => {
    const fixture = new Fixture();
    fixture.receive("ab", NORMAL | MORE);
    assert.deepEqual(fixture.waiting, [0, 0, 0]);
    fixture.receive("cd");
    const four = 4 + MESSAGE_COST;
    assert.deepEqual(fixture.waiting, [four, four, 0]);
  });

  it("lets nothing between the segments of a message but what is expedited (6.2, 6.3)", () => {
    const fixture = new Fixture();
    fixture.receive("ab", NORMAL | MORE);
    fixture.receive("urgent", EXPEDITED);
    assert.throws(() => fixture.receive("x", NORMAL | 0x10), { violation: "segmentsMixed" });
  });

  it("names the rule that a message breaks", () => {
    const fixture = new Fixture({ messageOctetsMax: 5000, expeditedOctetsMax: 5 });
    for (const [type, text, violation] of [
      [NORMAL | 2, "", "unknownContext"],
      [NORMAL, "x".repeat(WINDOW_OCTETS), "creditExceeded"],
      [NORMAL | MORE, "x".repeat(5001), "messageTooLong"],
      [EXPEDITED, "urgent", "messageTooLong"],
    ] as const) {
      assert.throws(() => fixture.receive(text, type), { violation });
    }
    for (const type of [EXPEDITED | 2, EXPEDITED | MORE]) {
      assert.throws(() => fixture.inbox.receiveExpedited(type, utf8("x")), {
        violation: "badExpedited",
      });
    }
  });

  it("shares the memory of a chunk until it is told to let go", () => {
    const fixture = new Fixture();
    const chunk = utf8("keepcopy");
    fixture.inbox.receive(NORMAL, chunk, 0, 4);
    fixture.inbox.receive(NORMAL, chunk, 4, 8);
    fixture.inbox.letGo(1);
    chunk.fill(0x2e);
    assert.deepEqual(fixture.take(), ["....", "copy"]);
  });

  it("skips what the application had before, as if it were taken", () => {
    const fixture = new Fixture();
    for (const text of ["one", "two", "three"]) fixture.receive(text);
    fixture.receive("urgent", EXPEDITED);
    fixture.inbox.skip(2, 1);
    assert.deepEqual(fixture.take(), ["three"]);
    assert.deepEqual(fixture.waiting, [0, 0, 0]);
    assert.deepEqual(fixture.took, [1, 0, 0, 0]);
  });
});
