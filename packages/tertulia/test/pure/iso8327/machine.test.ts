import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  amendmentsWithoutSymmetric,
  amendmentsWithSymmetric,
} from "../../../src/pure/iso8327/amendments.ts";
import { SessionMachine } from "../../../src/pure/iso8327/machine.ts";
import type { ConnectParameters } from "../../../src/pure/iso8327/primitives.ts";
import { compileTable } from "../../../src/pure/iso8327/table.ts";
import { decodeTsdu } from "../../../src/pure/iso8327/tsdu.ts";
import type { FunctionalUnit } from "../../../src/pure/iso8327/units.ts";
import { hex } from "../../../src/pure/octets.ts";
import { connected, Pair, type PairOptions } from "./pair.ts";
import { octets, samples } from "./samples.ts";

const userData = octets("75 64");
const units = (...functionalUnits: readonly FunctionalUnit[]): ConnectParameters => ({
  functionalUnits,
});
const BSS = units("duplex", "minor", "major", "resynchronize", "typed-data", "negotiated-release");
const BAS = units("half-duplex", "minor", "activity", "capability", "exceptions", "typed-data");

/** What was said, as SPDUs. */
function said(pair: Pair): string[] {
  return pair.sent.map((tsdu) =>
    decodeTsdu(tsdu)
      .map(({ type }) => type)
      .join("+"),
  );
}

function longConnect(size: number, options: PairOptions = {}): Pair {
  const pair = new Pair(options);
  pair.say("initiator", { type: "SCONreq", userData: new Uint8Array(size).fill(7) });
  return pair;
}

