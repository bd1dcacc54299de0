/**
 * What the bench asks of its two processes, and what they answer.
 *
 * @module
 */

/** Columns, by the name that the table prints. */
export type Column =
  | "tertulia"
  | "tertulia-for-await"
  | "tertulia-tls"
  | "net"
  | "slab"
  | "ws"
  | "socket.io"
  | "dev-tunnels-ssh"
  | "tls"
  | "slab-tls"
  | "wss";

export type Command =
  /** Listens; answers with the port. */
  | { readonly type: "listen" }
  /** Connects so many times; answers with the seconds it took. */
  | { readonly type: "connect"; readonly port: number; readonly count: number }
  /** Sends messages on the first connection for a time; answers with how many arrived a second. */
  | { readonly type: "send"; readonly octets: number; readonly ms: number }
  /** Sends one and waits for its echo, for a time; answers with the microseconds that one takes. */
  | { readonly type: "echo"; readonly octets: number; readonly ms: number }
  /** Connects for a time, some at once; answers with connections a second. */
  | { readonly type: "establish"; readonly port: number; readonly ms: number }
  /** Closes all connections; answers when they are gone. */
  | { readonly type: "close" }
  /** Collects garbage; answers with the octets in use. */
  | { readonly type: "memory" }
  /** Answers with how many messages arrived. */
  | { readonly type: "received" }
  /** Drops every link. */
  | { readonly type: "break" }
  /** Counts from now on which connections get another link. */
  | { readonly type: "watch" }
  /** Waits until so many have. */
  | { readonly type: "resumed"; readonly count: number };
