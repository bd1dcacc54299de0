import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import {
  decide,
  decideCancel,
  freshSlot,
  type ServedSlot,
  serialAfter,
} from "../../../src/pure/oncrpc/once.ts";

const done = (serial: number): ServedSlot => ({ ...freshSlot(), serial, state: "done" });

describe("a slot", () => {
  it("goes on with 1 behind the last number that 32 bits hold", () => {
    equal(serialAfter(0xffff_ffff), 1);
    const slot = done(0xffff_fffe);
    const decisions = [0xffff_ffff, 1, 2].map((serial) => {
      const decision = decide(slot, serial);
      slot.state = "done";
      return decision;
    });
    deepEqual(decisions, ["execute", "execute", "execute"]);
    equal(slot.serial, 2);
  });

  it("says unknown of a number ahead, also around the end, and refuses one behind", () => {
    equal(decide(done(5), 9), "unknown");
    equal(decide(done(0xffff_fff0), 3), "unknown");
    equal(decide(done(0), 0xffff_0000), "unknown");
    throws(() => decide(done(5), 4), { violation: "serialMisordered" });
    throws(() => decide(done(3), 0xffff_fff0), { violation: "serialMisordered" });
  });

  it("has one call at a time: the next is refused while the last still runs", () => {
    const slot = freshSlot();
    equal(decide(slot, 1), "execute");
    equal(decide(slot, 1), "wait");
    throws(() => decide(slot, 2), { violation: "serialMisordered" });
    throws(() => decideCancel(slot, 2), { violation: "serialMisordered" });
    deepEqual([slot.serial, slot.state], [1, "running"]);
  });
});
