/**
 * What a dialogue needs of whatever carries it: the transport service of X.214, once connected.
 *
 * COTP has it, a durable session can have it, and {@link transportPair} is two ends of it in memory.
 *
 * @module
 */

import type { SessionError } from "../pure/errors.ts";

/** Who uses a transport connection: told of what arrives, in order and one by one. */
export interface TransportUser {
  /** T-DATA indication: one whole TSDU, handed over for good. */
  data(tsdu: Uint8Array): void;
  /** T-EXPEDITED-DATA indication. It may overtake data, and is never overtaken by later data. */
  expeditedData(tsdu: Uint8Array): void;
  /** T-DISCONNECT indication: the last that is said. */
  disconnected(error: SessionError | undefined): void;
}

/** Where what is known of a dialogue is kept, together with what it has sent and received. */
export interface DialogueKeeping {
  /** What was kept before this process began; `undefined` when there was no dialogue. */
  readonly kept: Uint8Array | undefined;
  /** From now on, keeps what this gives; without it, keeps nothing. */
  keep(snapshot?: () => Uint8Array): void;
  /** It would give something else now, though nothing was sent or received. */
  changed(): void;
}

/** What a dialogue needs of whatever carries it: the transport service of X.214, once connected. */
export interface TransportConnection {
  /** Whether there is an expedited flow. */
  readonly expedited: boolean;
  /** Whether this side asked for the connection. Only that side may ask for a dialogue on it. */
  readonly isInitiator: boolean;
  /**
   * While too much waits to be sent: resolves when there is room again, or when the connection has
   * ended. Otherwise `undefined`, so that sending need not wait for a promise.
   */
  readonly room: Promise<void> | undefined;
  /** Whether nothing more may wait to be sent: for those who do not wait for `room`. */
  readonly isFull?: boolean;
  /** Of a connection that outlives processes: then a dialogue on it does. */
  readonly keeping?: DialogueKeeping | undefined;

  /** Starts telling `user`, from what has been waiting on; replaces the user before. */
  attach(user: TransportUser): void;
  /** Tells nobody until the next `attach`: what arrives then waits, and the peer is slowed down. */
  detach(): void;
  /**
   * T-DATA request: one TSDU in two parts, handed over for good.
   *
   * @throws {SessionError} `ERR_STATE` or `ERR_CLOSED` when the connection has ended.
   */
  data(head: Uint8Array, octets: Uint8Array): void;
  /** T-EXPEDITED-DATA request: 1 to 16 octets. */
  expeditedData(octets: Uint8Array): void;
  /** T-DISCONNECT request. Calling it again does nothing. */
  disconnect(): void;
  /** Slows the peer down, or lets it go on. */
  pause(isPaused: boolean): void;
}
