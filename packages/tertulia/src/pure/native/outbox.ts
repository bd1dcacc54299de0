/**
 * Messages and SPDUs that are sent: into the journal at once, or, without credit or room, behind those that
 * wait for it. docs/protocol.md, sections 5.3 and 6.
 *
 * @module
 */

import { DIALOGUE, DIALOGUE_EXPEDITED } from "./frames.ts";
import type { LinkParts } from "./link-parts.ts";
import { MESSAGE_COST, tooLong } from "./peer-limits.ts";
import { Waiting } from "./waiting.ts";

export class Outbox {
  readonly #parts: LinkParts;
  /** Made when first needed: while there is credit nothing waits. */
  #waiting: Waiting | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** Octets that wait for credit, or for room in the journal. */
  get waitingOctets(): number {
    return this.#waiting?.octets ?? 0;
  }

  /** What waits, if anything ever did. */
  get waiting(): Waiting | undefined {
    return this.#waiting;
  }

  /** The same, to have something wait. */
  get theWaiting(): Waiting {
    this.#waiting ??= new Waiting(this.#parts);
    return this.#waiting;
  }

  /**
   * Sends a message, of which `type` is the frame type without `MORE`.
   *
   * @returns 0 when it is in the journal; else a ticket, which `accepted` will name.
   * @throws {SessionError} `ERR_LIMIT` when it is longer than the peer takes, or when too much waits.
   */
  send(type: number, octets: Uint8Array): number {
    const { peer, keeper, lane0, limits, segmentOctets, windows } = this.#parts;
    const size = octets.length;
    const cost = size + MESSAGE_COST;
    if (
      this.waitingOctets === 0 &&
      size <= segmentOctets &&
      windows.hasRoom(cost) &&
      lane0.size < limits.journalOctetsMax &&
      size <= peer.messageOctetsMax
    ) {
      windows.send(cost);
      lane0.append(type, octets);
      if (keeper !== undefined) keeper.messages0 += 1;
      return 0;
    }
    if (size > peer.messageOctetsMax) tooLong("a message", size, peer.messageOctetsMax);
    return this.theWaiting.push(type, octets, false);
  }

  /** Whether {@link send} would have all of a message journaled at once, or, of a long one, a part. */
  takesAtOnce(size: number): boolean {
    const { lane0, limits, segmentOctets, windows } = this.#parts;
    return (
      this.waitingOctets === 0 &&
      windows.hasRoom(Math.min(size, segmentOctets) + MESSAGE_COST) &&
      lane0.size < limits.journalOctetsMax
    );
  }

  /** As {@link send}, past everything that the transport has not been given yet. */
  sendExpedited(type: number, octets: Uint8Array): number {
    const { peer, keeper, lane1, windows } = this.#parts;
    const { expedited } = windows;
    const { expeditedOctetsMax } = peer;
    if (octets.length > expeditedOctetsMax) {
      tooLong("an expedited message", octets.length, expeditedOctetsMax);
    }
    const cost = octets.length + MESSAGE_COST;
    if (!this.#waiting?.hasExpedited && cost <= expedited.room) {
      expedited.sent += cost;
      lane1.append(type, octets);
      if (keeper !== undefined) keeper.messages1 += 1;
      return 0;
    }
    return this.theWaiting.push(type, octets, true);
  }

  /** Octets that {@link sendDialogue} takes: a frame of the peer's, and half of its window. */
  get spduOctetsMax(): number {
    return this.#parts.segmentOctets;
  }

  /**
   * Carries octets of the dialogue machine, in order; credit counts them as it counts messages. How much
   * may wait is its transport's to decide: it looks at {@link waitingOctets} before the dialogue changes.
   *
   * @throws {SessionError} `ERR_LIMIT` when they are longer than {@link spduOctetsMax}.
   */
  sendDialogue(octets: Uint8Array, isExpedited: boolean): void {
    const { lane0, lane1, limits, windows } = this.#parts;
    const limit = this.spduOctetsMax;
    if (octets.length > limit) tooLong("an SPDU", octets.length, limit);
    const cost = octets.length + MESSAGE_COST;
    if (isExpedited) {
      if (this.#waiting?.hasExpedited || windows.expedited.room < cost) {
        this.theWaiting.push(DIALOGUE_EXPEDITED, octets, true);
        return;
      }
      windows.expedited.sent += cost;
      lane1.append(DIALOGUE_EXPEDITED, octets);
      return;
    }
    const isFull = lane0.size >= limits.journalOctetsMax;
    if (this.waitingOctets > 0 || !windows.hasRoom(cost) || isFull) {
      this.theWaiting.push(DIALOGUE, octets, false);
      return;
    }
    windows.send(cost);
    lane0.append(DIALOGUE, octets);
  }

  /** Moves what waits into the journal, as far as credit and room go. */
  pump(): void {
    this.#waiting?.pump();
  }
}
