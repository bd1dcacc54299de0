/**
 * Proving that one knows a password, without sending it and without the responder storing it:
 * SCRAM-SHA-256 (RFC 5802, RFC 7677). The responder proves as well that it knows the credentials.
 *
 * Channel binding is always used, of a type of our own: its data are the 32 octets that stand for
 * this handshake, so that an answer is good for no other.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { SessionError } from "../pure/errors.ts";
import { decodeUtf8, equalOctets, utf8 } from "../pure/octets.ts";
import type {
  Authentication,
  Authenticator,
  Verification,
  VerificationStep,
  Verifier,
  Vouched,
} from "./authentication.ts";
import {
  base64,
  deriveScramKeys,
  hmac,
  ITERATIONS,
  ITERATIONS_MAX,
  ITERATIONS_MIN,
  normalize,
  octetsOf,
  proveScram,
  SALT_OCTETS,
  type ScramCredentials,
  saltPassword,
  verifyScram,
} from "./scram-keys.ts";

/** The method's name on the wire. */
export const SCRAM_METHOD = "scram-sha-256";

/** RFC 5802, 7: `gs2-header`, with a channel-binding type of ours. */
const GS2_HEADER = "p=tertulia-1,,";
const NONCE_OCTETS = 24;

/**
 * Proves that we know a user's password, and makes sure that the responder has that user's
 * credentials.
 *
 * @param options.iterationsMin - Refuses to answer for less. Default: 4,096.
 */
export function scramAuthenticator(
  user: string,
  password: string,
  { iterationsMin = ITERATIONS_MIN }: { readonly iterationsMin?: number } = {},
): Authenticator {
  return {
    method: SCRAM_METHOD,
    begin: () => new ScramAuthentication(user, password, iterationsMin),
  };
}

class ScramAuthentication implements Authentication {
  readonly #firstBare: string;
  readonly #nonce = base64(randomBytes(NONCE_OCTETS));
  readonly #password: string;
  readonly #iterationsMin: number;
  #serverSignature: Uint8Array | undefined;

  constructor(user: string, password: string, iterationsMin: number) {
    this.#firstBare = `n=${escapeName(normalize(user))},r=${this.#nonce}`;
    this.#password = password;
    this.#iterationsMin = iterationsMin;
  }

  first(): Uint8Array {
    return utf8(GS2_HEADER + this.#firstBare);
  }

  async answer(challenge: Uint8Array, binding: Uint8Array): Promise<Uint8Array> {
    const serverFirst = decodeUtf8(challenge) ?? "";
    const [, nonce = "", salt = "", count = ""] =
      /^r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})(?:,.*)?$/.exec(serverFirst) ?? [];
    // RFC 5802, 5.1: "the client MUST verify that the initial part of the nonce … is the same".
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce) {
      throw new SessionError("ERR_REFUSED", "the responder's nonce does not continue ours");
    }
    const iterations = Number(count);
    if (iterations < this.#iterationsMin || iterations > ITERATIONS_MAX) {
      const range = `${this.#iterationsMin} to ${ITERATIONS_MAX}`;
      throw new SessionError("ERR_REFUSED", `${iterations} iterations; we do ${range}`);
    }
    const salted = await saltPassword(this.#password, octetsOf(salt), iterations);
    const withoutProof = `c=${channelBinding(binding)},r=${nonce}`;
    const message = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const { proof, serverSignature } = proveScram(deriveScramKeys(salted), message);
    this.#serverSignature = serverSignature;
    return utf8(`${withoutProof},p=${base64(proof)}`);
  }

  finish(data: Uint8Array | undefined): void {
    const said = data && decodeUtf8(data);
    const signature = said?.startsWith("v=") ? octetsOf(said.slice(2)) : undefined;
    const expected = this.#serverSignature;
    if (!signature || !expected || !equalOctets(signature, expected)) {
      throw new SessionError("ERR_REFUSED", "the responder does not know our credentials");
    }
  }
}

