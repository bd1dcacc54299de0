/**
 * `ws`: WebSockets without compression. The listener sends, so that nothing has to be masked.
 *
 * @module
 */

import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { certificate } from "../certificate.ts";
import type { Connection, Peer } from "../peer.ts";

/** Octets that may wait before a sender does. */
const BUFFERED_OCTETS = 1024 * 1024;

export function webSocket({ isTls = false } = {}): Peer {
  return {
    listen(accept) {
      const host = "127.0.0.1";
      return new Promise((resolve) => {
        if (isTls) {
          const http = createServer(certificate());
          const server = new WebSocketServer({ server: http, perMessageDeflate: false });
          server.on("connection", (socket) => accept(connectionOf(socket)));
          http.listen(0, host, () => resolve((http.address() as AddressInfo).port)); // TCP
          return;
        }
        const server = new WebSocketServer({
          port: 0,
          host,
          backlog: 1024,
          perMessageDeflate: false,
        });
        server.on("connection", (socket) => accept(connectionOf(socket)));
        server.on("listening", () => resolve((server.address() as AddressInfo).port)); // TCP
      });
    },
    connect(port) {
      return new Promise((resolve, reject) => {
        const url = `${isTls ? "wss" : "ws"}://127.0.0.1:${port}`;
        const socket = new WebSocket(url, { perMessageDeflate: false, rejectUnauthorized: false });
        socket.once("error", reject);
        socket.once("open", () => {
          socket.off("error", reject);
          resolve(connectionOf(socket));
        });
      });
    },
  };
}

function connectionOf(socket: WebSocket): Connection {
  socket.on("error", () => {});
  return {
    receive(handler) {
      socket.on("message", (octets: Buffer) => handler(octets));
    },
    send(octets) {
      if (socket.bufferedAmount < BUFFERED_OCTETS) return socket.send(octets);
      return new Promise((resolve) => socket.send(octets, () => resolve()));
    },
    close: () => socket.terminate(),
  };
}
