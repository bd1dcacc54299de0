/**
 * A virtual network: transports that carry octets in order, late and in pieces of any size, until
 * they break in one of the ways in which real ones do.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { VirtualClock } from "./clock.ts";
import type { Random } from "./random.ts";

/** How good a virtual wire is. */
export interface WireQuality {
  /** How long an octet takes, at least, and how much longer at most. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Octets that a side may have written and not sent before it is told to wait. */
  readonly bufferOctets: number;
  /** The longest piece that arrives at once. Some are far shorter. */
  readonly pieceOctetsMax: number;
}

/** What one side of a wire is told. */
export interface WireEnd {
  /** Told of octets that have arrived, in order. */
  received(octets: Uint8Array): void;
  /** What was written has been sent: there is room again. */
  drained(): void;
  /** The peer has ended, or, with an error, the wire broke. Nothing comes after it. */
  ended(error?: SessionError): void;
}

/** One end of a wire or the other. */
export type WireSide = 0 | 1;

/** One direction. */
class Lane {
  readonly queue: Uint8Array[] = [];
  octets = 0;
  isClogged = false;
  isPumping = false;
  isSilent = false;
  isEnding = false;
  /** Octets that a silent wire has swallowed: what a kernel's buffer takes. */
  swallowed = 0;
  /** Nothing arrives before what was sent before it. */
  arrivesAt = 0;
}

/** A transport between two sides, 0 and 1. */
export class Wire {
  readonly quality: WireQuality;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #lanes: readonly [Lane, Lane] = [new Lane(), new Lane()];
  readonly #ends: [WireEnd | undefined, WireEnd | undefined] = [undefined, undefined];
  #isBroken = false;

  constructor(clock: VirtualClock, random: Random, quality: WireQuality) {
    this.#clock = clock;
    this.#random = random;
    this.quality = quality;
  }

  /** Says who is told what happens on a side. */
  attach(side: WireSide, end: WireEnd): void {
    this.#ends[side] = end;
  }

  /** Whether octets still go from a side to the other. */
  isUp(side: WireSide): boolean {
    return !this.#isBroken && !this.#lanes[side].isSilent && this.#ends[side] !== undefined;
  }

  /**
   * Writes octets, which are copied only when they are sent.
   *
   * @returns False when the writer should wait for `drained`.
   */
  write(side: WireSide, chunks: readonly Uint8Array[]): boolean {
    const lane = this.#lanes[side];
    if (this.#isBroken || this.#ends[side] === undefined || lane.isEnding) return true;
    for (const chunk of chunks) {
      if (chunk.length === 0) continue;
      lane.queue.push(chunk);
      lane.octets += chunk.length;
    }
    this.#pump(side);
    if (lane.octets >= this.quality.bufferOctets) lane.isClogged = true;
    return !lane.isClogged;
  }

  /** Ends a side in order: the other is told behind what was written. This side is told nothing more. */
  end(side: WireSide): void {
    this.#ends[side] = undefined;
    this.#lanes[side].isEnding = true;
    this.#pump(side);
  }

  /** Ends a side at once: what was not sent is lost. */
  abort(side: WireSide): void {
    const lane = this.#lanes[side];
    this.#ends[side] = undefined;
    lane.queue.length = 0;
    lane.octets = 0;
    if (lane.isSilent) return;
    const other = otherSide(side);
    this.#arrive(lane, () => this.#finish(other, new SessionError("ERR_CLOSED", "reset")));
  }

  /** Breaks it: what is on its way is lost, and both sides are told soon. */
  cut(): void {
    this.#isBroken = true;
    for (const side of [0, 1] as const) {
      this.#clock.in(this.#random.fraction() * 50, () =>
        this.#finish(side, new SessionError("ERR_CLOSED", "cut")),
      );
    }
  }

  /** Swallows what a side sends from now on, and tells nobody. */
  silence(side: WireSide): void {
    this.#lanes[side].isSilent = true;
  }

  /** Holds up what a side sends, and what is on its way, for a while. */
  stall(side: WireSide, ms: number): void {
    const lane = this.#lanes[side];
    lane.arrivesAt = Math.max(lane.arrivesAt, this.#clock.now + ms);
  }

  #finish(side: WireSide, error?: SessionError): void {
    const end = this.#ends[side];
    this.#ends[side] = undefined;
    end?.ended(error);
  }

  #pump(side: WireSide): void {
    const lane = this.#lanes[side];
    if (lane.isPumping) return;
    lane.isPumping = true;
    this.#clock.in(this.#random.fraction(), () => {
      lane.isPumping = false;
      this.#transmit(side, lane);
    });
  }

  #transmit(side: WireSide, lane: Lane): void {
    if (this.#isBroken) return;
    if (lane.octets === 0) {
      if (lane.isEnding && !lane.isSilent) {
        const other = otherSide(side);
        this.#arrive(lane, () => this.#finish(other));
      }
      return;
    }
    const most = this.#random.chance(0.2) ? 30 : this.quality.pieceOctetsMax;
    const size = this.#random.between(1, Math.min(most, lane.octets));
    if (lane.isSilent && lane.swallowed >= this.quality.bufferOctets) return;
    const piece = takeOctets(lane, size);
    if (lane.isSilent) lane.swallowed += size;
    else this.#arrive(lane, () => this.#ends[otherSide(side)]?.received(piece));
    if (lane.isClogged && lane.octets < this.quality.bufferOctets / 2) {
      lane.isClogged = false;
      this.#ends[side]?.drained();
    }
    if (lane.octets > 0 || lane.isEnding) this.#pump(side);
  }

  #arrive(lane: Lane, happen: () => void): void {
    const { delayMs, jitterMs } = this.quality;
    const at = this.#clock.now + delayMs + jitterMs * this.#random.fraction();
    lane.arrivesAt = Math.max(lane.arrivesAt, at);
    this.#clock.at(lane.arrivesAt, () => {
      // What was under way when it went silent, or broke, is gone.
      if (!this.#isBroken && !lane.isSilent) happen();
    });
  }
}

function otherSide(side: WireSide): WireSide {
  return side === 0 ? 1 : 0;
}

/** Takes octets from the front of a lane, copied as they are now. */
function takeOctets(lane: Lane, size: number): Uint8Array {
  const piece = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const first = lane.queue[0] as Uint8Array; // `octets` says that there is one
    const taken = Math.min(first.length, size - filled);
    piece.set(first.subarray(0, taken), filled);
    filled += taken;
    if (taken === first.length) lane.queue.shift();
    else lane.queue[0] = first.subarray(taken);
  }
  lane.octets -= size;
  return piece;
}
