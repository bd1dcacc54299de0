/**
 * Session packets out of a TCP stream, cut anywhere (RFC 1002 4.3.1).
 *
 * A packet that lies whole in one chunk is a view of it; only what is cut is copied.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import type { Strictness } from "./name-wire.ts";
import {
  bodyOctetsMax,
  decodeSessionPacket,
  describeType,
  SESSION_HEADER_OCTETS,
  type SessionPacket,
} from "./session-packet.ts";

/**
 * Session packets out of a TCP stream, cut anywhere. A packet that lies whole in one chunk is a
 * view of it.
 */
export class SessionFramer {
  readonly #strictness: Strictness;
  #header: Uint8Array = new Uint8Array(SESSION_HEADER_OCTETS);
  #headerSize = 0;
  #body: Uint8Array | undefined;
  #bodySize = 0;

  constructor(strictness: Strictness = {}) {
    this.#strictness = strictness;
  }

  /** Whether a packet has begun and not ended: what a stream must not end in. */
  get isWithinPacket(): boolean {
    return this.#headerSize > 0;
  }

  /**
   * The packets that end in this chunk, in order.
   *
   * @param chunk - Kept: messages may be views of it.
   * @throws {ProtocolError} at the first packet that is not one. The framer is of no use after it.
   */
  *take(chunk: Uint8Array): Generator<SessionPacket, void, undefined> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerSize === 0 && chunk.length - at >= SESSION_HEADER_OCTETS) {
        const size = bodySize(chunk, at, this.#strictness.strict);
        const start = at + SESSION_HEADER_OCTETS;
        if (chunk.length - start >= size) {
          at = start + size;
          // In bounds: at least a header is left, as the condition above says.
          const type = chunk[start - SESSION_HEADER_OCTETS] as number;
          yield decodeSessionPacket(type, chunk.subarray(start, at), this.#strictness);
          continue;
        }
      }
      at = this.#keep(chunk, at);
      if (this.#body && this.#bodySize === this.#body.length) {
        const body = this.#body;
        const type = this.#header[0] as number;
        this.#header = new Uint8Array(SESSION_HEADER_OCTETS);
        this.#headerSize = 0;
        this.#body = undefined;
        this.#bodySize = 0;
        yield decodeSessionPacket(type, body, this.#strictness);
      }
    }
  }

  /** Copies what belongs to the packet that has begun; returns where the rest of the chunk is. */
  #keep(chunk: Uint8Array, start: number): number {
    let at = start;
    while (this.#headerSize < SESSION_HEADER_OCTETS && at < chunk.length) {
      this.#header[this.#headerSize++] = chunk[at++] as number;
      // The first octet tells a stranger: do not wait for three more.
      if (this.#headerSize === 1) checkType(this.#header[0] as number);
    }
    if (this.#headerSize < SESSION_HEADER_OCTETS) return at;
    this.#body ??= new Uint8Array(bodySize(this.#header, 0, this.#strictness.strict));
    const part = chunk.subarray(at, at + this.#body.length - this.#bodySize);
    this.#body.set(part, this.#bodySize);
    this.#bodySize += part.length;
    return at + part.length;
  }
}

/** LENGTH with its seventeenth bit, checked against what the type may have. */
function bodySize(octets: Uint8Array, at: number, strict = false): number {
  const [type = 0, flags = 0, high = 0, low = 0] = octets.subarray(at, at + SESSION_HEADER_OCTETS);
  const max = checkType(type);
  if (strict && flags > 1) {
    throw new ProtocolError("reservedFlags", "RFC 1002 4.3.1", `0x${flags.toString(16)}`);
  }
  const size = ((flags & 1) << 16) | (high << 8) | low;
  if (size > max) {
    throw new ProtocolError("sessionLength", "RFC 1002 4.3.1", `at most ${max}, have ${size}`);
  }
  return size;
}

function checkType(type: number): number {
  const max = bodyOctetsMax(type);
  if (max !== undefined) return max;
  throw new ProtocolError("unknownSessionType", "RFC 1002 4.3.1", describeType(type));
}
