/**
 * Opening transports from Node: TCP, TLS, Unix sockets, WebSockets.
 *
 * @module
 */

import { connect as connectSocket, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { SessionError } from "../pure/errors.ts";
import { type Address, parseAddress } from "./address.ts";
import { addressOptions, addressReason } from "./addresses.ts";
import { DuplexTransport, peerOf } from "./duplex-transport.ts";
import { tlsReason } from "./tls-reason.ts";
import type { Dial, Transport, TransportPeer } from "./transport.ts";
import { WEBSOCKET_PROTOCOL, type WebSocketLike, whenOpen } from "./websocket-transport.ts";

/** The application protocol both sides name in TLS (RFC 7301). */
export const ALPN = "tertulia/1";

/** What a dial may be told besides the address: for TLS, the options of `node:tls`. */
export interface DialOptions {
  /**
   * Options of `node:tls` for `tls://` and `wss://` addresses. Default: authorities of the system,
   * TLS 1.3.
   */
  readonly tls?: ConnectionOptions;
}

/** How to open a transport to an address. */
export function dialerOf(address: Address | string, { tls }: DialOptions = {}): Dial {
  const to = typeof address === "string" ? parseAddress(address) : address;
  switch (to.type) {
    case "tcp":
      return (signal) => {
        const socket = connectSocket({ host: to.host, port: to.port, ...addressOptions });
        return open("tcp", socket, "connect", signal);
      };
    case "unix":
      return (signal) => open("unix", connectSocket(to.path), "connect", signal);
    case "tls": {
      const servername = isName(to.host) ? to.host : "";
      const options = { ...addressOptions, servername, ...tls, ...to };
      return (signal) => {
        const socket = connectTls({ ALPNProtocols: [ALPN], minVersion: "TLSv1.3", ...options });
        return open("tls", socket, "secureConnect", signal);
      };
    }
    case "websocket":
      return async (signal) => {
        // With what it loads it is as large as all of the rest, and few need it.
        const { WebSocket } = await import("ws");
        signal.throwIfAborted();
        const socket = new WebSocket(to.url, WEBSOCKET_PROTOCOL, {
          perMessageDeflate: false,
          // It takes the options of node:net and node:tls.
          ...(addressOptions as object),
          ...(tls as object),
        });
        let peer: TransportPeer = { address: to.url };
        socket.on("upgrade", (response) => (peer = peerOf(response.socket)));
        const isSecure = to.url.startsWith("wss:");
        // `ws` has more than we need of it.
        return whenOpen(socket as WebSocketLike, () => peer, isSecure, signal);
      };
  }
}

function isName(host: string): boolean {
  return !/^[\d.]+$|:/.test(host);
}

function open(
  kind: string,
  socket: Socket | TLSSocket,
  event: "connect" | "secureConnect",
  signal: AbortSignal,
): Promise<Transport> {
  const { promise, resolve, reject } = Promise.withResolvers<Transport>();
  const stop = () => {
    signal.removeEventListener("abort", onAbort);
    socket.off("error", onError);
    socket.off("close", onClose);
  };
  const onError = (error: Error) => {
    stop();
    const why = "library" in error ? `TLS: ${tlsReason(error)}` : addressReason(error);
    reject(new SessionError("ERR_CLOSED", why, { cause: error }));
  };
  const onClose = () => onError(new Error("the connection was closed before it was open"));
  const onAbort = () => {
    stop();
    socket.on("error", () => {});
    socket.destroy();
    reject(signal.reason);
  };
  socket.once("error", onError);
  socket.once("close", onClose);
  socket.once(event, () => {
    stop();
    resolve(new DuplexTransport(kind, socket));
  });
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return promise;
}
