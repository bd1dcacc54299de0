/**
 * What every column of the bench has to do, each in the way its own documentation recommends.
 *
 * @module
 */

/** One end of a conversation: a session, a socket, a channel. */
export interface Connection {
  /** Has a handler called for each message. Called once, before anything arrives. */
  receive(handler: (octets: Uint8Array) => void): void;
  /** Sends a message. When it returns a promise, a polite sender waits for it. */
  send(octets: Uint8Array): void | Promise<void>;
  /** Leaves. */
  close(): void;
}

export interface Peer {
  /** Listens on loopback, hands over what comes, and returns the port. */
  listen(accept: (connection: Connection) => void): Promise<number>;
  connect(port: number): Promise<Connection>;
  /** What it does about broken links, if it survives them. */
  readonly survival?: Survival;
}

export interface Survival {
  /** Drops every link of this process, as a network would. */
  breakLinks(): void;
  /** Counts from now on which of our connections get another link. */
  watch(): void;
  /** How many did. */
  resumed(): number;
}
