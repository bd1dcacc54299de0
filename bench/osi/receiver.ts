/**
 * The other end of the data bench, in a process of its own: tells its port, receives, answers once.
 *
 * @module
 */

import { type AddressInfo, createServer } from "node:net";
import { awaitDialogue, type CotpConnection, listenCotp } from "tertulia/osi";
import { MESSAGES, SlabCounter } from "./slab.ts";

async function serve(transport: CotpConnection): Promise<void> {
  const { dialogue } = await awaitDialogue(transport);
  dialogue.accept();
  let count = 0;
  for await (const { type } of dialogue) {
    if (type === "S-DATA") count += 1;
    if (count === MESSAGES) await dialogue.data(Uint8Array.of(1));
  }
}

if (process.argv[2] === "tertulia") {
  const server = await listenCotp({ port: 0, host: "127.0.0.1" }, serve);
  process.send?.(server.port);
} else {
  const server = createServer((socket) => {
    const counter = new SlabCounter();
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      counter.take(chunk);
      if (counter.count === MESSAGES) socket.write("1");
    });
  }).listen(0, "127.0.0.1", () => {
    // A server that listens on TCP has an address of this kind.
    process.send?.((server.address() as AddressInfo).port);
  });
}

process.on("disconnect", () => process.exit());
