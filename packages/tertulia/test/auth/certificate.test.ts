import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { createIdentity } from "../../src/auth/identity.ts";

describe("the certificate of an identity", () => {
  it("is signed by the key that it names", () => {
    const { tls, fingerprint } = createIdentity();
    const certificate = new X509Certificate(tls.cert);
    const spki = certificate.publicKey.export({ type: "spki", format: "der" });
    assert.deepEqual(
      {
        isSigned: certificate.verify(certificate.publicKey),
        isIssuer: certificate.checkIssued(certificate),
        fingerprint: createHash("sha256").update(spki).digest("hex"),
        subject: certificate.subject,
        isAuthority: certificate.ca,
        validFrom: certificate.validFrom,
        validTo: certificate.validTo,
      },
      {
        isSigned: true,
        isIssuer: true,
        fingerprint,
        subject: "CN=tertulia",
        isAuthority: false,
        validFrom: "Jan  1 00:00:00 2020 GMT",
        validTo: "Dec 31 23:59:59 9999 GMT",
      },
    );
  });
});
