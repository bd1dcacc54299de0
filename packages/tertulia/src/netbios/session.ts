/**
 * A NetBIOS session: messages of up to 131,071 octets, their boundaries kept, over TCP
 * (RFC 1001 16, RFC 1002 5.2).
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { Endpoint } from "../pure/netbios/address.ts";
import type { NetbiosName } from "../pure/netbios/name.ts";
import { MESSAGE_OCTETS_MAX } from "../pure/netbios/session-packet.ts";
import type { PacketStream } from "./packet-stream.ts";

/** The timers of a NetBIOS session, in milliseconds. All optional. */
export interface SessionSettings {
  /** RFC 1002 6, SSN_CLOSE_TIMEOUT: how long a hang-up waits for the peer's. Default: 30 s. */
  readonly closeTimeoutMs?: number;
  /** RFC 1002 6, SSN_KEEP_ALIVE_TIMEOUT: how long nothing is sent before a keep-alive. Never. */
  readonly keepAliveMs?: number;
}

export interface SessionEnds {
  /** Our name in this session. */
  readonly local: NetbiosName;
  readonly remote: NetbiosName;
  readonly peer: Endpoint;
}

/** Messages of up to 131,071 octets over TCP, their boundaries kept. Iterate it for what comes. */
export class NetbiosSession implements AsyncIterable<Uint8Array>, AsyncDisposable {
  readonly local: NetbiosName;
  readonly remote: NetbiosName;
  /** The address and port at the other end of the connection. */
  readonly peer: Endpoint;
  readonly #stream: PacketStream;
  readonly #closeTimeoutMs: number;
  #sentCount = 0;
  #receivedCount = 0;

  constructor(stream: PacketStream, ends: SessionEnds, settings: SessionSettings = {}) {
    const { closeTimeoutMs = 30_000, keepAliveMs } = settings;
    this.local = ends.local;
    this.remote = ends.remote;
    this.peer = ends.peer;
    this.#stream = stream;
    this.#closeTimeoutMs = closeTimeoutMs;
    stream.becomeSession();
    if (keepAliveMs !== undefined) this.#keepAlive(keepAliveMs);
  }

  /** Whether the session can carry nothing more. */
  get hasEnded(): boolean {
    return this.#stream.hasEnded;
  }

  /** Messages sent and received so far. */
  get counts(): { readonly sent: number; readonly received: number } {
    return { sent: this.#sentCount, received: this.#receivedCount };
  }

  /**
   * Sends one message. Resolves when there is room for the next; await it, or memory fills.
   *
   * @param userData - Up to 131,071 octets. Not to be written into after the call.
   * @throws {SessionError} `ERR_LIMIT` for a longer one, or when too much waits to be sent;
   *   `ERR_CLOSED` when the session has ended.
   */
  send(userData: Uint8Array): Promise<void> {
    if (userData.length > MESSAGE_OCTETS_MAX) {
      const have = userData.length;
      return Promise.reject(
        new SessionError("ERR_LIMIT", `a message has at most 131071 octets, have ${have}`),
      );
    }
    this.#sentCount += 1;
    return this.#stream.writeMessage(userData);
  }

  /**
   * The next message, or `undefined` when the peer has hung up.
   *
   * @throws {SessionError} `ERR_CLOSED` when the connection was lost (RFC 1001 16.2: the session
   *   with it), `ERR_PROTOCOL` when the peer sent what is no packet; or the signal's own reason.
   */
  async receive({
    signal,
  }: {
    readonly signal?: AbortSignal;
  } = {}): Promise<Uint8Array | undefined> {
    for (;;) {
      const packet = await this.#stream.next(signal);
      if (packet === undefined) return undefined;
      // RFC 1002 5.2.2: whatever else comes in a session is ignored.
      if (packet.type !== "message") continue;
      this.#receivedCount += 1;
      return packet.userData;
    }
  }

  /** Puts back what is left of a message: it is the next to be received. */
  unreceive(userData: Uint8Array): void {
    this.#receivedCount -= 1;
    this.#stream.unshift({ type: "message", userData });
  }

  /** The messages, until the peer hangs up. Leaving the loop leaves the session open. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const stream = this.#stream;
    do {
      // All that is here, without waiting in between.
      for (let packet = stream.shift(); packet; packet = stream.shift()) {
        if (packet.type !== "message") continue;
        this.#receivedCount += 1;
        yield packet.userData;
      }
    } while (await stream.wait());
  }

  /**
   * Hangs up: what was sent arrives, then the session ends. Resolves when the peer has closed, too,
   * or after SSN_CLOSE_TIMEOUT, when the connection is dropped (RFC 1002 5.2.3).
   */
  async hangUp(): Promise<void> {
    const { socket } = this.#stream;
    if (socket.destroyed) return;
    this.#stream.end();
    // Nobody may be reading: what still comes is not to hold up the end.
    socket.resume();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.abort(), this.#closeTimeoutMs);
      socket.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Drops the connection. Who is receiving gets `reason`. */
  abort(reason: SessionError = new SessionError("ERR_ABORTED", "the session was aborted")): void {
    this.#stream.abort(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stream.socket.destroyed) this.abort(new SessionError("ERR_CLOSED", "disposed"));
  }

  #keepAlive(keepAliveMs: number): void {
    const { socket } = this.#stream;
    const timer = setInterval(() => {
      if (!socket.writableEnded) void this.#stream.write({ type: "keepAlive" });
    }, keepAliveMs);
    timer.unref();
    // RFC 1002 5.2.2.3: any traffic puts it off.
    this.#stream.onTraffic(() => timer.refresh());
    socket.once("close", () => clearInterval(timer));
  }
}
