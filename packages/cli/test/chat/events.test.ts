import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJsonLine, parseLine } from "../../src/chat/events.ts";

describe("a typed line", () => {
  it("is said, unless it begins with a slash; two slashes say one", () => {
    assert.deepEqual(["hi", " /who", "//who"].map(parseLine), [
      { type: "say", text: "hi" },
      { type: "say", text: " /who" },
      { type: "say", text: "/who" },
    ]);
  });

  it("is a command that is known and complete, or is told what is wrong", () => {
    const lines = ["/break", "/break 2.5", "/break x", "/move tls", "/move up", "/dance"];
    assert.deepEqual(lines.map(parseLine), [
      { type: "break", seconds: 10 },
      { type: "break", seconds: 2.5 },
      { type: "invalid", message: "break: for how many seconds? 1 to 3600" },
      { type: "move", to: "tls" },
      { type: "invalid", message: "move: to what? tls, ws, tcp" },
      { type: "invalid", message: "no such command: /dance; /help lists them" },
    ]);
  });
});

describe("a line of JSON", () => {
  it("is a command or is told to be none", () => {
    const lines = [
      '{"type":"say","text":"a\\nb"}',
      '{"type":"say"}',
      "null",
      "{",
      '{"type":"quit"}',
    ];
    assert.deepEqual(lines.map(parseJsonLine), [
      { type: "say", text: "a\nb" },
      { type: "invalid", message: 'not a command: {"type":"say"}' },
      { type: "invalid", message: "not a command: null" },
      { type: "invalid", message: "not a command: {" },
      { type: "quit" },
    ]);
  });
});
