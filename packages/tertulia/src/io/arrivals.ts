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
  readonly dueAt: number;
}

export class Arrivals {
  readonly #options: ArrivalsOptions;
  /** By address, which a TLS socket has in common with the one below it; the longest waiting first. */
  readonly #waiting = new Map<string | Socket, Arrival>();
  /** For the one that is due first. */
  #timer: NodeJS.Timeout | undefined;

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
    const arrival = { socket, dueAt: performance.now() + handshakeMs };
    this.#waiting.set(key, arrival);
    socket.once("close", () => {
      if (this.#waiting.get(key) === arrival) this.settled(key);
    });
    if (this.#timer === undefined) this.#startTimer(handshakeMs);
  }

  isWaiting(socket: Socket): boolean {
    return this.#waiting.has(keyOf(socket));
  }

  /** It is clear what it wants: somebody else looks after it from now on. */
  settled(which: Socket | string): void {
    this.#waiting.delete(typeof which === "string" ? which : keyOf(which));
  }

  /** Drops them all. */
  close(): void {
    clearTimeout(this.#timer);
    for (const { socket } of this.#waiting.values()) socket.destroy();
    this.#waiting.clear();
  }

  #startTimer(ms: number): void {
    this.#timer = setTimeout(() => this.#tick(), ms);
    this.#timer.unref();
  }

  #tick(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [key, arrival] of this.#waiting) {
      if (arrival.dueAt > now) return this.#startTimer(arrival.dueAt - now);
      const silence = `nothing to go by in ${this.#options.handshakeMs} ms`;
      this.#drop(key, arrival, new SessionError("ERR_TIMEOUT", silence));
    }
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
