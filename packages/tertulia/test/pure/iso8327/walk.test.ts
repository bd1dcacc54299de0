/**
 * Random walks of two machines over both sets of tables: whatever the users ask, and in whatever
 * order things arrive, nobody sees an invalid intersection, no token is on both sides, and when it
 * is quiet both agree on where they are.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { SessionError } from "../../../src/pure/errors.ts";
import { hasDialogue } from "../../../src/pure/iso8327/actions.ts";
import type { SessionMachine } from "../../../src/pure/iso8327/machine.ts";
import type { RequestType, SessionRequest } from "../../../src/pure/iso8327/primitives.ts";
import type { FunctionalUnit, Token } from "../../../src/pure/iso8327/units.ts";
import { available, isSymmetric } from "../../../src/pure/iso8327/variables.ts";
import { Pair, type Side } from "./pair.ts";

const requests: readonly RequestType[] = [
  "SDTreq",
  "SDTreq",
  "STDreq",
  "SEXreq",
  "SCDreq",
  "SCDrsp",
  "SGTreq",
  "SGTreq",
  "SPTreq",
  "SCGreq",
  "SSYNmreq",
  "SSYNmreq",
  "SSYNmrsp",
  "SSYNMreq",
  "SSYNMrsp",
  "SSYNMrsp",
  "SRSYNreq",
  "SRSYNrsp",
  "SRSYNrsp",
  "SACTSreq",
  "SACTSreq",
  "SACTRreq",
  "SACTIreq",
  "SACTIrsp",
  "SACTDreq",
  "SACTDrsp",
  "SACTEreq",
  "SACTErsp",
  "SUERreq",
  "SRELreq",
  "SRELrsp+",
  "SRELrsp-",
];

const tokens: readonly Token[] = ["data", "minor", "major", "release"];
const sides = ["requestor", "acceptor", "choice"] as const;
const types = ["restart", "abandon", "set"] as const;

/** A request of this type with parameters that could be right, chosen by a number. */
function make(type: RequestType, dice: number, machine: SessionMachine): SessionRequest {
  const v = machine.variables;
  const { VM, VR, VMs, VMr } = v;
  const chosen = tokens.filter((_, i) => (dice >> i) & 1);
  const between = (low: number, high: number) =>
    low + (dice % Math.max(1, Math.min(high - low + 1, 1000)));
  const tokenSettings = Object.fromEntries(
    tokens.map((token, i) => [token, sides[(dice >> (2 * i)) % 3]]),
  ) as SessionRequest["tokenSettings"] & object;
  const userData = Uint8Array.of(dice & 0xff);
  switch (type) {
    case "SGTreq": {
      const mine = machine.tokens.filter((_, i) => (dice >> i) & 1 || dice % 3 === 0);
      return { type, tokens: mine };
    }
    case "SPTreq":
      return { type, tokens: chosen, userData };
    case "SSYNmreq":
      return { type, explicit: dice % 2 === 0, separation: dice % 5 === 0 };
    case "SSYNmrsp":
      return { type, ...(dice % 2 === 0 && { serialNumber: between(v.VA, VM) }) };
    case "SRSYNreq": {
      if (!isSymmetric(v)) {
        const resyncType = types[dice % 3] ?? "set";
        const serialNumber = resyncType === "set" ? dice % 50 : between(VR, VM);
        return { type, resyncType, serialNumber, tokenSettings };
      }
      // Both flows: requests for one flow each that cross are a hole of the standard, since what
      // the winner sent before it heard of the other cannot be told from what it sends after.
      const first = types[dice % 3];
      const second = types[(dice >> 2) % 3];
      return {
        type,
        tokenSettings,
        ...(first && {
          resyncType: first,
          serialNumber: first === "set" ? dice % 50 : between(v.VRs, VMs),
        }),
        ...(second && {
          secondResyncType: second,
          secondSerialNumber: second === "set" ? dice % 50 : between(v.VRr, VMr),
        }),
      };
    }
    case "SRSYNrsp":
      return { type, tokenSettings };
    case "SACTSreq":
      return { type, activityIdentifier: userData };
    case "SACTRreq":
      return {
        type,
        activityIdentifier: userData,
        linkingInformation: {
          activityIdentifier: userData,
          serialNumber: dice % 100,
          secondSerialNumber: dice % 70,
        },
      };
    default:
      return { type, userData };
  }
}

const configurations: readonly (readonly FunctionalUnit[])[] = [
  ["duplex"],
  ["half-duplex", "expedited", "typed-data", "negotiated-release"],
  ["duplex", "minor", "major", "resynchronize", "typed-data", "expedited"],
  ["half-duplex", "minor", "major", "resynchronize", "exceptions", "negotiated-release"],
  ["half-duplex", "minor", "activity", "capability", "exceptions", "typed-data", "expedited"],
  [
    "half-duplex",
    "minor",
    "major",
    "resynchronize",
    "activity",
    "capability",
    "exceptions",
    "expedited",
    "negotiated-release",
  ],
  ["duplex", "minor", "major", "resynchronize", "data-separation", "typed-data"],
  ["duplex", "symmetric", "major", "resynchronize", "typed-data", "expedited"],
  ["half-duplex", "symmetric", "major", "resynchronize", "activity", "exceptions"],
  ["duplex", "symmetric", "resynchronize", "data-separation", "negotiated-release"],
];

const step = fc.record(
  {
    side: fc.constantFrom<Side>("initiator", "responder"),
    what: fc.nat(requests.length + 24),
    dice: fc.nat(0xffff),
  },
  { noNullPrototype: true },
);

function check(pair: Pair, trace: readonly string[]): void {
  const said = trace.slice(-40).join("\n");
  assert.deepEqual(
    [...pair.events.initiator, ...pair.events.responder]
      .filter(({ type, error }) => type === "SPABind" && error?.code === "ERR_PROTOCOL")
      .map(({ error }) => error?.message),
    [],
    said,
  );
  const [one, other] = [pair.initiator.variables, pair.responder.variables];
  const both = one.owned & other.owned & available(one) & available(other);
  // Who waits for the answer to a resynchronization still has what it is about to lose.
  const isSettled = one.Vrsp === "no" && other.Vrsp === "no";
  if (isSettled && one.units !== 0 && one.units === other.units)
    assert.equal(both, 0, `tokens\n${said}`);
}

function checkQuiet(pair: Pair, trace: readonly string[]): void {
  const said = trace.slice(-60).join("\n");
  const [one, other] = [pair.initiator, pair.responder];
  if (one.state !== "STA713" || other.state !== "STA713") return;
  const [v, w] = [one.variables, other.variables];
  assert.equal(v.owned ^ w.owned, available(v), `each token on one side\n${said}`);
  if (one.functionalUnits.includes("activity")) assert.equal(v.Vact, w.Vact, said);
  if (!hasDialogue(v)) return;
  if (isSymmetric(v)) {
    assert.deepEqual([v.VMs, v.VMr], [w.VMr, w.VMs], `next numbers\n${said}`);
    assert.deepEqual([v.VAs, v.VAr], [w.VAr, w.VAs], `to be confirmed\n${said}`);
  } else {
    assert.equal(v.VM, w.VM, `V(M)\n${said}`);
    assert.equal(v.VR, w.VR, `V(R)\n${said}`);
  }
}

function walk(
  units: readonly FunctionalUnit[],
  expedited: boolean,
  steps: readonly { readonly side: Side; readonly what: number; readonly dice: number }[],
): void {
  const pair = new Pair({ expedited });
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
  }
});
