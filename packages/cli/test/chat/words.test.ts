import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { help } from "../../src/chat/events.ts";
import { wordsOf } from "../../src/chat/words.ts";

describe("what a stranger says", () => {
  it("cannot command the terminal that shows it", () => {
    const text = "\u001b]0;owned\u0007 \u202etxt\tok\r\n";
    assert.equal(
      wordsOf({ type: "said", name: "eve", text }),
      "eve: \ufffd]0;owned\ufffd \ufffdtxt\tok\ufffd\ufffd",
    );
  });
});

describe("what we say ourselves", () => {
  it("keeps its lines", () => {
    assert.equal(wordsOf({ type: "note", message: help }), `* ${help}`);
  });
});
