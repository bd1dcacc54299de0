/**
 * For options that may be given again: their values, in order.
 *
 * @module
 */

export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
