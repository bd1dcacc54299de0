/**
 * Messages that came and wait to be taken: put together of their segments, counted against what the peer
 * was granted, and given away in order, expedited ones first. docs/protocol.md, section 6.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import { MORE, messageKinds } from "./frames.ts";
import type { Keeper } from "./keeper.ts";
import type { LinkListener, LinkParts } from "./link-parts.ts";
import { Message, type PresentationContext } from "./message.ts";
import { MESSAGE_COST } from "./peer-limits.ts";
import { Segments } from "./segments.ts";
import type { Windows } from "./windows.ts";

/** What an inbox counts by, and whom it tells that messages wait, and that they are taken. */
export interface InboxParts extends Pick<LinkParts, "limits" | "windows"> {
  readonly keeper: Pick<Keeper, "took"> | undefined;
  readonly listener: Pick<LinkListener, "readable">;
}

export class Inbox {
  readonly #parts: InboxParts;
  readonly #contexts: readonly PresentationContext[];
  readonly #windows: Windows;
  readonly #keeper: Pick<Keeper, "took"> | undefined;
  readonly #messages: Fifo<Message> = new Fifo();
  readonly #expedited: Fifo<Message> = new Fifo();
  /** The message that is being put together. */
  #segments: Segments | undefined;
  /** Whether the listener knows that messages wait. */
  #isAnnounced = false;

  constructor(parts: InboxParts, contexts: readonly PresentationContext[]) {
    this.#parts = parts;
    this.#contexts = contexts;
    this.#windows = parts.windows;
    this.#keeper = parts.keeper;
  }

  /** Whether a message waits to be taken. */
  get isReadable(): boolean {
    return this.#messages.length + this.#expedited.length > 0;
  }

  /** How many messages wait. */
  get length(): number {
    return this.#messages.length + this.#expedited.length;
  }

  /** How many of them are not expedited. */
  get ordinaryLength(): number {
    return this.#messages.length;
  }

  /** Whether the last segment of a message is still to come. */
  get isIncomplete(): boolean {
    return this.#segments !== undefined;
  }

  /** The oldest message that waits, expedited ones first. */
  take(): Message | undefined {
    const expedited = this.#expedited.shift();
    if (expedited) {
      this.#windows.expedited.consumed += expedited.octets.length + MESSAGE_COST;
      if (this.#keeper !== undefined) this.#keeper.took(1);
      return expedited;
    }
    const message = this.#messages.shift();
    if (message) {
      if (this.#keeper !== undefined) this.#keeper.took(0);
      this.#windows.consume(message.octets.length + MESSAGE_COST);
    }
    return message;
  }

  /** Something comes: of what waits until now the listener knows. */
  expect(): void {
    this.#isAnnounced = this.isReadable;
  }

  /** Tells of the first messages that wait, before anything is told that came behind them. */
  announce(): void {
    if (this.#isAnnounced || !this.isReadable) return;
    this.#isAnnounced = true;
    this.#parts.listener.readable();
  }

  /**
   * Takes a frame that is a message, or a segment of one: its octets are a view of a chunk.
   *
   * @throws {ProtocolError} `unknownContext`, `creditExceeded`, and what `Segments.add` throws.
   */
  receive(type: number, octets: Uint8Array, start: number, end: number): void {
    const context = this.#contexts[type & 7];
    if (context === undefined) {
      throw new ProtocolError("unknownContext", "Tertulia 6.1", `context ${type & 7}`);
    }
    const size = end - start;
    const segments = this.#segments;
    const cost = segments === undefined ? size + MESSAGE_COST : size;
    this.#windows.receive(cost);
    const isAll = size === octets.length;
    const view = isAll ? octets : new Uint8Array(octets.buffer, octets.byteOffset + start, size);
    if (segments === undefined && (type & MORE) === 0) {
      // The two bits of a kind are an index into the four.
      const kind = messageKinds[(type >> 4) & 3] as Message["kind"];
      this.#messages.push(new Message(kind, context, view));
      return;
    }
    this.#receiveSegment(type, view, context, cost);
  }

  #receiveSegment(
    type: number,
    octets: Uint8Array,
    context: PresentationContext,
    cost: number,
  ): void {
    this.#segments ??= new Segments(type & ~MORE, this.#parts.limits.messageOctetsMax);
    this.#segments.add(type & ~MORE, octets);
    // A message may be longer than the window: while it is put together its segments count as read.
    this.#windows.consume(cost);
    if ((type & MORE) !== 0) return;
    const message = this.#segments.join();
    this.#segments = undefined;
    this.#windows.consume(-(message.length + MESSAGE_COST));
    const kind = messageKinds[(type >> 4) & 3] as Message["kind"]; // as above
    this.#messages.push(new Message(kind, context, message));
  }

  /**
   * Takes a message that overtakes the others. It is copied.
   *
   * @throws {ProtocolError} `badExpedited`, `messageTooLong`, `creditExceeded`.
   */
  receiveExpedited(type: number, body: Uint8Array): void {
    const context = this.#contexts[type & 7];
    if (context === undefined || (type & MORE) !== 0) {
      throw new ProtocolError("badExpedited", "Tertulia 6.3", "context unknown, or segmented");
    }
    if (body.length > this.#parts.limits.expeditedOctetsMax) {
      const limit = this.#parts.limits.expeditedOctetsMax;
      throw new ProtocolError("messageTooLong", "Tertulia 6.3", `${body.length}, limit ${limit}`);
    }
    this.#windows.expedited.receive(body.length + MESSAGE_COST);
    this.#expedited.push(new Message("expedited", context, body.slice()));
  }

  /** An SPDU came, which waits elsewhere. @throws {ProtocolError} `creditExceeded`. */
  receiveSpdu(octets: number, isExpedited: boolean): void {
    const cost = octets + MESSAGE_COST;
    if (isExpedited) this.#windows.expedited.receive(cost);
    else this.#windows.receive(cost);
  }

  /** The dialogue's transport took an SPDU of this many octets: as many may come. */
  readSpdu(octets: number, isExpedited: boolean): void {
    const cost = octets + MESSAGE_COST;
    if (isExpedited) this.#windows.expedited.consumed += cost;
    else this.#windows.consume(cost);
  }

  /** Copies messages, but for so many of the oldest, out of what they came in. */
  letGo(from: number): void {
    for (const message of this.#messages.from(from)) message.octets = message.octets.slice();
  }

  /** Drops messages that the application had before, by lane. */
  skip(count0: number, count1: number): void {
    for (let i = 0; i < count1; i++) {
      const octets = this.#expedited.shift()?.octets.length ?? 0;
      this.#windows.expedited.consumed += octets + MESSAGE_COST;
      this.#keeper?.took(1);
    }
    for (let i = 0; i < count0; i++) {
      const octets = this.#messages.shift()?.octets.length ?? 0;
      this.#windows.consume(octets + MESSAGE_COST);
      this.#keeper?.took(0);
    }
  }
}
