import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeProposal, type Proposal } from "../../../src/pure/native/establishment.ts";
import { KnownProposals } from "../../../src/pure/native/known-proposals.ts";
import { limitsFrom } from "../../../src/pure/native/limits.ts";
import { ParameterWriter } from "../../../src/pure/native/parameters.ts";
import { concatOctets, utf8 } from "../../../src/pure/octets.ts";
import { proposalOf } from "./pair.ts";

const ours = proposalOf(limitsFrom());

/** The body of a CONNECT: a proposal, and a nonce of this one alone. */
function bodyOf(proposal: Partial<Proposal>, nonce: string): Uint8Array {
  const offer = encodeProposal({ ...ours, ...proposal });
  return new ParameterWriter().written(offer).octets("nonce", utf8(nonce)).finish();
}

describe("known proposals", () => {
  it("are read once, and each frame's own parameters anew", () => {
    const known = new KnownProposals();
    const first = known.read(bodyOf({}, "one"), 100);
    const second = known.read(bodyOf({}, "two"), 100);
    assert.equal(second.proposal, first.proposal);
    assert.deepEqual(second.parameters.octets("nonce"), utf8("two"));
    assert.equal(known.agree(second.proposal, ours), known.agree(first.proposal, ours));
  });

  it("are told from any other, whatever it begins with", () => {
    const known = new KnownProposals();
    const plain = known.read(bodyOf({}, "one"), 100).proposal;
    for (const change of [{ probeMs: 7777 }, { agent: "other" }, { userData: utf8("mine") }]) {
      assert.deepEqual(known.read(bodyOf(change, "two"), 100).proposal, { ...plain, ...change });
    }
    const longer = concatOctets([
      bodyOf({}, "three"),
      new ParameterWriter().octets("userData", utf8("behind")).finish(),
    ]);
    assert.deepEqual(known.read(bodyOf({}, "one"), 100).proposal, plain);
    assert.deepEqual(known.read(longer, 100).proposal, { ...plain, userData: utf8("behind") });
  });

  it("say nothing twice", () => {
    const known = new KnownProposals();
    known.read(bodyOf({}, "one"), 100);
    const again = new ParameterWriter().numbers("streamsMax", 1).finish();
    const twice = concatOctets([bodyOf({}, "two"), again]);
    assert.throws(() => known.read(twice, 100), { violation: "duplicateParameter" });
  });

  it("are not remembered where they are not all at the beginning, or say something of their own", () => {
    const known = new KnownProposals();
    const nonce = new ParameterWriter().octets("nonce", utf8("n")).finish();
    const late = concatOctets([nonce, encodeProposal(ours)]);
    assert.notEqual(known.read(late, 100).proposal, known.read(late, 100).proposal);
    const own = bodyOf({ userData: utf8("mine") }, "one");
    assert.notEqual(known.read(own, 100).proposal, known.read(own, 100).proposal);
  });
});
