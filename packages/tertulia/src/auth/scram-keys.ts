/**
 * What SCRAM-SHA-256 computes (RFC 5802, 3; RFC 7677), and what is stored of a password.
 *
 * @module
 */

import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { SessionError } from "../pure/errors.ts";
import { equalOctets, utf8 } from "../pure/octets.ts";

/** Octets of a salt. */
export const SALT_OCTETS = 16;
/** OWASP's figure for PBKDF2 with SHA-256, against those who steal the credentials. */
export const ITERATIONS = 600_000;
/** RFC 7677, 4: "the iteration-count SHOULD be at least 4096". */
export const ITERATIONS_MIN = 4096;
/** What a responder may make us compute: some seconds of one core. */
export const ITERATIONS_MAX = 10_000_000;

/** What is stored of a password. Who has it can pretend to be the responder, but not the user. */
export interface ScramCredentials {
  /** Base64. */
  readonly salt: string;
  readonly iterations: number;
  /** Base64, 32 octets. */
  readonly storedKey: string;
  /** Base64, 32 octets. */
  readonly serverKey: string;
}

/**
 * What to store instead of a password.
 *
 * @param options.iterations - What a guess costs. Default: 600,000; at least 4,096.
 * @throws {SessionError} `ERR_ARGUMENT`
 */
export async function scramCredentials(
  password: string,
  { iterations = ITERATIONS, salt = randomBytes(SALT_OCTETS) }: ScramCredentialsOptions = {},
): Promise<ScramCredentials> {
  if (!(iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX)) {
    throw new SessionError(
      "ERR_ARGUMENT",
      `iterations: from ${ITERATIONS_MIN} to ${ITERATIONS_MAX}`,
    );
  }
  const keys = deriveScramKeys(await saltPassword(password, salt, iterations));
  return {
    salt: base64(salt),
    iterations,
    storedKey: base64(keys.storedKey),
    serverKey: base64(keys.serverKey),
  };
}

/** What {@link scramCredentials} may be told. All optional. */
export interface ScramCredentialsOptions {
  /** What a guess costs. Default: 600,000; from 4,096. */
  readonly iterations?: number;
  /** Default: 16 random octets. */
  readonly salt?: Uint8Array;
}

/** RFC 5802, 3: what follows from a salted password. */
export interface ScramKeys {
  readonly clientKey: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** RFC 5802, 3: `SaltedPassword := Hi(Normalize(password), salt, i)`. */
export function saltPassword(
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  return promisify(pbkdf2)(utf8(normalize(password)), salt, iterations, 32, "sha256");
}

export function deriveScramKeys(saltedPassword: Uint8Array): ScramKeys {
  const clientKey = hmac(saltedPassword, utf8("Client Key"));
  return {
    clientKey,
    storedKey: sha256(clientKey),
    serverKey: hmac(saltedPassword, utf8("Server Key")),
  };
}

/** The initiator's proof over `AuthMessage`, and the responder's signature to expect. */
export function proveScram(
  { clientKey, storedKey, serverKey }: ScramKeys,
  message: string,
): { readonly proof: Uint8Array; readonly serverSignature: Uint8Array } {
  const proof = xor(clientKey, hmac(storedKey, utf8(message)));
  return { proof, serverSignature: hmac(serverKey, utf8(message)) };
}

/** The responder's signature, or `undefined` when the proof is wrong. */
export function verifyScram(
  { storedKey, serverKey }: Omit<ScramKeys, "clientKey">,
  message: string,
  proof: Uint8Array,
): Uint8Array | undefined {
  if (proof.length !== 32) return undefined;
  const clientKey = xor(proof, hmac(storedKey, utf8(message)));
  return equalOctets(sha256(clientKey), storedKey) ? hmac(serverKey, utf8(message)) : undefined;
}

/** RFC 5802 asks for SASLprep, whose normal form is KC; RFC 8265 has replaced the rest of it. */
export function normalize(text: string): string {
  return text.normalize("NFKC");
}

export function hmac(key: Uint8Array, octets: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(octets).digest();
}

function sha256(octets: Uint8Array): Uint8Array {
  return createHash("sha256").update(octets).digest();
}

function xor(one: Uint8Array, other: Uint8Array): Uint8Array {
  return one.map((octet, i) => octet ^ (other[i] ?? 0));
}

export function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString("base64");
}

export function octetsOf(text: string): Uint8Array {
  return Buffer.from(text, "base64");
}
