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

/** Node's cryptography, as the protocol needs it. */
export const nodeSuite: Suite = {
  random: (octets) => randomBytes(octets),
  keyPair(): KeyPair {
    const { publicKey, privateKey } = generateKeyPairSync("x25519");
    // As a JWK (RFC 8037): DER takes OpenSSL ten times as long to write, and twice to read.
    const { x = "" } = publicKey.export({ format: "jwk" });
    return {
      publicKey: Buffer.from(x, "base64url"),
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
    const x = Buffer.from(peer).toString("base64url");
    const key = { kty: "OKP", crv: "X25519", x };
    const publicKey = createPublicKey({ key, format: "jwk" });
    const secret = diffieHellman({ privateKey, publicKey });
    // RFC 7748, 6.1: an all-zero secret means that the peer sent a point of small order.
    return secret.some((octet) => octet !== 0) ? secret : undefined;
  } catch {
    return undefined;
  }
}
