/**
 * Random walks of two machines over both sets of tables: whatever the users ask, and in whatever
 * order things arrive, nobody sees an invalid intersection, no token is on both sides, and when it
 * is quiet both agree on where they are.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { SessionError } from "../../../src/pure/errors.ts";
import type { FunctionalUnit } from "../../../src/pure/iso8327/units.ts";
import { Pair, type Side } from "./pair.ts";
import { check, checkQuiet, configurations, make, requests } from "./walkers.ts";

const step = fc.record(
  {
    side: fc.constantFrom<Side>("initiator", "responder"),
    what: fc.nat(requests.length + 24),
    dice: fc.nat(0xffff),
  },
  { noNullPrototype: true },
);

function walk(
  units: readonly FunctionalUnit[],
  expedited: boolean,
  steps: readonly { readonly side: Side; readonly what: number; readonly dice: number }[],
  isConcatenating = false,
): void {
  const pair = new Pair({ expedited, concatenate: isConcatenating, isLate: isConcatenating });
  const trace: string[] = [];
  pair.say("initiator", {
    type: "SCONreq",
    functionalUnits: units,
    initialSerialNumber: 5,
    secondInitialSerialNumber: 3,
    tokenSettings: { data: "requestor", minor: "acceptor", major: "choice" },
  });
  pair.say("responder", { type: "SCONrsp+", tokenSettings: { major: "acceptor" } });
  for (const { side, what, dice } of steps) {
    const type = requests[what];
    if (type === undefined) {
      const flow = dice % 2 === 0 ? "normal" : "expedited";
      const to = dice & 2 ? "initiator" : "responder";
      const count = pair.told.length;
      if (pair.deliver(to, flow)) {
        trace.push(`  ${to} takes ${flow} -> ${pair[to].state} ${pair.told.slice(count).join()}`);
      } else if (dice % 16 === 0) {
        pair.settle();
        trace.push(`settle -> ${pair.initiator.state} ${pair.responder.state}`);
        checkQuiet(pair, trace);
      }
    } else {
      try {
        const before = pair[side].state;
        pair.ask(side, make(type, dice, pair[side]));
        trace.push(`${side} ${type} ${dice}: ${before} -> ${pair[side].state}`);
      } catch (error) {
        assert.ok(
          error instanceof SessionError,
          `${String(error)}\n${trace.slice(-30).join("\n")}`,
        );
      }
    }
    check(pair, trace);
  }
  pair.settle();
  trace.push(`settle -> ${pair.initiator.state} ${pair.responder.state}`);
  check(pair, trace);
  checkQuiet(pair, trace);
  for (const side of ["initiator", "responder"] as const) {
    pair[side].transportDisconnected(0);
    pair.flush(side);
    assert.equal(pair[side].state, "STA01");
    assert.equal(pair[side].deadline, undefined);
  }
}

describe("two machines that walk at random", () => {
  for (const units of configurations) {
    for (const expedited of [false, true]) {
      const how = expedited ? "with" : "without";
      it(`keep to the tables: ${units.join(", ")}, ${how} expedited flow`, () => {
        fc.assert(
          fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) =>
            walk(units, expedited, steps),
          ),
          { numRuns: Number(process.env["FC_NUM_RUNS"] ?? 300) },
        );
      });
    }
    it(`keep to the tables when they concatenate: ${units.join(", ")}`, () => {
      fc.assert(
        fc.property(
          fc.boolean(),
          fc.array(step, { minLength: 20, maxLength: 120 }),
          (flow, steps) => walk(units, flow, steps, true),
        ),
        { numRuns: Number(process.env["FC_NUM_RUNS"] ?? 100) },
      );
    });
  }
});
