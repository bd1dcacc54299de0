/**
 * What carries a session's octets for now: any ordered octet stream in both directions.
 *
 * An interface of calls, not of promises: it stands under the path of every message.
 * docs/guide/transports.md shows how to write one; `tertulia/testing` has the suite that it passes.
 *
 * @module
 */

import type { SessionError } from "../pure/errors.ts";
import type { Loan } from "../pure/octets.ts";

/** What a transport tells the session on it. */
export interface TransportSink {
  /** Octets came. They are the session's from now on: the transport does not write into them. */
  received(octets: Uint8Array): void;
  /**
   * The same for octets that are there until it returns: whoever keeps some copies them, or takes the loan.
   * A sink without it is given copies.
   */
  borrowed?(octets: Uint8Array, loan: Loan): void;
  /** There is room again after `write` said false. */
  drained(): void;
  /**
   * It is over: by the peer's end, by ours, or by an error. The last call, and there is exactly one;
   * a sink that is attached later is told at once.
   */
  ended(error?: SessionError): void;
}

/** The other end of a transport, as far as the transport knows it. */
export interface TransportPeer {
  /** Address, for people and logs. */
  readonly address: string;
  /** Over TLS: SHA-256 of the public key in the certificate that the peer proved to hold, in hex. */
  readonly keyFingerprint?: string;
  /** Over TLS: whether that certificate was signed by an authority we trust, for that name. */
  readonly isAuthorized?: boolean;
  /** Over TLS: the common name in the certificate. */
  readonly commonName?: string;
}

/**
 * What carries a session's octets for now: an ordered octet stream in both directions, by calls and
 * not by promises.
 */
export interface Transport {
  /** `tcp`, `tls`, `unix`, `websocket`, `duplex`, `memory`, … */
  readonly kind: string;
  /** Whether others on the way can neither read nor change what it carries. */
  readonly isConfidential: boolean;
  /** What identifies this very connection to both ends (RFC 9266 for TLS); empty where nothing does. */
  readonly binding: Uint8Array;
  readonly peer: TransportPeer;

  /**
   * Calls this sink from now on, instead of the one before, if any. What came before the first waits
   * for it: kept in the network where that can wait, else at most 1 MiB of it. May be called while a
   * sink is being called.
   */
  attach(sink: TransportSink): void;

  /**
   * Sends octets, in order; it does not write into them, and they stay as they are until the peer
   * has them. False when it would rather have no more until `drained`. After the end it does nothing.
   */
  write(chunks: readonly Uint8Array[]): boolean;

  /** Ends our direction behind what was written, and the whole transport soon after. */
  end(): void;

  /** Drops it now. */
  abort(): void;
}

/** Opens a transport. Rejects with the signal's reason when that comes first. */
export type Dial = (signal: AbortSignal) => Promise<Transport>;
