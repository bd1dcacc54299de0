/**
 * What each side lets the other do, as told at the beginning.
 *
 * @module
 */

import { SessionError } from "../errors.ts";
import type { Limits } from "./limits.ts";

/** What the peer lets us do, as agreed. */
export interface PeerLimits {
  readonly frameOctetsMax: number;
  readonly messageOctetsMax: number;
  readonly expeditedOctetsMax: number;
  readonly sessionCredit: number;
  readonly messageCredit: number;
  readonly expeditedCredit: number;
  readonly streamCredit: number;
  readonly streamsMax: number;
}

/** What a message costs besides its octets, so that a window of empty ones is bounded too. */
export const MESSAGE_COST = 64;

/** Octets of expedited messages that may wait: a few of the largest. */
export function expeditedWindowOctets({ expeditedOctetsMax }: Limits): number {
  return 8 * (expeditedOctetsMax + MESSAGE_COST);
}

/** @throws {SessionError} `ERR_LIMIT`. */
export function tooLong(what: string, octets: number, limit: number): never {
  throw new SessionError("ERR_LIMIT", `${what} of ${octets} octets; the peer takes ${limit}`);
}
