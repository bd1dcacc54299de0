import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/pure/errors.ts";
import { type Abort, aborts, decodeAbort, encodeAbort } from "../../../src/pure/native/abort.ts";
import {
  agree,
  durabilities,
  type Proposal,
  readProposal,
  writeProposal,
} from "../../../src/pure/native/establishment.ts";
import { limitsFrom } from "../../../src/pure/native/limits.ts";
import { Parameters, ParameterWriter } from "../../../src/pure/native/parameters.ts";
import {
  decodeRefusal,
  encodeRefusal,
  type Refusal,
  refusals,
} from "../../../src/pure/native/refusal.ts";
import {
  decodeResume,
  decodeResumed,
  encodeResumeClaim,
  encodeResumedClaim,
  withProof,
} from "../../../src/pure/native/resume.ts";
import { proposalOf } from "./pair.ts";

const whole = fc.maxSafeNat();
const positions = fc.tuple(whole, whole);
const octets = fc.uint8Array({ maxLength: 50 });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** Without the fields that are undefined, which decoders leave out. */
function defined<T extends object>(value: T): T {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries) as T; // the same fields, but for the absent ones
}

const proposals: fc.Arbitrary<Proposal> = fc
  .record({
    versions: fc.tuple(fc.nat(9), fc.nat(9)),
    functionalUnits: fc.nat(0x1ffff),
    contexts: fc.array(fc.string({ unit: "grapheme" })),
    probeMs: fc.integer({ min: 100, max: 1e9 }),
    deadMs: whole,
    durability: fc.constantFrom(...durabilities),
    resumeWindowMs: whole,
    idleMs: whole,
    absoluteMs: whole,
    calledSelector: fc.string({ unit: "grapheme" }),
    callingSelector: fc.string(),
    userData: octets,
    dialogue: octets,
    agent: fc.string(),
  })
  .map((some) => proposalOf(limitsFrom(), some));

/** What comes of octets, which must be a value or a violation. */
function decode(decoder: (octets: Uint8Array) => unknown, some: Uint8Array): void {
  try {
    decoder(some);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.match(error.clause, /^Tertulia \d/);
  }
}

describe("establishment", () => {
  it("reads back the proposal that it wrote", () => {
    fc.assert(
      fc.property(proposals, (proposal) => {
        const written = writeProposal(new ParameterWriter(), proposal).finish();
        assert.deepEqual(readProposal(new Parameters(written), 10_240), proposal);
      }),
    );
  });

  it("reads back refusals, aborts and claims", () => {
    const refusal = fc
      .record({
        reason: fc.constantFrom(...(Object.keys(refusals) as Refusal["reason"][])),
        isPersistent: fc.boolean(),
        retryMs: optional(whole),
        received: optional(positions),
        location: optional(fc.string()),
        epoch: optional(whole),
        message: optional(fc.string()),
        userData: optional(octets),
      })
      .map((some) => defined(some) as Refusal);
    const abort = fc
      .record({
        reason: fc.constantFrom(...(Object.keys(aborts) as Abort["reason"][])),
        received: positions,
        message: optional(fc.string()),
        userData: optional(octets),
      })
      .map((some) => defined(some) as Abort);
    const proof = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(
        fc.record({
          refusal,
          abort,
          proof,
          id,
          epoch: whole,
          received: positions,
          retained: positions,
        }),
        ({ refusal: no, abort: end, proof: mac, id: sessionId, epoch, received, retained }) => {
          assert.deepEqual(decodeRefusal(encodeRefusal(no)), no);
          assert.deepEqual(decodeAbort(encodeAbort(end)), end);
          const stand = { received, retained };
          const claim = encodeResumeClaim(sessionId, epoch, stand, mac);
          const expected = { epoch, positions: stand, claim, proof: mac };
          assert.deepEqual(decodeResume(withProof(claim, mac)), { sessionId, ...expected });
          const answer = encodeResumedClaim(epoch, stand, mac);
          assert.deepEqual(decodeResumed(withProof(answer, mac)), { ...expected, claim: answer });
        },
      ),
    );
  });

  it("reads any octets as a value or a violation", () => {
    const proposal = (some: Uint8Array) => readProposal(new Parameters(some), 100);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (some) => {
        for (const decoder of [decodeRefusal, decodeAbort, decodeResume, decodeResumed, proposal]) {
          decode(decoder, some);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("reads any change of one octet of a proposal as a value or a violation", () => {
    const written = writeProposal(new ParameterWriter(), proposalOf(limitsFrom())).finish();
    for (let at = 0; at < written.length; at++) {
      for (const change of [1, 0x7f, 0x80, 0xff]) {
        const broken = written.slice();
        broken[at] = (broken[at] as number) ^ change;
        decode((some) => readProposal(new Parameters(some), 100), broken);
      }
    }
  });

  it("comes to the same agreement on both sides, but for the limits", () => {
    fc.assert(
      fc.property(proposals, proposals, (one, other) => {
        const here = agree(one, other, "responder");
        const there = agree(one, other, "initiator");
        if ("incompatible" in here || "incompatible" in there) {
          assert.deepEqual(here, there);
          return;
        }
        assert.deepEqual({ ...here, peer: one.limits }, { ...there, peer: one.limits });
        assert.deepEqual([here.peer, there.peer], [other.limits, one.limits]);
      }),
    );
  });

  it("takes of every time the shorter, where none is longest", () => {
    const some = (idleMs: number) => proposalOf(limitsFrom(), { idleMs });
    const agreed = (one: number, other: number) => {
      const agreement = agree(some(one), some(other), "responder");
      return "incompatible" in agreement ? undefined : agreement.idleMs;
    };
    assert.deepEqual([agreed(0, 0), agreed(0, 5), agreed(5, 0), agreed(5, 3)], [0, 5, 5, 3]);
  });

  it("says what is incompatible", () => {
    const newer = proposalOf(limitsFrom(), { versions: [2, 3] });
    const older = proposalOf(limitsFrom());
    assert.deepEqual(agree(newer, older, "responder"), {
      incompatible: "version: 2 to 3 here, 1 to 1 there",
    });
    const cbor = proposalOf(limitsFrom(), { contexts: ["cbor"] });
    assert.deepEqual(agree(cbor, older, "responder"), {
      incompatible: "presentation contexts: cbor here, octets text json there",
    });
    const none = { ...older, contexts: [] };
    assert.deepEqual(agree(none, older, "responder"), {
      incompatible: "presentation contexts: none here, octets text json there",
    });
  });

  const bad: readonly (readonly [string, (proposal: Proposal) => Proposal])[] = [
    ["octetsMax", (p) => ({ ...p, limits: { ...p.limits, frameOctetsMax: 255 } })],
    ["credit", (p) => ({ ...p, limits: { ...p.limits, messageCredit: 4095 } })],
    ["credit", (p) => ({ ...p, limits: { ...p.limits, expeditedCredit: 5000 } })],
    ["keepalive", (p) => ({ ...p, probeMs: 0 })],
    ["userData", (p) => ({ ...p, userData: new Uint8Array(101) })],
    ["agent", (p) => ({ ...p, agent: "ñ".repeat(129) })],
  ];
  for (const [name, change] of bad) {
    it(`refuses a proposal whose ${name} could not work`, () => {
      const proposal = change(proposalOf(limitsFrom()));
      const written = writeProposal(new ParameterWriter(), proposal).finish();
      assert.throws(() => readProposal(new Parameters(written), 100), {
        violation: "badParameter",
        message: new RegExp(name),
      });
    });
  }
});
