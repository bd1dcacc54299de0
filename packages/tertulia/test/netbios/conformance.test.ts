import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

const root = join(import.meta.dirname, "../../../../..");
const folders = ["pure/netbios", "netbios"].map((name) =>
  join(root, "packages/tertulia/src", name),
);

describe("the conformance page of NetBIOS", () => {
  const source = folders
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");

  const page = readFileSync(join(root, "docs/conformance/netbios.md"), "utf8");

  it("names tests that are there", () => {
    const named = [...page.matchAll(/`((?:pure\/)?netbios\/[\w-]+)`/g)].map(([, name]) => name);
    assert.ok(named.length > 30);
    const tests = join(root, "packages/tertulia/test");
    assert.deepEqual(
      named.filter((name) => !existsSync(join(tests, `${name}.test.ts`))),
      [],
    );
  });

  it("lists every violation, and no others", () => {
    const listed = /are a `ProtocolError` with one of:([^.]*)\./.exec(page)?.[1] ?? "";
    const documented = [...listed.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    const thrown = [...source.matchAll(/new ProtocolError\(\s*"(\w+)"/g)].map(([, name]) => name);
    assert.deepEqual(
      thrown.filter((name) => !documented.includes(name)),
      [],
    );
    assert.deepEqual(
      documented.filter((name) => !source.includes(`"${name}"`)),
      [],
    );
  });

  it("is right that every violation has a clause of RFC 1001 or 1002", () => {
    const clauses = [...source.matchAll(/new ProtocolError\(\s*"\w+",\s*([^,)]*)/g)];
    assert.ok(clauses.length > 20);
    for (const [whole, clause] of clauses) {
      assert.match(clause ?? "", /^"RFC 100[12] [\d.]+"$|^[a-z]\w*$|^[A-Z_]+$/, whole);
    }
  });
});