describe("session machine", () => {
  it("connects, sends and releases", () => {
    const pair = connected();
    pair.say("initiator", { type: "SDTreq", userData });
    pair.say("initiator", { type: "SRELreq", userData });
    pair.say("responder", { type: "SDTreq", userData });
    pair.say("responder", { type: "SRELrsp+" });
    assert.deepEqual(pair.told, [
      "responder SDTind",
      "responder SRELind",
      "initiator SDTind",
      "initiator SRELcnf+",
    ]);
    assert.deepEqual([pair.initiator.state, pair.responder.state], ["STA01", "STA01"]);
    assert.deepEqual(
      pair.sent.slice(0, 1).map((each) => hex(each)),
      ["010001007564"],
    );
  });

  it("refuses a request out of turn, and changes nothing", () => {
    const pair = connected(BSS);
    const before = structuredClone(pair.initiator.variables);
    for (const type of ["SRELrsp+", "SACTSreq", "SRSYNrsp", "SUERreq"] as const) {
      const request = { type, activityIdentifier: userData };
      assert.throws(() => pair.initiator.request(request, 0), { code: "ERR_STATE" });
    }
    for (const request of [
      { type: "SDTreq" },
      { type: "SGTreq" },
      { type: "SRSYNreq", resyncType: "restart", serialNumber: 99 },
    ] as const) {
      assert.throws(() => pair.initiator.request(request, 0), { code: "ERR_ARGUMENT" });
    }
    assert.deepEqual(pair.initiator.variables, before);
    assert.equal(pair.initiator.poll(), undefined);
  });

  it("agrees on units, tokens and numbers", () => {
    const pair = new Pair();
    pair.say("initiator", {
      type: "SCONreq",
      functionalUnits: ["half-duplex", "duplex", "minor", "negotiated-release", "typed-data"],
      tokenSettings: { data: "choice", minor: "acceptor", release: "requestor" },
      initialSerialNumber: 7,
    });
    pair.say("responder", {
      type: "SCONrsp+",
      functionalUnits: ["half-duplex", "minor", "negotiated-release"],
      tokenSettings: { data: "acceptor", release: "acceptor" },
      tokens: ["release"],
      initialSerialNumber: 9,
    });
    assert.deepEqual(pair.told, ["responder SCONind", "initiator SCONcnf+", "initiator SPTind"]);
    const { functionalUnits, tokens, initialSerialNumber } = pair.events.initiator[0] ?? {};
    assert.deepEqual(functionalUnits, ["half-duplex", "minor", "negotiated-release"]);
    assert.deepEqual([tokens, initialSerialNumber], [["release"], 9]);
    assert.deepEqual(pair.responder.tokens, ["data", "minor"]);
  });

  it("takes absent requirements as half-duplex BAS, not as duplex", () => {
    const machine = new SessionMachine();
    machine.transportIndication(false, 0);
    machine.receive(octets("0d 00"), 0);
    machine.poll();
    const output = machine.poll();
    assert.deepEqual(output?.type === "event" && output.event.functionalUnits, [
      "half-duplex",
      "minor",
      "activity",
      "capability",
      "exceptions",
    ]);
  });

  for (const size of [512, 513, 10_240, 10_241, 200_000]) {
    it(`carries ${size} octets of user data in S-CONNECT`, () => {
      const pair = longConnect(size);
      assert.equal(pair.last("responder", "SCONind")?.userData.length, size);
      pair.say("responder", { type: "SCONrsp+", userData: new Uint8Array(70_000) });
      assert.equal(pair.last("initiator", "SCONcnf+")?.userData.length, 70_000);
      assert.deepEqual([pair.initiator.state, pair.responder.state], ["STA713", "STA713"]);
    });
  }

  it("bounds what a CONNECT may overflow by", () => {
    const pair = new Pair({}, { limits: { connectOctets: 15_000 } });
    pair.say("initiator", { type: "SCONreq", userData: new Uint8Array(20_000) });
    assert.deepEqual(pair.told, ["initiator SPABind"]);
    assert.deepEqual(
      pair.errors.map(({ code }) => code),
      ["ERR_LIMIT"],
    );
  });

  it("refuses versions and selectors that it does not have", () => {
    for (const [request, reason] of [
      [{ versions: [1] }, 132],
      [{ calledSelector: octets("01") }, 129],
    ] as const) {
      const pair = new Pair({}, { versions: [2], selector: octets("02") });
      pair.say("initiator", { type: "SCONreq", ...request });
      assert.deepEqual(pair.told, ["initiator SCONcnf-"]);
      assert.equal(pair.events.initiator[0]?.reason, reason);
    }
  });

  it("hands on a refusal with its user data", () => {
    const pair = longConnect(1);
    pair.say("responder", { type: "SCONrsp-", userData });
    const { reason, userData: told } = pair.last("initiator", "SCONcnf-") ?? {};
    assert.deepEqual([reason, told], [2, userData]);
  });

  it("sends no SSDU in segments until both want it, and then all data", () => {
    const tsduMaximumSize = { sent: 50, received: 60 };
    const pair = new Pair({ tsduMaximumSize });
    pair.say("initiator", { type: "SCONreq", ...BSS, tsduMaximumSize });
    pair.say("responder", { type: "SCONrsp+" });
    pair.sent.length = 0;
    const long = Uint8Array.from({ length: 200 }, (_, i) => i);
    pair.say("initiator", { type: "SDTreq", userData: long });
    pair.say("responder", { type: "STDreq", userData: long });
    pair.say("initiator", { type: "SSYNMreq", userData: long });
    pair.say("responder", { type: "SSYNMrsp", userData: long });
    pair.say("initiator", { type: "SRSYNreq", resyncType: "set", serialNumber: 1, userData: long });
    assert.ok(pair.sent.every((tsdu) => tsdu.length <= 60));
    assert.deepEqual(
      [...pair.events.responder, ...pair.events.initiator]
        .filter(({ type }) => !type.startsWith("SCON"))
        .map(({ type, userData }) => [type, hex(userData) === hex(long)]),
      [
        ["SDTind", true],
        ["SSYNMind", true],
        ["SRSYNind", true],
        ["STDind", true],
        ["SSYNMcnf", true],
      ],
    );
  });

  it("confirms, goes back, and never confirms what was undone", () => {
    const pair = connected(BSS);
    pair.say("initiator", { type: "SSYNmreq" });
    pair.say("initiator", { type: "SSYNmreq", explicit: false });
    pair.say("responder", { type: "SSYNmrsp", serialNumber: 1 });
    pair.say("initiator", { type: "SSYNMreq" });
    pair.say("responder", { type: "SSYNMrsp" });
    pair.say("initiator", { type: "SSYNmreq" });
    pair.say("responder", {
      type: "SRSYNreq",
      resyncType: "restart",
      serialNumber: 4,
      tokenSettings: { minor: "acceptor", major: "choice" },
    });
    pair.say("initiator", { type: "SRSYNrsp", tokenSettings: { major: "acceptor" } });
    assert.deepEqual(
      pair.told.map((each) => each.replace(/iator|onder/, "")),
      [
        "resp SSYNmind",
        "resp SSYNmind",
        "init SSYNmcnf",
        "resp SSYNMind",
        "init SSYNMcnf",
        "resp SSYNmind",
        "init SRSYNind",
        "resp SRSYNcnf",
      ],
    );
    assert.deepEqual(pair.initiator.tokens, ["minor", "major"]);
    assert.deepEqual(pair.responder.tokens, ["release"]);
    assert.deepEqual([pair.initiator.variables.VM, pair.responder.variables.VM], [4, 4]);
  });

  it("lets the initiator's request win when two of the same kind cross", () => {
    const pair = connected(BSS);
    pair.ask("responder", { type: "SRSYNreq", resyncType: "set", serialNumber: 20 });
    pair.ask("initiator", { type: "SRSYNreq", resyncType: "set", serialNumber: 30 });
    pair.settle();
    pair.say("responder", { type: "SRSYNrsp" });
    assert.deepEqual(pair.told, ["responder SRSYNind", "initiator SRSYNcnf"]);
    assert.equal(pair.responder.variables.VM, 30);
  });

  it("sends PREPARE ahead, and throws away what comes before what it announces", () => {
    const pair = connected(units("duplex", "minor", "resynchronize"), { expedited: true });
    pair.ask("initiator", { type: "SDTreq", userData });
    pair.ask("initiator", { type: "SRSYNreq", resyncType: "abandon" });
    pair.deliver("responder", "expedited");
    assert.equal(pair.responder.state, "STA15B");
    pair.settle();
    pair.say("responder", { type: "SRSYNrsp" });
    assert.deepEqual(pair.told, ["responder SRSYNind", "initiator SRSYNcnf"]);
  });

  it("goes through an activity: start, interrupt, resume, end, and capability data between", () => {
    const pair = connected(BAS);
    const id = octets("31");
    pair.say("initiator", { type: "SCDreq", userData });
    pair.say("responder", { type: "SCDrsp", userData });
    pair.say("initiator", { type: "SACTSreq", activityIdentifier: id });
    pair.say("initiator", { type: "SDTreq", userData });
    pair.say("initiator", { type: "SSYNmreq" });
    pair.say("responder", { type: "SSYNmrsp" });
    pair.say("initiator", { type: "SACTIreq", reason: 1 });
    pair.say("responder", { type: "SACTIrsp" });
    pair.say("initiator", {
      type: "SACTRreq",
      activityIdentifier: octets("32"),
      linkingInformation: { activityIdentifier: id, serialNumber: 1 },
    });
    pair.say("initiator", { type: "SACTEreq" });
    pair.say("responder", { type: "SACTErsp" });
    pair.say("initiator", { type: "SCGreq" });
    assert.deepEqual(said(pair), [
      "GT+CD",
      "PT+CDA",
      "GT+AS",
      "GT+DT",
      "GT+MIP",
      "PT+MIA",
      "GT+AI",
      "PT+AIA",
      "GT+AR",
      "GT+AE",
      "PT+MAA",
      "GTC",
      "GTA",
    ]);
    const { linkingInformation } = pair.last("responder", "SACTRind") ?? {};
    assert.deepEqual(linkingInformation, { activityIdentifier: id, serialNumber: 1 });
    assert.equal(pair.last("responder", "SACTEind")?.serialNumber, 2);
    assert.deepEqual(pair.responder.tokens, ["data", "minor", "major"]);
  });

  it("reports exceptions, and recovers by giving the data token", () => {
    const pair = connected(units("half-duplex", "exceptions"));
    pair.say("responder", { type: "SUERreq", reason: 5 });
    assert.equal(pair.last("initiator", "SUERind")?.reason, 5);
    assert.throws(() => pair.initiator.request({ type: "SDTreq", userData }, 0), {
      code: "ERR_STATE",
    });
    pair.say("initiator", { type: "SGTreq", tokens: ["data"] });
    pair.say("responder", { type: "SDTreq", userData });
    assert.deepEqual(pair.told, ["initiator SUERind", "responder SGTind", "initiator SDTind"]);
  });

  it("reports an error of the peer as an exception, if it is told to", () => {
    const pair = connected(units("half-duplex", "exceptions"), { exceptionReports: true });
    pair.responder.receive(octets("63 00"), 0);
    pair.flush("responder");
    pair.settle();
    assert.deepEqual(pair.told, ["responder SPERind", "initiator SPERind"]);
    assert.deepEqual([pair.initiator.state, pair.responder.state], ["STA20", "STA20"]);
  });

  it("negotiates release, and lets two releases collide where there are no tokens", () => {
    const refused = connected(BSS);
    refused.say("initiator", { type: "SRELreq" });
    refused.say("responder", { type: "SRELrsp-" });
    assert.equal(refused.initiator.state, "STA713");

    const pair = connected();
    pair.ask("initiator", { type: "SRELreq" });
    pair.ask("responder", { type: "SRELreq" });
    pair.settle();
    assert.throws(() => pair.responder.request({ type: "SRELrsp+" }, 0), { code: "ERR_STATE" });
    pair.say("initiator", { type: "SRELrsp+" });
    pair.say("responder", { type: "SRELrsp+" });
    assert.deepEqual(pair.told, [
      "initiator SRELind",
      "responder SRELind",
      "responder SRELcnf+",
      "initiator SRELcnf+",
    ]);
  });

  for (const [size, expedited, sent] of [
    [9, true, "AB"],
    [10, true, "PR AB"],
    [1000, false, "AB"],
  ] as const) {
    it(`aborts with ${size} octets ${expedited ? "with" : "without"} expedited flow`, () => {
      const pair = connected(BSS, { expedited });
      const given = new Uint8Array(size).fill(1);
      pair.say("initiator", { type: "SUABreq", userData: given });
      assert.deepEqual(pair.last("responder", "SUABind")?.userData, given);
      const types = pair.sent.map((tsdu) => ({ 7: "PR", 25: "AB" })[tsdu[0] ?? 0]);
      assert.equal(types.join(" "), sent);
      assert.deepEqual([pair.initiator.state, pair.responder.state], ["STA01", "STA01"]);
    });
  }

  it("uses the transport again, if both may", () => {
    const pair = new Pair({ reuse: true });
    pair.say("initiator", { type: "SCONreq" });
    pair.say("responder", { type: "SCONrsp-" });
    assert.deepEqual([pair.initiator.state, pair.responder.state], ["STA01C", "STA01C"]);
    for (let i = 0; i < 2; i++) {
      pair.say("initiator", { type: "SCONreq" });
      pair.say("responder", { type: "SCONrsp+" });
      pair.say("initiator", { type: "SRELreq" });
      pair.say("responder", { type: "SRELrsp+" });
      assert.deepEqual([pair.initiator.state, pair.responder.state], ["STA01C", "STA01C"]);
    }
    pair.say("initiator", { type: "SCONreq" });
    pair.say("responder", { type: "SCONrsp+" });
    pair.say("responder", { type: "SUABreq" });
    assert.deepEqual([pair.initiator.state, pair.responder.state], ["STA01C", "STA01C"]);
  });

  it("waits for the end of the transport only as long as TIM", () => {
    const machine = new SessionMachine({ limits: { timMs: 5 } });
    machine.request({ type: "SCONreq" }, 0);
    machine.transportConfirm(false, 0);
    machine.request({ type: "SUABreq" }, 10);
    assert.equal(machine.deadline, 15);
    machine.tick(14);
    assert.equal(machine.state, "STA16");
    machine.tick(15);
    assert.equal(machine.state, "STA01");
  });

  it("names the rule that a peer broke, aborts, and tells its user", () => {
    for (const [wire, violation] of [
      ["63 00", "unknownSpdu"],
      ["0a 00", "unexpected"],
      ["01 00 01 03 19 01 03 61", "enclosureItem"],
      ["01 00 31 03 2a 01 39", "unexpected"],
    ] as const) {
      const pair = connected(BSS);
      pair.responder.receive(octets(wire), 0);
      pair.flush("responder");
      const { error } = pair.last("responder", "SPABind") ?? {};
      assert.equal((error as { violation?: string } | undefined)?.violation, violation);
      pair.settle();
      assert.deepEqual([pair.initiator.state, pair.responder.state], ["STA01", "STA01"]);
      assert.equal(pair.last("initiator", "SPABind")?.reason, 2);
    }
  });

  it("answers any octets in any state with events or an abort, never an exception", () => {
    const wires = samples.map(({ wire }) => octets(wire));
    const tsdu = fc.oneof(
      fc.constantFrom(...wires),
      fc.constantFrom(...wires).map((wire) => Uint8Array.of(1, 0, ...wire)),
      fc.constantFrom(...wires).map((wire) => Uint8Array.of(2, 0, ...wire)),
      fc.uint8Array({ maxLength: 24 }),
    );
    const received = fc.array(fc.tuple(fc.boolean(), fc.boolean(), tsdu), { maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom(BSS, BAS), fc.boolean(), received, (units, expedited, all) => {
        const pair = connected(units, { expedited });
        pair.ask("initiator", { type: "STDreq", userData });
        for (const [isExpedited, toInitiator, octets] of all) {
          const machine = toInitiator ? pair.initiator : pair.responder;
          if (isExpedited) machine.receiveExpedited(octets, 0);
          else machine.receive(octets, 0);
          pair.flush(toInitiator ? "initiator" : "responder");
        }
        pair.settle();
        pair.tick(60_000);
      }),
      { numRuns: 2000 },
    );
  });

  for (const synchronize of ["minor", "symmetric"] as const) {
    it(`discards a RESYNCHRONIZE that both PREPAREs overtook, with ${synchronize}`, () => {
      const activity = units("duplex", synchronize, "resynchronize", "activity", "expedited");
      const settings = { minor: "requestor", major: "requestor" } as const;
      const pair = connected({ ...activity, tokenSettings: settings }, { expedited: true });
      pair.say("initiator", { type: "SACTSreq", activityIdentifier: octets("01") });
      pair.say("initiator", { type: "SGTreq", tokens: ["major"] });
      pair.ask("initiator", { type: "SRSYNreq", resyncType: "abandon" });
      pair.deliver("responder", "expedited");
      pair.ask("responder", { type: "SACTDreq", reason: 0 });
      pair.deliver("initiator", "expedited");
      pair.deliver("initiator", "normal");
      pair.ask("initiator", { type: "SACTDrsp" });
      pair.deliver("responder", "expedited");
      assert.equal(pair.responder.state, "STA15C");
      pair.settle();
      assert.deepEqual(pair.told.slice(2), ["initiator SACTDind", "responder SACTDcnf"]);
    });
  }

  for (const synchronize of ["minor", "symmetric"] as const) {
    for (const [what, ask, answer, told] of [
      ["interrupts", "SACTIreq", "SACTIrsp", ["responder SACTIind", "initiator SACTIcnf"]],
      ["discards", "SACTDreq", "SACTDrsp", ["responder SACTDind", "initiator SACTDcnf"]],
    ] as const) {
      it(`${what} an activity whose end was agreed to meanwhile, with ${synchronize}`, () => {
        const activity = units("duplex", synchronize, "resynchronize", "activity", "expedited");
        const pair = connected(activity, { expedited: true });
        const start = { type: "SACTSreq", activityIdentifier: octets("01") } as const;
        pair.say("initiator", start);
        pair.say("initiator", { type: "SACTEreq" });
        pair.ask("initiator", { type: ask, reason: 0 });
        pair.ask("responder", { type: "SACTErsp" });
        pair.settle();
        pair.say("responder", { type: answer });
        assert.deepEqual(pair.told.slice(2), told);
        // What the first PREPARE announced is over: it does not hurt the next activity.
        pair.say("initiator", start);
        assert.deepEqual([pair.initiator.state, pair.responder.state], ["STA713", "STA713"]);
      });
    }
  }

  it("merges a crossing request that the answer's PREPARE overtook, with symmetric", () => {
    // With data separation the responder's request is announced by no PREPARE.
    const both = units("duplex", "symmetric", "resynchronize", "data-separation");
    const pair = connected(both, { expedited: true });
    pair.say("responder", { type: "SSYNmreq", separation: true });
    pair.ask("responder", { type: "SRSYNreq", secondResyncType: "abandon" });
    pair.ask("initiator", {
      type: "SRSYNreq",
      resyncType: "set",
      serialNumber: 40,
      secondResyncType: "set",
      secondSerialNumber: 30,
    });
    while (pair.deliver("responder", "expedited"));
    while (pair.deliver("responder", "normal"));
    pair.ask("responder", { type: "SRSYNrsp" });
    pair.settle();
    const [ours, theirs] = [pair.initiator.variables, pair.responder.variables];
    // Abandon prevails over set on the flow that both asked for.
    assert.deepEqual([ours.VMs, ours.VMr], [1, 30]);
    assert.deepEqual([theirs.VMr, theirs.VMs], [1, 30]);
    assert.deepEqual(pair.errors, []);
  });

  describe("that resynchronizes one flow of two", () => {
    const both = units("duplex", "symmetric", "major", "resynchronize", "typed-data");
    /** The numbers of the initiator's flow and of the responder's, as each side has them. */
    const numbers = ({ initiator: { variables: v }, responder: { variables: w } }: Pair) => [
      [v.VMs, v.VAs, v.VMr, v.VAr],
      [w.VMr, w.VAr, w.VMs, w.VAs],
    ];

    it("counts a MAJOR SYNC ACK that crosses the request, on the other flow", () => {
      const pair = connected(both);
      pair.say("initiator", { type: "SSYNMreq" });
      pair.ask("initiator", { type: "SRSYNreq", resyncType: "set", serialNumber: 20 });
      pair.ask("responder", { type: "SSYNMrsp" });
      pair.settle();
      pair.say("responder", { type: "SRSYNrsp" });
      const [ours, theirs] = numbers(pair);
      assert.deepEqual([ours, theirs], [ours, ours]);
      assert.deepEqual(ours, [20, 20, 2, 2]);
    });

    it("counts a MAJOR SYNC POINT that the request's PREPARE overtakes", () => {
      const tokenSettings = { major: "acceptor" } as const;
      const pair = connected({ ...both, tokenSettings }, { expedited: true });
      pair.ask("responder", { type: "SSYNMreq" });
      const abandonOther = { type: "SRSYNreq", secondResyncType: "abandon" } as const;
      pair.ask("responder", abandonOther);
      pair.settle();
      pair.say("initiator", { type: "SRSYNrsp" });
      const [ours, theirs] = numbers(pair);
      assert.deepEqual(theirs, ours);
      assert.equal(pair.responder.state, "STA713");
    });

    it("sends nothing on the other flow until it is answered", () => {
      const pair = connected(both);
      pair.ask("initiator", { type: "SRSYNreq", secondResyncType: "abandon" });
      for (const type of ["SDTreq", "STDreq", "SSYNmreq"] as const) {
        const request = { type, ...(type !== "SSYNmreq" && { userData }) };
        assert.throws(() => pair.ask("initiator", request), { code: "ERR_STATE" }, type);
      }
      pair.settle();
      pair.say("responder", { type: "SRSYNrsp" });
      pair.say("initiator", { type: "SDTreq", userData });
      assert.equal(pair.told.at(-1), "responder SDTind");
    });
  });

  describe("that concatenates", () => {
    const all = units("half-duplex", "minor", "major", "activity");
    const start = { type: "SACTSreq", activityIdentifier: octets("01") } as const;
    const data = { type: "SDTreq", userData } as const;
    const point = { type: "SSYNmreq" } as const;
    const give = { type: "SGTreq", tokens: ["data", "minor"] } as const;

    for (const [requests, wires, told] of [
      [[start, data], ["GT+AS+DT"], ["SACTSind", "SDTind"]],
      [[start, point], ["GT+AS+MIP"], ["SACTSind", "SSYNmind"]],
      [[start, data, point, give], ["GT+AS+MIP+DT"], ["SACTSind", "SDTind", "SSYNmind", "SGTind"]],
      // A point before the data would be processed behind it: these do not go together.
      [
        [start, point, data],
        ["GT+AS+MIP", "GT+DT"],
        ["SACTSind", "SSYNmind", "SDTind"],
      ],
      [
        [start, data, data],
        ["GT+AS+DT", "GT+DT"],
        ["SACTSind", "SDTind", "SDTind"],
      ],
      [[start, { type: "SACTEreq" }], ["GT+AS+AE"], ["SACTSind", "SACTEind"]],
      [[start, data, give], ["GT+AS+DT"], ["SACTSind", "SDTind", "SGTind"]],
    ] as const) {
      const names = requests.map(({ type }) => type).join(", ");
      it(`sends ${names} as ${wires.join(" and ")}, and is heard in order`, () => {
        const pair = connected(all, { concatenate: true, isLate: true });
        for (const request of requests) pair.ask("initiator", request);
        pair.settle();
        assert.deepEqual(said(pair), wires);
        const heard = told.map((type) => `responder ${type}`);
        assert.deepEqual(pair.told, heard);
      });
    }

    it("keeps to basic concatenation when the peer takes no other", () => {
      const pair = new Pair(
        { concatenate: true, isLate: true },
        { extendedConcatenation: false, concatenate: true },
      );
      pair.say("initiator", { type: "SCONreq", ...all });
      pair.say("responder", { type: "SCONrsp+" });
      pair.sent.length = 0;
      for (const request of [start, data, point, give]) pair.ask("initiator", request);
      pair.settle();
      assert.deepEqual(said(pair), ["GT+AS", "GT+DT", "GT+MIP"]);
      assert.deepEqual(pair.initiator.tokens, ["major"]);
      assert.deepEqual(pair.responder.tokens, ["data", "minor"]);
    });

    it("keeps apart what is longer together than a TSDU may be", () => {
      const sizes = { sent: 40, received: 40 };
      const pair = new Pair({ concatenate: true, isLate: true, tsduMaximumSize: sizes });
      const minor = units("duplex", "minor");
      pair.say("initiator", { type: "SCONreq", ...minor, tsduMaximumSize: sizes });
      pair.say("responder", { type: "SCONrsp+" });
      pair.sent.length = 0;
      for (const size of [20, 30]) {
        pair.ask("initiator", { type: "SDTreq", userData: new Uint8Array(size) });
        pair.ask("initiator", point);
        pair.settle();
      }
      assert.deepEqual(said(pair), ["GT+MIP+DT", "GT+DT", "GT+MIP"]);
    });
  });

  it("amends the tables only with what is in their notation", () => {
    for (const source of [amendmentsWithoutSymmetric, amendmentsWithSymmetric]) {
      assert.ok(Object.keys(compileTable(source)).length > 0);
    }
  });
});
