/**
 * Has what comes to a socket wait in the kernel, for another process that goes on with it.
 *
 * `pause` is not enough: Node goes on reading until its buffer is full, and what is in there does not go
 * over with the socket. What stops it is a method of the socket's handle, which Node's documentation
 * does not name; where there is none, a socket cannot be passed.
 *
 * @module
 */

import type { Socket } from "node:net";

interface Handle {
  readStart(): number;
  readStop(): number;
}

/** Hands what was read to who reads, and reads no more. False when that cannot be. */
export function holdReading(socket: Socket): boolean {
  const handle = handleOf(socket);
  if (handle === undefined || socket.destroyed) return false;
  socket.pause();
  // In one turn: nothing can come in between. Whoever listens to `data` hears of it.
  while (socket.read() !== null);
  return handle.readStop() === 0;
}

/** Reads on. */
export function resumeReading(socket: Socket): void {
  handleOf(socket)?.readStart();
  socket.resume();
}

function handleOf(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as { _handle?: Partial<Handle> | null }; // there or not
  const { readStart, readStop } = handle ?? {};
  return readStart && readStop ? (handle as Handle) : undefined; // it has both
}
