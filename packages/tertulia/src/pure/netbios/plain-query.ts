/**
 * The packet that a name server gets most: a query, unicast, for a name without a scope.
 *
 * It is read without making a packet of it, and the answer is made from the question: the same
 * octets, a few changed. Whatever is not exactly this goes the long way.
 *
 * @module
 */

import type { NameEntry } from "./name-record.ts";
import { readHalfOctets } from "./name-wire.ts";

const QUERY_OCTETS = 50;
const ANSWER_OCTETS = 62;

/** The key of the name that is asked for, or `undefined` if this is not that packet. */
export function readPlainQuery(octets: Uint8Array): string | undefined {
  // R 0, OPCODE 0, no B; one question; a label of 32, the root, NB, IN.
  if (
    octets.length !== QUERY_OCTETS ||
    (octets[2] as number) > 1 ||
    octets[3] !== 0 ||
    octets[5] !== 1 ||
    octets[4] !== 0 ||
    octets[12] !== 32 ||
    octets[45] !== 0 ||
    octets[46] !== 0 ||
    octets[47] !== 0x20 ||
    octets[48] !== 0 ||
    octets[49] !== 1
  ) {
    return undefined;
  }
  for (let i = 6; i < 12; i++) if (octets[i] !== 0) return undefined;
  for (let i = 13; i < 45; i++) {
    // In bounds: the length was checked.
    const letter = octets[i] as number;
    if (letter < 0x41 || letter > 0x50) return undefined;
  }
  return readHalfOctets(octets, 13);
}

/** The POSITIVE NAME QUERY RESPONSE with one owner (RFC 1002 4.2.13). */
export function answerQuery(query: Uint8Array, entry: NameEntry, ttl: number): Uint8Array {
  const octets = new Uint8Array(ANSWER_OCTETS);
  octets.set(query);
  octets[2] = 0x85;
  octets[3] = 0x80;
  octets[5] = 0;
  octets[7] = 1;
  octets[50] = ttl >>> 24;
  octets[51] = ttl >>> 16;
  octets[52] = ttl >>> 8;
  octets[53] = ttl;
  octets[55] = 6;
  octets[56] = (entry.group ? 0x80 : 0) | NODE_BITS[entry.nodeType];
  let at = 58;
  let part = 0;
  for (let i = 0; i < entry.address.length; i++) {
    const digit = entry.address.charCodeAt(i);
    if (digit === 0x2e) {
      octets[at++] = part;
      part = 0;
    } else {
      part = part * 10 + digit - 0x30;
    }
  }
  octets[at] = part;
  return octets;
}

/** ONT in the high octet of NB_FLAGS. */
const NODE_BITS: Readonly<Record<NameEntry["nodeType"], number>> = {
  B: 0,
  P: 0x20,
  M: 0x40,
  H: 0x60,
};
