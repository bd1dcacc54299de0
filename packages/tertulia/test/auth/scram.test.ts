import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { scramAuthenticator, scramVerifier } from "../../src/auth/scram.ts";
import {
  deriveScramKeys,
  proveScram,
  saltPassword,
  scramCredentials,
  verifyScram,
} from "../../src/auth/scram-keys.ts";
import { utf8 } from "../../src/pure/octets.ts";
import { identified, refusal, replaying } from "./handshakes.ts";

const base64 = (octets: Uint8Array | undefined) => Buffer.from(octets ?? []).toString("base64");

describe("the computation of SCRAM-SHA-256", () => {
  // RFC 7677, 3: user "user", password "pencil".
  const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
  const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const message = [
    "n=user,r=rOprNGfwEbeRWgbNEkqO",
    `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    `c=biws,r=${nonce}`,
  ].join(",");

  it("gives the proof and the signature of RFC 7677", async () => {
    const keys = deriveScramKeys(await saltPassword("pencil", salt, 4096));
    const { proof, serverSignature } = proveScram(keys, message);
    assert.deepEqual(
      [base64(proof), base64(serverSignature)],
      [
        "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
      ],
    );
  });

  it("takes that proof with what is stored of the password, and no other", async () => {
    const stored = await scramCredentials("pencil", { salt, iterations: 4096 });
    const keys = {
      storedKey: Buffer.from(stored.storedKey, "base64"),
      serverKey: Buffer.from(stored.serverKey, "base64"),
    };
    const proof = Buffer.from("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "base64");
    const wrong = proof.map((octet, i) => (i === 31 ? octet ^ 1 : octet));
    assert.deepEqual(
      [verifyScram(keys, message, proof), verifyScram(keys, message, wrong)].map(base64),
      ["6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", ""],
    );
  });
});

describe("scram-sha-256", () => {
  const stored = scramCredentials("correct horse", { iterations: 4096 });
  const find = async (user: string) =>
    user === "ana, the =first" ? { credentials: await stored } : undefined;
  const verifiers = [scramVerifier(find)];
  const ana = (password = "correct horse") => scramAuthenticator("ana, the =first", password);

  it("says which user knows the password", async () => {
    assert.deepEqual(await identified({ verifiers, authenticator: ana() }), {
      method: "scram-sha-256",
      name: "ana, the =first",
    });
  });

  it("is good in the clear as well: the password does not travel", async () => {
    const { name } = await identified({ verifiers, authenticator: ana(), over: "tcp" });
    assert.equal(name, "ana, the =first");
  });

  it("does not tell the peer what our database says, but does tell us", async () => {
    const told: string[] = [];
    const broken = scramVerifier(() => {
      throw new Error("no route to users.internal");
    });
    const refused = await refusal({
      verifiers: [broken],
      authenticator: ana(),
      listener: { onRefused: (_address, { message }) => told.push(message) },
    });
    assert.deepEqual(
      [refused, told],
      ["ERR_REFUSED refused: authenticationFailed", ["no route to users.internal"]],
    );
  });

  it("tells a wrong password and an unknown user the same", async () => {
    const refused = "ERR_REFUSED refused: authenticationFailed: wrong user or password";
    const stranger = scramAuthenticator("bob", "correct horse");
    assert.deepEqual(
      [
        await refusal({ verifiers, authenticator: ana("Correct horse") }),
        await refusal({ verifiers, authenticator: stranger }),
      ],
      [refused, refused],
    );
  });

  it("refuses an answer from another handshake", async () => {
    const authenticator = replaying(ana());
    const results = [
      await refusal({ verifiers, authenticator }),
      await refusal({ verifiers, authenticator }),
    ];
    assert.deepEqual(results, [
      "accepted ana, the =first",
      "ERR_REFUSED refused: authenticationFailed: the answer is not of this handshake",
    ]);
  });

  it("does not believe a responder that lets us in without knowing our credentials", async () => {
    const asked = (data: string) => ({
      method: "scram-sha-256",
      begin: () => {
        let isAsked = false;
        return {
          next(first: Uint8Array | undefined) {
            if (isAsked) {
              return { type: "accepted" as const, vouched: { name: "you" }, data: utf8(data) };
            }
            isAsked = true;
            const nonce = /r=(.*)$/.exec(Buffer.from(first ?? []).toString())?.[1];
            const challenge = utf8(`r=${nonce}more,s=c2FsdA==,i=4096`);
            return { type: "challenge" as const, data: challenge };
          },
        };
      },
    });
    const refused = "ERR_REFUSED here: the responder does not know our credentials";
    assert.deepEqual(
      [
        await refusal({ verifiers: [asked("")], authenticator: ana() }),
        await refusal({
          verifiers: [asked(`v=${base64(Buffer.alloc(32))}`)],
          authenticator: ana(),
        }),
      ],
      [refused, refused],
    );
  });

  it("does not answer for few iterations, nor for a nonce that is not ours", async () => {
    const begun = scramAuthenticator("ana", "pw", { iterationsMin: 100_000 }).begin({
      address: "",
      isConfidential: true,
    });
    const first = Buffer.from((await begun.first()) ?? []).toString();
    const nonce = /r=(.*)$/.exec(first)?.[1];
    const attempts = [`r=${nonce}x,s=c2FsdA==,i=4096`, "r=abc,s=c2FsdA==,i=100000", "nonsense"];
    const binding = new Uint8Array(32);
    const errors = await Promise.all(
      attempts.map((text) =>
        Promise.resolve(begun.answer(utf8(text), binding)).catch((e) => e.message),
      ),
    );
    assert.deepEqual(errors, [
      "4096 iterations; we do 100000 to 10000000",
      "the responder's nonce does not continue ours",
      "the responder's nonce does not continue ours",
    ]);
  });
});
