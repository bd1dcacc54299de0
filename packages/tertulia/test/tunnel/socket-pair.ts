/** Two sockets that are connected. */

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Both ends of a connection on loopback. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number }; // TCP
  const ours = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const [theirs] = (await once(server, "connection")) as [Socket]; // that is what it tells of
  server.close();
  return [ours, theirs];
}
