/**
 * Datagrams on a stream: each behind its length, two octets. What does not fit is dropped, as
 * networks do: a datagram that waits for a minute is of no use to anybody.
 *
 * @module
 */

import type { SessionStream } from "../io/stream.ts";
import { concatOctets } from "../pure/octets.ts";

/** Octets that may wait for a link that is down, before datagrams are dropped. */
const WAITING_OCTETS_MAX = 64 * 1024;

/** Sends a datagram, or drops it when too many wait. Returns whether it was sent. */
export function sendDatagram(stream: SessionStream, octets: Uint8Array): boolean {
  if (stream.pendingOctets > WAITING_OCTETS_MAX) return false;
  const framed = new Uint8Array(octets.length + 2);
  framed[0] = octets.length >> 8;
  framed[1] = octets.length & 255;
  framed.set(octets, 2);
  void stream.tryWrite(framed)?.catch(() => {});
  return true;
}

/** The datagrams of a stream, until it ends. */
export async function* datagramsOf(
  stream: SessionStream,
  early?: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  let octets = early ?? new Uint8Array();
  for (;;) {
    while (octets.length >= 2) {
      const size = ((octets[0] as number) << 8) | (octets[1] as number);
      if (octets.length < size + 2) break;
      yield octets.subarray(2, size + 2);
      octets = octets.subarray(size + 2);
    }
    const more = await stream.read();
    if (more === undefined) return;
    octets = octets.length === 0 ? more : concatOctets([octets, more]);
  }
}
