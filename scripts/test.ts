/**
 * Runs the compiled tests: all of them, or those whose path contains one of the arguments.
 *
 *     node scripts/test.ts [PART OF A PATH ...] [-- OPTIONS OF node --test]
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

const split = process.argv.indexOf("--");
const wanted = process.argv.slice(2, split < 0 ? undefined : split);
const options = split < 0 ? [] : process.argv.slice(split + 1);

const files = globSync("packages/*/dist/test/**/*.test.js")
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`no test has ${wanted.join(" or ")} in its path`);
  process.exit(2);
}
const { status } = spawnSync(
  process.execPath,
  // The tests share two cores with the peers that they start: two files at a time is what fits.
  // (node:sqlite is a release candidate, and says so at each start.)
  [
    "--enable-source-maps",
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-concurrency=2",
    // A file that hangs is a failure, not a run that never ends.
    "--test-timeout=300000",
    ...options,
    ...files,
  ],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
