/**
 * How much of the pure core its own tests run: lines, branches and functions, by standard.
 *
 *     npm run coverage [-- --lines]
 *
 * Counted are the tests in test/pure, the vectors, the documented protocol, the dialogue and both
 * simulators. What is only reached through sockets does not count. `--lines` also prints the lines
 * that no test runs.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What there is and what was run. */
type Count = [found: number, hit: number];

interface Covered {
  readonly lines: Count;
  readonly branches: Count;
  readonly functions: Count;
}

const PURE = "packages/tertulia/src/pure/";
const showsLines = process.argv.includes("--lines");

const folder = mkdtempSync(join(tmpdir(), "tertulia-coverage-"));
const report = join(folder, "lcov");
const tests = globSync([
  "packages/tertulia/dist/test/pure/**/*.test.js",
  "packages/tertulia/dist/test/{protocol,vectors,simulate,durable/simulate,dialogue/dialogue}.test.js",
]);
const { status } = spawnSync(
  process.execPath,
  [
    ...["--enable-source-maps", "--disable-warning=ExperimentalWarning", "--test"],
    ...["--test-concurrency=2", "--experimental-test-coverage"],
    // Of the sources: their map says where they are.
    "--test-coverage-include=**/src/pure/**",
    ...["--test-reporter=lcov", `--test-reporter-destination=${report}`],
    ...["--test-reporter=dot", "--test-reporter-destination=stdout"],
    ...tests.sort(),
  ],
  { stdio: "inherit" },
);
const groups = new Map<string, Covered>();
const total = none();
for (const record of readFileSync(report, "utf8").split("end_of_record\n")) {
  const file = /^SF:(.*)$/m.exec(record)?.[1];
  if (!file?.startsWith(PURE)) continue;
  const path = file.slice(PURE.length);
  const name = path.includes("/") ? path.slice(0, path.indexOf("/")) : "(common)";
  const group = groups.get(name) ?? none();
  groups.set(name, group);
  for (const sum of [group, total]) {
    add(sum.lines, record, "LF", "LH");
    add(sum.branches, record, "BRF", "BRH");
    add(sum.functions, record, "FNF", "FNH");
  }
  const missed = [...record.matchAll(/^DA:(\d+),0$/gm)].map(([, line]) => line);
  if (showsLines && missed.length > 0) console.log(`${file}: ${missed.join(" ")}`);
}
rmSync(folder, { recursive: true });

console.log(
  `\n${"".padEnd(12)}${"lines".padStart(10)}${"branches".padStart(10)}${"functions".padStart(11)}`,
);
for (const [name, covered] of [...groups].sort(([a], [b]) => a.localeCompare(b)))
  row(name, covered);
row("all", total);
process.exit(status ?? 1);

function none(): Covered {
  return { lines: [0, 0], branches: [0, 0], functions: [0, 0] };
}

function add(count: Count, record: string, found: string, hit: string): void {
  const figureOf = (key: string) =>
    Number(new RegExp(`^${key}:(\\d+)$`, "m").exec(record)?.[1] ?? 0);
  count[0] += figureOf(found);
  count[1] += figureOf(hit);
}

function row(name: string, { lines, branches, functions }: Covered): void {
  const percent = ([found, hit]: Count) => `${((100 * hit) / Math.max(1, found)).toFixed(1)} %`;
  const columns = [percent(lines).padStart(10), percent(branches).padStart(10)];
  console.log(name.padEnd(12) + columns.join("") + percent(functions).padStart(11));
}
