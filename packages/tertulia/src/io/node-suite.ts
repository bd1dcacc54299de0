/**
 * The protocol's cryptography in Node: its own OpenSSL.
 *
 * @module
 */

import {
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomFillSync,
} from "node:crypto";
import { SessionError } from "../pure/errors.ts";
import type { KeyPair, Suite } from "../pure/native/suite.ts";
import { hmacSha256, sha256 } from "./node-digest.ts";

/** What {@link createNodeSuite} may be told. */
export interface NodeSuiteOptions {
  /**
   * Key pairs that are made ahead, one a turn, after the first was asked for; each is used for one
   * session only. They shorten a handshake by some 40 µs while there is time in between. 0: none is
   * made before it is needed. Default: 32.
   */
  readonly pairsMax?: number;
}

const PAIRS_MAX = 32;
/** Random octets fetched at a time: asking for a few costs as much as for all these. */
const RANDOM_OCTETS = 1024;

/**
 * Node's cryptography, as the protocol needs it: for a {@link Runtime} of one's own.
 *
 * @throws {SessionError} `ERR_ARGUMENT`
 */
export function createNodeSuite({ pairsMax = PAIRS_MAX }: NodeSuiteOptions = {}): Suite {
  if (!Number.isInteger(pairsMax) || pairsMax < 0) {
    throw new SessionError("ERR_ARGUMENT", `pairsMax: ${pairsMax}`);
  }
  const pairs: KeyPair[] = [];
  let isMaking = false;
  const randomness = Buffer.alloc(RANDOM_OCTETS);
  let randomAt = RANDOM_OCTETS;

  // One a turn: who establishes many sessions waits for their peers in between.
  const makeAhead = (): void => {
    if (isMaking || pairs.length >= pairsMax) return;
    isMaking = true;
    setImmediate(() => {
      isMaking = false;
      pairs.push(makePair());
      makeAhead();
    });
  };

  return {
    random(octets) {
      if (octets > RANDOM_OCTETS) return randomFillSync(new Uint8Array(octets));
      if (randomAt + octets > RANDOM_OCTETS) {
        randomFillSync(randomness);
        randomAt = 0;
      }
      const taken = new Uint8Array(randomness.subarray(randomAt, randomAt + octets));
      // Whoever reads our memory later does not find it here.
      randomness.fill(0, randomAt, randomAt + octets);
      randomAt += octets;
      return taken;
    },
    keyPair() {
      const pair = pairs.pop() ?? makePair();
      makeAhead();
      return pair;
    },
    sha256: (...parts) => sha256(parts),
    hmac: (key, ...parts) => hmacSha256(key, parts),
  };
}

const ALL_ZERO = Buffer.alloc(32);

/** The one that sessions in Node use unless their runtime has another. */
export const nodeSuite: Suite = createNodeSuite();

function makePair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  // As a JWK (RFC 8037): DER takes OpenSSL ten times as long to write, and twice to read.
  const { x = "" } = publicKey.export({ format: "jwk" });
  return {
    publicKey: Buffer.from(x, "base64url"),
    agree: (peer) => agree(privateKey, peer),
  };
}

function agree(privateKey: KeyObject, peer: Uint8Array): Uint8Array | undefined {
  try {
    const { buffer, byteOffset, byteLength } = peer;
    const x = Buffer.from(buffer, byteOffset, byteLength).toString("base64url");
    const key = { kty: "OKP", crv: "X25519", x };
    const publicKey = createPublicKey({ key, format: "jwk" });
    const secret = diffieHellman({ privateKey, publicKey });
    // RFC 7748, 6.1: an all-zero secret means that the peer sent a point of small order.
    return secret.equals(ALL_ZERO) ? undefined : secret;
  } catch {
    return undefined;
  }
}
