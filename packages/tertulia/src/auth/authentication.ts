/**
 * How a side proves who it is, in whatever way: the seam between the handshake, which carries
 * octets, and the methods, which know what they mean.
 *
 * @module
 */

/** What a method may know of the transport that the handshake runs on. */
export interface AuthenticationPeer {
  readonly address: string;
  readonly isConfidential: boolean;
  /** Over TLS: SHA-256 of the public key that the peer proved to hold, in hex. */
  readonly keyFingerprint?: string;
  readonly isAuthorized?: boolean;
  readonly commonName?: string;
}

/** The initiator's half of a method. One object serves any number of handshakes. */
export interface Authenticator {
  /** What both sides call the method: up to 64 characters. */
  readonly method: string;
  /** Begins one handshake. */
  begin(peer: AuthenticationPeer): Authentication;
}

/** One handshake of the initiator's. */
export interface Authentication {
  /** What goes into CONNECT. Throws `ERR_STATE` when the transport is not fit for it. */
  first(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /**
   * Answers a challenge.
   *
   * @param binding - 32 octets that stand for this handshake so far, on this transport: what is
   *   signed has to cover them.
   */
  answer(challenge: Uint8Array, binding: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** What came with the acceptance. Throws `ERR_REFUSED` when the responder is not who it should be. */
  finish?(data: Uint8Array | undefined): void;
}

/** Whom a method vouches for. */
export interface Vouched {
  readonly name: string;
  /** What else is known of the peer, as the method has it: of a token, its claims. */
  readonly claims?: unknown;
}

/**
 * What a verifier answers: one more challenge for the peer, who it is, or why not. The `message`
 * goes to the peer.
 */
export type VerificationStep =
  | { readonly type: "challenge"; readonly data: Uint8Array }
  | { readonly type: "accepted"; readonly vouched: Vouched; readonly data?: Uint8Array }
  | { readonly type: "refused"; readonly message: string };

/** The responder's half of a method. One object serves any number of handshakes. */
export interface Verifier {
  readonly method: string;
  /** Begins one handshake. */
  begin(peer: AuthenticationPeer): Verification;
}

/** One handshake of the responder's. */
export interface Verification {
  /**
   * Takes what the initiator said: first what CONNECT had, then each answer.
   *
   * What it throws refuses. The peer is told the message of a `SessionError`; that of any other error
   * is told to `onRefused` only.
   *
   * @param binding - As the initiator's; of no use for the first.
   */
  next(
    data: Uint8Array | undefined,
    binding: Uint8Array,
  ): VerificationStep | Promise<VerificationStep>;
}
