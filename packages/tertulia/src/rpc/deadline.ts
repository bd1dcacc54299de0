/**
 * A timer for a deadline, however far away.
 *
 * @module
 */

/** What timers count to, some 25 days: with more they go off at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/** Calls back after that long; never, where that is longer than timers count to, or not given. */
export function deadline(ms: number | undefined, callback: () => void): NodeJS.Timeout | undefined {
  return ms === undefined || ms > DELAY_MS_MAX ? undefined : setTimeout(callback, ms);
}
