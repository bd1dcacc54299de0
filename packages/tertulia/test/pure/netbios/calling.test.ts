import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  CALL_RULES,
  type CallOutcome,
  type CallRules,
  calling,
} from "../../../src/pure/netbios/calling.ts";
import type { NetbiosError } from "../../../src/pure/netbios/errors.ts";

const A = "10.77.0.1";
const resolved = (...addresses: string[]): CallOutcome => ({
  type: "resolved",
  addresses,
  group: false,
});
const retarget = (port: number): CallOutcome => ({ type: "retarget", to: { address: A, port } });
const negative = (errorCode: number): CallOutcome => ({ type: "negative", errorCode });
const positive: CallOutcome = { type: "positive" };
const refused: CallOutcome = { type: "refused" };
const timedOut: CallOutcome = { type: "timedOut" };
const done: CallOutcome = { type: "done" };

/** The steps of a call to which the world answers with these outcomes, and how it ended. */
function call(outcomes: readonly CallOutcome[], rules: Partial<CallRules> = {}): string[] {
  const steps: string[] = [];
  const procedure = calling({ ...CALL_RULES, ...rules });
  const rest = [...outcomes];
  try {
    let next = procedure.next(done);
    while (!next.done) {
      const step = next.value;
      if (step.type === "request") steps.push(`${step.to.address.slice(8)}:${step.to.port}`);
      else if (step.type === "pause") steps.push(`pause ${step.waitMs}`);
      else if ("address" in step) steps.push(`${step.type} ${step.address.slice(8)}`);
      else steps.push(step.type);
      next = procedure.next(rest.shift() ?? done);
    }
    steps.push("called");
  } catch (error) {
    steps.push((error as NetbiosError).reason);
  }
  return steps;
}

describe("calling a name (RFC 1002 5.2.1.1)", () => {
  it("finds it, asks, and is done", () => {
    assert.deepEqual(call([resolved(A), positive]), ["resolve", "1:139", "called"]);
  });

  for (const [code, reason] of [
    [0x80, "notListeningOnCalledName"],
    [0x81, "notListeningForCallingName"],
    [0x83, "insufficientResources"],
    [0x8f, "unspecified"],
    [0x42, "unspecified"],
  ] as const) {
    it(`fails with 0x${code.toString(16)} as ${reason}, at once`, () => {
      assert.deepEqual(call([resolved(A), negative(code)]), ["resolve", "1:139", reason]);
    });
  }

  it("reports a name that is not present, and finds it again, four times more", () => {
    const round = [resolved(A), negative(0x82), done];
    assert.deepEqual(call([...round, resolved("10.77.0.2"), positive]), [
      "resolve",
      "1:139",
      "report 1",
      "resolve",
      "2:139",
      "called",
    ]);
    const five = call(Array(6).fill(round).flat());
    assert.equal(five.filter((step) => step === "resolve").length, 5);
    assert.equal(five.at(-1), "calledNameNotPresent");
  });

  it("asks for the real name if it may, and calls that once", () => {
    const asked = [resolved(A), negative(0x82), done, { type: "renamed", isKnown: true } as const];
    assert.deepEqual(call([...asked, positive], { asksRealName: true }), [
      "resolve",
      "1:139",
      "report 1",
      "rename 1",
      "1:139",
      "called",
    ]);
  });

  it("follows retargets, and they may nest", () => {
    const outcomes = [resolved(A), retarget(4000), retarget(4001), positive];
    assert.deepEqual(call(outcomes), ["resolve", "1:139", "1:4000", "1:4001", "called"]);
  });

  it("goes back to who retargeted, or to the beginning, when nobody is there", () => {
    const outcomes = [
      resolved(A),
      retarget(4000),
      retarget(4001),
      refused,
      retarget(4002),
      positive,
    ];
    assert.deepEqual(call(outcomes), [
      "resolve",
      "1:139",
      "1:4000",
      "1:4001",
      "1:4000",
      "1:4002",
      "called",
    ]);
    assert.deepEqual(call(outcomes, { afterRetarget: "straight" }), [
      "resolve",
      "1:139",
      "1:4000",
      "1:4001",
      "1:139",
      "1:4002",
      "called",
    ]);
  });

  it("visits a host at most twice, and follows at most four retargets", () => {
    const loop = [resolved(A), retarget(4000), refused, retarget(4000), refused];
    assert.deepEqual(call(loop).slice(-2), ["1:4000", "tooManyRetargets"]);
    const far = [resolved(A), ...[1, 2, 3, 4, 5].map(retarget)];
    assert.deepEqual(call(far).at(-1), "tooManyRetargets");
  });

  it("tries a refused connection once more after a pause: the LISTEN was just missed", () => {
    assert.deepEqual(call([resolved(A), refused, done, positive]), [
      "resolve",
      "1:139",
      "pause 500",
      "1:139",
      "called",
    ]);
    assert.deepEqual(call([resolved(A), refused, done, refused]).at(-1), "notReachable");
  });

  it("finds the name again when the connection times out; fails when it just ends", () => {
    assert.deepEqual(call([resolved(A), timedOut, resolved(A), positive]).at(-1), "called");
    assert.deepEqual(call([resolved(A), { type: "closed" }]).at(-1), "unspecified");
  });

  it("tries the next address of a host with several", () => {
    const steps = call([resolved(A, "10.77.0.2"), timedOut, positive]);
    assert.deepEqual(steps, ["resolve", "1:139", "2:139", "called"]);
  });

  it("walks through the members of a group", () => {
    const members: CallOutcome = { type: "resolved", addresses: [A, "10.77.0.2"], group: true };
    assert.deepEqual(call([members, negative(0x80), positive]), [
      "resolve",
      "1:139",
      "2:139",
      "called",
    ]);
  });

  it("ends, whatever the world answers", () => {
    const outcomes = fc.constantFrom(
      resolved(A),
      resolved(A, "10.77.0.2"),
      positive,
      negative(0x82),
      retarget(4000),
      retarget(4001),
      refused,
      timedOut,
      done,
    );
    fc.assert(
      fc.property(fc.infiniteStream(outcomes), fc.boolean(), (world, asksRealName) => {
        const procedure = calling({ ...CALL_RULES, asksRealName });
        let steps = 0;
        try {
          for (let next = procedure.next(done); !next.done; steps++) {
            next = procedure.next(world.next().value);
          }
        } catch (error) {
          assert.ok((error as NetbiosError).reason);
        }
        assert.ok(steps < 200);
      }),
    );
  });
});
