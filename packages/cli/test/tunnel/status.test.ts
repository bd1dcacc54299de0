import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fitted, Recent } from "../../src/tunnel/status.ts";

describe("Recent", () => {
  it("has what is said again and again once", () => {
    const recent = new Recent();
    for (const text of ["connected", ...Array<string>(9).fill("no session")]) recent.add(text);
    assert.deepEqual(
      recent.lines.map(({ text }) => text),
      ["connected", "no session"],
    );
  });
});

describe("fitted", () => {
  it("leaves what has room as it is", () => {
    assert.equal(fitted("one\ntwo\n", 3, 3), "one\ntwo\n");
  });

  it("folds how a tunnel is and why, cuts the rest, and says how much more there is below", () => {
    assert.equal(
      fitted("connected\n  why: no\n  and more\n", 6, 9),
      "connec\nted\n  why:\n no\n  and…\n",
    );
    assert.equal(fitted("1\n2\n3\n4\n5\n", 20, 4), "1\n2\n… and 3 lines\n");
  });
});
