/**
 * A WebSocket as a transport: frames of ours in binary messages, cut anywhere. Works with the
 * browser's WebSocket and with `ws`, which has the same interface.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../pure/errors.ts";
import { concatOctets, NO_OCTETS } from "../pure/octets.ts";
import { addressReason } from "./addresses.ts";
import { Delivery } from "./delivery.ts";
import type { Transport, TransportPeer, TransportSink } from "./transport.ts";
import { asSessionError } from "./wait.ts";

/** The subprotocol both sides name (docs/protocol.md, 2.4). */
export const WEBSOCKET_PROTOCOL = "tertulia.v1";

/** Octets that may wait in the socket's own buffer before it counts as clogged. */
const CLOGGED_OCTETS = 256 * 1024;
/** Longest message we send: a quarter of what `serveWebSockets` takes. */
const MESSAGE_OCTETS_MAX = 256 * 1024;
/** WebSockets have no event for room: while one is clogged, look this often. */
const LOOK_MS = 10;
/** How long the peer may take to answer our close. */
const LINGER_MS = 2000;

/** What we need of a WebSocket; the platform's and `ws` both have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(octets: Uint8Array): void;
  close(code?: number, reason?: string): void;
  /** `ws` has it; a browser has not. */
  terminate?(): void;
  /** `ws` has these; a browser has not. */
  pause?(): void;
  resume?(): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close" | "open" | "error", listener: (event: unknown) => void): void;
}

const OPEN = 1;

/**
 * A WebSocket as a transport: the browser's, Node's, or one of `ws`. It belongs to the transport
 * from then on.
 */
export class WebSocketTransport implements Transport {
  readonly kind = "websocket";
  readonly isConfidential: boolean;
  readonly binding: Uint8Array = NO_OCTETS;
  readonly peer: TransportPeer;
  readonly #socket: WebSocketLike;
  readonly #delivery = new Delivery();
  #isLooking = false;

  /** @param socket - Open, or about to be. */
  constructor(socket: WebSocketLike, peer: TransportPeer, isConfidential: boolean) {
    this.#socket = socket;
    this.peer = peer;
    this.isConfidential = isConfidential;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      if (!(data instanceof ArrayBuffer)) {
        return this.#fail(new ProtocolError("textMessage", "Tertulia 2.4", "on a WebSocket"));
      }
      try {
        this.#delivery.received(new Uint8Array(data));
      } catch (error) {
        // Only what nobody wanted yet is refused; what a sink throws is its own affair.
        if (this.#delivery.isAttached) throw error;
        this.#fail(asSessionError(error));
      }
    });
    socket.addEventListener("close", () => this.#delivery.ended());
    socket.addEventListener("error", (event) => {
      const { message } = event as { message?: string }; // browsers say nothing here
      this.#delivery.ended(new SessionError("ERR_CLOSED", message || "the WebSocket failed"));
    });
    // A browser's WebSocket cannot be told to wait.
    if (socket.readyState === OPEN) socket.pause?.();
  }

  attach(sink: TransportSink): void {
    if (!this.#delivery.isAttached) this.#socket.resume?.();
    this.#delivery.attach(sink);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#socket.readyState !== OPEN) return true;
    for (const message of messagesOf(chunks)) this.#socket.send(message);
    if (this.#socket.bufferedAmount <= CLOGGED_OCTETS) return true;
    this.#look();
    return false;
  }

  end(): void {
    this.#socket.close(1000);
    // What comes now is nobody's; reading it is what lets the socket close.
    this.#socket.resume?.();
    const timer = setTimeout(() => this.abort(), LINGER_MS);
    this.#socket.addEventListener("close", () => clearTimeout(timer));
  }

  abort(): void {
    if (this.#socket.terminate) this.#socket.terminate();
    else this.#socket.close(4000, "aborted");
    // A browser's close waits for the other side, which may be gone.
    this.#delivery.ended(new SessionError("ERR_CLOSED", "the transport was dropped"));
  }

  #fail(error: SessionError): void {
    this.#delivery.ended(error);
    this.abort();
  }

  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const timer = setInterval(() => {
      if (!this.#delivery.hasEnded && this.#socket.bufferedAmount > CLOGGED_OCTETS / 2) return;
      clearInterval(timer);
      this.#isLooking = false;
      this.#delivery.drained();
    }, LOOK_MS);
  }
}

/** The same octets in few messages, none longer than others may take. */
function* messagesOf(chunks: readonly Uint8Array[]): Generator<Uint8Array, void, undefined> {
  let gathered: Uint8Array[] = [];
  let room = MESSAGE_OCTETS_MAX;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + room);
      gathered.push(piece);
      at += piece.length;
      room -= piece.length;
      if (room > 0) continue;
      yield concatOctets(gathered);
      gathered = [];
      room = MESSAGE_OCTETS_MAX;
    }
  }
  const [first] = gathered;
  if (first) yield gathered.length === 1 ? first : concatOctets(gathered);
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
    const { error } = event as { error?: Error }; // browsers say nothing here
    const why = error ? addressReason(error) : `no WebSocket to ${peer().address}`;
    reject(new SessionError("ERR_CLOSED", why));
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
