/**
 * The other end of a throughput measurement, in a thread of its own: says its port, counts what
 * comes until it ends, and says how much that was.
 *
 * @module
 */

import { createServer } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { openNetbios } from "tertulia/netbios";

const port = parentPort;
if (port === null) throw new Error("start this as a worker");

if (workerData === "net") {
  const server = createServer((socket) => {
    let octets = 0;
    socket.on("data", (chunk) => {
      octets += chunk.length;
    });
    socket.on("end", () => port.postMessage(octets));
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    port.postMessage(typeof address === "object" ? address?.port : 0);
  });
} else {
  const node = await openNetbios({
    address: "127.0.0.1",
    namePort: 0,
    localNamePort: 0,
    localSessionPort: 0,
  });
  port.postMessage((await node.sessionServer()).port);
  for await (const session of node.listen("SINK")) {
    let octets = 0;
    for await (const message of session) octets += message.length;
    port.postMessage(octets);
    void session.hangUp();
  }
}
