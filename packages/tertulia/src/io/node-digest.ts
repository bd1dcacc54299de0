/**
 * SHA-256 and HMAC in Node, for the few hundred octets that a handshake has at a time: by `hash` of
 * `node:crypto`, which makes no object, and as a string, because a buffer of Node's costs as much as
 * the digest in it. With `createHmac` the four keys of a handshake take more than twice as long.
 *
 * @module
 */

import { hash } from "node:crypto";

/** Octets of a block and of a digest (FIPS 180-4). */
const BLOCK_OCTETS = 64;
const DIGEST_OCTETS = 32;

/** Where the parts are put together: as much as a handshake usually needs. */
const usual = Buffer.alloc(1024);

/** SHA-256 over the parts, one behind the other. */
export function sha256(parts: readonly Uint8Array[]): Uint8Array {
  const space = spaceFor(0, parts);
  return digest(space, gather(parts, space, 0));
}

/** HMAC-SHA-256 over the parts, one behind the other. */
export function hmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  // RFC 2104, 2: "applications that use keys longer than B bytes will first hash the key"
  const short = key.length > BLOCK_OCTETS ? sha256([key]) : key;
  const space = spaceFor(BLOCK_OCTETS, parts);
  pad(space, short, 0x36);
  const inner = digest(space, gather(parts, space, BLOCK_OCTETS));
  pad(space, short, 0x5c);
  return digest(space, gather([inner], space, BLOCK_OCTETS));
}

/** The key, as one block, for the inner (0x36) or the outer digest (0x5c). */
function pad(space: Buffer, key: Uint8Array, value: number): void {
  for (let i = 0; i < key.length; i++) space[i] = (key[i] as number) ^ value; // within its length
  space.fill(value, key.length, BLOCK_OCTETS);
}

function spaceFor(octets: number, parts: readonly Uint8Array[]): Buffer {
  let size = octets;
  for (const part of parts) size += part.length;
  const needed = Math.max(size, BLOCK_OCTETS + DIGEST_OCTETS);
  return needed > usual.length ? Buffer.alloc(needed) : usual;
}

/** Puts the parts behind each other; returns where they end. */
function gather(parts: readonly Uint8Array[], space: Buffer, start: number): number {
  let end = start;
  for (const part of parts) {
    space.set(part, end);
    end += part.length;
  }
  return end;
}

/** The digest of the first octets, which are not there any more afterwards: they may be a key. */
function digest(space: Buffer, octets: number): Uint8Array {
  const latin1 = hash("sha256", space.subarray(0, octets), "binary");
  space.fill(0, 0, octets);
  const result = new Uint8Array(DIGEST_OCTETS);
  for (let i = 0; i < DIGEST_OCTETS; i++) result[i] = latin1.charCodeAt(i);
  return result;
}
