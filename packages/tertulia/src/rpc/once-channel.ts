/**
 * What exactly-once needs of a durable session: octets in order, each message once, until it ends.
 *
 * @module
 */

import type { Session } from "../io/session.ts";

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

/** A Tertulia session as a channel. The session has to have agreed on the context `octets`. */
export function sessionChannel(session: Session): OnceChannel {
  const { method, name } = session.identity;
  return {
    identity: `${method}:${name}`,
    send: (octets) => session.send(octets, { context: "octets" }),
    consume: (handler) =>
      session.consume((message) => {
        if (message.value instanceof Uint8Array) return handler(message.value);
      }),
    close: () => session.abort("the RPC channel was closed"),
  };
}
