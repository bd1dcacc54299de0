/**
 * A message that is being put together of segments.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { concatOctets } from "../octets.ts";

export class Segments {
  /** Of its frames, without {@link MORE}. */
  readonly #type: number;
  readonly #octetsMax: number;
  readonly #pieces: Uint8Array[] = [];
  #octets = 0;

  constructor(type: number, octetsMax: number) {
    this.#type = type;
    this.#octetsMax = octetsMax;
  }

  /** @throws {ProtocolError} `segmentsMixed`, `messageTooLong`. */
  add(type: number, octets: Uint8Array): void {
    if (type !== this.#type) {
      throw new ProtocolError("segmentsMixed", "Tertulia 6.2", "another message before the last");
    }
    this.#octets += octets.length;
    if (this.#octets > this.#octetsMax) {
      throw new ProtocolError("messageTooLong", "Tertulia 6.2", `limit ${this.#octetsMax}`);
    }
    this.#pieces.push(octets);
  }

  /** The whole message. */
  join(): Uint8Array {
    return concatOctets(this.#pieces);
  }
}
