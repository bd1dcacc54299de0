/**
 * How every bench here measures and prints: rounds in turn, so that a machine that slows down slows
 * everyone; the median of the rounds; one table, or with `--json` one line a case.
 *
 * @module
 */

/** One thing to measure, and who does it. */
export interface Case {
  readonly name: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** The figure of one round, by column. A column that cannot run here throws {@link Missing}. */
  readonly columns: Readonly<Record<string, () => Promise<number>>>;
  /** The most rounds that make sense, where fewer than usual do. */
  readonly rounds?: number;
  /** Called when the last round is over. */
  readonly close?: () => Promise<void>;
}

/** What a column throws when its peer is not installed: it is left out, and said. */
export class Missing extends Error {}

export interface Result {
  readonly case: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly median: Readonly<Record<string, number>>;
  /** How many rounds it is the median of. */
  readonly rounds: number;
}

/** Measures the cases, round by round, and returns the medians; of all columns or `only` of some. */
export async function measure(
  cases: readonly Case[],
  rounds: number,
  only?: readonly string[],
): Promise<Result[]> {
  const results: Result[] = [];
  for (const { name, unit, better, columns, rounds: roundsMax = rounds, close } of cases) {
    const figures: Record<string, number[]> = {};
    const missing = new Set<string>();
    for (let round = 0; round < Math.min(rounds, roundsMax); round++) {
      for (const [column, run] of Object.entries(columns)) {
        if (missing.has(column) || (only && !only.includes(column))) continue;
        progress(`${name} ${round + 1} ${column}`);
        try {
          figures[column] ??= [];
          figures[column].push(await run());
        } catch (error) {
          if (!(error instanceof Missing)) throw error;
          progress("");
          console.error(`${name}: without ${column}: ${error.message}`);
          missing.add(column);
        }
      }
    }
    progress("");
    await close?.();
    const median = Object.fromEntries(
      Object.entries(figures)
        .filter(([, values]) => values.length > 0)
        .map(([column, values]) => [column, medianOf(values)]),
    );
    results.push({ case: name, unit, better, median, rounds: Math.min(rounds, roundsMax) });
  }
  return results;
}

/** Prints results for people, with each column's ratio to the first; or for scripts. */
export function print(results: readonly Result[], json: boolean): void {
  for (const result of results) {
    if (json) {
      console.log(JSON.stringify(result));
      continue;
    }
    console.log(`\n${result.case} (${result.unit}, ${result.better} is better)`);
    const entries = Object.entries(result.median);
    const [, first = 0] = entries[0] ?? [];
    for (const [column, value] of entries) {
      const ratio = value === 0 ? "" : `${(first / value).toPrecision(3)} x`;
      console.log(`  ${column.padEnd(24)} ${figure(value).padStart(14)}   ${ratio.padStart(10)}`);
    }
  }
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** A figure for people. */
export function figure(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(4);
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
