import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

const root = join(import.meta.dirname, "../../../../../..");
const folders = ["pure/netbios", "netbios"].map((name) =>
  join(root, "packages/tertulia/src", name),
);

describe("the violations of NetBIOS", () => {
  const source = folders
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");

  it("are all in the conformance page, and no others", () => {
    const page = readFileSync(join(root, "docs/conformance/netbios.md"), "utf8");
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

  it("name a clause of RFC 1001 or 1002 each", () => {
    const clauses = [...source.matchAll(/new ProtocolError\(\s*"\w+",\s*([^,)]*)/g)];
    assert.ok(clauses.length > 20);
    for (const [whole, clause] of clauses) {
      assert.match(clause ?? "", /^"RFC 100[12] [\d.]+"$|^[a-z]\w*$|^[A-Z_]+$/, whole);
    }
  });
});
