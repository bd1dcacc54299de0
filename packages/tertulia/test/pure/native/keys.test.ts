import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeSuite } from "../../../src/io/node-suite.ts";
import {
  authenticationBinding,
  deriveKeys,
  proveResume,
  Transcript,
} from "../../../src/pure/native/keys.ts";
import { hex, NO_OCTETS, utf8 } from "../../../src/pure/octets.ts";
import { seededSuite } from "../../../src/testing/suite.ts";

const suites = { seeded: seededSuite(1), node: nodeSuite };

describe("keys", () => {
  for (const [name, suite] of Object.entries(suites)) {
    it(`are what docs/protocol.md section 4 says, with the ${name} suite`, () => {
      const transcript = new Transcript(suite);
      transcript.add(1, utf8("connect"));
      const { secret, acceptKey } = deriveKeys(
        suite,
        new Uint8Array(32).fill(1),
        utf8("binding"),
        transcript.digest,
      );
      const proof = proveResume(suite, secret, 3, "resume", NO_OCTETS, utf8("claim"));
      const binding = authenticationBinding(suite, utf8("binding"), transcript.digest);
      // Computed with Python's hmac and hashlib from the formulas of the document.
      assert.deepEqual(
        [transcript.digest, secret, acceptKey, proof, binding].map((o) => hex(o)),
        [
          "cf74976e9c32f5c683c7937edd992df57615dea57cb67216da847d8a5a0c640b",
          "4bb5f83c97dc27e13576f88d6d99de0da20b9fd442173590e48359ececd6b436",
          "0272af0be954a08c5fae3032516b703502ef58fa7701b12987e5fc47e42ca7fd",
          "6a6442de2052aa70e653c8945593f8fab0894c1e1f5cae4afc5f8dce38d66af9",
          "7eb6713389842d8e236467beb9c156a8a254fbcd482fa5495fbdc8d7dbdcfd81",
        ],
      );
    });

    it(`are agreed on by both sides, with the ${name} suite`, () => {
      const [one, other] = [suite.keyPair(), suite.keyPair()];
      assert.deepEqual(one.agree(other.publicKey), other.agree(one.publicKey));
      assert.equal(one.agree(new Uint8Array(32)), undefined);
    });
  }

  it("do not let octets move between the frames of a handshake", () => {
    const digest = (...frames: string[]) => {
      const transcript = new Transcript(seededSuite(1));
      for (const frame of frames) transcript.add(2, utf8(frame));
      return hex(transcript.digest);
    };
    assert.notEqual(digest("ab", "c"), digest("a", "bc"));
  });
});
