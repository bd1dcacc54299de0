/**
 * The tables are compared with the reference, cell by cell and both ways, and checked as data.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { actions } from "../../../src/pure/iso8327/actions.ts";
import {
  amendmentsWithoutSymmetric,
  amendmentsWithSymmetric,
  correctionsWithSymmetric,
} from "../../../src/pure/iso8327/amendments.ts";
import { predicates } from "../../../src/pure/iso8327/predicates.ts";
import { type Cell, compileTable, states, type Table } from "../../../src/pure/iso8327/table.ts";
import { withSymmetric } from "../../../src/pure/iso8327/with-symmetric.ts";
import { withoutSymmetric } from "../../../src/pure/iso8327/without-symmetric.ts";
import { readFixture } from "../../fixtures.ts";

const tables = { A: compileTable(withoutSymmetric), S: compileTable(withSymmetric) } as const;
// An object with a "then" would be taken for a promise: the reference has another name here.
const reference = JSON.parse(
  readFixture("iso8327", "x225-state-tables.json").replaceAll('"then"', '"after"'),
);

/** A table in the form of the reference. */
function asReference(table: Table): unknown {
  return map(table, (row) => map(row, (cell) => (cell && cellAsReference(cell)) as unknown));
}

function cellAsReference(cell: Cell): unknown {
  if (cell === "impossible") return cell;
  return cell.map(({ when, actions, next, after }) => ({
    when: when.length === 0 ? null : when.join("&"),
    do: [...actions],
    next,
    after: [...after],
  }));
}

function map<V>(values: Readonly<Record<string, V>>, change: (value: V) => unknown): unknown {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}

describe("X.225 Annex A state tables", () => {
  for (const set of ["A", "S"] as const) {
    it(`have every cell of the reference and no other (${set})`, () => {
      const cells = Object.values(tables[set]).flatMap((row) => Object.values(row));
      assert.equal(cells.length, set === "A" ? 808 : 796);
      assert.deepEqual(asReference(tables[set]), reference[set]);
    });

    it(`use predicates and actions that exist (${set})`, () => {
      for (const cell of Object.values(tables[set]).flatMap((row) => Object.values(row))) {
        if (cell === "impossible") continue;
        for (const branch of cell) {
          for (const name of branch.when) assert.ok(name.replace("¬", "") in predicates, name);
          for (const name of [...branch.actions, ...branch.after]) assert.ok(name in actions, name);
        }
      }
    });

    it(`reach every state from STA01, and STA01 from every state (${set})`, () => {
      const everywhere = new Set(Object.keys(states));
      assert.deepEqual(reachable(tables[set], "STA01"), everywhere);
      for (const state of everywhere) assert.ok(reachable(tables[set], state).has("STA01"), state);
    });
  }

  it("leave no predicate and no action unused", () => {
    const used = new Set<string>();
    const amendments = [
      amendmentsWithoutSymmetric,
      amendmentsWithSymmetric,
      correctionsWithSymmetric,
    ].map(compileTable);
    for (const table of [...Object.values(tables), ...amendments]) {
      for (const cell of Object.values(table).flatMap((row) => Object.values(row))) {
        if (cell === "impossible") continue;
        for (const { when, actions, after } of cell) {
          for (const name of [...when, ...actions, ...after]) used.add(name.replace("¬", ""));
        }
      }
    }
    const defined = [...Object.keys(predicates), ...Object.keys(actions)];
    assert.deepEqual(
      defined.filter((name) => !used.has(name)),
      [],
    );
  });

  it("refuse a cell that is not in the notation", () => {
    assert.throws(() => compileTable({ DT: { "01": "nowhere" } }), /not a cell/);
    assert.throws(() => compileTable({ DT: { "99": "→=" } }), /not a state/);
    assert.throws(() => compileTable({ DT: { "01": "→=", "01 03": "→=" } }), /twice/);
  });
});

function reachable(table: Table, from: string): Set<string> {
  const seen = new Set([from]);
  for (const state of seen) {
    for (const row of Object.values(table)) {
      const cell = row[state as keyof typeof row];
      if (cell && cell !== "impossible") for (const { next } of cell) seen.add(next);
    }
  }
  return seen;
}
