/**
 * Opening and listening with sockets, as promises that can be ended.
 *
 * @module
 */

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { addressOptions } from "../io/addresses.ts";
import { cannotListen } from "../io/cannot-listen.ts";
import { formatTarget, type Target } from "./spec.ts";

/** A connected socket. Rejects with the system's error, or with `ETIMEDOUT` after `timeoutMs`. */
export function connectTo({ host, port }: Target, timeoutMs: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true, ...addressOptions });
  const timer = setTimeout(() => {
    const message = `no connection to ${formatTarget({ host, port })} in ${timeoutMs} ms`;
    socket.destroy(Object.assign(new Error(message), { code: "ETIMEDOUT" }));
  }, timeoutMs);
  socket.once("error", reject);
  socket.once("close", () => clearTimeout(timer));
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.off("error", reject);
    socket.pause();
    resolve(socket);
  });
  return promise;
}

/** A bound server, whose connections are paused until somebody reads them. */
export async function listenAt(
  { host, port }: Target,
  onConnection: (socket: Socket) => void,
): Promise<{ readonly server: Server; readonly address: Target }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, onConnection);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (error) => reject(cannotListen({ host, port }, error)));
  server.listen(port, host, resolve);
  await promise;
  const address = server.address() as AddressInfo; // it listens on an IP address
  return { server, address: { host: address.address, port: address.port } };
}

/** Where a socket comes from, without the prefix of IPv4 addresses in IPv6. */
export function remoteOf(socket: Socket): Target {
  return { host: plainHost(socket.remoteAddress), port: socket.remotePort ?? 0 };
}

export function localOf(socket: Socket): Target {
  return { host: plainHost(socket.localAddress), port: socket.localPort ?? 0 };
}

function plainHost(address = ""): string {
  return address.replace(/^::ffff:/i, "");
}
