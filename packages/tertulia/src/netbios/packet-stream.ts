/**
 * Session packets over a TCP socket: those that come, one by one; those that go, many at a time.
 *
 * Small packets are copied into a slab that is written once per turn of the event loop: a system
 * call costs more than some hundred of them. Reading stops while too much waits for its reader.
 *
 * @module
 */

import type { Socket } from "node:net";
import { ProtocolError, SessionError } from "../pure/errors.ts";
import { SessionFramer } from "../pure/netbios/session-framer.ts";
import {
  encodeSessionPacket,
  SESSION_HEADER_OCTETS,
  SESSION_TYPE,
  type SessionPacket,
} from "../pure/netbios/session-packet.ts";

export interface PacketStreamLimits {
  /** Octets that may wait to be received before reading stops. Default: 1 MiB. */
  readonly receiveOctetsMax: number;
  /** Octets that may wait to be sent when nobody awaits `write`. Default: 16 MiB. */
  readonly sendOctetsMax: number;
}

const SLAB_OCTETS = 65_536;
/** From this size on, user data is written as it is: copying it would cost more than a write. */
const COPIED_OCTETS_MAX = 16_384;
const SETTLED: Promise<void> = Promise.resolve();

export class PacketStream {
  readonly socket: Socket;
  readonly #framer = new SessionFramer();
  readonly #limits: PacketStreamLimits;
  #packets: SessionPacket[] = [];
  #at = 0;
  #waitingOctets = 0;
  #wake: (() => void) | undefined;
  #ending: { readonly error: SessionError | undefined } | undefined;
  #slab: Buffer = Buffer.alloc(0);
  #slabSize = 0;
  #isFlushing = false;
  #drained: Promise<void> | undefined;
  #touched: () => void = () => {};
  #isSession = false;

  constructor(socket: Socket, limits: Partial<PacketStreamLimits> = {}) {
    this.socket = socket;
    this.#limits = { receiveOctetsMax: 1 << 20, sendOctetsMax: 16 << 20, ...limits };
    socket.setNoDelay(true);
    // The same octets as what the rest of the library calls octets, which is not a Buffer.
    socket.on("data", ({ buffer, byteOffset, length }) => {
      this.#take(new Uint8Array(buffer, byteOffset, length));
    });
    socket.on("end", () => {
      const cut = this.#framer.isWithinPacket;
      this.#end(cut ? new SessionError("ERR_CLOSED", "the peer ended within a packet") : undefined);
    });
    socket.on("error", (cause) => {
      this.#end(new SessionError("ERR_CLOSED", `connection lost: ${cause.message}`, { cause }));
    });
    socket.on("close", () => {
      this.#end(new SessionError("ERR_CLOSED", "connection lost"));
    });
  }

  /** Whether nothing more will come, and nothing can be sent. */
  get hasEnded(): boolean {
    return this.#ending !== undefined;
  }

  /** The handshake is over. */
  becomeSession(): void {
    this.#isSession = true;
  }

  /** Called whenever something comes or goes. */
  onTraffic(touched: () => void): void {
    this.#touched = touched;
  }

  /**
   * The next packet if one is here; else `undefined`, and {@link wait} tells when to look again.
   */
  shift(): SessionPacket | undefined {
    const packet = this.#packets[this.#at];
    if (packet === undefined) return undefined;
    this.#at += 1;
    if (this.#at === this.#packets.length) {
      this.#packets = [];
      this.#at = 0;
    }
    if (packet.type === "message") this.#waitingOctets -= packet.userData.length;
    if (this.#waitingOctets < this.#limits.receiveOctetsMax && this.socket.isPaused()) {
      this.socket.resume();
    }
    return packet;
  }

  /** Puts a packet back: it comes next. */
  unshift(packet: SessionPacket): void {
    this.#packets = [packet, ...this.#packets.slice(this.#at)];
    this.#at = 0;
    if (packet.type === "message") this.#waitingOctets += packet.userData.length;
  }

  /**
   * Resolves when there is a packet, with `true`, or at the orderly end, with `false`.
   *
   * @throws {SessionError} why the stream ended, if not in order; or the signal's own reason.
   */
  async wait(signal?: AbortSignal): Promise<boolean> {
    signal?.throwIfAborted();
    while (this.#at >= this.#packets.length) {
      if (this.#ending?.error) throw this.#ending.error;
      if (this.#ending) return false;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        this.#wake = wake;
        signal?.addEventListener("abort", wake, { once: true });
      });
      signal?.throwIfAborted();
    }
    return true;
  }

