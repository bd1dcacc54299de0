/**
 * Socket.IO over WebSockets, with its connection state recovery: what most people use who want a
 * conversation to survive. The server keeps what it sends for two minutes, the client keeps nothing.
 *
 * @module
 */

import { createServer } from "node:http";
import type { AddressInfo, Socket as NetSocket } from "node:net";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import type { Connection, Peer } from "../peer.ts";

/** Packets that may wait before a sender does: it has no backpressure of its own. */
const BUFFERED_PACKETS = 256;

export function socketIo(): Peer {
  const links = new Set<NetSocket>();
  let resumed = 0;
  const clients = new Set<ReturnType<typeof io>>();
  return {
    listen(accept) {
      const http = createServer();
      http.on("connection", (link: NetSocket) => {
        links.add(link);
        link.on("close", () => links.delete(link));
      });
      const server = new Server(http, {
        transports: ["websocket"],
        connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
        maxHttpBufferSize: 16 * 1024 * 1024,
      });
      server.on("connection", (socket) => {
        if (socket.recovered) return;
        // A client that has received nothing yet has nothing to recover from.
        socket.emit("hello");
        accept({
          receive: (handler) => socket.on("m", handler),
          send(octets) {
            socket.emit("m", octets);
            const { conn } = socket;
            // The field is there, and there is no other way to see how much waits.
            const { writeBuffer } = conn as unknown as { writeBuffer: unknown[] };
            if (writeBuffer.length < BUFFERED_PACKETS) return;
            return new Promise((resolve) => conn.once("drain", resolve));
          },
          close: () => socket.disconnect(true),
        });
      });
      return new Promise((resolve) => {
        http.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () => {
          resolve((http.address() as AddressInfo).port); // it is TCP
        });
      });
    },
    connect(port) {
      return new Promise((resolve) => {
        const socket = io(`http://127.0.0.1:${port}`, {
          transports: ["websocket"],
          forceNew: true,
        });
        clients.add(socket);
        const connection: Connection = {
          receive(handler) {
            socket.on("m", handler);
          },
          send(octets) {
            socket.emit("m", octets);
          },
          close() {
            clients.delete(socket);
            socket.disconnect();
          },
        };
        socket.once("connect", () => resolve(connection));
      });
    },
    survival: {
      breakLinks() {
        for (const link of links) link.resetAndDestroy();
      },
      watch() {
        for (const socket of clients) {
          socket.on("connect", () => {
            if (socket.recovered) resumed += 1;
          });
        }
      },
      resumed: () => resumed,
    },
  };
}
