/**
 * The state tables, ready to be asked: the names of predicates and actions are turned into the functions
 * that they name, and the branch that applies is found here.
 *
 * @module
 */

import { type Action, actions } from "./actions.ts";
import {
  amendmentsWithoutSymmetric,
  amendmentsWithSymmetric,
  correctionsWithSymmetric,
} from "./amendments.ts";
import { type Predicate, predicates } from "./predicates.ts";
import type { Incoming, Spm } from "./spm.ts";
import { compileTable, type State, type Table } from "./table.ts";
import { FU } from "./units.ts";
import { isSymmetric, type Variables } from "./variables.ts";
import { withSymmetric } from "./with-symmetric.ts";
import { withoutSymmetric } from "./without-symmetric.ts";

/** One alternative of a cell, ready to be run. */
export interface BoundBranch {
  readonly when: readonly { readonly test: Predicate; readonly want: boolean }[];
  readonly actions: readonly Action[];
  readonly next: State;
  readonly after: readonly Action[];
}

type BoundCell = "impossible" | readonly BoundBranch[];
type BoundTable = Readonly<Record<string, Readonly<Partial<Record<State, BoundCell>>>>>;

/** What is printed, and what goes before it and stands in where it has nothing: amendments.ts. */
interface BoundTables {
  readonly corrections: BoundTable;
  readonly printed: BoundTable;
  readonly amendments: BoundTable;
}

/**
 * What the tables have for an event: the first branch whose predicates hold; `invalid` when there is
 * none, `impossible` where the standard says that it cannot come.
 */
export function branchFor(
  event: Incoming,
  state: State,
  spm: Spm,
): BoundBranch | "invalid" | "impossible" {
  const symmetric = ((event.agreement?.units ?? spm.v.units) & FU.SS) !== 0;
  const { corrections, printed, amendments } = symmetric ? bound().symmetric : bound().plain;
  const corrected = first(corrections[event.name]?.[state], event, spm);
  if (corrected) return corrected;
  const cell = printed[event.name]?.[state];
  if (cell === "impossible") return cell;
  return first(cell, event, spm) ?? first(amendments[event.name]?.[state], event, spm) ?? "invalid";
}

/** Whether the printed tables have anything for such an event, whatever its parameters. */
export function hasCell(name: string, state: State, v: Variables): boolean {
  const { printed } = isSymmetric(v) ? bound().symmetric : bound().plain;
  return printed[name]?.[state] !== undefined;
}

function first(cell: BoundCell | undefined, event: Incoming, spm: Spm): BoundBranch | undefined {
  if (!cell || cell === "impossible") return undefined;
  for (const branch of cell) {
    if (holds(branch, event, spm)) return branch;
  }
  return undefined;
}

function holds({ when }: BoundBranch, event: Incoming, spm: Spm): boolean {
  for (const { test, want } of when) {
    if (test(spm.v, event, spm) !== want) return false;
  }
  return true;
}

let tables: { readonly plain: BoundTables; readonly symmetric: BoundTables } | undefined;

/** Both sets of tables with names turned into functions: made when the first machine needs them. */
function bound(): NonNullable<typeof tables> {
  tables ??= {
    plain: {
      corrections: {},
      printed: bind(withoutSymmetric),
      amendments: bind(amendmentsWithoutSymmetric),
    },
    symmetric: {
      corrections: bind(correctionsWithSymmetric),
      printed: bind(withSymmetric),
      amendments: bind(amendmentsWithSymmetric),
    },
  };
  return tables;
}

function bind(source: Parameters<typeof compileTable>[0]): BoundTable {
  const table: Table = compileTable(source);
  return Object.fromEntries(
    Object.entries(table).map(([event, row]) => [
      event,
      Object.fromEntries(
        Object.entries(row).map(([state, cell]) => [
          state,
          typeof cell === "string"
            ? cell
            : cell.map(({ when, actions, next, after }) => ({
                when: when.map((name) => ({
                  test: predicateOf(name.replace("¬", "")),
                  want: !name.startsWith("¬"),
                })),
                actions: actions.map(actionOf),
                next,
                after: after.map(actionOf),
              })),
        ]),
      ),
    ]),
  );
}

function predicateOf(name: string): Predicate {
  const found = predicates[name];
  if (!found) throw new Error(`no predicate ${name}`);
  return found;
}

function actionOf(name: string): Action {
  const found = actions[name];
  if (!found) throw new Error(`no action ${name}`);
  return found;
}
