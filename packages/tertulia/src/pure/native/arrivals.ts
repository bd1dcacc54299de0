/**
 * What has come on the two lanes, and when the peer is to hear of it: docs/protocol.md, sections 5.1 and 5.2.
 *
 * @module
 */

import type { Writer } from "../octets.ts";
import { ACK, writeVarints } from "./frames.ts";
import type { Cursor } from "./kept-state.ts";

/**
 * Octets received after which an acknowledgement waits for nothing: two slabs of the sender's, which
 * it writes again while they are warm, and more only where a window has grown.
 */
const ACKNOWLEDGE_OCTETS = 128 * 1024;
const ACKNOWLEDGE_PART = 1 / 16;
/**
 * An acknowledgement rides on what is sent when it is about as many octets, or when a quarter of the time
 * that it may take is over: for a few short messages it costs as much as they do.
 */
const RIDE_OCTETS = 512;
const RIDE_PART = 1 / 4;

export class Arrivals {
  /** Positions behind what was received. */
  received0 = 0;
  received1 = 0;
  /**
   * Positions on this transport, which after a resume may be behind what was received on the last one:
   * frames up to there are old news.
   */
  cursor0 = 0;
  cursor1 = 0;
  /** When an acknowledgement is due; 0 for not at all. */
  dueAt = 0;

  readonly #acknowledgeMs: number;
  #acknowledged0 = 0;
  #acknowledged1 = 0;

  /** @param acknowledgeMs - How long the peer waits for an acknowledgement at most. */
  constructor(acknowledgeMs: number) {
    this.#acknowledgeMs = acknowledgeMs;
  }

  /** Positions behind what was received on both lanes. */
  get received(): Cursor {
    return [this.received0, this.received1];
  }

  /** Positions on this transport. */
  get cursor(): Cursor {
    return [this.cursor0, this.cursor1];
  }

  /** A frame of so many octets came on lane 0; false when it had come before. */
  receive0(octets: number): boolean {
    this.cursor0 += octets;
    if (this.cursor0 <= this.received0) return false;
    this.received0 = this.cursor0;
    return true;
  }

  /** The same on lane 1. */
  receive1(octets: number): boolean {
    this.cursor1 += octets;
    if (this.cursor1 <= this.received1) return false;
    this.received1 = this.cursor1;
    return true;
  }

  /** Another transport begins, at these positions. */
  attach(cursor0: number, cursor1: number): void {
    this.cursor0 = cursor0;
    this.cursor1 = cursor1;
  }

  /** There is nowhere to acknowledge anything. */
  detach(): void {
    this.dueAt = 0;
  }

  /** Octets that were received and not acknowledged. */
  get #news(): number {
    return this.received0 - this.#acknowledged0 + (this.received1 - this.#acknowledged1);
  }

  /** Whether so much came that the peer is told at once; what is less is due before long. */
  look(now: number, windowOctets: number): boolean {
    const news = this.#news;
    if (news >= Math.max(ACKNOWLEDGE_OCTETS, windowOctets * ACKNOWLEDGE_PART)) return true;
    if (news > 0 && this.dueAt === 0) this.dueAt = now + this.#acknowledgeMs;
    return false;
  }

  /** Whether an acknowledgement is due. */
  isDue(now: number): boolean {
    return this.dueAt > 0 && now >= this.dueAt;
  }

  /**
   * Whether an acknowledgement, if something is being sent anyway, is worth its octets.
   *
   * @param isKept - What is stored is acknowledged when that is so, and the peer's store waits for it.
   */
  isWorthwhile(now: number, isKept: boolean): boolean {
    const news = this.#news;
    if (news === 0) return false;
    if (isKept || news >= RIDE_OCTETS) return true;
    return now >= this.dueAt - this.#acknowledgeMs * (1 - RIDE_PART);
  }

  /** Acknowledges what was received. @param arrived - What came, of which not all may be received. */
  writeAck(writer: Writer, [arrived0, arrived1]: Cursor): void {
    this.#acknowledged0 = this.received0;
    this.#acknowledged1 = this.received1;
    this.dueAt = 0;
    writeVarints(writer, ACK, arrived0, this.received0, arrived1, this.received1);
  }
}
