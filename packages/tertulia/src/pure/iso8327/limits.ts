/**
 * Every number that bounds what a session machine keeps, accepts or waits for. All can be set.
 *
 * @module
 */

/**
 * The bounds of one session machine: octets, counts and milliseconds. Each default is in its line,
 * with the reason.
 */
export interface Limits {
  /** TIM: how long to wait for AA or the end of the transport. ISODE uses 30 s, so do we. */
  readonly timMs: number;
  /** User data of an S-CONNECT that came in several SPDUs. X.225 sets none; a login needs little. */
  readonly connectOctets: number;
  /** One SSDU of any other kind, reassembled: what a peer can make us hold by never ending it. */
  readonly ssduOctets: number;
  /** Events kept for later in states 02A, 06, 15A, 15C, 18 and 713: a peer sends few in a row. */
  readonly queuedEvents: number;
  /** Digits of a serial number we agree to by PI 56; 15 is what a number holds exactly. */
  readonly serialDigits: number;
}

/** The limits in force where none are given; each with its reason in {@link Limits}. */
export const defaultLimits: Limits = {
  timMs: 30_000,
  connectOctets: 1_048_576,
  ssduOctets: 16_777_216,
  queuedEvents: 64,
  serialDigits: 15,
};
