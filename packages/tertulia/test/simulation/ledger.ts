/**
 * The independent checker: what one side said and what the other was given, compared octet by octet.
 *
 * It knows nothing of machines. Everything that was accepted has to come out once, in order; an
 * expedited message may overtake, and is never overtaken by what was sent after it.
 */

import type { Message } from "../../src/pure/native/message.ts";
import { MESSAGE_COST } from "../../src/pure/native/peer-limits.ts";

export type Kind = Message["kind"];

interface Entry {
  readonly kind: Kind;
  readonly octets: Uint8Array;
  /** Its place among everything that this side sent. */
  readonly order: number;
}

/** What is wrong, and what the run is to be ended with. */
export class Violation extends Error {}

/** Octet `position` of one direction of a stream. */
export function streamOctet(tag: number, position: number): number {
  return (tag * 31 + position * 7 + (position >>> 8) * 13) & 0xff;
}

/** One direction of one stream. */
export class StreamLedger {
  readonly tag: number;
  written = 0;
  read = 0;
  isEnded = false;
  isEndSeen = false;
  isReset = false;

  /** @param tag - What makes its octets its own. */
  constructor(tag: number) {
    this.tag = tag;
  }

  /** The next octets to write. */
  next(size: number): Uint8Array {
    const octets = new Uint8Array(size);
    for (let i = 0; i < size; i++) octets[i] = streamOctet(this.tag, this.written + i);
    return octets;
  }

  gave(octets: Uint8Array): void {
    for (let i = 0; i < octets.length; i++) {
      if (octets[i] !== streamOctet(this.tag, this.read + i)) {
        throw new Violation(`stream ${this.tag}: octet ${this.read + i} is wrong`);
      }
    }
    this.read += octets.length;
    if (this.read > this.written) {
      throw new Violation(`stream ${this.tag}: ${this.read} octets read, ${this.written} written`);
    }
  }

  ended(): void {
    this.isEndSeen = true;
    if (this.isReset) return;
    if (!this.isEnded) throw new Violation(`stream ${this.tag}: an end that nobody made`);
  }

  /** What lacks when nothing may lack. */
  get lack(): string | undefined {
    if (this.isReset || this.read === this.written) return undefined;
    return `stream ${this.tag}: ${this.read} of ${this.written} octets`;
  }
}

/** What one side sends, and the other gets. */
export class Ledger {
  readonly name: string;
  readonly streams: Map<number, StreamLedger> = new Map();
  /** Octets, and what each message costs besides, that were accepted and not taken. */
  outstanding = 0;
  delivered = 0;
  /** Octets of the longest message. */
  largest = 0;
  readonly #ordered: Entry[] = [];
  readonly #expedited: Entry[] = [];
  #orderedAt = 0;
  #expeditedAt = 0;
  #sent = 0;

  constructor(name: string) {
    this.name = name;
  }

  get sent(): number {
    return this.#sent;
  }

  /** A message was accepted. */
  said(kind: Kind, octets: Uint8Array): void {
    this.largest = Math.max(this.largest, octets.length);
    const lane = kind === "expedited" ? this.#expedited : this.#ordered;
    lane.push({ kind, octets, order: this.#sent++ });
  }

  /** A message came out. */
  gave({ kind, octets }: Message): void {
    const isExpedited = kind === "expedited";
    const at = isExpedited ? this.#expeditedAt++ : this.#orderedAt++;
    const entry = (isExpedited ? this.#expedited : this.#ordered)[at];
    const what = `${this.name}: ${isExpedited ? "expedited" : "message"} ${at}`;
    if (entry === undefined) throw new Violation(`${what} was never sent`);
    if (entry.kind !== kind) throw new Violation(`${what} is ${kind}, sent as ${entry.kind}`);
    if (!equal(entry.octets, octets)) throw new Violation(`${what} is not what was sent`);
    if (!isExpedited) {
      const waiting = this.#expedited[this.#expeditedAt];
      if (waiting && waiting.order < entry.order) {
        throw new Violation(`${what} came before an expedited one sent earlier`);
      }
    }
    this.delivered += 1;
  }

  /** What lacks when nothing may lack. */
  get lack(): string | undefined {
    if (this.#orderedAt < this.#ordered.length) {
      return `${this.name}: ${this.#orderedAt} of ${this.#ordered.length} messages`;
    }
    if (this.#expeditedAt < this.#expedited.length) {
      return `${this.name}: ${this.#expeditedAt} of ${this.#expedited.length} expedited messages`;
    }
    for (const stream of this.streams.values()) {
      if (stream.lack !== undefined) return `${this.name}: ${stream.lack}`;
    }
    return undefined;
  }
}

/** What a message counts for in a window. */
export function costOf(octets: Uint8Array): number {
  return octets.length + MESSAGE_COST;
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}
