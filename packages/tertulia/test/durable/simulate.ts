/**
 * Runs the simulator of processes that die.
 *
 *     npm run simulate:durable -- [--seeds N] [--from S]     N scenarios from seed S on
 *     npm run simulate:durable -- --seed S [--trace]         one of them, and what happens in it
 */

import { parseArgs } from "node:util";
import { play } from "./scenario.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});

const one = values.seed === undefined ? undefined : Number(values.seed);
const from = one ?? Number(values.from);
const count = one === undefined ? Number(values.seeds) : 1;
const trace = values.trace ? (line: string) => console.log(line) : undefined;

const totals = { messages: 0, crashes: 0, failedSyncs: 0, again: 0 };
const began = performance.now();
let failed = 0;
for (let seed = from; seed < from + count; seed++) {
  const report = play(seed, trace);
  for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += report[name];
  if (report.failure === undefined) continue;
  failed += 1;
  console.log(`seed ${seed}: ${report.failure}`);
  console.log(`  again: npm run simulate:durable -- --seed ${seed} --trace`);
}
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(
  `${totals.messages} messages, ${totals.crashes} crashes, ${totals.failedSyncs} failed syncs, ` +
    `${totals.again} handled again in ${seconds} s`,
);
console.log(`${count - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
