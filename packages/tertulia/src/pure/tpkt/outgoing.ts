/**
 * What a transport connection has to send and to tell, in order. Short TPDUs are gathered in a slab and
 * leave as few large writes; what was given away is never touched again.
 *
 * @module
 */

import type { SessionError } from "../errors.ts";
import type { Output } from "../machine.ts";
import { concatOctets, NO_OCTETS } from "../octets.ts";
import { DT_HEADER_OCTETS, encodeTpdu, type Tpdu } from "./tpdu.ts";
import { TPKT_HEADER_OCTETS, tpktHeader } from "./tpkt.ts";

const SLAB_OCTETS = 65_536;
/** Data from this size on is not copied: it goes out as a chunk of its own. */
const OWN_CHUNK_OCTETS = 16_384;

export class Outgoing<Event> {
  #outputs: Output<Event>[] = [];
  #polled = 0;
  #slab: Uint8Array = NO_OCTETS;
  /** Up to where the slab was given away, and up to where it is filled. */
  #sent = 0;
  #used = 0;

  /** Octets in the slab that wait for a poll. */
  get pendingOctets(): number {
    return this.#used - this.#sent;
  }

  /** The next thing to do, or `undefined` when there is nothing more. */
  poll(): Output<Event> | undefined {
    const output = this.#outputs[this.#polled];
    if (output) {
      this.#polled += 1;
      return output;
    }
    if (this.#polled > 0) {
      this.#outputs = [];
      this.#polled = 0;
    }
    if (this.#used === this.#sent) return undefined;
    return { type: "send", octets: this.#takeSlab() };
  }

  /** Tells the user, without waiting for what is in the slab. */
  tell(event: Event): void {
    this.#outputs.push({ type: "event", event });
  }

  /** Sends one TPDU that is not data. */
  send(tpdu: Tpdu): void {
    const octets = encodeTpdu(tpdu);
    this.#reserve(octets.length + TPKT_HEADER_OCTETS);
    this.#put(tpktHeader(octets.length));
    this.#put(octets);
    this.#flush();
  }

  /** Sends a TSDU, of which the parts are `head` and `octets`, in DT TPDUs with so much data each. */
  sendData(head: Uint8Array, octets: Uint8Array, dataOctets: number): void {
    const size = head.length + octets.length;
    if (size <= dataOctets && size < OWN_CHUNK_OCTETS) {
      this.#writeHeader(size, true, size);
      this.#put(head);
      this.#put(octets);
      return;
    }
    let rest = head.length === 0 ? octets : concatOctets([head, octets]);
    do {
      const part = rest.subarray(0, dataOctets);
      rest = rest.subarray(part.length);
      const isOwn = part.length >= OWN_CHUNK_OCTETS;
      this.#writeHeader(part.length, rest.length === 0, isOwn ? 0 : part.length);
      if (isOwn) {
        this.#flush();
        this.#outputs.push({ type: "send", octets: part });
      } else this.#put(part);
    } while (rest.length > 0);
  }

  /** Ends the connection below, behind everything that was sent. */
  close(error?: SessionError): void {
    this.#flush();
    this.#outputs.push({ type: "close", ...(error && { error }) });
  }

  /** The seven octets of TPKT and DT, and room for as much of the data as will be copied. */
  #writeHeader(size: number, isLast: boolean, copied: number): void {
    this.#reserve(TPKT_HEADER_OCTETS + DT_HEADER_OCTETS + copied);
    const length = TPKT_HEADER_OCTETS + DT_HEADER_OCTETS + size;
    const slab = this.#slab;
    const at = this.#used;
    slab[at] = 3;
    slab[at + 1] = 0;
    slab[at + 2] = length >>> 8;
    slab[at + 3] = length & 0xff;
    slab[at + 4] = 2;
    slab[at + 5] = 0xf0;
    slab[at + 6] = isLast ? 0x80 : 0;
    this.#used = at + 7;
  }

  #put(octets: Uint8Array): void {
    this.#slab.set(octets, this.#used);
    this.#used += octets.length;
  }

  #reserve(size: number): void {
    if (this.#used + size <= this.#slab.length) return;
    this.#flush();
    this.#slab = new Uint8Array(SLAB_OCTETS);
    this.#sent = 0;
    this.#used = 0;
  }

  /** Puts what is in the slab in its place among the outputs. */
  #flush(): void {
    if (this.#used === this.#sent) return;
    this.#outputs.push({ type: "send", octets: this.#takeSlab() });
  }

  #takeSlab(): Uint8Array {
    const octets = this.#slab.subarray(this.#sent, this.#used);
    this.#sent = this.#used;
    return octets;
  }
}
