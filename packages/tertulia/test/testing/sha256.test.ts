import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hex, utf8 } from "../../src/pure/octets.ts";
import { hmacSha256, sha256 } from "../../src/testing/sha256.ts";

describe("sha256", () => {
  it("gives the digests of FIPS 180-4's examples", () => {
    assert.equal(
      hex(sha256(utf8("abc"))),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    assert.equal(hex(sha256()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("agrees with OpenSSL, whatever the octets and keys", () => {
    const octets = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(octets, octets, (one, other) => {
        const digest = createHash("sha256").update(one).update(other).digest("hex");
        assert.equal(hex(sha256(one, other)), digest);
        assert.equal(
          hex(hmacSha256(one, other)),
          createHmac("sha256", one).update(other).digest("hex"),
        );
      }),
    );
  });
});
