import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type State, states } from "../../../src/pure/iso8327/table.ts";
import { FU } from "../../../src/pure/iso8327/units.ts";
import { initialVariables, type Variables } from "../../../src/pure/iso8327/variables.ts";
import { reactionTo } from "../../../src/pure/iso8327/violations.ts";

/** A half-duplex session with exceptions, whose data token is the peer's. */
function session(changes: Partial<Variables> = {}): Variables {
  return { ...initialVariables(), units: FU.HD | FU.EXCEP, ...changes };
}

const all = Object.keys(states) as State[]; // its own keys

describe("what is done about a peer that broke the protocol (A.4.1.2)", () => {
  it("is nothing where only the end is awaited, and the end where no session is", () => {
    const found = new Map<string, State[]>();
    for (const state of all) {
      const reaction = reactionTo(state, session(), false);
      found.set(reaction, [...(found.get(reaction) ?? []), state]);
    }
    assert.deepEqual(found.get("ignore")?.sort(), ["STA01", "STA01A", "STA01B", "STA15D", "STA16"]);
    assert.deepEqual(found.get("disconnect")?.sort(), ["STA01C", "STA01D"]);
    assert.deepEqual([...found.keys()].sort(), ["abort", "disconnect", "ignore"]);
  });

  it("is a report where the text allows it, and only for those who want one", () => {
    assert.equal(reactionTo("STA713", session(), true), "report");
    assert.equal(reactionTo("STA713", session(), false), "abort");
    assert.equal(reactionTo("STA03", session(), true), "abort");
  });

  it("is an abort without exceptions, and while the data token is ours", () => {
    for (const changes of [{ units: FU.HD }, { units: FU.FD | FU.EXCEP }, { owned: 1 }]) {
      assert.equal(reactionTo("STA713", session(changes), true), "abort");
    }
  });

  it("is an abort between activities, unless one was interrupted while it waited", () => {
    const between = session({ units: FU.HD | FU.EXCEP | FU.ACT });
    assert.equal(reactionTo("STA713", between, true), "abort");
    assert.equal(reactionTo("STA713", { ...between, Vact: true }, true), "report");
    assert.equal(reactionTo("STA22", between, true), "report");
  });
});
