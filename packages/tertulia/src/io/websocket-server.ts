/**
 * Taking sessions on WebSockets, beside whatever else an HTTP server does.
 *
 * @module
 */

import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { type WebSocket, WebSocketServer } from "ws";
import { peerOf } from "./duplex-transport.ts";
import type { Listener } from "./listener.ts";
import {
  WEBSOCKET_PROTOCOL,
  type WebSocketLike,
  WebSocketTransport,
} from "./websocket-transport.ts";

export interface WebSocketServerOptions {
  /** Path of the upgrade request. Default: any. */
  readonly path?: string;
  /** Pages that may connect, by their `Origin`. Default: any, and programs that send none. */
  readonly origins?: readonly string[];
  /** Octets of one WebSocket message. Default: 1 MiB; ours are cut to 256 KiB. */
  readonly messageOctetsMax?: number;
}

/**
 * Hands the WebSocket upgrades of an HTTP server to a listener: those that name the subprotocol
 * `tertulia.v1`. Others are left alone, for whoever else handles upgrades there.
 *
 * @returns a function that stops it.
 */
export function serveWebSockets(
  listener: Listener,
  server: Server,
  { path, origins, messageOctetsMax = 1024 * 1024 }: WebSocketServerOptions = {},
): () => void {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: messageOctetsMax,
    handleProtocols: () => WEBSOCKET_PROTOCOL,
  });
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const offered = request.headers["sec-websocket-protocol"]?.split(",").map((p) => p.trim());
    if (!offered?.includes(WEBSOCKET_PROTOCOL)) {
      // Nobody else listens: whoever waits for an answer would wait for ever.
      if (server.listenerCount("upgrade") === 1) deny(socket, "426 Upgrade Required");
      return;
    }
    const { origin } = request.headers;
    if (path !== undefined && new URL(request.url ?? "/", "http://x").pathname !== path) {
      return deny(socket, "404 Not Found");
    }
    if (origins && origin !== undefined && !origins.includes(origin)) {
      return deny(socket, "403 Forbidden");
    }
    sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      const peer = peerOf(request.socket);
      const isSecure = request.socket instanceof TLSSocket;
      // `ws` has more than we need of it.
      listener.receive(new WebSocketTransport(webSocket as WebSocketLike, peer, isSecure));
    });
  };
  server.on("upgrade", onUpgrade);
  return () => {
    server.off("upgrade", onUpgrade);
    sockets.close();
  };
}

function deny(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
