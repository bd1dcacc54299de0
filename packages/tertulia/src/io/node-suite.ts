/**
 * The protocol's cryptography in Node: its own OpenSSL.
 *
 * @module
 */

import {
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import type { KeyPair, Suite } from "../pure/native/suite.ts";

/** RFC 8410: what stands before the 32 octets of an X25519 public key in its SubjectPublicKeyInfo. */
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/** Node's cryptography, as the protocol needs it. */
export const nodeSuite: Suite = {
  random: (octets) => randomBytes(octets),
  keyPair(): KeyPair {
    const { publicKey, privateKey } = generateKeyPairSync("x25519");
    return {
      publicKey: publicKey.export({ type: "spki", format: "der" }).subarray(SPKI_PREFIX.length),
      agree: (peer) => agree(privateKey, peer),
    };
  },
  sha256(...parts) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  hmac(key, ...parts) {
    const hmac = createHmac("sha256", key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  },
};

function agree(privateKey: KeyObject, peer: Uint8Array): Uint8Array | undefined {
  try {
    const key = Buffer.concat([SPKI_PREFIX, peer]);
    const publicKey = createPublicKey({ key, format: "der", type: "spki" });
    const secret = diffieHellman({ privateKey, publicKey });
    // RFC 7748, 6.1: an all-zero secret means that the peer sent a point of small order.
    return secret.some((octet) => octet !== 0) ? secret : undefined;
  } catch {
    return undefined;
  }
}
