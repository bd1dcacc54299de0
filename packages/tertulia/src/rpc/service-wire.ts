/**
 * What client and server of a service say to each other, as values of a session's context.
 *
 * @module
 */

import type { Message } from "../pure/native/message.ts";

/** The part of a `Session` that services need; the context that they speak is `json` or `cbor`. */
export interface ServiceSession {
  send(value: unknown, options?: { readonly context?: string }): Promise<void>;
  /** As {@link Session.consume}. */
  consume(handler: (message: Message) => void | Promise<void>): Promise<void>;
}

/**
 * What goes over the session. A stream's results are `next`, with credit from the caller, so that a slow
 * reader holds the producer, not the memory.
 */
export type Wire =
  | { readonly t: "call"; readonly id: number; readonly m: string; readonly a?: unknown }
  | { readonly t: "more"; readonly id: number; readonly n: number }
  | { readonly t: "cancel"; readonly id: number }
  | { readonly t: "result"; readonly id: number; readonly v?: unknown }
  | { readonly t: "next"; readonly id: number; readonly v?: unknown }
  | { readonly t: "end"; readonly id: number }
  | { readonly t: "error"; readonly id: number; readonly r: string; readonly d: string };

/** Results of a stream that may be under way. */
export const STREAM_CREDIT = 64;

/** What a peer sent, if it has the form; what has not is ignored: the session is for services alone. */
export function wireOf(value: unknown): Wire | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { t, id, m, n, r, d } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(id)) return undefined;
  const isWhole =
    t === "call"
      ? typeof m === "string"
      : t === "more"
        ? Number.isSafeInteger(n)
        : t === "error"
          ? typeof r === "string" && typeof d === "string"
          : t === "cancel" || t === "result" || t === "next" || t === "end";
  // Every field that the type has was looked at, for the type that `t` says.
  return isWhole ? (value as Wire) : undefined;
}

/** Answers that may wait before the peer is not read from any more. */
const BEHIND = 1024;

/**
 * Sends in order, each when the session has taken the one before: a session refuses what is sent in
 * spite of too much that waits, and what was refused is nowhere.
 */
export class ServiceSender {
  readonly #session: ServiceSession;
  readonly #context: string;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  readonly #settled = (): void => {
    this.#waiting -= 1;
  };

  constructor(session: ServiceSession, context: string) {
    this.#session = session;
    this.#context = context;
  }

  /** Rejects when the value cannot be sent, or the session has ended. */
  send(wire: Wire): Promise<void> {
    const sent = this.#waiting === 0 ? this.#give(wire) : this.#last.then(() => this.#give(wire));
    this.#waiting += 1;
    this.#last = sent.then(this.#settled, this.#settled);
    return sent;
  }

  /** What to wait for before more is read that is to be answered; `undefined` when little waits. */
  get behind(): Promise<void> | undefined {
    return this.#waiting > BEHIND ? this.#last : undefined;
  }

  #give(wire: Wire): Promise<void> {
    return this.#session.send(wire, { context: this.#context });
  }
}
