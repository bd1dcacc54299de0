/**
 * The cryptography and the randomness that the protocol needs, given by whoever runs it: Node's own
 * in Node, a library in browsers, a seeded one in tests.
 *
 * @module
 */

/** An X25519 pair, for one handshake. The private key stays where it was made. */
export interface KeyPair {
  /** 32 octets, X25519. */
  readonly publicKey: Uint8Array;
  /** The shared secret with the peer's public key, 32 octets; `undefined` when the key is not one. */
  agree(publicKey: Uint8Array): Uint8Array | undefined;
}

/**
 * The cryptography and the randomness that the protocol needs: Node's own, a library, or a seeded
 * one in tests.
 */
export interface Suite {
  /** Octets that nobody can guess. */
  random(octets: number): Uint8Array;
  /** A fresh X25519 pair (RFC 7748). */
  keyPair(): KeyPair;
  /** SHA-256 over the parts, one behind the other. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  /** HMAC-SHA-256 over the parts, one behind the other (RFC 2104). */
  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
}
