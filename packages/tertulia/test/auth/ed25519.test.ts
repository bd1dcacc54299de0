import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ed25519Authenticator,
  ed25519Fingerprint,
  ed25519Verifier,
} from "../../src/auth/ed25519.ts";
import { formatFingerprint } from "../../src/auth/fingerprint.ts";
import { createIdentity } from "../../src/auth/identity.ts";
import { identified, refusal, replaying } from "./handshakes.ts";

const ana = createIdentity();
const bob = createIdentity();
const verifiers = [ed25519Verifier([formatFingerprint(ana.fingerprint)])];

describe("ed25519", () => {
  it("says which key it is", async () => {
    assert.deepEqual(await identified({ verifiers, authenticator: ed25519Authenticator(ana) }), {
      method: "ed25519",
      name: ana.fingerprint,
    });
  });

  it("lets a function say who holds the key", async () => {
    const named = ed25519Verifier((fingerprint) =>
      fingerprint === bob.fingerprint ? { name: "bob", claims: ["guest"] } : undefined,
    );
    const authenticator = ed25519Authenticator(bob);
    assert.deepEqual(await identified({ verifiers: [named], authenticator, over: "tcp" }), {
      method: "ed25519",
      name: "bob",
      claims: ["guest"],
    });
  });

  it("refuses a key that is not known", async () => {
    assert.equal(
      await refusal({ verifiers, authenticator: ed25519Authenticator(bob) }),
      `ERR_REFUSED refused: authenticationFailed: the key ${formatFingerprint(bob.fingerprint)} is not known here`,
    );
  });

  it("refuses who names a key and holds another", async () => {
    const liar = { publicKey: ana.publicKey, sign: bob.sign };
    assert.equal(
      await refusal({ verifiers, authenticator: ed25519Authenticator(liar) }),
      "ERR_REFUSED refused: authenticationFailed: the signature is wrong",
    );
  });

  it("refuses a signature from another handshake", async () => {
    const authenticator = replaying(ed25519Authenticator(ana));
    const results = [
      await refusal({ verifiers, authenticator }),
      await refusal({ verifiers, authenticator }),
    ];
    assert.deepEqual(results, [
      `accepted ${ana.fingerprint}`,
      "ERR_REFUSED refused: authenticationFailed: the signature is wrong",
    ]);
  });

  it("refuses what is no key, whatever its octets", async () => {
    const results = [];
    for (const publicKey of [new Uint8Array(31), new Uint8Array(32).fill(255)]) {
      const authenticator = ed25519Authenticator({ publicKey, sign: ana.sign });
      results.push(await refusal({ verifiers, authenticator }));
    }
    assert.deepEqual(results, [
      "ERR_REFUSED refused: authenticationFailed: a key has 32 octets, this has 31",
      "ERR_REFUSED refused: authenticationFailed: the signature is wrong",
    ]);
  });

  it("has the fingerprint that TLS shows for the same key", () => {
    assert.equal(ed25519Fingerprint(ana.publicKey), ana.fingerprint);
  });
});
