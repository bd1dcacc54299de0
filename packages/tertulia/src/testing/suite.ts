/**
 * The protocol's cryptography, reproducible: the same seed gives the same keys, nonces and
 * identifiers, so that a whole session can be had again octet by octet.
 *
 * @module
 */

import type { KeyPair, Suite } from "../pure/native/suite.ts";
import { Reader, Writer } from "../pure/octets.ts";
import { Random } from "./random.ts";
import { hmacSha256, sha256 } from "./sha256.ts";

/** A Mersenne prime: the key agreement is Diffie and Hellman's in its multiplicative group. */
const PRIME = 2n ** 61n - 1n;
const GENERATOR = 37n;
const KEY_OCTETS = 32;

/**
 * A suite that draws from a seed. Its digests are SHA-256; its key agreement is the real idea in a
 * group of 61 bits, which anybody can break: **for tests only**.
 */
export function seededSuite(seed: number): Suite {
  const random = new Random(seed);
  return {
    random: (octets) => random.octets(octets),
    keyPair(): KeyPair {
      const secret = new Reader(random.octets(8), "").u64() % PRIME;
      return {
        publicKey: encode(power(GENERATOR, secret)),
        agree(publicKey) {
          const reader = new Reader(publicKey, "");
          if (publicKey.length !== KEY_OCTETS) return undefined;
          const other = reader.u64() % PRIME;
          return other === 0n ? undefined : encode(power(other, secret));
        },
      };
    },
    sha256,
    hmac: hmacSha256,
  };
}

function encode(value: bigint): Uint8Array {
  return new Writer()
    .u64(value)
    .octets(new Uint8Array(KEY_OCTETS - 8))
    .finish();
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % PRIME;
    square = (square * square) % PRIME;
  }
  return result;
}
