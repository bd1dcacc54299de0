/**
 * What strangers wrote, for terminals and logs. A selector, the name of an agent, a reason: each may hold
 * what a terminal obeys, a line that the log seems to have written, or 20 KiB.
 *
 * @module
 */

/** Longest text of a stranger's in a line. */
const LENGTH_MAX = 500;

/** Without control characters, and those that turn the direction of writing; tabs and `kept` stay. */
export function harmless(text: string, kept = "\t"): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (one) =>
    kept.includes(one) ? one : "\ufffd",
  );
}

/** The same in one line, and no longer than what one wants to read there. */
export function harmlessLine(text: string): string {
  const whole = harmless(text.trim().replace(/\s*\n\s*/g, " "));
  return whole.length > LENGTH_MAX ? `${whole.slice(0, LENGTH_MAX)}…` : whole;
}
