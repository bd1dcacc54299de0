/**
 * A line in a terminal of so many columns.
 *
 * @module
 */

/** As much of a line as there is room for; what was cut off leaves a mark. */
export function fit(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}
