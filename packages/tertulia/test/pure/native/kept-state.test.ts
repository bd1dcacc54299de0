import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeState, encodeState, type KeptState } from "../../../src/pure/native/kept-state.ts";
import { hex } from "../../../src/pure/octets.ts";

const state: KeptState = {
  release: "finished",
  end: undefined,
  cursor: [1, 2],
  received: [3, 4],
  counted: [5, 6, 7],
  sent: [8, 9, 300],
  messages: [11, 12],
  ends: [13, 14],
  acknowledged: [15, 16],
  starts: [17, 18, 19],
  receivedEnd: 20,
  sendingEnd: 21,
  sending: { type: 0x10, offset: 70_000 },
  nextStreams: [2, 3],
  streams: [],
  lost: [],
  carried: undefined,
  dialogue: { snapshot: undefined, cursor: [0, 0], waiting: [[], []] },
  overlap: { life: 22, starts: [23, 24], isAhead: true, peerLife: 25 },
};

describe("stored state of a session", () => {
  it("is read as it was written", () => {
    assert.deepEqual(decodeState(encodeState(state)), state);
    const dialogue: KeptState["dialogue"] = {
      snapshot: Uint8Array.of(1, 2),
      cursor: [22, 23],
      waiting: [[Uint8Array.of(3), Uint8Array.of()], [Uint8Array.of(4)]],
    };
    assert.deepEqual(decodeState(encodeState({ ...state, dialogue })), { ...state, dialogue });
    const streams = [
      { id: 3, label: "ficheiro", takenOctets: 70_000, writtenOctets: 5 },
      { id: 4, label: "", takenOctets: 0, writtenOctets: 0 },
    ];
    const lossy = { ...state, streams, lost: streams.slice(1) };
    assert.deepEqual(decodeState(encodeState(lossy)), lossy);
    const ended = { ...state, end: { outcome: "expired", message: "não veio" } };
    assert.deepEqual(decodeState(encodeState(ended)), ended);
  });

  it("has streams that are carried over behind all else, and only then is of version 4", () => {
    const streams = [{ id: 5, label: "tcp", takenOctets: 6, writtenOctets: 7 }];
    const carried = [
      {
        id: 5,
        isEnding: true,
        isEndSent: false,
        isPeerEnded: true,
        pending: Uint8Array.of(1, 2),
        unread: Uint8Array.of(3),
      },
    ];
    const over = { ...state, streams, carried };
    const octets = encodeState(over);
    assert.deepEqual(decodeState(octets), over);
    const without = encodeState({ ...state, streams });
    assert.deepEqual([octets[0], without[0]], [4, 3]);
    assert.equal(hex(octets.slice(without.length)), "01" + "05" + "05" + "020102" + "0103");
    assert.equal(hex(octets.slice(1, without.length)), hex(without.slice(1)));
  });

  it("is read when a version before wrote it", () => {
    // Version 1 said nothing of the end, the dialogue and of streams but numbers: nine zeros less. Neither
    // it nor version 2 knew of lives: five numbers less.
    const overlap = { life: 0, starts: [0, 0], isAhead: false, peerLife: 0 };
    for (const [version, octets] of [14, 5].entries()) {
      const before = encodeState(state).slice(0, -octets);
      before[0] = version + 1;
      assert.deepEqual(decodeState(before), { ...state, overlap });
    }
  });

  it("is refused when a later version wrote it", () => {
    const later = encodeState(state);
    later[0] = 5;
    assert.throws(() => decodeState(later), { violation: "unknownState" });
  });
});
