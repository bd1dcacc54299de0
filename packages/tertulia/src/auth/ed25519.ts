/**
 * Proving who one is with an Ed25519 key (RFC 8032): the initiator names its key, the responder asks,
 * and the initiator signs the handshake so far. Over TLS that covers the connection itself, so that
 * nobody in the middle can pass the signature on.
 *
 * @module
 */

import { createHash, createPublicKey, randomBytes, verify } from "node:crypto";
import { SessionError } from "../pure/errors.ts";
import { concatOctets, utf8 } from "../pure/octets.ts";
import type { Authenticator, VerificationStep, Verifier, Vouched } from "./authentication.ts";
import { fingerprintOf, formatFingerprint } from "./fingerprint.ts";

/** The method's name on the wire. */
export const ED25519_METHOD = "ed25519";

/** Something that has a private key: an identity in a file, a smart card, a browser's WebCrypto. */
export interface Ed25519Signer {
  /** 32 octets. */
  readonly publicKey: Uint8Array;
  /** The signature, 64 octets. */
  sign(octets: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

const KEY_OCTETS = 32;
const SIGNATURE_OCTETS = 64;
const NONCE_OCTETS = 32;

/** RFC 8410: what stands before the 32 octets of a public key in its SubjectPublicKeyInfo. */
const SPKI_PREFIX = Uint8Array.from(Buffer.from("302a300506032b6570032100", "hex"));

/** What is signed begins with this, so that it can never be taken for anything else signed. */
const CONTEXT = utf8("tertulia/1 ed25519 initiator\0");

/** Proves that we hold a key. */
export function ed25519Authenticator(signer: Ed25519Signer): Authenticator {
  return {
    method: ED25519_METHOD,
    begin: () => ({
      first: () => signer.publicKey,
      answer: (_challenge, binding) => signer.sign(concatOctets([CONTEXT, binding])),
    }),
  };
}

/**
 * Takes those who hold a key that `allow` knows. The name it vouches for is, unless `allow` says
 * another, the fingerprint of the key: SHA-256 of its SubjectPublicKeyInfo, in hex.
 *
 * @param allow - Fingerprints as {@link formatFingerprint} writes them or in hex; or a function that
 *   says who holds a key, and `undefined` when they may not come in.
 *
 * @example
 * const verifier = ed25519Verifier(["SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE"]);
 */
export function ed25519Verifier(
  allow: readonly string[] | ((fingerprint: string) => Vouched | undefined),
): Verifier {
  const known = typeof allow === "function" ? undefined : new Set(allow.map(fingerprintOf));
  const whoHolds =
    typeof allow === "function"
      ? allow
      : (fingerprint: string) => (known?.has(fingerprint) ? { name: fingerprint } : undefined);
  return {
    method: ED25519_METHOD,
    begin() {
      let publicKey: Uint8Array | undefined;
      return {
        next(data, binding): VerificationStep {
          if (publicKey === undefined) {
            if (data?.length !== KEY_OCTETS) {
              return refused(`a key has ${KEY_OCTETS} octets, this has ${data?.length ?? 0}`);
            }
            publicKey = data;
            return { type: "challenge", data: randomBytes(NONCE_OCTETS) };
          }
          if (!isSignature(publicKey, binding, data)) return refused("the signature is wrong");
          const fingerprint = ed25519Fingerprint(publicKey);
          // Only now: nobody learns who is known here without holding the key.
          const vouched = whoHolds(fingerprint);
          return vouched
            ? { type: "accepted", vouched }
            : refused(`the key ${formatFingerprint(fingerprint)} is not known here`);
        },
      };
    },
  };
}

/** SHA-256 of the key's SubjectPublicKeyInfo, in hex: the same as that of a certificate with it. */
export function ed25519Fingerprint(publicKey: Uint8Array): string {
  if (publicKey.length !== KEY_OCTETS) {
    throw new SessionError("ERR_ARGUMENT", `a key has ${KEY_OCTETS} octets`);
  }
  return createHash("sha256").update(SPKI_PREFIX).update(publicKey).digest("hex");
}

function isSignature(
  publicKey: Uint8Array,
  binding: Uint8Array,
  signature: Uint8Array | undefined,
): boolean {
  if (signature?.length !== SIGNATURE_OCTETS) return false;
  try {
    const spki = Buffer.concat([SPKI_PREFIX, publicKey]);
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    return verify(null, concatOctets([CONTEXT, binding]), key, signature);
  } catch {
    // Not a point of the curve.
    return false;
  }
}

function refused(message: string): VerificationStep {
  return { type: "refused", message };
}
