/**
 * What to do about a peer that broke the protocol: X.225 A.4.1.2.
 *
 * @module
 */

import type { State } from "./table.ts";
import { FU } from "./units.ts";
import { available, type Variables } from "./variables.ts";

export type Reaction =
  /** Nothing but the end is awaited; nobody wants to hear more. */
  | "ignore"
  /** There is no session yet that could be aborted. */
  | "disconnect"
  /** A.4.1.2 b): it is reported, and the session goes on. */
  | "report"
  /** A.4.1.2 a). */
  | "abort";

const endStates: ReadonlySet<State> = new Set<State>([
  "STA01",
  "STA01A",
  "STA01B",
  "STA15D",
  "STA16",
]);

/** Where an error may be reported as an exception. */
const exceptionStates: ReadonlySet<State> = new Set<State>(
  "04A 04B 05A 05B 05C 06 10A 10B 11A 11B 11C 15A 15B 15C 19 20 22 713"
    .split(" ")
    .map((name) => `STA${name}` as State), // All are keys of `states`; the table test says so.
);

/** @param exceptionReports - Whether to report where we may. */
export function reactionTo(state: State, v: Variables, exceptionReports: boolean): Reaction {
  if (endStates.has(state)) return "ignore";
  if (state === "STA01C" || state === "STA01D") return "disconnect";
  return exceptionReports && mayReport(state, v) ? "report" : "abort";
}

function mayReport(state: State, v: Variables): boolean {
  const { units, Vact, owned } = v;
  return (
    (units & FU.EXCEP) !== 0 &&
    (available(v) & ~owned & 1) !== 0 &&
    ((units & FU.ACT) === 0 || Vact || state === "STA22") &&
    exceptionStates.has(state)
  );
}
