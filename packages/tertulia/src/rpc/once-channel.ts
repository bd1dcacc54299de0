/**
 * What exactly-once needs of a durable session: octets in order, each message once, until it ends.
 *
 * @module
 */

import type { Session } from "../io/session.ts";
import { ProtocolError } from "../pure/errors.ts";
import type { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";

export interface OnceChannel {
  /** Who the peer is, as the session authenticated him. Part of what a client is known by. */
  readonly identity: string;
  /** Takes a message. It is kept: nobody writes into it again. Settled while there is credit. */
  send(octets: Uint8Array): Promise<void>;
  /** Gives each message of the peer to `handler`; resolves or rejects when the channel has ended. */
  consume(handler: (octets: Uint8Array) => void | Promise<void>): Promise<void>;
  /** Ends it. */
  close(): void;
}

/** All of a turn is in one message already. */
const GATHERED = { context: "octets", isGathered: true } as const;

/** A Tertulia session as a channel. The session has to have agreed on the context `octets`. */
export function sessionChannel(session: Session): OnceChannel {
  const { method, name } = session.identity;
  return {
    identity: `${method}:${name}`,
    send: (octets) => session.send(octets, GATHERED),
    consume: (handler) =>
      session.consume((message) => {
        if (message.value instanceof Uint8Array) return handler(message.value);
      }),
    close: () => session.abort("the RPC channel was closed"),
  };
}

/** A message goes out when it holds this much, even before the turn ends. */
const MESSAGE_OCTETS = 64 * 1024;

/**
 * Frames on their way out: all of a turn of the event loop in one message of the channel, each behind
 * its length, so that what a message costs is shared by them.
 */
export class OnceFrames {
  readonly writer: XdrWriter = new XdrWriter(new Uint8Array(MESSAGE_OCTETS));
  readonly #send: (octets: Uint8Array) => void;
  readonly #flushNow = (): void => {
    this.#isDue = false;
    this.flush();
  };
  #mark = 0;
  #isDue = false;
  /** Whether frames are held back until {@link flush}: while a message is being read. */
  isHeld = false;

  constructor(send: (octets: Uint8Array) => void) {
    this.#send = send;
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

  /** Ends the frame that was begun; returns where it began in the writer's octets. */
  end(): number {
    const { writer } = this;
    const { start } = this;
    writer.view.setUint32(start - 4, writer.at - start);
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

  /** Forgets what has not gone out. */
  discard(): void {
    this.writer.rewind(this.writer.start);
  }

  flush(): void {
    if (this.writer.at > this.writer.start) this.#send(this.writer.takeWritten());
  }
}

/** Puts a reader over each frame of a message in turn. */
export function eachFrame(octets: Uint8Array, reader: XdrReader, take: () => void): void {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  for (let at = 0; at < octets.length; ) {
    const end = at + 4 <= octets.length ? at + 4 + view.getUint32(at) : Number.POSITIVE_INFINITY;
    if (end > octets.length) {
      throw new ProtocolError("truncatedFrame", "docs/design/exactly-once.md");
    }
    reader.reset(octets, view, at + 4, end);
    take();
    at = end;
  }
}
