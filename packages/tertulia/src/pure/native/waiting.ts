/**
 * Messages and SPDUs that wait for credit, or for room in the journal, in the order in which they were
 * sent. Made when the first has to.
 *
 * @module
 */

import { SessionError } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import { DIALOGUE, DIALOGUE_EXPEDITED, MORE } from "./frames.ts";
import type { KeptState } from "./kept-state.ts";
import type { LinkParts } from "./link-parts.ts";
import { MESSAGE_COST } from "./peer-limits.ts";

interface WaitingMessage {
  readonly type: number;
  readonly octets: Uint8Array;
  /** Octets that are already in the journal. */
  offset: number;
  readonly ticket: number;
}

export class Waiting {
  /** Octets that wait, each message with its cost. */
  octets = 0;
  readonly #parts: LinkParts;
  readonly #queue: Fifo<WaitingMessage> = new Fifo();
  readonly #expedited: Fifo<WaitingMessage> = new Fifo();
  #ticket = 0;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** How many messages wait. */
  get length(): number {
    return this.#queue.length + this.#expedited.length;
  }

  get hasExpedited(): boolean {
    return this.#expedited.length > 0;
  }

  /**
   * Has a message wait, unless it can go now.
   *
   * @returns Its ticket; 0 when nothing of it waits.
   * @throws {SessionError} `ERR_LIMIT` when too much waits already.
   */
  push(type: number, octets: Uint8Array, isExpedited: boolean): number {
    const size = this.octets + octets.length + MESSAGE_COST;
    // One message may wait however long it is: the peer takes it, and its sender has been told nothing.
    const isSpdu = type === DIALOGUE || type === DIALOGUE_EXPEDITED;
    const limit = this.#parts.limits.waitingOctetsMax;
    if (!isSpdu && size > limit && this.octets > 0) {
      throw new SessionError("ERR_LIMIT", `${limit} octets wait already: await send()`);
    }
    const queue = isExpedited ? this.#expedited : this.#queue;
    this.#add(queue, { type, octets, offset: 0 });
    const ticket = this.#ticket;
    this.pump();
    return queue.length === 0 ? 0 : ticket;
  }

  /** Moves what waits into the journal, as far as credit and room go. */
  pump(): void {
    this.#pumpExpedited();
    this.#pumpMessages();
  }

  #pumpExpedited(): void {
    const { windows, keeper, lane1 } = this.#parts;
    for (;;) {
      const message = this.#expedited.peek();
      if (message === undefined) return;
      const cost = message.octets.length + MESSAGE_COST;
      if (windows.expedited.room < cost) return;
      windows.expedited.sent += cost;
      const isSpdu = message.type === DIALOGUE_EXPEDITED;
      if (!isSpdu && keeper !== undefined) keeper.messages1 += 1;
      lane1.append(message.type, message.octets);
      this.#expedited.shift();
      this.#accept(message);
    }
  }

  #pumpMessages(): void {
    const { windows, keeper, lane0, limits, segmentOctets } = this.#parts;
    for (;;) {
      const message = this.#queue.peek();
      if (message === undefined) return;
      const { octets, offset, type } = message;
      // An expedited message never comes after one that was sent later: what is later waits with it.
      const expedited = this.#expedited.peek();
      if (expedited && expedited.ticket < message.ticket) return;
      const overhead = offset === 0 ? MESSAGE_COST : 0;
      const room = windows.room - overhead;
      const left = octets.length - offset;
      const size = Math.min(left, segmentOctets);
      // A shorter segment could go now: it would cost both sides more than the wait.
      if (room < size || lane0.size >= limits.journalOctetsMax) return;
      const isSpdu = type === DIALOGUE;
      if (offset === 0 && !isSpdu && keeper !== undefined) keeper.messages0 += 1;
      windows.send(size + overhead);
      const isLast = size === left;
      lane0.append(isLast ? type : type | MORE, octets.subarray(offset, offset + size));
      message.offset += size;
      if (!isLast) continue;
      this.#queue.shift();
      this.#accept(message);
    }
  }

  #accept({ octets, ticket }: WaitingMessage): void {
    this.octets -= octets.length + MESSAGE_COST;
    this.#parts.listener.accepted(ticket);
  }

  #add(queue: Fifo<WaitingMessage>, message: Omit<WaitingMessage, "ticket">): void {
    this.octets += message.octets.length + MESSAGE_COST;
    this.#ticket += 1;
    queue.push({ ...message, ticket: this.#ticket });
  }

  // What is kept of it.

  /** The message of which a part is in the journal. */
  get begun(): Readonly<WaitingMessage> | undefined {
    const first = this.#queue.peek();
    return first && first.offset > 0 ? first : undefined;
  }

  /** SPDUs that no journal has yet, by lane. */
  get spdus(): KeptState["dialogue"]["waiting"] {
    return [spdusIn(this.#queue), spdusIn(this.#expedited)];
  }

  /** Goes on with a message of which a part was sent; returns its ticket. */
  restoreBegun(type: number, octets: Uint8Array, offset: number): number {
    this.#add(this.#queue, { type, octets, offset });
    return this.#ticket;
  }

  restoreSpdus([spdus, expedited]: KeptState["dialogue"]["waiting"]): void {
    // What is expedited was never to come after what is not.
    for (const octets of expedited) {
      this.#add(this.#expedited, { type: DIALOGUE_EXPEDITED, octets, offset: 0 });
    }
    for (const octets of spdus) this.#add(this.#queue, { type: DIALOGUE, octets, offset: 0 });
  }
}

function spdusIn(queue: Fifo<WaitingMessage>): Uint8Array[] {
  const isSpdu = ({ type }: WaitingMessage) => type === DIALOGUE || type === DIALOGUE_EXPEDITED;
  return queue.length === 0 ? [] : [...queue.from(0)].filter(isSpdu).map(({ octets }) => octets);
}
