import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeState, encodeState, type KeptState } from "../../../src/pure/native/keeper.ts";

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
  streams: [0, 1],
  dialogue: { snapshot: undefined, cursor: [0, 0], waiting: [[], []] },
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
    const ended = { ...state, end: { outcome: "expired", message: "não veio" } };
    assert.deepEqual(decodeState(encodeState(ended)), ended);
  });

  it("is read when the version before wrote it", () => {
    // Version 1 said nothing of the end and of the dialogue: seven times nothing is what it lacks.
    const before = encodeState(state).slice(0, -7);
    before[0] = 1;
    assert.deepEqual(decodeState(before), state);
  });

  it("is refused when a later version wrote it", () => {
    const later = encodeState(state);
    later[0] = 3;
    assert.throws(() => decodeState(later), { violation: "unknownState" });
  });
});