/** What a responder knows of a user. */
export interface ScramUser {
  readonly credentials: ScramCredentials;
  /** Default: the user's name. */
  readonly vouched?: Vouched;
}

/**
 * Takes users who know their password.
 *
 * Strangers are told the same as users with a wrong password, after the same exchange.
 *
 * @param find - The credentials of a user, as {@link scramCredentials} made them, or `undefined`.
 */
export function scramVerifier(
  find: (user: string) => ScramUser | undefined | Promise<ScramUser | undefined>,
): Verifier {
  // So that a stranger's salt is the same at each attempt, as a user's is.
  const decoyKey = randomBytes(32);
  return { method: SCRAM_METHOD, begin: () => new ScramVerification(find, decoyKey) };
}

/** What was asked of whom. */
interface Challenged {
  readonly user: string;
  readonly found: ScramUser | undefined;
  readonly nonce: string;
  /** RFC 5802, 3: the first two parts of `AuthMessage`. */
  readonly message: string;
}

class ScramVerification implements Verification {
  readonly #find: Parameters<typeof scramVerifier>[0];
  readonly #decoyKey: Uint8Array;
  #challenged: Challenged | undefined;

  constructor(find: Parameters<typeof scramVerifier>[0], decoyKey: Uint8Array) {
    this.#find = find;
    this.#decoyKey = decoyKey;
  }

  async next(data: Uint8Array | undefined, binding: Uint8Array): Promise<VerificationStep> {
    const text = (data && decodeUtf8(data)) ?? "";
    return this.#challenged ? final(this.#challenged, text, binding) : this.#first(text);
  }

  async #first(text: string): Promise<VerificationStep> {
    const [, header, firstBare = "", name = "", clientNonce = ""] =
      /^([^,]*,[^,]*,)(n=([^,]+),r=([!-+\--~]+)(?:,.*)?)$/.exec(text) ?? [];
    const user = unescapeName(normalize(name));
    if (header !== GS2_HEADER || user === undefined) {
      return { type: "refused", message: `not a SCRAM message that begins with ${GS2_HEADER}` };
    }
    const found = await this.#find(user);
    const salt = found?.credentials.salt ?? this.#decoySalt(user);
    const iterations = found?.credentials.iterations ?? ITERATIONS;
    const nonce = clientNonce + base64(randomBytes(NONCE_OCTETS));
    const serverFirst = `r=${nonce},s=${salt},i=${iterations}`;
    this.#challenged = { user, found, nonce, message: `${firstBare},${serverFirst}` };
    return { type: "challenge", data: utf8(serverFirst) };
  }

  #decoySalt(user: string): string {
    return base64(hmac(this.#decoyKey, utf8(user)).subarray(0, SALT_OCTETS));
  }
}

/** The last step: whether the answer is one to what was asked, and right. */
function final(
  { user, found, nonce, message }: Challenged,
  text: string,
  binding: Uint8Array,
): VerificationStep {
  const [, withoutProof = "", channel, saidNonce, proof = ""] =
    /^(c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,.*)?),p=([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  if (channel !== channelBinding(binding) || saidNonce !== nonce) {
    return { type: "refused", message: "the answer is not of this handshake" };
  }
  const keys = found && {
    storedKey: octetsOf(found.credentials.storedKey),
    serverKey: octetsOf(found.credentials.serverKey),
  };
  const signature = keys && verifyScram(keys, `${message},${withoutProof}`, octetsOf(proof));
  if (signature === undefined) return { type: "refused", message: "wrong user or password" };
  const vouched = found?.vouched ?? { name: user };
  return { type: "accepted", vouched, data: utf8(`v=${base64(signature)}`) };
}

function channelBinding(binding: Uint8Array): string {
  return base64(Buffer.concat([utf8(GS2_HEADER), binding]));
}

function escapeName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

function unescapeName(name: string): string | undefined {
  if (name === "" || /=(?!2C|3D)/.test(name)) return undefined;
  return name.replaceAll("=2C", ",").replaceAll("=3D", "=");
}
