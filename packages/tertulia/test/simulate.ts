/**
 * Runs the simulator.
 *
 *     npm run simulate -- [--seeds N] [--from S]     N scenarios from seed S on
 *     npm run simulate -- --seed S [--trace]         one of them, and what happens in it
 *     npm run simulate -- --mutations                broken machines, and what catches them
 */

import { parseArgs } from "node:util";
import { hunt, mutations, SEEDS_MAX } from "./simulation/mutations.ts";
import { play } from "./simulation/scenario.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    mutations: { type: "boolean", default: false },
  },
});

if (values.mutations) await showMutations();
else simulate();

function simulate(): void {
  const one = values.seed === undefined ? undefined : Number(values.seed);
  const from = one ?? Number(values.from);
  const count = one === undefined ? Number(values.seeds) : 1;
  const trace = values.trace ? (line: string) => console.log(line) : undefined;

  const totals = { messages: 0, streamOctets: 0, resumes: 0, moves: 0, steps: 0 };
  const began = performance.now();
  let failed = 0;
  for (let seed = from; seed < from + count; seed++) {
    const report = play(seed, trace);
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += report[name];
    if (report.failure === undefined) continue;
    failed += 1;
    console.log(`seed ${seed}: ${report.failure}`);
    console.log(`  again: npm run simulate -- --seed ${seed} --trace`);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `${totals.messages} messages, ${totals.streamOctets} octets of streams, ` +
      `${totals.resumes} resumes, ${totals.moves} moves, ${totals.steps} steps in ${seconds} s`,
  );
  console.log(`${count - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function showMutations(): Promise<void> {
  for (const mutation of mutations) {
    const caught = await hunt(mutation);
    if (caught === undefined) process.exitCode = 1;
    const what = caught && (caught.failure.split("\n")[0] ?? "");
    console.log(
      `${mutation.name}\n  ${what === undefined ? `SURVIVED ${SEEDS_MAX} seeds` : `seed ${caught?.seed}: ${what}`}`,
    );
  }
}
