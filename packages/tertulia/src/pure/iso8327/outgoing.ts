/**
 * What a session machine has to say, in order: SPDUs become the TSDUs that carry them, cut into segments
 * where they are too long for one, and concatenated where several fit. X.225 6.3.5 and 6.3.7.
 *
 * @module
 */

import type { SessionError } from "../errors.ts";
import { NO_OCTETS } from "../octets.ts";
import { encodeGroup, mayBegin, mayJoin } from "./concatenation.ts";
import type { SessionEvent } from "./primitives.ts";
import { segment } from "./segments.ts";
import { encodeSpdu, type Spdu } from "./spdu.ts";
import { headOf } from "./tsdu.ts";

/** What the driver is to do next. Order matters; do them one by one. */
export type SessionOutput =
  /** T-DATA request: one TSDU, in two parts so that long data need not be copied. */
  | { readonly type: "send"; readonly head: Uint8Array; readonly octets: Uint8Array }
  /** T-EXPEDITED-DATA request. */
  | { readonly type: "sendExpedited"; readonly octets: Uint8Array }
  /** T-CONNECT request, and response. */
  | { readonly type: "connect"; readonly expedited: boolean }
  | { readonly type: "accept" }
  | { readonly type: "event"; readonly event: SessionEvent }
  /** T-DISCONNECT request. */
  | { readonly type: "close"; readonly error?: SessionError };

/** What the connection has settled about the TSDUs that we send. */
export interface SentTsdus {
  /** The longest; 0 is no limit. */
  readonly sentTsduOctets: number;
  readonly peerTakesExtended: boolean;
}

/** `01 00 01 00`: GIVE TOKENS and DATA TRANSFER, both empty: what stands before data. */
const DATA_HEAD = Uint8Array.of(1, 0, 1, 0);

export class Outgoing {
  readonly #concatenates: boolean;
  #outputs: SessionOutput[] = [];
  #next = 0;
  /** SPDUs that another may leave with, in the order of the requests. */
  #group: Spdu[] = [];

  constructor(concatenates: boolean) {
    this.#concatenates = concatenates;
  }

  /** The next thing to do, or `undefined` when there is nothing more. */
  poll(): SessionOutput | undefined {
    const output = this.#outputs[this.#next];
    if (output) {
      this.#next += 1;
      return output;
    }
    if (this.#next > 0) {
      this.#outputs = [];
      this.#next = 0;
    }
    if (this.#group.length === 0) return undefined;
    this.flush();
    return this.poll();
  }

  /** Adds what is not an SPDU. It does not wait for those that are kept back. */
  push(output: SessionOutput): void {
    this.#outputs.push(output);
  }

  /** Sends on the normal flow, with the head that the category asks for, in segments if need be. */
  send(spdu: Spdu, settled: SentTsdus): void {
    if (spdu.type === "DT" && settled.sentTsduOctets === 0 && !this.#concatenates) {
      this.push({ type: "send", head: DATA_HEAD, octets: spdu.userData ?? NO_OCTETS });
      return;
    }
    const head = headOf(spdu.type);
    const headOctets = head ? encodeSpdu(head) : NO_OCTETS;
    const segments = [...segment(spdu, settled.sentTsduOctets, headOctets.length)];
    const [only] = segments;
    if (this.#concatenates && segments.length === 1 && only && this.#joins(only, settled)) return;
    this.flush();
    for (const each of segments) {
      this.push({ type: "send", head: headOctets, octets: encodeSpdu(each) });
    }
  }

  /** Sends on the normal flow as it is: what connection establishment says before sizes are settled. */
  sendWhole(spdu: Spdu): void {
    this.flush();
    this.push({ type: "send", head: NO_OCTETS, octets: encodeSpdu(spdu) });
  }

  /** Sends on the expedited flow, which has to be there. */
  sendExpedited(spdu: Spdu): void {
    this.flush();
    this.push({ type: "sendExpedited", octets: encodeSpdu(spdu) });
  }

  /** Sends what was kept back. */
  flush(): void {
    if (this.#group.length === 0) return;
    const [head, octets] = encodeGroup(this.#group);
    this.#group = [];
    this.push({ type: "send", head, octets });
  }

  /** Keeps an SPDU back if others can leave with it. */
  #joins(
    spdu: Spdu,
    { peerTakesExtended: extended, sentTsduOctets: octetsMax }: SentTsdus,
  ): boolean {
    if (mayJoin(this.#group, spdu, { extended, octetsMax })) {
      this.#group.push(spdu);
      return true;
    }
    this.flush();
    if (!mayBegin(spdu)) return false;
    this.#group.push(spdu);
    return true;
  }
}
