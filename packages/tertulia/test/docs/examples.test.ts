/**
 * Every `ts` block of the READMEs and docs/ is compiled and run against the built library; a `text`
 * block right behind it is what it prints. `ts no-run: REASON` is only compiled; `ts excerpt: REASON`,
 * which is not a whole program, is neither.
 *
 * @module
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), "../../../../..");
// Inside the package, so that it finds the package by its own name, as those who install it do.
const folder = join(root, "packages/tertulia/dist/examples");

interface Example {
  readonly where: string;
  readonly file: string;
  readonly code: string;
  /** Why it is not run. */
  readonly reason: string | undefined;
  /** What it prints. */
  readonly output: string | undefined;
}

const BLOCK = /^```ts(?: no-run: ([^\n]+))?\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?/gms;

const pages = globSync(["README.md", "packages/*/README.md", "docs/**/*.md"], { cwd: root }).sort();
const examples = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(BLOCK)].map(({ 1: reason, 2: code = "", 3: output, index }): Example => {
    const line = text.slice(0, index).split("\n").length;
    const file = `${page.replaceAll(/\W/g, "-")}-${line}.ts`;
    return { where: `${page}:${line}`, file, code, reason, output };
  });
});

describe("the examples of the documentation", { concurrency: 2 }, () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  after(() => rmSync(folder, { recursive: true, force: true }));
  for (const { file, code } of examples) writeFileSync(join(folder, file), `${code}export {};\n`);

  it("are all marked as what they are", () => {
    for (const page of pages) {
      const fences =
        readFileSync(join(root, page), "utf8").match(/^```(ts|typescript|js)\b.*$/gm) ?? [];
      for (const fence of fences) assert.match(fence, /^```ts( (no-run|excerpt): \S.+)?$/, page);
    }
    assert.ok(examples.length > 10);
  });

  it("compile", async () => {
    const config = {
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: {
        composite: false,
        noEmit: true,
        isolatedDeclarations: false,
        declaration: false,
      },
      include: ["*.ts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    await run(process.execPath, [compiler(), "-p", folder]).catch(({ stdout }) =>
      assert.fail(stdout),
    );
  });

  for (const { where, file, reason, output } of examples) {
    it(`runs: ${where}`, { skip: reason ?? false }, async () => {
      // A folder of its own: what it writes is nobody else's.
      const cwd = mkdtempSync(join(tmpdir(), "tertulia-example-"));
      const running = run(process.execPath, [join(folder, file)], { cwd, timeout: 20_000 });
      const { stdout, stderr } = await running.finally(() => rmSync(cwd, { recursive: true }));
      if (output !== undefined) assert.equal(stdout, output);
      assert.equal(stderr, "");
    });
  }
});

function compiler(): string {
  return fileURLToPath(import.meta.resolve("typescript/package.json")).replace(
    "package.json",
    "bin/tsc",
  );
}
