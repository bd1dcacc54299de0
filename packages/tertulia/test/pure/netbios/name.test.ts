import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  formatName,
  isOwnable,
  meaningOfSuffix,
  nameKey,
  netbiosName,
  parseName,
  sameName,
  suffixOf,
  WILDCARD,
  withSuffix,
} from "../../../src/pure/netbios/name.ts";

describe("NetBIOS name", () => {
  it("is 15 characters in upper case, padded with spaces, and a suffix", () => {
    const name = netbiosName("alice", 0x20);
    assert.deepEqual(name, { label: "ALICE          \x20", scope: "" });
    assert.equal(suffixOf(name), 0x20);
  });

  for (const [text, shown] of [
    ["ALICE", "ALICE<00>"],
    ["alice#20", "ALICE<20>"],
    ["Alice<1b>.Scope.Id", "ALICE<1b>.Scope.Id"],
    ["\\x01\\x02__MSBROWSE__\\x02<01>", "\\x01\\x02__MSBROWSE__\\x02<01>"],
    ["*", "*<00>"],
    ["A.B", "A.B<00>"],
  ] as const) {
    it(`reads ${text} as ${shown}`, () => assert.equal(formatName(parseName(text)), shown));
  }

  for (const text of ["A<zz>", "A<100>", "A<>", "A<20>x", "A<20", "A#zz", "A#100"]) {
    it(`refuses ${text}, whose suffix is none`, () =>
      assert.throws(() => parseName(text), { reason: "invalidName", message: /suffix/ }));
  }

  for (const text of ["A\\x3czz>", "C\\x23", "A<B<20>"]) {
    it(`takes ${text}: what looks like one is written as an octet, or has one behind it`, () =>
      assert.equal(parseName(text).label.length, 16));
  }

  for (const [text, suffix, scope] of [
    ["SIXTEEN-LETTERS-", 0, ""],
    ["EURO€", 0, ""],
    ["A", 256, ""],
    ["A", 1.5, ""],
    ["A", 0, ".leading"],
    ["A", 0, "x".repeat(64)],
    ["A", 0, "Ł"],
    ["A", 0, Array(60).fill("abc").join(".")],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} ${suffix} in scope ${scope.slice(0, 12)}`, () =>
      assert.throws(() => netbiosName(text, suffix, scope), { reason: "invalidName" }));
  }

  it("may be owned unless it begins with an asterisk", () => {
    assert.equal(isOwnable(netbiosName("A")), true);
    assert.equal(isOwnable(WILDCARD), false);
    assert.equal(isOwnable({ label: "SHORT", scope: "" }), false);
  });

  it("is another name in another scope, in another case, with another suffix", () => {
    const name = netbiosName("A", 0x20, "S");
    assert.equal(sameName(name, netbiosName("A", 0x20, "S")), true);
    for (const other of [
      netbiosName("A", 0x20),
      netbiosName("A", 0x20, "s"),
      withSuffix(name, 0),
    ]) {
      assert.equal(sameName(name, other), false);
      assert.notEqual(nameKey(name), nameKey(other));
    }
  });

  it("knows what practice uses a suffix for", () => {
    assert.equal(meaningOfSuffix(0x20, false), "file server");
    assert.equal(meaningOfSuffix(0x1e, true), "browser elections");
    assert.equal(meaningOfSuffix(0x55, false), undefined);
  });
});
