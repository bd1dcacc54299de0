/**
 * Everything that is checked without running the product: style, types, structure, docs.
 *
 *     node scripts/check.ts
 *
 * @module
 */

import { spawnSync } from "node:child_process";

const steps: readonly (readonly [claim: string, command: readonly string[]])[] = [
  [
    "The code is formatted and free of lint",
    ["biome", "ci", "--colors=off", "--error-on-warnings", "."],
  ],
  ["The pure core knows no runtime", ["tsc", "-p", "packages/tertulia/tsconfig.pure.json"]],
  ["Scripts, benches and examples type-check", ["tsc", "-p", "tsconfig.scripts.json"]],
  ["Imports go one way", [process.execPath, "scripts/architecture.ts"]],
  ["What is exported says what it is", [process.execPath, "scripts/docstrings.ts"]],
];

let failed = 0;
for (const [claim, [command = "", ...parameters]] of steps) {
  const { status, stdout, stderr } = spawnSync(command, parameters, { encoding: "utf8" });
  console.error(`${status === 0 ? "ok  " : "FAIL"} ${claim}`);
  if (status === 0) continue;
  failed += 1;
  console.error(stdout, stderr);
}
process.exit(failed === 0 ? 0 : 1);
