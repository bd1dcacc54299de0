/**
 * Our association with a recorded MMS device over real COTP, and our device with the recorded client:
 * no package has such a device, so what one said is said again, and compared.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TransportConnection } from "../../src/dialogue/transport.ts";
import { associate, awaitAssociation } from "../../src/osi/associate.ts";
import { connectCotp, listenCotp } from "../../src/osi/cotp.ts";
import { decodeTsdu } from "../../src/pure/iso8327/tsdu.ts";
import { hex } from "../../src/pure/octets.ts";
import { MMS_CONTEXT, type MmsConversation, mmsConversations, valueIn } from "./mms.ts";

/** Says what one side of a recording said, whenever it has heard what came before. */
function playback(
  { said }: MmsConversation,
  side: "initiator" | "responder",
  transport: TransportConnection,
): Promise<Uint8Array[]> {
  const heard: Uint8Array[] = [];
  let at = 0;
  return new Promise((resolve) => {
    const speak = () => {
      for (let next = said[at]; next?.side === side; next = said[at]) {
        transport.data(new Uint8Array(), next.octets);
        at += 1;
      }
      if (at < said.length) return;
      transport.disconnect();
      resolve(heard);
    };
    transport.attach({
      data: (tsdu) => {
        heard.push(tsdu.slice());
        at += 1;
        speak();
      },
      expeditedData: () => {},
      disconnected: () => resolve(heard),
    });
    speak();
  });
}

describe("associations with a recorded MMS device", () => {
  const all = mmsConversations();

  for (const [i, conversation] of all.entries()) {
    const data = conversation.said.slice(2);

    it(`ask what its client asked, and take its answers: conversation ${i + 1}`, async () => {
      let heard: Promise<Uint8Array[]> = Promise.resolve([]);
      await using server = await listenCotp({ port: 0 }, (transport) => {
        heard = playback(conversation, "responder", transport);
      });
      const transport = await connectCotp({ port: server.port });
      await using association = await associate(transport, conversation.asked);
      assert.deepEqual(
        association.peer.userInformation,
        conversation.answered.userInformation ?? [],
      );
      const values = association[Symbol.asyncIterator]();
      for (const { side, octets } of data) {
        const value = valueIn(octets);
        if (side === "initiator") await association.send(MMS_CONTEXT, value);
        else assert.equal(hex((await values.next()).value?.value ?? new Uint8Array()), hex(value));
      }
      const [connect, ...requests] = await heard;
      assert.deepEqual(
        requests.map((each) => hex(each)),
        data.filter(({ side }) => side === "initiator").map(({ octets }) => hex(octets)),
      );
      const [first] = conversation.said;
      assert.ok(connect && first);
      const [ours, theirs] = [connect, first.octets].map((each) => {
        const [{ userData: _, ...parameters } = assert.fail()] = decodeTsdu(each);
        return parameters;
      });
      assert.deepEqual(ours?.calledSessionSelector, theirs?.calledSessionSelector);
      assert.deepEqual(ours?.sessionUserRequirements, theirs?.sessionUserRequirements);
      assert.equal(
        ours?.connectAcceptItem?.versionNumber,
        theirs?.connectAcceptItem?.versionNumber,
      );
    });

    it(`answer its client as the device did: conversation ${i + 1}`, async () => {
      let answering: Promise<void> = Promise.resolve();
      await using server = await listenCotp({ port: 0 }, (transport) => {
        answering = (async () => {
          const request = await awaitAssociation(transport);
          const association = request.accept(conversation.answered);
          const values = association[Symbol.asyncIterator]();
          for (const { side, octets } of data) {
            const value = valueIn(octets);
            if (side === "responder") await association.send(MMS_CONTEXT, value);
            else
              assert.equal(hex((await values.next()).value?.value ?? new Uint8Array()), hex(value));
          }
        })();
      });
      const transport = await connectCotp({ port: server.port });
      const [accept, ...answers] = await playback(conversation, "initiator", transport);
      await answering;
      assert.deepEqual(
        answers.map((each) => hex(each)),
        data.filter(({ side }) => side === "responder").map(({ octets }) => hex(octets)),
      );
      const [{ type } = assert.fail()] = decodeTsdu(accept ?? new Uint8Array());
      assert.equal(type, "AC");
    });
  }
});
