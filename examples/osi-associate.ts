/**
 * An association, as with an MMS (IEC 61850) device, and the device: both here. Run it:
 *
 *     npm run build && npm exec -- node examples/osi-associate.ts
 *
 * @module
 */

import { associate, awaitAssociation, connectCotp, listenCotp, MMS } from "tertulia/osi";

const MMS_CONTEXT = 3;

// The device. Its MMS answers are octets here: MMS itself is not part of Tertulia.
await using server = await listenCotp(
  { port: 0, localSelector: Uint8Array.of(0, 1) },
  async (transport) => {
    const request = await awaitAssociation(transport, { abstractSyntaxes: [MMS.abstractSyntax] });
    console.log("asked by", request.aarq.calling?.apTitle);
    const association = request.accept({
      userInformation: [{ contextId: MMS_CONTEXT, value: Uint8Array.of(0xa9, 0) }],
    });
    for await (const { contextId, value } of association) {
      console.log("device received", value.length, "octets in context", contextId);
      await association.send(contextId, Uint8Array.of(0xa1, 0));
    }
  },
);

const transport = await connectCotp({
  port: server.port,
  localSelector: Uint8Array.of(0, 1),
  remoteSelector: Uint8Array.of(0, 1),
});
await using association = await associate(transport, {
  applicationContext: MMS.applicationContext,
  contexts: [{ id: MMS_CONTEXT, abstractSyntax: MMS.abstractSyntax }],
  calling: { apTitle: "1.1.1.999" },
  called: { apTitle: "1.1.1.999.1", aeQualifier: 12 },
  userInformation: [{ contextId: MMS_CONTEXT, value: Uint8Array.of(0xa8, 0) }],
});
console.log("associated; contexts", [...association.contextIds]);
await association.send(MMS_CONTEXT, Uint8Array.of(0xa0, 0));
for await (const { value } of association) {
  console.log("answer of", value.length, "octets");
  break;
}
await association.release();
console.log("released");
