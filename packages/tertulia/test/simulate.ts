/**
 * Runs the simulators: of links that break and, with `--crashes`, of processes that die.
 *
 *     npm run simulate -- [--seeds N] [--from S]     N scenarios from seed S on
 *     npm run simulate -- --seed S [--trace]         one of them, and what happens in it
 *     npm run simulate -- --mutations                mutants, and what catches them
 *     npm run simulate -- --dialogues …              with a dialogue of X.225 in each session
 *     npm run simulate:durable -- …                  as `npm run simulate -- --crashes …`
 */

import { parseArgs } from "node:util";
import { mutations as crashMutations } from "./durable/mutations.ts";
import { play as playCrashes } from "./durable/scenario.ts";
import { hunt, type Mutation, SEEDS_MAX } from "./simulation/mutants.ts";
import { mutations as linkMutations } from "./simulation/mutations.ts";
import { playDialogues, play as playLinks } from "./simulation/scenario.ts";

/** A seed that failed says so; the other fields are counts, named as they are to be read. */
type Report = Readonly<Record<string, number | string | undefined>> & {
  readonly failure?: string;
};

interface Simulator {
  readonly command: string;
  readonly play: (seed: number, trace?: (line: string) => void) => Report;
  readonly scenario: string;
  readonly mutations: readonly Mutation[];
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    mutations: { type: "boolean", default: false },
    crashes: { type: "boolean", default: false },
    dialogues: { type: "boolean", default: false },
  },
});

const links: Simulator = {
  command: "npm run simulate --",
  play: (seed, trace) => ({ ...playLinks(seed, trace) }),
  scenario: import.meta.resolve("./simulation/scenario.js"),
  mutations: linkMutations,
};

const crashes: Simulator = {
  command: "npm run simulate:durable --",
  play: (seed, trace) => ({ ...playCrashes(seed, trace) }),
  scenario: import.meta.resolve("./durable/scenario.js"),
  mutations: crashMutations,
};

const dialogues: Simulator = {
  ...links,
  command: "npm run simulate -- --dialogues",
  play: (seed, trace) => ({ ...playDialogues(seed, trace) }),
};

const simulator = values.crashes ? crashes : values.dialogues ? dialogues : links;
if (values.mutations) await showMutations(simulator);
else simulate(simulator);

function simulate({ command, play }: Simulator): void {
  const one = values.seed === undefined ? undefined : Number(values.seed);
  const from = one ?? Number(values.from);
  const count = one === undefined ? Number(values.seeds) : 1;
  const trace = values.trace ? (line: string) => console.log(line) : undefined;

  const totals = new Map<string, number>();
  const began = performance.now();
  let failed = 0;
  for (let seed = from; seed < from + count; seed++) {
    const { failure, seed: _, ...counts } = play(seed, trace);
    for (const [name, value] of Object.entries(counts)) {
      totals.set(name, (totals.get(name) ?? 0) + Number(value));
    }
    if (failure === undefined) continue;
    failed += 1;
    console.log(`seed ${seed}: ${failure}`);
    console.log(`  again: ${command} --seed ${seed} --trace`);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const sums = [...totals].map(([name, value]) => `${value} ${inWords(name)}`);
  console.log(`${sums.join(", ")} in ${seconds} s`);
  console.log(`${count - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** `streamOctets` as `stream octets`. */
function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

async function showMutations({ mutations, scenario }: Simulator): Promise<void> {
  for (const mutation of mutations) {
    const caught = await hunt(mutation, scenario);
    if (caught === undefined) process.exitCode = 1;
    const what = caught && (caught.failure.split("\n")[0] ?? "");
    console.log(
      `${mutation.name}\n  ${what === undefined ? `SURVIVED ${SEEDS_MAX} seeds` : `seed ${caught?.seed}: ${what}`}`,
    );
  }
}
