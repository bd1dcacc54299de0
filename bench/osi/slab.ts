/**
 * The least that can be done: the same TPKTs, gathered in slabs, over a raw socket.
 *
 * @module
 */

import { once } from "node:events";
import type { Socket } from "node:net";

export const DATA_OCTETS = 1024;
export const MESSAGES = 300_000;

const SLAB_OCTETS = 65_536;
const SEND_OCTETS_MAX = 1_048_576;
/** TPKT, DT TPDU, GIVE TOKENS and DATA TRANSFER: `03 00 llll 02 f0 80 01 00 01 00`. */
export const HEAD_OCTETS = 11;

export async function writeSlabs(socket: Socket): Promise<void> {
  const userData = new Uint8Array(DATA_OCTETS).fill(1);
  const size = HEAD_OCTETS + DATA_OCTETS;
  let slab = new Uint8Array(SLAB_OCTETS);
  let used = 0;
  for (let i = 0; i < MESSAGES; i++) {
    if (used + size > SLAB_OCTETS) {
      socket.write(slab.subarray(0, used));
      slab = new Uint8Array(SLAB_OCTETS);
      used = 0;
      if (socket.writableLength > SEND_OCTETS_MAX) await once(socket, "drain");
    }
    slab[used] = 3;
    slab[used + 2] = size >>> 8;
    slab[used + 3] = size & 0xff;
    slab[used + 4] = 2;
    slab[used + 5] = 0xf0;
    slab[used + 6] = 0x80;
    slab[used + 7] = 1;
    slab[used + 9] = 1;
    slab.set(userData, used + HEAD_OCTETS);
    used += size;
  }
  socket.write(slab.subarray(0, used));
}

/** Counts the packets of a stream, making a view of each one's data. */
export class SlabCounter {
  count = 0;
  octets = 0;
  #rest: Uint8Array = new Uint8Array();

  take(chunk: Uint8Array): void {
    let all = chunk;
    if (this.#rest.length > 0) {
      all = new Uint8Array(this.#rest.length + chunk.length);
      all.set(this.#rest);
      all.set(chunk, this.#rest.length);
    }
    let at = 0;
    while (all.length - at >= 4) {
      const size = ((all[at + 2] ?? 0) << 8) | (all[at + 3] ?? 0);
      if (all.length - at < size) break;
      const userData = all.subarray(at + HEAD_OCTETS, at + size);
      this.octets += userData.length;
      this.count += 1;
      at += size;
    }
    this.#rest = all.subarray(at);
  }
}
