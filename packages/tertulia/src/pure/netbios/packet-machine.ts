/**
 * The contract of the protocols here that exchange packets with many peers at once.
 *
 * As {@link "../machine.ts"}: no I/O, no clock, no randomness; `poll` after every call until it
 * returns `undefined`. What differs is that a packet has an address.
 *
 * @module
 */

import type { Endpoint } from "./address.ts";

/** How a packet travels. Over TCP it is preceded by its length (RFC 1002 4.2); the driver's task. */
export type Via = "udp" | "tcp";

export type PacketOutput<Event> =
  | {
      readonly type: "send";
      readonly octets: Uint8Array;
      readonly to: Endpoint;
      readonly via: Via;
    }
  | { readonly type: "event"; readonly event: Event };

export interface PacketMachine<Event> {
  /** Takes one packet. Never throws because of what is in it. */
  receive(octets: Uint8Array, from: Endpoint, now: number, via?: Via): void;
  /**
   * The answer to a packet that asks and changes nothing, so that there is nothing to poll and no
   * deadline to look at after it; `undefined` for all other packets, which {@link receive} takes.
   */
  answer?(octets: Uint8Array, now: number): Uint8Array | undefined;
  /** Lets time pass. Calling it early does nothing. */
  tick(now: number): void;
  /** The next thing to do, or `undefined` when there is nothing more. */
  poll(): PacketOutput<Event> | undefined;
  /** When `tick` is due, or `undefined` for never. */
  readonly deadline: number | undefined;
}

/** The earlier of two deadlines. */
export function earlier(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined) return other;
  return other === undefined ? one : Math.min(one, other);
}
