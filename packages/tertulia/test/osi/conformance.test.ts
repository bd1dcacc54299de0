/** The conformance page says what the source does, and each thing it says has a test. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { layouts } from "../../src/pure/iso8327/parameters.ts";

const root = join(import.meta.dirname, "../../../../..");
const library = join(root, "packages/tertulia");
const page = readFileSync(join(root, "docs/conformance/iso8327.md"), "utf8");

function read(...patterns: readonly string[]): string {
  const files = globSync(patterns.map((pattern) => join(library, pattern)));
  return files.map((file) => readFileSync(file, "utf8")).join("\n");
}

const source = read("src/pure/iso8327/*.ts", "src/pure/tpkt/*.ts", "src/osi/*.ts");
const tests = read(
  "test/pure/iso8327/*.ts",
  "test/pure/tpkt/*.ts",
  "test/osi/!(conformance.test).ts",
  "test/dialogue/*.ts",
);
const table = page.slice(page.indexOf("## Violations"), page.indexOf("## Limits"));
const rows = table.split("\n").filter((line) => line.startsWith("| `"));
const listed = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));

describe("the conformance page of ISO 8327", () => {
  it("lists every violation, and no others", () => {
    const thrown = [...source.matchAll(/new ProtocolError\(\s*"(\w+)"/g)].map(([, name]) => name);
    assert.ok(thrown.length > 30);
    assert.deepEqual(
      thrown.filter((name) => !listed.includes(name ?? "")),
      [],
    );
    assert.deepEqual(
      listed.filter((name) => !source.includes(`"${name}"`)),
      [],
    );
  });

  it("lists no violation that no test breaks", () => {
    assert.deepEqual(
      [...new Set(listed)].filter((name) => !new RegExp(`\\b${name}\\b`).test(tests)),
      [],
    );
  });

  it("has a row for every SPDU", () => {
    for (const [type, { si }] of Object.entries(layouts)) {
      assert.ok(new RegExp(`\\| ${type} \\| ${si} \\|`).test(page), type);
    }
  });

  it("has diagrams beside it that are those of the tables", () => {
    const script = join(root, "scripts/iso8327-diagrams.ts");
    const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { cwd: root });
    assert.deepEqual([status, stderr.toString()], [0, ""]);
  });

  it("names tests that are there", () => {
    const named = [...page.matchAll(/`((?:pure|osi|dialogue)\/[\w./-]+\.ts)`/g)];
    assert.ok(named.length >= 8);
    for (const [, path = ""] of named) assert.ok(existsSync(join(library, "test", path)), path);
  });
});
