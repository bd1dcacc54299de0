import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Apdu, decodeApdu, encodeApdu } from "../../src/osi/acse.ts";
import {
  type AbortPpdu,
  decodeAbort,
  decodeAccept,
  decodeConnect,
  decodeReject,
  decodeUserData,
  encodeAbort,
  encodeAccept,
  encodeConnect,
  encodeReject,
  encodeUserData,
} from "../../src/osi/presentation.ts";
import { ProtocolError } from "../../src/pure/errors.ts";
import { decodeTsdu } from "../../src/pure/iso8327/tsdu.ts";
import { hex } from "../../src/pure/octets.ts";
import { conversations } from "../pure/iso8327/captures.ts";

const octets = (...values: readonly number[]) => Uint8Array.from(values);

/** The user data of the first SPDU of this type in the traffic of an MMS device. */
function captured(type: string): Uint8Array {
  for (const { type: flow, octets } of conversations("libiec61850-mms").flat()) {
    if (flow === "control") continue;
    const spdu = decodeTsdu(octets).find((each) => each.type === type);
    if (spdu?.userData) return spdu.userData;
  }
  return assert.fail(`no ${type}`);
}

const apdus: readonly Apdu[] = [
  {
    type: "AARQ",
    applicationContext: "1.0.9506.2.3",
    called: { apTitle: "1.1.1.999.1", aeQualifier: 12 },
    calling: { aeQualifier: -3 },
    mechanism: "2.2.3.1",
    password: "secret",
    userInformation: [{ contextId: 3, value: octets(5, 0) }],
  },
  {
    type: "AARE",
    applicationContext: "1.0.9506.2.3",
    result: "rejected-transient",
    diagnostic: { source: "provider", value: 2 },
    responding: { apTitle: "2.999.3" },
    userInformation: [],
  },
  { type: "RLRQ", reason: 30, userInformation: [] },
  { type: "RLRE", userInformation: [] },
  { type: "ABRT", source: "provider", diagnostic: 4, userInformation: [] },
];

describe("presentation and ACSE", () => {
  it("read the association of an MMS device", () => {
    const connect = decodeConnect(captured("CN"));
    assert.deepEqual(connect.calledSelector, octets(0, 0, 0, 1));
    assert.deepEqual(connect.contexts, [
      { id: 1, abstractSyntax: "2.2.1.0.1", transferSyntaxes: ["2.1.1"] },
      { id: 3, abstractSyntax: "1.0.9506.2.1", transferSyntaxes: ["2.1.1"] },
    ]);
    const aarq = decodeApdu(connect.userData[0]?.value ?? octets());
    assert.equal(aarq.type, "AARQ");
    assert.deepEqual(aarq.type === "AARQ" && [aarq.called, aarq.calling], [
      { apTitle: "1.1.1.999.1", aeQualifier: 12 },
      { apTitle: "1.1.1.999", aeQualifier: 12 },
    ]);
    const accept = decodeAccept(captured("AC"));
    assert.deepEqual(accept.results, [
      { result: "accepted", transferSyntax: "2.1.1" },
      { result: "accepted", transferSyntax: "2.1.1" },
    ]);
    const aare = decodeApdu(accept.userData[0]?.value ?? octets());
    assert.equal(aare.type === "AARE" && aare.result, "accepted");
  });

  it("write what an MMS device wrote, octet for octet", () => {
    const connect = decodeConnect(captured("CN"));
    const [pdv] = connect.userData;
    assert.ok(pdv);
    // The device encodes some lengths with more octets than BER needs: the values are compared.
    assert.equal(hex(encodeApdu(decodeApdu(pdv.value))), hex(pdv.value));
    assert.deepEqual(decodeConnect(encodeConnect(connect)), connect);
    const accept = decodeAccept(captured("AC"));
    assert.equal(hex(encodeAccept(accept)), hex(captured("AC")));
    assert.equal(hex(encodeUserData(decodeUserData(captured("DT")))), hex(captured("DT")));
  });

  for (const apdu of apdus) {
    it(`decode the ${apdu.type} that they encode`, () => {
      assert.deepEqual(decodeApdu(encodeApdu(apdu)), apdu);
    });
  }

  it("decode the CPR, ARU and ARP that they encode", () => {
    const value = octets(5, 0);
    const reject = {
      type: "CPR",
      respondingSelector: octets(1),
      results: [{ result: "provider-rejection", reason: 1 }],
      providerReason: 3,
      userData: [{ contextId: 1, value }],
    } as const;
    assert.deepEqual(decodeReject(encodeReject(reject)), reject);
    const aborts: readonly AbortPpdu[] = [
      { type: "ARU", userData: [{ contextId: 1, encoding: "octets", value }] },
      { type: "ARP", reason: 1, event: 5 },
    ];
    for (const abort of aborts) assert.deepEqual(decodeAbort(encodeAbort(abort)), abort);
  });

  it("answer any octets with a value or a ProtocolError", () => {
    const seeds = [captured("CN"), captured("AC"), captured("DT"), ...apdus.map(encodeApdu)];
    const changes = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...seeds), changes, fc.nat(200), (seed, changes, size) => {
        const mutated = seed.slice(0, size < 20 ? size : undefined);
        for (const [at, value] of changes) if (at < mutated.length) mutated[at] = value;
        for (const decode of [
          decodeConnect,
          decodeAccept,
          decodeReject,
          decodeAbort,
          decodeUserData,
          decodeApdu,
        ]) {
          try {
            decode(mutated);
          } catch (error) {
            assert.ok(error instanceof ProtocolError, `${error} ${hex(mutated)}`);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("refuse what is nested deeper than anything that means something", () => {
    const bomb = new Uint8Array(10_000).fill(0x30).map((octet, i) => (i % 2 ? 0x80 : octet));
    assert.throws(() => decodeUserData(bomb), { violation: "nestedTooDeep" });
  });
});
