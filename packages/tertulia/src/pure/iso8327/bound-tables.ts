/**
 * The state tables with the names of predicates and actions turned into the functions that they name.
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
import { compileTable, type State, type Table } from "./table.ts";
import { withSymmetric } from "./with-symmetric.ts";
import { withoutSymmetric } from "./without-symmetric.ts";

/** One alternative of a cell, ready to be run. */
export interface BoundBranch {
  readonly when: readonly { readonly test: Predicate; readonly want: boolean }[];
  readonly actions: readonly Action[];
  readonly next: State;
  readonly after: readonly Action[];
}

export type BoundTable = Readonly<
  Record<string, Readonly<Partial<Record<State, "impossible" | readonly BoundBranch[]>>>>
>;

export interface BoundTables {
  readonly plain: BoundTable;
  readonly symmetric: BoundTable;
  readonly plainAmendments: BoundTable;
  readonly symmetricAmendments: BoundTable;
  readonly symmetricCorrections: BoundTable;
}

let bound: BoundTables | undefined;

/** Both sets of tables with names turned into functions: made when the first machine needs them. */
export function tables(): BoundTables {
  bound ??= {
    plain: bind(withoutSymmetric),
    symmetric: bind(withSymmetric),
    plainAmendments: bind(amendmentsWithoutSymmetric),
    symmetricAmendments: bind(amendmentsWithSymmetric),
    symmetricCorrections: bind(correctionsWithSymmetric),
  };
  return bound;
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
