import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { peerLimitsOf } from "../../../src/pure/native/establishment.ts";
import { limitsFrom } from "../../../src/pure/native/limits.ts";
import { Windows } from "../../../src/pure/native/windows.ts";
import { Reader, Writer } from "../../../src/pure/octets.ts";

const WINDOW_OCTETS = 10_000;

function windowsOf(sessionWindowOctets = 2 * WINDOW_OCTETS): Windows {
  const limits = limitsFrom({
    windowOctets: WINDOW_OCTETS,
    windowOctetsMax: WINDOW_OCTETS,
    sessionWindowOctets,
  });
  return new Windows(limits, peerLimitsOf(limits));
}

/** What a CREDIT of theirs says: session, messages, expedited. */
function creditOf(windows: Windows): Reader {
  const writer = new Writer();
  windows.writeCredit(writer, 1_000_000, 0);
  const frame = new Reader(writer.finish(), "");
  frame.u8();
  frame.varint();
  return frame;
}

describe("windows of a link", () => {
  it("takes of two windows what is said in order: the narrower one decides (5.3)", () => {
    const windows = windowsOf();
    assert.equal(windows.room, WINDOW_OCTETS);
    windows.send(1000);
    assert.equal(windows.room, WINDOW_OCTETS - 1000);
    // Streams count in the session's only.
    windows.session.sent += 2 * WINDOW_OCTETS - 1500;
    assert.equal(windows.room, 500);
    assert.deepEqual([windows.hasRoom(500), windows.hasRoom(501)], [true, false]);
  });

  it("counts in both what comes in order, until it is taken", () => {
    const windows = windowsOf();
    windows.receive(1000);
    windows.expedited.receive(10);
    assert.deepEqual([windows.received, windows.waiting], [[1000, 1000, 10], 1010]);
    windows.consume(1000);
    assert.equal(windows.waiting, 10);
    windows.consume(-400);
    assert.equal(windows.waiting, 410);
  });

  it("refuses what was not granted", () => {
    const windows = windowsOf();
    windows.receive(WINDOW_OCTETS);
    assert.throws(() => windows.receive(1), { violation: "creditExceeded" });
  });

  it("has something to grant when one of them has", () => {
    for (const one of ["messages", "session", "expedited"] as const) {
      const windows = windowsOf();
      const window = windows[one];
      const half = window.windowOctets / 2;
      assert.deepEqual([windows.isWorthwhile, windows.isDue], [false, false]);
      window.received += half;
      window.consumed += half / 2;
      assert.deepEqual([windows.isWorthwhile, windows.isDue], [true, false]);
      window.consumed += half / 2;
      assert.deepEqual([windows.isWorthwhile, windows.isDue], [true, true]);
      creditOf(windows);
      assert.deepEqual([windows.isWorthwhile, windows.isDue], [false, false]);
    }
  });

  it("has a peer send what it grants, and never less than before", () => {
    const [windows, peer] = [windowsOf(), windowsOf()];
    windows.receive(4000);
    windows.consume(4000);
    windows.expedited.receive(100);
    windows.expedited.consumed += 100;
    const { room: before } = peer.expedited;
    peer.receiveCredit(creditOf(windows));
    assert.equal(peer.messages.room, WINDOW_OCTETS + 4000);
    assert.equal(peer.session.room, 2 * WINDOW_OCTETS + 4000);
    assert.equal(peer.expedited.room, before + 100);
    peer.receiveCredit(creditOf(windowsOf()));
    assert.equal(peer.messages.room, WINDOW_OCTETS + 4000);
  });

  it("stands where stored ones stood", () => {
    const [windows, stored] = [windowsOf(), windowsOf()];
    stored.send(300);
    stored.expedited.sent += 20;
    stored.receive(500);
    stored.consume(500);
    windows.restoreSent(stored.sent);
    windows.restore([0, 0, 0]);
    windows.restore(stored.received);
    windows.restored();
    assert.deepEqual([windows.sent, windows.received], [[300, 300, 20], stored.received]);
    assert.equal(windows.waiting, 0);
    assert.equal(windows.messages.granted, 500 + WINDOW_OCTETS);
  });
});
