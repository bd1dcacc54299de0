/**
 * Datagrams that do not fit one packet: cut and put together again (RFC 1002 4.4.1, 5.3.1, 5.3.3).
 *
 * @module
 */

import { concatOctets } from "../octets.ts";
import { DATAGRAM_HEADER_OCTETS, DATAGRAM_UDP_OCTETS_MAX, type DataPacket } from "./datagram.ts";

/**
 * The packets that carry a datagram: one, or several of at most `udpOctetsMax` with their header.
 *
 * @param whole - A datagram in one packet: first, no more, offset 0.
 */
export function fragment(
  whole: DataPacket,
  udpOctetsMax: number = DATAGRAM_UDP_OCTETS_MAX,
): DataPacket[] {
  const room = Math.max(1, udpOctetsMax - DATAGRAM_HEADER_OCTETS);
  const packets: DataPacket[] = [];
  for (let offset = 0; offset === 0 || offset < whole.body.length; offset += room) {
    const body = whole.body.subarray(offset, offset + room);
    const more = offset + body.length < whole.body.length;
    packets.push({ ...whole, first: offset === 0, more, offset, body });
  }
  return packets;
}

export interface ReassemblerOptions {
  /** RFC 1002 6, FRAGMENT_TO: how long a fragment waits for the next. Default: 2 s. */
  readonly fragmentTimeoutMs?: number;
  /**
   * How many datagrams may be incomplete at once. Default: 64; with datagrams of at most 1022
   * octets that is what a stranger can make us hold, and the oldest goes first.
   */
  readonly incompleteMax?: number;
}

interface Partial {
  readonly first: DataPacket;
  readonly bodies: Uint8Array[];
  size: number;
  expiresAt: number;
}

/** Puts datagrams together that came in fragments; bounded in number and in time. */
export class Reassembler {
  readonly #timeoutMs: number;
  readonly #max: number;
  /** By source address and datagram id, the oldest first. */
  readonly #partials = new Map<string, Partial>();

  constructor({ fragmentTimeoutMs = 2000, incompleteMax = 64 }: ReassemblerOptions = {}) {
    this.#timeoutMs = fragmentTimeoutMs;
    this.#max = incompleteMax;
  }

  /** How many datagrams are incomplete. */
  get size(): number {
    return this.#partials.size;
  }

  /** When the oldest fragments are given up; `undefined`: there are none. */
  get deadline(): number | undefined {
    let deadline: number | undefined;
    for (const { expiresAt } of this.#partials.values()) {
      if (deadline === undefined || expiresAt < deadline) deadline = expiresAt;
    }
    return deadline;
  }

  /**
   * The whole datagram, when this packet completes it; else `undefined`.
   *
   * RFC 1002 5.3.3: a fragment out of order is discarded, and with it what came before.
   */
  take(packet: DataPacket, now: number): DataPacket | undefined {
    if (packet.first && !packet.more) return packet;
    this.tick(now);
    const key = `${packet.sourceAddress} ${packet.id}`;
    const partial = this.#partials.get(key);
    if (packet.first) {
      this.#partials.delete(key);
      if (this.#partials.size >= this.#max) this.#dropOldest();
      const expiresAt = now + this.#timeoutMs;
      const bodies = [packet.body.slice()];
      this.#partials.set(key, { first: packet, bodies, size: packet.body.length, expiresAt });
      return undefined;
    }
    if (!partial) return undefined;
    if (packet.offset !== partial.size || packet.length !== partial.first.length) {
      this.#partials.delete(key);
      return undefined;
    }
    partial.bodies.push(packet.body.slice());
    partial.size += packet.body.length;
    partial.expiresAt = now + this.#timeoutMs;
    if (packet.more) return undefined;
    this.#partials.delete(key);
    return { ...partial.first, more: false, body: concatOctets(partial.bodies) };
  }

  /** Forgets what has waited too long. */
  tick(now: number): void {
    for (const [key, { expiresAt }] of this.#partials) {
      if (expiresAt <= now) this.#partials.delete(key);
    }
  }

  #dropOldest(): void {
    for (const key of this.#partials.keys()) {
      this.#partials.delete(key);
      return;
    }
  }
}
