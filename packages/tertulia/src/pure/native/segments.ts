/**
 * A message that is being put together of segments.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { concatOctets, unwrittenOctets } from "../octets.ts";

/**
 * Shorter segments are copied together: each is a view, which takes more than its octets and keeps what
 * arrived with it, up to 64 KiB. A message in single octets, or in none, would take gigabytes.
 */
const GATHER_OCTETS = 16 * 1024;
const GATHERED_OCTETS = 32 * 1024;

export class Segments {
  /** Of its frames, without {@link MORE}. */
  readonly #type: number;
  readonly #octetsMax: number;
  readonly #pieces: Uint8Array[] = [];
  #octets = 0;
  #gathering: Uint8Array | undefined;
  #gathered = 0;

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
    if (octets.length >= GATHER_OCTETS) {
      this.#flush();
      this.#pieces.push(octets);
    } else if (octets.length > 0) {
      if (this.#gathered + octets.length > GATHERED_OCTETS) this.#flush();
      this.#gathering ??= unwrittenOctets(GATHERED_OCTETS);
      this.#gathering.set(octets, this.#gathered);
      this.#gathered += octets.length;
    }
  }

  /** The whole message. */
  join(): Uint8Array {
    this.#flush();
    return concatOctets(this.#pieces);
  }

  #flush(): void {
    if (this.#gathering) this.#pieces.push(this.#gathering.subarray(0, this.#gathered));
    this.#gathering = undefined;
    this.#gathered = 0;
  }
}