  /** The next packet, or `undefined` at the orderly end. */
  async next(signal?: AbortSignal): Promise<SessionPacket | undefined> {
    return (await this.wait(signal)) ? this.shift() : undefined;
  }

  /** Sends a packet. Resolves when there is room for more. */
  write(packet: SessionPacket): Promise<void> {
    if (packet.type === "message") return this.writeMessage(packet.userData);
    this.#flush();
    this.socket.write(encodeSessionPacket(packet));
    this.#touched();
    return SETTLED;
  }

  /** Sends a message; copies it unless it is large, so give it away. */
  writeMessage(userData: Uint8Array): Promise<void> {
    if (this.#ending || this.socket.writableEnded) return Promise.reject(this.#closed());
    const { length } = userData;
    if (this.socket.writableLength + length > this.#limits.sendOctetsMax) {
      const max = this.#limits.sendOctetsMax;
      return Promise.reject(
        new SessionError("ERR_LIMIT", `at most ${max} octets wait to be sent: await send`),
      );
    }
    const isCopied = length < COPIED_OCTETS_MAX;
    const size = SESSION_HEADER_OCTETS + (isCopied ? length : 0);
    if (this.#slabSize + size > this.#slab.length) {
      this.#flush();
      this.#slab = Buffer.allocUnsafeSlow(SLAB_OCTETS);
      this.#slabSize = 0;
    }
    const slab = this.#slab;
    const at = this.#slabSize;
    slab[at] = SESSION_TYPE.message;
    slab[at + 1] = (length >> 16) & 1;
    slab[at + 2] = (length >> 8) & 255;
    slab[at + 3] = length & 255;
    if (isCopied) slab.set(userData, at + SESSION_HEADER_OCTETS);
    this.#slabSize = at + size;
    if (!isCopied) {
      this.#flush();
      this.socket.write(userData);
    } else if (!this.#isFlushing) {
      this.#isFlushing = true;
      setImmediate(() => {
        this.#isFlushing = false;
        this.#flush();
      });
    }
    this.#touched();
    return this.socket.writableNeedDrain ? this.#room() : SETTLED;
  }

  /** Ends our side, after what was sent. */
  end(): void {
    this.#flush();
    this.socket.end();
  }

  /** Drops the connection. Who reads gets this error, unless it has ended already. */
  abort(error: SessionError): void {
    this.#end(error);
    // Not a reset (RFC 1002 5.2.3): Node leaks a socket that is reset while its shutdown is under way.
    this.socket.destroy();
  }

  #take(chunk: Uint8Array): void {
    try {
      for (const packet of this.#framer.take(chunk)) {
        // RFC 1002 5.2.2.3: keep-alives are discarded.
        if (packet.type === "keepAlive") continue;
        this.#packets.push(packet);
        if (packet.type === "message") this.#waitingOctets += packet.userData.length;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(error);
      // A caller is still told why; a session is over.
      if (this.#isSession) this.socket.destroy();
      else this.socket.pause();
      return;
    }
    // A peer that sends packets without octets in them is stopped, too.
    const isFull =
      this.#waitingOctets >= this.#limits.receiveOctetsMax ||
      this.#packets.length - this.#at >= this.#limits.receiveOctetsMax / 64;
    if (isFull) this.socket.pause();
    this.#touched();
    this.#wake?.();
  }

  #flush(): void {
    if (this.#slabSize === 0 || this.socket.destroyed) return;
    // The rest of the slab is used on: what was written of it is never written into again.
    const full = this.#slab.subarray(0, this.#slabSize);
    this.#slab = this.#slab.subarray(this.#slabSize);
    this.#slabSize = 0;
    this.socket.write(full);
  }

  #room(): Promise<void> {
    this.#drained ??= new Promise((resolve, reject) => {
      const done = (): void => {
        this.socket.off("drain", done);
        this.socket.off("close", done);
        this.#drained = undefined;
        if (this.socket.destroyed) reject(this.#closed());
        else resolve();
      };
      this.socket.on("drain", done);
      this.socket.on("close", done);
    });
    return this.#drained;
  }

  #closed(): SessionError {
    return this.#ending?.error ?? new SessionError("ERR_CLOSED", "the session has ended");
  }

  #end(error: SessionError | undefined): void {
    if (this.#ending) return;
    this.#ending = { error };
    this.#wake?.();
  }
}
