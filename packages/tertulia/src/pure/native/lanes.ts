/**
 * What is sent on the two lanes, and what the peer has of it: docs/protocol.md, sections 5.1 and 5.2.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import type { Reader } from "../octets.ts";
import { MESSAGE, MORE, OPTIONAL } from "./frames.ts";
import { Journal } from "./journal.ts";
import type { Cursor } from "./kept-state.ts";

export class Lanes {
  /** What is said in order. */
  readonly lane0: Journal = new Journal();
  /** What overtakes it. */
  readonly lane1: Journal = new Journal();

  /** Positions from which on it is kept. */
  get starts(): Cursor {
    return [this.lane0.start, this.lane1.start];
  }

  /** Positions behind what was sent. */
  get ends(): Cursor {
    return [this.lane0.end, this.lane1.end];
  }

  /** Positions behind what any transport was given. */
  get given(): Cursor {
    return [this.lane0.given, this.lane1.given];
  }

  /** What the peer has committed. */
  get acknowledged(): Cursor {
    return [this.lane0.acknowledged, this.lane1.acknowledged];
  }

  /** Whether the peer has committed everything. */
  get isAcknowledged(): boolean {
    const { lane0, lane1 } = this;
    return lane0.acknowledged === lane0.end && lane1.acknowledged === lane1.end;
  }

  /** Octets kept. */
  get size(): number {
    return this.lane0.size + this.lane1.size;
  }

  /** Whether there is something that the transport can be given. */
  get hasUnsent(): boolean {
    return this.lane0.unsent > 0 || this.lane1.unsent > 0;
  }

  /** Gives the transport about so much, as views; returns how many octets that is. */
  take(octetsMax: number, into: Uint8Array[]): number {
    // All of lane 1, however much: what was sent later on lane 0 must not come before it.
    const octets = this.lane1.take(Number.MAX_SAFE_INTEGER, into);
    return octets + this.lane0.take(octetsMax, into);
  }

  /**
   * Received and committed, of lane 0 and of lane 1. Only what is committed may be forgotten.
   *
   * @param stored - What of it is stored here: the peer commits no more than that.
   * @throws {ProtocolError} `acknowledgedUnsent`.
   */
  receiveAck(fields: Reader, stored: Cursor): void {
    acknowledge(this.lane0, fields, stored[0]);
    acknowledge(this.lane1, fields, stored[1]);
  }

  /** As {@link Journal.hold}. */
  hold(): void {
    this.lane0.hold();
    this.lane1.hold();
  }

  /** As {@link Journal.unhold}. */
  unhold(): void {
    this.lane0.unhold();
    this.lane1.unhold();
  }

  /** Begins again at these positions, for a new transport; returns how many messages it is given again. */
  rewind(start0: number, start1: number): number {
    const { lane0, lane1 } = this;
    const again = lane0.count(start0, isLastSegment) + lane1.count(start1, isLastSegment);
    lane0.rewind(start0);
    lane1.rewind(start1);
    return again;
  }

  /** As {@link Journal.relax}. */
  relax(): void {
    this.lane0.relax();
    this.lane1.relax();
  }

  /** Whether anything may be given before it is stored, as without a store it always may. */
  get isAhead(): boolean {
    return this.lane0.stored === Number.POSITIVE_INFINITY;
  }

  /** What is before these positions is stored, and may be given. */
  storedUpTo(stored0: number, stored1: number): void {
    this.lane0.stored = stored0;
    this.lane1.stored = stored1;
  }
}

function acknowledge(journal: Journal, fields: Reader, stored: number): void {
  const [received, committed] = [fields.varint(), fields.varint()];
  if (received > journal.given || committed > Math.min(received, stored)) {
    const detail = `received ${received}, committed ${committed}, sent ${journal.given}`;
    throw new ProtocolError("acknowledgedUnsent", "Tertulia 5.2", detail);
  }
  journal.acknowledge(committed);
}

function isLastSegment(type: number): boolean {
  return type >= MESSAGE && type < OPTIONAL && (type & MORE) === 0;
}
