/**
 * Connects whatever comes to one port with another, both ways: the least that a tunnel written in Node
 * can be, with no session and no encryption.
 *
 * @module
 */

import { connect, createServer } from "node:net";

const [host = "", from = "", targetHost = "", to = ""] = process.argv.slice(2);

const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ host: targetHost, port: Number(to), allowHalfOpen: true, noDelay: true });
  for (const socket of [near, far]) {
    socket.on("error", () => {
      near.destroy();
      far.destroy();
    });
  }
  near.pipe(far);
  far.pipe(near);
});
server.listen({ host, port: Number(from), backlog: 1024 });
