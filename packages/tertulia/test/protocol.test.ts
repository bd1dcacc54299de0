import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { aborts } from "../src/pure/native/abort.ts";
import { functionalUnits } from "../src/pure/native/establishment.ts";
import * as frames from "../src/pure/native/frames.ts";
import { codes } from "../src/pure/native/parameters.ts";
import { refusals } from "../src/pure/native/refusal.ts";
import { releaseDiagram } from "./release-diagram.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const page = readFileSync(`${root}docs/protocol.md`, "utf8");

/** What of these is not in the page. */
function missing(texts: readonly string[]): string[] {
  return texts.filter((text) => !page.includes(text));
}

describe("docs/protocol.md", () => {
  it("has the state diagram of the release as the table has it", () => {
    assert.deepEqual(missing([releaseDiagram()]), []);
  });

  it("has a section for every clause that an error names", () => {
    const clauses = new Set<string>();
    for (const file of globSync("packages/tertulia/src/**/*.ts", { cwd: root })) {
      const source = readFileSync(root + file, "utf8");
      for (const [, clause] of source.matchAll(/"Tertulia (\d+\.\d+)/g)) clauses.add(`${clause}`);
    }
    assert.ok(clauses.size > 10);
    assert.deepEqual(missing([...clauses].map((clause) => `### ${clause} `)), []);
  });

  it("lists every frame, parameter, refusal, abort and functional unit with its number", () => {
    const types = [...Array(0x40).keys()].filter(
      (type) => !frames.frameName(type).startsWith("0x"),
    );
    const rows = types.map((type) => {
      return `| 0x${type.toString(16).padStart(2, "0")} | ${frames.frameName(type)} |`;
    });
    const parameters = Object.entries(codes).map(([name, code]) => `| ${code} | ${name} |`);
    const reasons = Object.entries(refusals).map(([name, code]) => `| ${code} | ${name}`);
    const abort = Object.entries(aborts).map(([name, code]) => `${code} ${name}`);
    const units = Object.values(functionalUnits).map((bit) => `0x${bit.toString(16)}`);
    const flat = page.replaceAll("\n", " ");
    assert.deepEqual(missing([...rows, ...parameters, ...reasons]), []);
    assert.deepEqual(
      [...abort, ...units].filter((text) => !flat.includes(text)),
      [],
    );
  });
});
