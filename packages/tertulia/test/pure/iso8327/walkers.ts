/**
 * What two machines that walk at random ask, over both sets of tables, and what has to hold wherever
 * they are: nobody sees an invalid intersection, no token is on both sides, and when it is quiet both
 * agree on where they are.
 */
import assert from "node:assert/strict";
import type { SessionMachine } from "../../../src/pure/iso8327/machine.ts";
import type {
  RequestType,
  SessionEvent,
  SessionRequest,
} from "../../../src/pure/iso8327/primitives.ts";
import type { FunctionalUnit, Token } from "../../../src/pure/iso8327/units.ts";
import { available, isSymmetric } from "../../../src/pure/iso8327/variables.ts";
import type { Side } from "./pair.ts";

/** Both machines, and what their users were told. */
export interface Walkers {
  readonly initiator: SessionMachine;
  readonly responder: SessionMachine;
  readonly events: Readonly<Record<Side, readonly SessionEvent[]>>;
}

export const requests: readonly RequestType[] = [
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
export function make(type: RequestType, dice: number, machine: SessionMachine): SessionRequest {
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
      // One flow or both: the last of four is none.
      const first = types[dice % 4];
      const second = types[(dice >> 2) % 4] ?? (first ? undefined : "abandon");
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

/** Functional units to walk with. */
export const configurations: readonly (readonly FunctionalUnit[])[] = [
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

/** What holds at any time. */
export function check(pair: Walkers, trace: readonly string[]): void {
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

/** What holds when nothing is on its way. */
export function checkQuiet(pair: Walkers, trace: readonly string[]): void {
  const said = trace.slice(-60).join("\n");
  const [one, other] = [pair.initiator, pair.responder];
  if (one.state !== "STA713" || other.state !== "STA713") return;
  const [v, w] = [one.variables, other.variables];
  assert.equal(v.owned ^ w.owned, available(v), `each token on one side\n${said}`);
  if (one.functionalUnits.includes("activity")) {
    assert.equal(v.Vact, w.Vact, said);
    // Serial numbers mean nothing between activities.
    if (!v.Vact) return;
  }
  if (isSymmetric(v)) {
    assert.deepEqual([v.VMs, v.VMr], [w.VMr, w.VMs], `next numbers\n${said}`);
    assert.deepEqual([v.VAs, v.VAr], [w.VAr, w.VAs], `to be confirmed\n${said}`);
  } else {
    assert.equal(v.VM, w.VM, `V(M)\n${said}`);
    assert.equal(v.VR, w.VR, `V(R)\n${said}`);
  }
}
