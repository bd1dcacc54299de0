/**
 * The protocol's cryptography where there is no Node: the platform's randomness, and curves and
 * hashes in JavaScript, because the platform's own are asynchronous.
 *
 * @module
 */

import { x25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { KeyPair, Suite } from "../pure/native/suite.ts";

/** Cryptography for browsers, and for whatever else has `crypto.getRandomValues`. */
export const browserSuite: Suite = {
  random: (octets) => crypto.getRandomValues(new Uint8Array(octets)),
  keyPair(): KeyPair {
    const { secretKey, publicKey } = x25519.keygen();
    return { publicKey, agree: (peer) => agree(secretKey, peer) };
  },
  sha256(...parts) {
    const hash = sha256.create();
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  hmac(key, ...parts) {
    const mac = hmac.create(sha256, key);
    for (const part of parts) mac.update(part);
    return mac.digest();
  },
};

function agree(secretKey: Uint8Array, peer: Uint8Array): Uint8Array | undefined {
  try {
    return x25519.getSharedSecret(secretKey, peer);
  } catch {
    // RFC 7748, 6.1: a point of small order.
    return undefined;
  }
}
