/**
 * The local numbers of names and sessions: from 1 to 254, for 0 and 255 mean something else.
 *
 * @module
 */

import { NcbError } from "./ncb-codes.ts";

/** Any name, in RECEIVE ANY and RECEIVE DATAGRAM. */
export const ANY_NAME = 255;

const NUMBER_MAX = 254;

/** The next number after the last that is not in use; from the first again after 254. */
export function freeNumber(
  used: ReadonlyMap<number, unknown>,
  last: number,
  first: number,
  full: "nameTableFull" | "sessionTableFull",
): number {
  for (let i = 1; i <= NUMBER_MAX; i++) {
    const number = first + ((last - first + i) % (NUMBER_MAX - first + 1));
    if (!used.has(number)) return number;
  }
  throw new NcbError(full, `at most ${NUMBER_MAX}`);
}
