/**
 * What exactly-once needs of a durable session: octets in order, each message once, until it ends.
 *
 * @module
 */

import type { BusyPoll } from "../io/busy-poll.ts";
import type { Session } from "../io/session.ts";
import { ProtocolError } from "../pure/errors.ts";
import { Fifo } from "../pure/fifo.ts";
import { unwrittenOctets } from "../pure/octets.ts";
import type { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";

/** What exactly-once needs of a durable session: {@link sessionChannel} makes one of ours. */
export interface OnceChannel {
  /** Who the peer is, as the session authenticated him. Part of what a client is known by. */
  readonly identity: string;
  /** The longest message that the peer takes. */
  readonly messageOctetsMax: number;
  /** Takes a message. It is kept: nobody writes into it again. Settled while there is credit. */
  send(octets: Uint8Array): Promise<void>;
  /** Gives each message of the peer to `handler`; resolves or rejects when the channel has ended. */
  consume(handler: (octets: Uint8Array) => void | Promise<void>): Promise<void>;
  /** Ends it. */
  close(): void;
}

/** All of a turn is in one message already. */
const GATHERED = Object.freeze({ context: "octets", isGathered: true });

/** A Tertulia session as a channel. The session has to have agreed on the context `octets`. */
export function sessionChannel(session: Session): OnceChannel {
  const { method, name } = session.identity;
  return {
    identity: `${method}:${name}`,
    messageOctetsMax: session.agreement.peer.messageOctetsMax,
    send: (octets) => session.send(octets, GATHERED),
    consume: (handler) =>
      session.consume((message) => {
        if (message.value instanceof Uint8Array) return handler(message.value);
      }),
    close: () => session.abort("the RPC channel was closed"),
  };
}

/** A message goes out when it holds this much, even before the turn ends: the peer has something to do then. */
const MESSAGE_OCTETS = 16 * 1024;
/** Frames are written into slabs: the first is small, for there may be thousands of clients. */
const SLAB_OCTETS_MIN = 4 * 1024;
const SLAB_OCTETS_MAX = 64 * 1024;

/**
 * Frames on their way out: all of a turn of the event loop in one message of the channel, each behind
 * its length, so that what a message costs is shared by them. A message is given to the channel when it
 * has taken the one before; until then messages wait here, and whoever reads should not make more.
 */
export class OnceFrames {
  readonly writer: XdrWriter = new XdrWriter(new Uint8Array(SLAB_OCTETS_MIN));
  readonly #send: (octets: Uint8Array) => Promise<void>;
  readonly #failed: (error: unknown) => void;
  readonly #flushNow = (): void => {
    this.#isDue = false;
    this.flush();
  };
  readonly #queue = new Fifo<Uint8Array>();
  readonly #poll: BusyPoll | undefined;
  #mark = 0;
  /** Frames that have not gone out. */
  #frames = 0;
  #isDue = false;
  #isSending = false;
  /** What the channel of now calls back: what was given to one that is gone says nothing about it. */
  #sent: () => void = () => {};
  #refused: (error: unknown) => void = () => {};
  #drained: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  /** Whether frames are held back until {@link flush}: while a message is being read. */
  isHeld = false;
  messageOctetsMax: number = Number.POSITIVE_INFINITY;

  /**
   * @param failed - Told when the channel did not take a message: what was in it is on no way.
   * @param poll - What the owner stays awake by. What comes in he tells it himself.
   */
  constructor(
    send: (octets: Uint8Array) => Promise<void>,
    failed: (error: unknown) => void,
    poll?: BusyPoll,
  ) {
    this.#send = send;
    this.#failed = failed;
    this.#poll = poll;
    this.#begin();
  }

  begin(): XdrWriter {
    const { writer } = this;
    this.#mark = writer.reserve(4) - writer.start;
    return writer;
  }

  /** Where the frame that was begun begins in the writer's octets. */
  get start(): number {
    return this.writer.start + this.#mark + 4;
  }

  /** Whether the channel takes a message with just the frame that was begun. */
  get fits(): boolean {
    return this.writer.at - this.writer.start - this.#mark <= this.messageOctetsMax;
  }

  /** Ends the frame that was begun; returns where it began in the writer's octets. */
  end(): number {
    const { writer } = this;
    const { start } = this;
    writer.view.setUint32(start - 4, writer.at - start);
    this.#frames += 1;
    if (writer.at - writer.start >= MESSAGE_OCTETS) this.flush();
    else if (!this.isHeld && !this.#isDue) {
      this.#isDue = true;
      process.nextTick(this.#flushNow);
    }
    return start;
  }

  /** Takes the frame back that was begun. */
  cancel(): void {
    this.writer.rewind(this.writer.start + this.#mark);
  }

  /** Sends a frame that was made before. */
  send(octets: Uint8Array, start = 0, end: number = octets.length): void {
    this.begin().raw(octets.subarray(start, end));
    this.end();
  }

  /** Forgets what has not gone out: the next message is another channel's. */
  discard(): void {
    this.writer.rewind(this.writer.start);
    this.#frames = 0;
    this.#queue.clear();
    this.#begin();
    this.#release();
  }

  flush(): void {
    const { writer } = this;
    const size = writer.at - writer.start;
    if (size === 0) return;
    const octets = writer.takeWritten();
    if (size <= this.messageOctetsMax || this.#mark === 0) this.#give(octets);
    else {
      // The last frame is what made it too long.
      this.#give(octets.subarray(0, this.#mark));
      this.#give(octets.subarray(this.#mark));
    }
    if (this.#frames === 1) this.#poll?.sent(this);
    this.#frames = 0;
    this.#renew();
  }

  /** Resolves when no message waits for the channel; `undefined` when none does. */
  get drained(): Promise<void> | undefined {
    if (this.#queue.length === 0) return undefined;
    this.#drained ??= Promise.withResolvers<void>();
    return this.#drained.promise;
  }

  #give(octets: Uint8Array): void {
    if (this.#isSending) {
      this.#queue.push(octets);
      return;
    }
    this.#isSending = true;
    this.#send(octets).then(this.#sent, this.#refused);
  }

  /**
   * Goes on in another slab where little is left of this one, so that a message that does not fit is not
   * moved, or where a long frame made it large. What was written stays where it is: calls and replies are
   * kept as views of it.
   */
  #renew(): void {
    const { octets, at } = this.writer;
    if (octets.length - at >= octets.length >> 2 && octets.length <= SLAB_OCTETS_MAX) return;
    this.writer.restart(unwrittenOctets(Math.min(octets.length * 2, SLAB_OCTETS_MAX)));
  }

  /** Another channel from here on. */
  #begin(): void {
    const sent = (): void => {
      if (this.#sent !== sent) return;
      this.#isSending = false;
      const next = this.#queue.shift();
      if (next !== undefined) this.#give(next);
      if (this.#queue.length === 0) this.#release();
    };
    const refused = (error: unknown): void => {
      if (this.#refused === refused) this.#failed(error);
    };
    this.#isSending = false;
    this.#sent = sent;
    this.#refused = refused;
  }

  /** Whoever waits for the queue waits no more. */
  #release(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}

/** Puts a reader over each frame of a message in turn. */
export function eachFrame(octets: Uint8Array, reader: XdrReader, take: () => void): void {
  const { buffer, byteOffset, length } = octets;
  // Over all of the memory that a message is in: the next one is often there as well.
  const isKnown = reader.view.buffer === buffer && reader.view.byteLength === buffer.byteLength;
  const all = isKnown ? reader.octets : new Uint8Array(buffer);
  const view = isKnown ? reader.view : new DataView(buffer);
  const over = byteOffset + length;
  for (let at = byteOffset; at < over; ) {
    const end = at + 4 <= over ? at + 4 + view.getUint32(at) : Number.POSITIVE_INFINITY;
    if (end > over) {
      throw new ProtocolError("truncatedFrame", "docs/design/exactly-once.md");
    }
    reader.reset(all, view, at + 4, end);
    take();
    at = end;
  }
}
