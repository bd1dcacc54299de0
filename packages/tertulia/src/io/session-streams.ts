/**
 * The streams of a session: those that are open, and those of the peer's that nobody has taken yet.
 *
 * @module
 */

import type { SessionError } from "../pure/errors.ts";
import type { SessionEvent } from "../pure/native/session-output.ts";
import type { StreamState } from "../pure/native/stream.ts";
import { Queue } from "./queue.ts";
import type { SessionDriver } from "./session-driver.ts";
import { SessionStream } from "./stream.ts";

/** What the machine says of streams that are known already. */
export type StreamEvent = Extract<
  SessionEvent,
  { readonly type: "streamReadable" | "streamWritable" | "streamEnded" | "streamReset" }
>;

export class SessionStreams {
  readonly #driver: SessionDriver;
  readonly #countMax: number;
  readonly #open = new Map<number, SessionStream>();
  /** What the peer opened and nobody took. */
  readonly incoming: Queue<SessionStream> = new Queue<SessionStream>();

  /** @param countMax - Streams of the peer's that may wait to be taken; more are reset. */
  constructor(driver: SessionDriver, countMax: number) {
    this.#driver = driver;
    this.#countMax = countMax;
    if (driver.end) this.incoming.end();
  }

  /** One that we open. */
  add(state: StreamState): SessionStream {
    const stream = new SessionStream(this.#driver, state, () => this.#open.delete(state.id));
    this.#open.set(state.id, stream);
    this.#driver.markDirty();
    return stream;
  }

  /** One that the peer opens, or that was carried over. What it opens and resets unseen must not pile up. */
  opened(state: StreamState): void {
    const stream = this.add(state);
    if (this.incoming.length < this.#countMax || state.isCarried) this.incoming.push(stream);
    else stream.reset();
  }

  /** They are not carried over after all: whoever reads goes on. */
  goOn(): void {
    for (const stream of this.#open.values()) stream.onReadable();
  }

  happened(event: StreamEvent): void {
    const stream = this.#open.get(event.id);
    switch (event.type) {
      case "streamReadable":
        return stream?.onReadable();
      case "streamWritable":
        return stream?.onWritable();
      case "streamEnded":
        return stream?.onEnded();
      case "streamReset":
        return stream?.onReset(event.code, event.takenOctets);
    }
  }

  /** The session is over. */
  ended(reason: SessionError): void {
    for (const stream of this.#open.values()) stream.onSessionEnded(reason);
    this.#open.clear();
    this.incoming.end();
  }
}
