/**
 * A UDP port of one host: what is sent to its address, and what is broadcast on its network.
 *
 * Two sockets, because one that is bound to an address gets no broadcasts, and one that is bound
 * to all addresses would answer from the wrong one on a host with several.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import type { Endpoint } from "../pure/netbios/address.ts";
import { bindError, type NetbiosService } from "./port-holder.ts";

export interface UdpPortOptions {
  /** What the port is for, should it not be had. */
  readonly service: NetbiosService;
  readonly bindAddress: string;
  readonly broadcastAddress: string | undefined;
  readonly port: number;
  /** Whether others on this host may have the port, too. Default: `false`. */
  readonly isShared?: boolean;
  readonly received: (octets: Uint8Array, from: Endpoint) => void;
}

/** Octets of the kernel's queue: a burst of some ten thousand queries fits. */
const RECEIVE_BUFFER_OCTETS = 4 << 20;

export class UdpPort {
  readonly #socket: Socket;
  readonly #broadcasts: Socket | undefined;

  private constructor(socket: Socket, broadcasts: Socket | undefined) {
    this.#socket = socket;
    this.#broadcasts = broadcasts;
  }

  /** @throws {SessionError} `ERR_REFUSED`, saying who has the port. */
  static async open(options: UdpPortOptions): Promise<UdpPort> {
    const { bindAddress, broadcastAddress, port } = options;
    const socket = await bind(bindAddress, port, options);
    const isAll = bindAddress === "0.0.0.0";
    if (isAll || broadcastAddress === undefined) return new UdpPort(socket, undefined);
    try {
      const bound = socket.address().port;
      return new UdpPort(
        socket,
        await bind(broadcastAddress, bound, { ...options, isShared: true }),
      );
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** The port that it is bound to, which differs from the one asked for if that was 0. */
  get port(): number {
    return this.#socket.address().port;
  }

  send(octets: Uint8Array, to: Endpoint): void {
    // Errors come to the socket's `error` event: a datagram that cannot be sent is one lost.
    this.#socket.send(octets, to.port, to.address);
  }

  close(): void {
    this.#socket.close();
    this.#broadcasts?.close();
  }
}

async function bind(
  address: string,
  port: number,
  { service, isShared = false, received }: UdpPortOptions,
): Promise<Socket> {
  const socket = createSocket({
    type: "udp4",
    reuseAddr: isShared,
    recvBufferSize: RECEIVE_BUFFER_OCTETS,
    // Addresses only, so there is nothing to look up and nothing to wait for.
    lookup: (host, _options, done) => done(null, host, 4),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", (error) => {
      socket.close();
      reject(bindError(error, service, "udp", address, port));
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners("error");
      resolve();
    });
  });
  socket.setBroadcast(true);
  socket.on("error", () => {});
  socket.on("message", received);
  return socket;
}
