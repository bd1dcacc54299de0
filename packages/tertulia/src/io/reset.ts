/**
 * Dropping a TCP connection so that the other side knows it was dropped.
 *
 * @module
 */

import type { Socket } from "node:net";

/**
 * Resets a TCP connection. One that we have ended already is closed instead: libuv refuses to reset a
 * connection that is shutting down, and Node then leaves its handle open for ever, even at exit.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
