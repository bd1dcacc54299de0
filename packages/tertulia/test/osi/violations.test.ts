/** Rules that a peer can break, each by its name; those of single SPDUs and TPDUs are with their codecs. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ConnectOptions, connectDialogue } from "../../src/dialogue/index.ts";
import { transportPair } from "../../src/dialogue/memory.ts";
import { decodeApdu, encodeApdu } from "../../src/osi/acse.ts";
import { awaitAssociation } from "../../src/osi/associate.ts";
import {
  context,
  decodeBer,
  integer,
  primitive,
  readInteger,
  readObjectIdentifier,
  sequence,
  set,
} from "../../src/osi/ber.ts";
import {
  decodeAbort,
  decodeConnect,
  decodeUserData,
  encodeConnect,
} from "../../src/osi/presentation.ts";
import { SessionMachine } from "../../src/pure/iso8327/machine.ts";
import { Assembler } from "../../src/pure/iso8327/segments.ts";
import { encodeSpdu, type Spdu } from "../../src/pure/iso8327/spdu.ts";
import { TransportMachine, type TransportOptions } from "../../src/pure/tpkt/machine.ts";
import { encodeTpdu, type Tpdu } from "../../src/pure/tpkt/tpdu.ts";
import { connected } from "../pure/iso8327/pair.ts";

const octets = (...values: readonly number[]) => Uint8Array.from(values);
const AC = { type: "AC", sessionUserRequirements: 2 } as const;

/** Which rules a session machine says were broken by the answers to its request. */
function answered(parameters: ConnectOptions, ...answers: readonly Spdu[]): string[] {
  const machine = new SessionMachine();
  const found: string[] = [];
  const drain = () => {
    for (let output = machine.poll(); output; output = machine.poll()) {
      if (output.type === "connect") machine.transportConfirm(false, 0);
      if (output.type === "event") found.push(...violationOf(output.event.error));
    }
  };
  machine.request({ type: "SCONreq", functionalUnits: ["duplex"], ...parameters }, 0);
  drain();
  for (const answer of answers) {
    machine.receive(encodeSpdu(answer), 0);
    drain();
  }
  return found;
}

function violationOf(error: unknown): string[] {
  const { violation } = (error ?? {}) as { readonly violation?: string };
  return violation === undefined ? [] : [violation];
}

describe("a session machine names", () => {
  const first = { type: "DT", enclosureItem: 1, userData: octets(1) } as const;
  const last = { type: "DT", enclosureItem: 2, userData: octets(2) } as const;
  for (const [violation, ...spdus] of [
    ["segmentWithoutBeginning", last],
    ["segmentBeginsTwice", first, first],
    ["segmentInterrupted", first, { type: "MIP", serialNumber: 1 }],
  ] as const) {
    it(violation, () => {
      const assembler = new Assembler(1000);
      const takeAll = () => {
        for (const spdu of spdus) assembler.take(spdu, false);
      };
      assert.throws(takeAll, { violation });
    });
  }

  const item = { protocolOptions: 0, versionNumber: 2 } as const;
  const sizes = (size: number) => ({ toResponder: size, toInitiator: size });

  it("versionNotOffered", () => {
    const found = answered({ versions: [1] }, { ...AC, connectAcceptItem: item });
    assert.deepEqual(found, ["versionNotOffered"]);
  });

  it("tsduSizeNotOffered", () => {
    const connectAcceptItem = { ...item, tsduMaximumSize: sizes(100) };
    assert.deepEqual(answered({}, { ...AC, connectAcceptItem }), ["tsduSizeNotOffered"]);
  });

  it("tsduSizeChanged", () => {
    const found = answered(
      { userData: new Uint8Array(11_000), tsduMaximumSize: { sent: 5000, received: 5000 } },
      { type: "OA", tsduMaximumSize: sizes(4000), versionNumber: 2 },
      { ...AC, connectAcceptItem: { ...item, tsduMaximumSize: sizes(3000) } },
    );
    assert.deepEqual(found, ["tsduSizeChanged"]);
  });

  it("userDataInVersion1", () => {
    const pair = connected({ functionalUnits: ["half-duplex"], versions: [1] });
    pair.responder.receive(encodeSpdu({ type: "GT", tokenItem: 1, userData: octets(1) }), 0);
    pair.flush("responder");
    const { error } = pair.last("responder", "SPABind") ?? {};
    assert.deepEqual(violationOf(error), ["userDataInVersion1"]);
  });
});

