/**
 * The name service over TCP: for what does not fit a datagram (RFC 1002 4.2, 5.1).
 *
 * Each packet is preceded by its length in two octets.
 *
 * @module
 */

import { addAbortListener } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Endpoint } from "../pure/netbios/address.ts";
import { bindError } from "./port-holder.ts";

export interface NameTcpOptions {
  readonly bindAddress: string;
  readonly port: number;
  readonly received: (octets: Uint8Array, from: Endpoint) => void;
}

/** How many may be connected at once: a connection asks one thing and goes. */
const CONNECTIONS_MAX = 64;

/** How long a connection may be idle. */
const IDLE_MS = 10_000;

export class NameTcp {
  readonly #options: NameTcpOptions;
  readonly #server: Server | undefined;
  readonly #sockets = new Map<string, Socket>();
  readonly #closing = new AbortController();

  private constructor(options: NameTcpOptions, server: Server | undefined) {
    this.#options = options;
    this.#server = server;
    server?.on("connection", (socket) => this.#adopt(socket));
  }

  /** @param serves - Whether to listen, too. @throws {SessionError} `ERR_REFUSED`. */
  static async open(options: NameTcpOptions, serves: boolean): Promise<NameTcp> {
    if (!serves) return new NameTcp(options, undefined);
    const { bindAddress, port } = options;
    const server = createServer();
    server.maxConnections = CONNECTIONS_MAX;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(bindError(error, "names", "tcp", bindAddress, port)));
      server.listen(port, bindAddress, () => {
        server.removeAllListeners("error");
        resolve();
      });
    });
    return new NameTcp(options, server);
  }

  /** Answers on the connection that a request came by, or connects to ask. */
  send(octets: Uint8Array, to: Endpoint): void {
    const socket = this.#sockets.get(keyOf(to)) ?? this.#connect(to);
    const length = Uint8Array.of(octets.length >> 8, octets.length);
    socket?.write(Buffer.concat([length, octets]));
  }

  close(): void {
    this.#closing.abort();
    this.#server?.close();
  }

  #connect(to: Endpoint): Socket | undefined {
    if (this.#sockets.size >= 2 * CONNECTIONS_MAX) return undefined;
    const socket = connect(to.port, to.address);
    this.#adopt(socket, to);
    return socket;
  }

  #adopt(socket: Socket, to?: Endpoint): void {
    const peer = to ?? { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    const key = keyOf(peer);
    this.#sockets.set(key, socket);
    const listener = addAbortListener(this.#closing.signal, () => socket.destroy());
    let kept: Buffer = Buffer.alloc(0);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    // A request that fails waits until it times out, as one whose datagram was lost.
    socket.on("error", () => {});
    socket.on("close", () => {
      listener[Symbol.dispose]();
      if (this.#sockets.get(key) === socket) this.#sockets.delete(key);
    });
    socket.on("data", (chunk) => {
      kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
      // At most 65,537 octets are kept: the length has 16 bits.
      while (kept.length >= 2) {
        const end = 2 + kept.readUInt16BE(0);
        if (kept.length < end) return;
        this.#options.received(new Uint8Array(kept.subarray(2, end)), peer);
        kept = kept.subarray(end);
        // Whoever asked has its answer.
        if (to) socket.end();
      }
    });
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}
