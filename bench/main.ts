/**
 * The benches:
 *
 *     npm run bench -- AREA [CASE ...] [--columns A,B] [--rounds N] [--json] [--plot] [--smoke]
 *
 * An area is a folder here with an `index.ts` that exports its cases. `--plot` writes charts and tables
 * into docs/benchmarks/; `--smoke` is one round with next to nothing in it: whether the bench runs.
 *
 * @module
 */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Case, measure, print, type Result } from "./harness.ts";
import { plot } from "./plot.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    columns: { type: "string" },
    rounds: { type: "string", default: "5" },
    plot: { type: "boolean", default: false },
    smoke: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const [area = "", ...wanted] = positionals;
const entry = join(import.meta.dirname, area, "index.ts");
if (values.help || area === "" || !existsSync(entry)) {
  const areas = readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((item) => item.isDirectory())
    .map((item) => item.name);
  console.error(
    "usage: npm run bench -- AREA [CASE ...] [--columns A,B] [--rounds N] [--json] [--plot] [--smoke]\n" +
      `areas: ${areas.join(", ")}`,
  );
  process.exit(values.help ? 0 : 2);
}
// The areas look at it to do less.
if (values.smoke) process.env["BENCH_SMOKE"] = "1";
const rounds = values.smoke ? 1 : Number(values.rounds);
const { cases }: { cases: readonly Case[] } = await import(entry);
const chosen = cases.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (chosen.length === 0) {
  console.error(`no such case in ${area}; there are: ${cases.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const columns = values.columns?.split(",");
const results: Result[] = [];
for (const one of chosen) {
  const measured = await measure([one], rounds, columns);
  print(measured, values.json);
  results.push(...measured);
}
if (values.plot) plot(area, results, join(import.meta.dirname, "../docs/benchmarks"));
process.exit(0);
