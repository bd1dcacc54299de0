/**
 * What a link has to have kept beyond its process, in `disk` and `replicated` durability: what is sent, and
 * what came before it is acknowledged or handed over.
 *
 * What arrives waits, as whole frames, until its sender's store and ours have it; only then does the link
 * look into it. So nothing that a crash could take back has had an effect. docs/design/durability.md.
 *
 * @module
 */

import { Fifo } from "../fifo.ts";
import { FrameReader } from "./frame-reader.ts";
import { EVERYTHING, Held } from "./held.ts";
import type { Cursor, KeptState } from "./kept-state.ts";
import { Overlap } from "./overlap.ts";

/** A message, or an SPDU, that is handed over and not settled. */
interface Unsettled {
  /** Position behind it, on its lane. */
  readonly end: number;
  /** Position in `received` of its first frame. */
  readonly start: number;
}

/** How late what may wait is kept: a cursor that moved, journals that shrank. */
const SETTLE_MS = 50;

export class Keeper {
  /** What has arrived and was not looked into. */
  readonly held: Held;
  /** Present when frames are transmitted before they are stored. */
  readonly overlap: Overlap | undefined;
  /** What comes came before: what was granted for it is not known any more. */
  isRestoring = false;
  /** When what may wait is to be kept; 0 for not at all. */
  settleAt = 0;

  /** Reads what was stored, as the link's own reader reads what comes. */
  readonly reader: FrameReader;

  // For the link: how far the lanes were told to the store, and to where it was told to forget.
  told0 = 0;
  told1 = 0;
  forgotten0 = 0;
  forgotten1 = 0;
  forgottenReceived = 0;
  /** Messages that went into the lanes, whole or in part. */
  messages0 = 0;
  messages1 = 0;
  /** The message in `sending`, by its ticket, and where that journal ends. */
  sendingTicket = 0;
  sendingEnd = 0;

  /** Where `received` was looked into, and where the message being put together began. */
  #seen = 0;
  #segmentStart = -1;

  readonly #unsettled0: Fifo<Unsettled> = new Fifo();
  readonly #unsettled1: Fifo<Unsettled> = new Fifo();
  /** SPDUs that have had no effect on what is kept of the dialogue, by lane. */
  readonly #spdus: readonly [Fifo<Unsettled>, Fifo<Unsettled>] = [new Fifo(), new Fifo()];
  readonly #dialogueCursor: [number, number] = [0, 0];
  #taken0 = 0;
  #taken1 = 0;
  #cursor0 = 0;
  #cursor1 = 0;

  /** @param heldOctetsMax - How much may wait for the store: beyond it the peer has no credit. */
  constructor(heldOctetsMax: number, frameOctetsMax: number, isOverlapping = false) {
    this.held = new Held(heldOctetsMax);
    this.reader = new FrameReader(frameOctetsMax);
    this.overlap = isOverlapping ? new Overlap() : undefined;
  }

  /** What came up to here may be looked into, as far as its sender's store goes. */
  get peerStored(): Cursor {
    return this.overlap?.peerStored ?? EVERYTHING;
  }

  // What the application does with it.

  /** A frame of this many octets was looked into, and led to what `unread` counts. */
  saw(octets: number, end: number, lane: 0 | 1, isMessage: boolean, isPartial: boolean): void {
    const start = this.#seen;
    this.#seen += octets;
    if (isPartial && this.#segmentStart < 0) this.#segmentStart = start;
    if (!isMessage) return;
    if (lane === 1) {
      this.#unsettled1.push({ end, start });
      return;
    }
    this.#unsettled0.push({ end, start: this.#segmentStart < 0 ? start : this.#segmentStart });
    this.#segmentStart = -1;
  }

  /** Whether an SPDU that ends here has had its effect on what was kept of the dialogue. */
  isSpduDone(lane: 0 | 1, end: number): boolean {
    return end <= this.#dialogueCursor[lane];
  }

  /** The frame that was just looked into, which ends here, is an SPDU. */
  sawSpdu(lane: 0 | 1, end: number, octets: number): void {
    this.#spdus[lane].push({ end, start: this.#seen - octets });
  }

  /** The oldest SPDU has had its effect. */
  tookSpdu(lane: 0 | 1, now: number): void {
    const spdu = this.#spdus[lane].shift();
    if (spdu === undefined) return;
    this.#dialogueCursor[lane] = spdu.end;
    this.settleLater(now);
  }

  get dialogueCursor(): Cursor {
    return [this.#dialogueCursor[0], this.#dialogueCursor[1]];
  }

  /** The application took a message. */
  took(lane: 0 | 1): void {
    if (lane === 0) this.#taken0 += 1;
    else this.#taken1 += 1;
  }

  /** Everything that the application took is settled. */
  settle(now: number): void {
    if (this.#taken0 + this.#taken1 === 0) return;
    for (; this.#taken0 > 0; this.#taken0--) {
      this.#cursor0 = this.#unsettled0.shift()?.end ?? this.#cursor0;
    }
    for (; this.#taken1 > 0; this.#taken1--) {
      this.#cursor1 = this.#unsettled1.shift()?.end ?? this.#cursor1;
    }
    this.settleLater(now);
  }

  /** Has what may wait kept before long. */
  settleLater(now: number): void {
    if (this.settleAt === 0) this.settleAt = now + SETTLE_MS;
  }

  /** Where the application will be when it has settled what it took. */
  get taken(): Cursor {
    return [
      lastEnd(this.#unsettled0, this.#taken0, this.#cursor0),
      lastEnd(this.#unsettled1, this.#taken1, this.#cursor1),
    ];
  }

  get cursor(): Cursor {
    return [this.#cursor0, this.#cursor1];
  }

  /** Whether the application is done with everything that came. */
  get isSettled(): boolean {
    return this.#unsettled0.length + this.#unsettled1.length === 0;
  }

  /** Nothing in `received` before this is needed again. */
  get receivedStart(): number {
    const { start: start0 = this.#seen } = this.#unsettled0.peek() ?? {};
    const { start: start1 = this.#seen } = this.#unsettled1.peek() ?? {};
    const segments = this.#segmentStart < 0 ? this.#seen : this.#segmentStart;
    const [spdu0, spdu1] = this.#spdus.map((spdus) => spdus.peek()?.start ?? this.#seen);
    return Math.min(start0, start1, segments, spdu0 ?? 0, spdu1 ?? 0);
  }

  // Beginning again.

  /** What is in `received` from here on is about to be read again. */
  restore(receivedStart: number, { dialogue }: KeptState): void {
    this.#seen = receivedStart;
    [this.#dialogueCursor[0], this.#dialogueCursor[1]] = dialogue.cursor;
  }

  /** What had its effects before is read; the rest of `received` still is to have them. */
  restored({ cursor, received, receivedEnd }: KeptState, rest: Uint8Array): void {
    [this.#cursor0, this.#cursor1] = cursor;
    this.held.restore(rest, receivedEnd, received);
  }

  /** Messages up to a cursor, of those that wait, are the application's already: how many of each lane. */
  countSettled([cursor0, cursor1]: Cursor): readonly [number, number] {
    const count = (unsettled: Fifo<Unsettled>, cursor: number) => {
      let settled = 0;
      for (const { end } of unsettled.from(0)) if (end <= cursor) settled += 1;
      return settled;
    };
    return [count(this.#unsettled0, cursor0), count(this.#unsettled1, cursor1)];
  }
}

function lastEnd(unsettled: Fifo<Unsettled>, taken: number, cursor: number): number {
  if (taken === 0) return cursor;
  for (const { end } of unsettled.from(taken - 1)) return end;
  return cursor;
}
