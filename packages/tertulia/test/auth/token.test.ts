import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jwtVerify, SignJWT } from "jose";
import { anonymous } from "../../src/auth/anonymous.ts";
import { tokenAuthenticator, tokenVerifier } from "../../src/auth/token.ts";
import { identified, refusal } from "./handshakes.ts";

const key = new Uint8Array(32).fill(7);

/** As docs/guide/identities.md shows it. */
const verifier = tokenVerifier(async (token) => {
  const { payload } = await jwtVerify(token, key, { audience: "chat" });
  return payload.sub ? { name: payload.sub, claims: payload } : undefined;
});

function jwt(audience: string, expires: string): Promise<string> {
  return new SignJWT({ role: "host" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("ana")
    .setAudience(audience)
    .setExpirationTime(expires)
    .sign(key);
}

describe("token", () => {
  it("says whose token it is, and its claims", async () => {
    const authenticator = tokenAuthenticator(() => jwt("chat", "1m"));
    const { method, name, claims } = await identified({ verifiers: [verifier], authenticator });
    const { role } = claims as { role: string };
    assert.deepEqual({ method, name, role }, { method: "token", name: "ana", role: "host" });
  });

  it("refuses a token that has expired, and one for another audience", async () => {
    const attempts = [
      tokenAuthenticator(await jwt("chat", "-1m")),
      tokenAuthenticator(await jwt("mail", "1m")),
    ];
    const refusals = [];
    for (const authenticator of attempts) {
      refusals.push(await refusal({ verifiers: [verifier], authenticator }));
    }
    assert.deepEqual(refusals, [
      'ERR_REFUSED refused: authenticationFailed: "exp" claim timestamp check failed',
      'ERR_REFUSED refused: authenticationFailed: unexpected "aud" claim value',
    ]);
  });

  it("does not leave us over a transport that others can read", async () => {
    const said: string[] = [];
    const eavesdropper = tokenVerifier(
      (token) => {
        said.push(token);
        return { name: "anybody" };
      },
      { inTheClear: true },
    );
    const result = await refusal({
      verifiers: [eavesdropper],
      authenticator: tokenAuthenticator("secret"),
      over: "tcp",
    });
    assert.deepEqual(
      [said, result],
      [[], "ERR_STATE here: a token goes over a confidential transport only"],
    );
  });

  it("is refused by the responder when it came in the clear", async () => {
    const authenticator = tokenAuthenticator("secret", { inTheClear: true });
    assert.equal(
      await refusal({ verifiers: [verifier], authenticator, over: "tcp" }),
      "ERR_REFUSED refused: authenticationFailed: a token in the clear: others have it now, change it",
    );
  });

  it("is asked for by name when none is offered", async () => {
    assert.equal(
      await refusal({ verifiers: [verifier] }),
      "ERR_REFUSED refused: authenticationRequired: one of: token",
    );
  });
});

describe("anonymous", () => {
  it("lets in who proves nothing, beside those who do", async () => {
    const verifiers = [verifier, anonymous];
    const authenticator = tokenAuthenticator(() => jwt("chat", "1m"));
    const nobody = await identified({ verifiers });
    const ana = await identified({ verifiers, authenticator });
    assert.deepEqual([nobody, ana.name], [{ method: "none", name: "" }, "ana"]);
  });
});
