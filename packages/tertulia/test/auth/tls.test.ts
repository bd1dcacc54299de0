import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createIdentity } from "../../src/auth/identity.ts";
import { tlsAuthenticator, tlsVerifier } from "../../src/auth/tls.ts";
import { identified, refusal } from "./handshakes.ts";

const ana = createIdentity();
const bob = createIdentity();
const listener = { tls: { requestCert: true, rejectUnauthorized: false } };
const known = tlsVerifier(({ keyFingerprint }) =>
  keyFingerprint === ana.fingerprint ? { name: "ana" } : undefined,
);

describe("tls", () => {
  it("says whose certificate it is", async () => {
    const { key, cert } = ana.tls;
    const identity = await identified({
      verifiers: [known],
      authenticator: tlsAuthenticator,
      listener,
      initiator: { tls: { key, cert } },
    });
    assert.deepEqual(identity, { method: "tls", name: "ana" });
  });

  it("refuses another certificate, and none", async () => {
    const { key, cert } = bob.tls;
    const handshake = { verifiers: [known], authenticator: tlsAuthenticator, listener };
    assert.deepEqual(
      [
        await refusal({ ...handshake, initiator: { tls: { key, cert } } }),
        await refusal(handshake),
      ],
      [
        "ERR_REFUSED refused: authenticationFailed: this certificate is not known here",
        "ERR_REFUSED refused: authenticationFailed: no TLS client certificate came",
      ],
    );
  });

  it("believes authorities unless told whom to allow", async () => {
    const { key, cert } = ana.tls;
    const verifiers = [tlsVerifier()];
    const handshake = {
      verifiers,
      authenticator: tlsAuthenticator,
      initiator: { tls: { key, cert } },
    };
    const ca = { tls: { requestCert: true, rejectUnauthorized: false, ca: cert } };
    assert.deepEqual(
      [
        (await identified({ ...handshake, listener: ca })).name,
        await refusal({ ...handshake, listener }),
      ],
      ["tertulia", "ERR_REFUSED refused: authenticationFailed: this certificate is not known here"],
    );
  });

  it("is of no use in the clear", async () => {
    assert.equal(
      await refusal({ verifiers: [known], authenticator: tlsAuthenticator, over: "tcp" }),
      "ERR_STATE here: a certificate needs TLS",
    );
  });
});
