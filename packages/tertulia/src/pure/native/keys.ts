/**
 * What both ends derive from their key agreement, and how they prove it: docs/protocol.md, section 4.
 *
 * The session secret never travels. It is bound to the whole handshake and, over TLS, to the
 * connection it was made on. Each epoch proves possession with a key of its own.
 *
 * @module
 */

import { unhex, utf8, Writer } from "../octets.ts";
import type { Suite } from "./suite.ts";

/** Octets of a proof, a nonce, a public key and a secret. */
export const PROOF_OCTETS = 32;
export const NONCE_OCTETS = 32;
/** Octets of a session identifier. */
export const ID_OCTETS = 16;

const label = (text: string) => utf8(`tertulia/1 ${text}`);
const SESSION = label("session");
const ACCEPT = label("accept");
const AUTHENTICATE = label("authenticate");
const EPOCH = label("epoch");
/** T(0): what SHA-256 makes of `tertulia/1 handshake`, always. */
const NOTHING_SAID = unhex("e65eda74b02942ad6fd90461434b56c1ac702d0446a6e10daa6f957a252a380e");

export interface SessionKeys {
  /** Kept by both ends as long as the session lives. */
  readonly secret: Uint8Array;
  /** Makes the proof at the end of ACCEPT. */
  readonly acceptKey: Uint8Array;
}

/**
 * Both keys of a session, from the agreed secret, the channel binding of the transport (empty where
 * it has none) and the digest of the handshake so far (RFC 5869: extract, then expand twice).
 */
export function deriveKeys(
  suite: Suite,
  agreed: Uint8Array,
  binding: Uint8Array,
  transcript: Uint8Array,
): SessionKeys {
  const master = suite.hmac(transcript, agreed, binding);
  return { secret: suite.hmac(master, SESSION), acceptKey: suite.hmac(master, ACCEPT) };
}

/**
 * The digest of a handshake so far. Each frame is digested by itself and then with what came before
 * it, so that no octet can be moved from one frame to another, and a long handshake takes no room.
 */
export class Transcript {
  readonly #suite: Suite;
  digest: Uint8Array = NOTHING_SAID;

  constructor(suite: Suite) {
    this.#suite = suite;
  }

  add(type: number, body: Uint8Array): void {
    const frame = this.#suite.sha256(Uint8Array.of(type), body);
    this.digest = this.#suite.sha256(this.digest, frame);
  }
}

/** What an authentication signs or proves: this handshake, so far, on this transport. */
export function authenticationBinding(
  suite: Suite,
  binding: Uint8Array,
  transcript: Uint8Array,
): Uint8Array {
  return suite.sha256(AUTHENTICATE, suite.sha256(binding), transcript);
}

/** The three proofs of a resume. Each covers the frames before it, the epoch and the transport. */
export type ResumeProof = "resume" | "resumed" | "confirm";

/** One of the proofs of a resume, under the key of its epoch. */
export function proveResume(
  suite: Suite,
  secret: Uint8Array,
  epoch: number,
  proof: ResumeProof,
  binding: Uint8Array,
  ...frames: readonly Uint8Array[]
): Uint8Array {
  const key = suite.hmac(secret, EPOCH, new Writer().u64(BigInt(epoch)).finish());
  return suite.hmac(
    key,
    label(proof),
    suite.sha256(binding),
    ...frames.map((f) => suite.sha256(f)),
  );
}