/** Which rules a transport machine says were broken by these TPDUs. */
function heard(options: TransportOptions, asks: boolean, ...tpdus: readonly Tpdu[]): string[] {
  const machine = new TransportMachine(options);
  const found: string[] = [];
  const drain = () => {
    for (let output = machine.poll(); output; output = machine.poll()) {
      if (output.type === "event" && "error" in output.event) {
        found.push(...violationOf(output.event.error));
      }
      if (output.type === "close" && "error" in output) found.push(...violationOf(output.error));
    }
  };
  if (asks) machine.request({ type: "TCONreq" });
  drain();
  for (const tpdu of tpdus) {
    const body = encodeTpdu(tpdu);
    machine.receive(octets(3, 0, (body.length + 4) >> 8, (body.length + 4) & 0xff, ...body));
    drain();
  }
  return [...new Set(found)];
}

describe("a transport machine names", () => {
  const CC = {
    type: "CC",
    destinationReference: 1,
    sourceReference: 9,
    classAndOptions: 0,
  } as const;
  const CR = { ...CC, type: "CR", destinationReference: 0 } as const;
  const own: TransportOptions = { reference: 1, sizeExponent: 10, expedited: false };
  const DT = { type: "DT", endOfTsdu: false, userData: octets() } as const;
  for (const [violation, asks, ...tpdus] of [
    ["unexpectedTpdu", false, CC],
    ["zeroReference", false, { ...CR, sourceReference: 0 }],
    ["mismatchedReference", true, { ...CC, destinationReference: 2 }],
    ["classNotOffered", true, { ...CC, classAndOptions: 0x20 }],
    ["sizeNotOffered", true, { ...CC, sizeExponent: 11 }],
    ["expeditedNotNegotiated", true, CC, { type: "ED", userData: octets(1) }],
    ["emptyData", true, CC, DT],
  ] as const) {
    it(violation, () => assert.deepEqual(heard(own, asks, ...tpdus), [violation]));
  }
});

describe("presentation and ACSE name", () => {
  const [wide] = decodeBer(primitive(0x02, new Uint8Array(9)), "here");
  const [unfinished] = decodeBer(primitive(0x06, octets(0x2a, 0x80)), "here");
  for (const [violation, decode] of [
    ["notBer", () => decodeApdu(octets(0x60, 0x05, 0x01))],
    ["notInteger", () => readInteger(wide, "here")],
    ["notObjectIdentifier", () => readObjectIdentifier(unfinished, "here")],
    ["notPpdu", () => decodeAbort(integer(1))],
    ["notNormalMode", () => decodeConnect(set(context(0, primitive(0x80, octets(0)))))],
    ["notUserData", () => decodeUserData(sequence(integer(1)))],
    ["notApdu", () => decodeApdu(integer(1))],
  ] as const) {
    it(violation, () => {
      assert.throws(decode, { violation });
    });
  }

  it("missingApdu", async () => {
    const [near, far] = transportPair();
    const value = encodeApdu({ type: "RLRQ", userInformation: [] });
    const connecting = connectDialogue(near, {
      userData: encodeConnect({
        type: "CP",
        contexts: [{ id: 1, abstractSyntax: "2.2.1.0.1", transferSyntaxes: ["2.1.1"] }],
        userData: [{ contextId: 1, value }],
      }),
    });
    connecting.catch(() => {});
    await assert.rejects(awaitAssociation(far), { violation: "missingApdu" });
  });
});
