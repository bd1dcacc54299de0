/**
 * The notation of the state tables, X.225 Annex A, and how it is read.
 *
 * A row is an incoming event; a key in it lists the states of a cell, without their `STA`. A cell is
 * alternatives, the first of which with a true condition counts: `p05&¬p185: SDTind →05A then [6]`
 * reads "if predicate 5 holds and 185 does not, indicate S-DATA, go to STA05A, then do action 6".
 * `→=` stays in the state, `//` cannot happen, and what is absent is an invalid intersection (A.4).
 *
 * @module
 */

/** The states: X.225 Annex A. */
export const states: Readonly<Record<State, string>> = {
  STA01: "idle, no transport connection",
  STA01A: "wait for ABORT ACCEPT",
  STA01B: "wait for T-CONNECT confirm",
  STA01C: "idle, transport connected",
  STA01D: "wait for CONNECT DATA OVERFLOW",
  STA02A: "wait for ACCEPT",
  STA02B: "wait for OVERFLOW ACCEPT",
  STA03: "wait for DISCONNECT",
  STA04A: "wait for MAJOR SYNC ACK or PREPARE",
  STA04B: "wait for ACTIVITY END ACK or PREPARE",
  STA05A: "wait for RESYNCHRONIZE ACK or PREPARE",
  STA05B: "wait for ACTIVITY INTERRUPT ACK or PREPARE",
  STA05C: "wait for ACTIVITY DISCARD ACK or PREPARE",
  STA06: "wait for RESYNCHRONIZE after a collision",
  STA08: "wait for S-CONNECT response",
  STA09: "wait for S-RELEASE response",
  STA10A: "wait for S-SYNC-MAJOR response",
  STA10B: "wait for S-ACTIVITY-END response",
  STA11A: "wait for S-RESYNCHRONIZE response",
  STA11B: "wait for S-ACTIVITY-INTERRUPT response",
  STA11C: "wait for S-ACTIVITY-DISCARD response",
  STA15A: "after PREPARE, wait for MAJOR SYNC ACK or ACTIVITY END ACK",
  STA15B: "after PREPARE, wait for RESYNCHRONIZE, ACTIVITY INTERRUPT or DISCARD",
  STA15C: "after PREPARE, wait for RESYNCHRONIZE ACK, ACTIVITY INTERRUPT or DISCARD ACK",
  STA15D: "after PREPARE, wait for ABORT",
  STA16: "wait for T-DISCONNECT indication",
  STA18: "wait for GIVE TOKENS ACK",
  STA19: "wait for recovery, EXCEPTION DATA sent",
  STA20: "wait for recovery, exception indicated",
  STA21: "wait for CAPABILITY DATA ACK",
  STA22: "wait for S-CAPABILITY-DATA response",
  STA713: "data transfer",
};

// biome-ignore format: sixteen a line is easier to check than one

/** The states of X.225 Annex A, by their numbers there. */
export type State =
  | "STA01" | "STA01A" | "STA01B" | "STA01C" | "STA01D" | "STA02A" | "STA02B" | "STA03"
  | "STA04A" | "STA04B" | "STA05A" | "STA05B" | "STA05C" | "STA06" | "STA08" | "STA09"
  | "STA10A" | "STA10B" | "STA11A" | "STA11B" | "STA11C" | "STA15A" | "STA15B" | "STA15C"
  | "STA15D" | "STA16" | "STA18" | "STA19" | "STA20" | "STA21" | "STA22" | "STA713";

/** A state table as written: event, then states, then the cell. */
export type TableSource = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** One alternative of a cell. */
export interface Branch {
  /** Predicates that must all hold; a `¬` in front of one that must not. */
  readonly when: readonly string[];
  readonly actions: readonly string[];
  readonly next: State;
  /** Actions after the new state has been entered. */
  readonly after: readonly string[];
}

/** A cell: what can happen, or `"impossible"`. */
export type Cell = "impossible" | readonly Branch[];

/** A state table as the machine reads it: event, then state; what is absent is an error. */
export type Table = Readonly<Record<string, Readonly<Partial<Record<State, Cell>>>>>;

/** Reads the notation. @throws {Error} when the source is not in it: a bug of ours. */
export function compileTable(source: TableSource): Table {
  return Object.fromEntries(
    Object.entries(source).map(([event, row]) => {
      const cells: Partial<Record<State, Cell>> = {};
      for (const [names, text] of Object.entries(row)) {
        for (const name of names.split(" ")) {
          const state = stateOf(name);
          if (cells[state]) throw new Error(`${event} in ${state} twice`);
          cells[state] = compileCell(text, state);
        }
      }
      return [event, cells];
    }),
  );
}

function compileCell(text: string, state: State): Cell {
  return text === "//" ? "impossible" : text.split(" | ").map((part) => compileBranch(part, state));
}

function compileBranch(text: string, state: State): Branch {
  const found = /^(?:([^ ]+): )?(.*?)→(=|\w+)(?: then (.*))?$/.exec(text);
  if (!found) throw new Error(`not a cell: ${text}`);
  const [, when, actions = "", next = "", after] = found;
  return {
    when: when?.split("&") ?? [],
    actions: actions.split(" ").filter((action) => action !== ""),
    next: next === "=" ? state : stateOf(next),
    after: after?.split(" ") ?? [],
  };
}

function stateOf(name: string): State {
  const state = `STA${name}`;
  if (!(state in states)) throw new Error(`not a state: ${name}`);
  return state as State; // The keys of `states` are all there are.
}
