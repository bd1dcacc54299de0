import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Parameters, ParameterWriter } from "../../../src/pure/native/parameters.ts";
import { concatOctets } from "../../../src/pure/octets.ts";

describe("parameters", () => {
  it("are read in any order, and unknown ones are passed over", () => {
    const known = new ParameterWriter().numbers("epoch", 300).text("message", "hé").finish();
    // Code 1000, three octets.
    const unknown = Uint8Array.of(0xe8, 0x07, 3, 1, 2, 3);
    const parameters = new Parameters(concatOctets([unknown, known]));
    assert.equal(parameters.number("epoch"), 300);
    assert.equal(parameters.text("message"), "hé");
    assert.equal(parameters.text("location"), undefined);
  });

  it("take the first numbers of a list that a later version made longer", () => {
    const parameters = new Parameters(new ParameterWriter().numbers("keepalive", 1, 2, 3).finish());
    assert.deepEqual(parameters.numbers("keepalive", 2), [1, 2]);
    assert.throws(() => parameters.numbers("keepalive", 4), { violation: "truncated" });
  });

  it("refuse what is there twice, lacks, or has another length than it must", () => {
    const one = new ParameterWriter().numbers("epoch", 1).finish();
    const twice = concatOctets([one, one]);
    assert.throws(() => new Parameters(twice), { violation: "duplicateParameter" });
    assert.throws(() => new Parameters(one).required("nonce"), { violation: "missingParameter" });
    assert.throws(() => new Parameters(one).octets("epoch", 2), { violation: "badParameter" });
  });
});
