/**
 * Taking sessions on WebSockets, beside whatever else an HTTP server does.
 *
 * @module
 */

import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { WebSocket, WebSocketServer } from "ws";
import { SessionError } from "../pure/errors.ts";
import { peerOf } from "./duplex-transport.ts";
import type { Transport } from "./transport.ts";
import {
  WEBSOCKET_PROTOCOL,
  type WebSocketLike,
  WebSocketTransport,
} from "./websocket-transport.ts";

/** Which WebSockets are taken. All optional; without `origins` any page may connect. */
export interface WebSocketServerOptions {
  /** Path of the upgrade request. Default: any. */
  readonly path?: string;
  /** Pages that may connect, by their `Origin`. Default: any, and programs that send none. */
  readonly origins?: readonly string[];
  /** Octets of one WebSocket message. Default: 1 MiB; ours are cut to 256 KiB. */
  readonly messageOctetsMax?: number;
}

/** Who takes what comes in: a listener. */
export interface TransportReceiver {
  /** Takes a transport that is open, and whose other end has said nothing yet. */
  receive(transport: Transport): void;
  /** Somebody was sent away before there was a transport. */
  refused(address: string, error: SessionError): void;
  /** An upgrade was left to whoever else handles them there. */
  left?(request: IncomingMessage): void;
}

/**
 * Hands the WebSocket upgrades of an HTTP server to a listener: those that name the subprotocol
 * `tertulia.v1`. Others are left alone, for whoever else handles upgrades there.
 *
 * @returns a function that stops it.
 */
export function serveWebSockets(
  listener: TransportReceiver,
  server: Server,
  { path, origins, messageOctetsMax = 1024 * 1024 }: WebSocketServerOptions = {},
): () => void {
  let sockets: Promise<WebSocketServer> | undefined;
  /** `ws` is loaded with the first WebSocket: most listeners never see one. */
  const load = async () => {
    const { WebSocketServer } = await import("ws");
    const taker = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: messageOctetsMax,
      handleProtocols: () => WEBSOCKET_PROTOCOL,
    });
    return taker.on("wsClientError", onClientError);
  };
  const deny = (request: IncomingMessage, socket: Duplex, status: string, why: string) => {
    // The HTTP server listens for its errors no more.
    socket.on("error", () => socket.destroy());
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    const { remoteAddress = "" } = request.socket;
    listener.refused(remoteAddress, new SessionError("ERR_REFUSED", `WebSocket: ${why}`));
  };
  const onUpgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const offered = request.headers["sec-websocket-protocol"]?.split(",").map((p) => p.trim());
    if (!offered?.includes(WEBSOCKET_PROTOCOL)) {
      // When nobody else listens, whoever waits for an answer would wait for ever.
      if (server.listenerCount("upgrade") > 1) return listener.left?.(request);
      const why = `need the subprotocol ${WEBSOCKET_PROTOCOL}, have ${offered ?? "none"}`;
      return deny(request, socket, "426 Upgrade Required", why);
    }
    const [asked] = (request.url ?? "/").split("?");
    if (path !== undefined && asked !== path) {
      return deny(request, socket, "404 Not Found", `not here: ${asked}`);
    }
    const { origin } = request.headers;
    if (origins && origin !== undefined && !origins.includes(origin)) {
      return deny(request, socket, "403 Forbidden", `not from ${origin}`);
    }
    // Meanwhile nobody else listens for its errors.
    const onError = () => socket.destroy();
    socket.on("error", onError);
    sockets ??= load();
    const taker = await sockets;
    socket.off("error", onError);
    taker.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      const peer = peerOf(request.socket);
      const isSecure = request.socket instanceof TLSSocket;
      // `ws` has more than we need of it.
      listener.receive(new WebSocketTransport(webSocket as WebSocketLike, peer, isSecure));
    });
  };
  const onClientError = (error: Error, socket: Duplex, request: IncomingMessage) =>
    deny(request, socket, "400 Bad Request", error.message);
  server.on("upgrade", onUpgrade);
  return () => {
    server.off("upgrade", onUpgrade);
    void sockets?.then((taker) => taker.close());
  };
}
