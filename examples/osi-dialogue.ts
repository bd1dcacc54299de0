/**
 * Two OSI peers: points, a fault, and back to the last point that both have. Run it:
 *
 *     npm run build && npm exec -- node examples/osi-dialogue.ts
 *
 * @module
 */

import { awaitDialogue, connectCotp, connectDialogue, listenCotp } from "tertulia/osi";

const text = (octets: Uint8Array) => new TextDecoder().decode(octets);
const octets = (text: string) => new TextEncoder().encode(text);

await using server = await listenCotp({ port: 0 }, async (transport) => {
  const { dialogue } = await awaitDialogue(transport);
  dialogue.accept();
  let hasFailed = false;
  for await (const { type, userData, serialNumber = 0 } of dialogue) {
    switch (type) {
      case "S-DATA":
        console.log("received", text(userData));
        if (!hasFailed && text(userData) === "page 2") {
          hasFailed = true;
          console.log("the disk is full: back to point 1");
          await dialogue.resynchronize({ resyncType: "restart", serialNumber: 1 });
        }
        break;
      case "S-SYNC-MINOR":
        dialogue.respondSyncMinor(serialNumber);
        break;
      case "S-RELEASE":
        dialogue.respondRelease();
        break;
    }
  }
});

const dialogue = await connectDialogue(await connectCotp({ port: server.port }), {
  functionalUnits: ["duplex", "minor", "resynchronize"],
});
await dialogue.syncMinor().confirmed; // point 1
await dialogue.data(octets("page 1"));
await dialogue.data(octets("page 2"));
const indication = await dialogue.next();
console.log("told to", indication?.type, "to point", indication?.serialNumber);
dialogue.respondResynchronize();
await dialogue.syncMinor().confirmed; // point 1 again
await dialogue.data(octets("page 1"));
await dialogue.data(octets("page 2"));
await dialogue.release();
console.log("released");
