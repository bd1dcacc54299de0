/**
 * Connections that have not said yet what they want. They cost a socket each, so there are only so
 * many and each has only so long; when one too many comes, the one that has been silent longest goes:
 * whoever means it speaks within a round trip, and gets in through a flood of those who do not.
 *
 * @module
 */

import type { Socket } from "node:net";
import { SessionError } from "../pure/errors.ts";

export interface ArrivalsOptions {
  readonly connectionsMax: number;
  readonly handshakeMs: number;
  readonly refused: (address: string, error: SessionError) => void;
}

interface Arrival {
  readonly socket: Socket;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class Arrivals {
  readonly #options: ArrivalsOptions;
  /** By address, which a TLS socket has in common with the one below it; the longest waiting first. */
  readonly #waiting = new Map<string | Socket, Arrival>();

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** A connection has come. */
  began(socket: Socket): void {
    const { connectionsMax, handshakeMs } = this.#options;
    for (const [key, arrival] of this.#waiting) {
      if (this.#waiting.size < connectionsMax) break;
      const others = `${connectionsMax} others have not said either what they want`;
      this.#drop(key, arrival, new SessionError("ERR_LIMIT", others));
    }
    const key = keyOf(socket);
    const timer = setTimeout(() => {
      const error = new SessionError("ERR_TIMEOUT", `nothing to go by in ${handshakeMs} ms`);
      this.#drop(key, arrival, error);
    }, handshakeMs);
    timer.unref();
    const arrival = { socket, timer };
    this.#waiting.set(key, arrival);
    socket.once("close", () => {
      if (this.#waiting.get(key) === arrival) this.settled(key);
    });
  }

  isWaiting(socket: Socket): boolean {
    return this.#waiting.has(keyOf(socket));
  }

  /** It is clear what it wants: somebody else looks after it from now on. */
  settled(which: Socket | string): void {
    const key = typeof which === "string" ? which : keyOf(which);
    clearTimeout(this.#waiting.get(key)?.timer);
    this.#waiting.delete(key);
  }

  /** Drops them all. */
  close(): void {
    for (const { socket, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      socket.destroy();
    }
    this.#waiting.clear();
  }

  #drop(key: string | Socket, { socket }: Arrival, error: SessionError): void {
    this.settled(key);
    this.#options.refused(socket.remoteAddress ?? "", error);
    socket.destroy();
  }
}

/** Unix sockets have no address, and no TLS either. */
function keyOf(socket: Socket): string | Socket {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined ? socket : `${remoteAddress}:${remotePort}`;
}
