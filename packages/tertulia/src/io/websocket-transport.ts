/**
 * A WebSocket as a transport: frames of ours in binary messages, cut anywhere. Works with the
 * browser's WebSocket and with `ws`, which has the same interface.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { concatOctets, NO_OCTETS } from "../pure/octets.ts";
import type { Transport, TransportPeer, TransportSink } from "./transport.ts";

/** The subprotocol both sides name (docs/protocol.md, 2.4). */
export const WEBSOCKET_PROTOCOL = "tertulia.v1";

/** Octets that may wait in the socket's own buffer before it counts as clogged. */
const CLOGGED_OCTETS = 256 * 1024;
/** WebSockets have no event for room: while one is clogged, look this often. */
const LOOK_MS = 10;

/** What we need of a WebSocket; the platform's and `ws` both have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(octets: Uint8Array): void;
  close(code?: number, reason?: string): void;
  /** `ws` has it; a browser has not. */
  terminate?(): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close" | "open" | "error", listener: (event: unknown) => void): void;
}

const OPEN = 1;

export class WebSocketTransport implements Transport {
  readonly kind = "websocket";
  readonly isConfidential: boolean;
  readonly binding: Uint8Array = NO_OCTETS;
  readonly peer: TransportPeer;
  readonly #socket: WebSocketLike;
  #sink: TransportSink | undefined;
  #early: Uint8Array[] = [];
  #ending: { readonly error?: SessionError } | undefined;

  /** @param socket - Open, or about to be. */
  constructor(socket: WebSocketLike, peer: TransportPeer, isConfidential: boolean) {
    this.#socket = socket;
    this.peer = peer;
    this.isConfidential = isConfidential;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      if (!(data instanceof ArrayBuffer)) {
        const error = new SessionError("ERR_PROTOCOL", "a text message on the WebSocket");
        this.#ended(error);
        return this.abort();
      }
      const octets = new Uint8Array(data);
      if (this.#sink) this.#sink.received(octets);
      else this.#early.push(octets);
    });
    socket.addEventListener("close", () => this.#ended());
    socket.addEventListener("error", (event) => {
      const { message } = event as { message?: string }; // browsers say nothing here
      this.#ended(new SessionError("ERR_CLOSED", message || "the WebSocket failed"));
    });
  }

  attach(sink: TransportSink): void {
    this.#sink = sink;
    const early = this.#early;
    this.#early = [];
    for (const octets of early) this.#sink.received(octets);
    if (this.#ending) this.#sink.ended(this.#ending.error);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#socket.readyState !== OPEN) return true;
    const [first] = chunks;
    if (first) this.#socket.send(chunks.length === 1 ? first : concatOctets(chunks));
    if (this.#socket.bufferedAmount <= CLOGGED_OCTETS) return true;
    this.#look();
    return false;
  }

  end(): void {
    this.#socket.close(1000);
  }

  abort(): void {
    if (this.#socket.terminate) this.#socket.terminate();
    else this.#socket.close(4000, "aborted");
    // A browser's close waits for the other side, which may be gone.
    this.#ended(new SessionError("ERR_CLOSED", "the transport was dropped"));
  }

  #look(): void {
    setTimeout(() => {
      if (this.#ending) return;
      if (this.#socket.bufferedAmount > CLOGGED_OCTETS / 2) this.#look();
      else this.#sink?.drained();
    }, LOOK_MS);
  }

  #ended(error?: SessionError): void {
    if (this.#ending) return;
    this.#ending = error ? { error } : {};
    this.#sink?.ended(error);
  }
}

/**
 * Resolves when the socket is open.
 *
 * @param peer - Who is there, asked when it is open.
 */
export function whenOpen(
  socket: WebSocketLike,
  peer: () => TransportPeer,
  isConfidential: boolean,
  signal: AbortSignal,
): Promise<Transport> {
  const { promise, resolve, reject } = Promise.withResolvers<Transport>();
  const drop = () => (socket.terminate ? socket.terminate() : socket.close());
  const fail = (event: unknown) => {
    const { message } = event as { message?: string }; // browsers say nothing here
    reject(new SessionError("ERR_CLOSED", message || `no WebSocket to ${peer().address}`));
  };
  socket.addEventListener("error", fail);
  socket.addEventListener("close", fail);
  socket.addEventListener("open", () => {
    signal.removeEventListener("abort", onAbort);
    resolve(new WebSocketTransport(socket, peer(), isConfidential));
  });
  const onAbort = () => {
    reject(signal.reason);
    drop();
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return promise;
}
