import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DialogueAborted } from "../../src/dialogue/index.ts";
import { transportPair } from "../../src/dialogue/memory.ts";
import {
  type AcceptAssociationOptions,
  type AssociateOptions,
  type Association,
  type AssociationRequest,
  type AwaitAssociationOptions,
  abortOf,
  associate,
  awaitAssociation,
  MMS,
} from "../../src/osi/associate.ts";
import { type CotpConnection, connectCotp, listenCotp } from "../../src/osi/cotp.ts";

const octets = (...values: readonly number[]) => Uint8Array.from(values);

const mms: AssociateOptions = {
  applicationContext: MMS.applicationContext,
  contexts: [
    { id: 3, abstractSyntax: MMS.abstractSyntax },
    { id: 5, abstractSyntax: "1.2.3" },
  ],
  calledSelector: octets(0, 1),
  calledPresentationSelector: octets(0, 0, 0, 1),
  called: { apTitle: "1.1.1.999.1", aeQualifier: 12 },
  userInformation: [{ contextId: 3, value: octets(0xa8, 0) }],
};

async function asked(
  options: AwaitAssociationOptions = {},
): Promise<[Promise<Association>, AssociationRequest]> {
  const [near, far] = transportPair();
  const waiting = awaitAssociation(far, options);
  const associating = associate(near, mms);
  associating.catch(() => {});
  return [associating, await waiting];
}

async function associated(
  accept: AcceptAssociationOptions = {},
): Promise<[Association, Association]> {
  const [associating, request] = await asked({ abstractSyntaxes: [MMS.abstractSyntax] });
  const far = request.accept(accept);
  return [await associating, far];
}

describe("association", () => {
  it("is made, tells both who the other is, and carries values", async () => {
    const answer = [{ contextId: 3, value: octets(0xa9, 0) }];
    const [near, far] = await associated({ userInformation: answer });
    assert.deepEqual(near.peer.userInformation, answer);
    assert.deepEqual(far.peer.type === "AARQ" && far.peer.called, mms.called);
    assert.deepEqual([...near.contextIds], [3]);
    assert.throws(() => near.send(5, octets(1)), { code: "ERR_ARGUMENT" });
    await near.send(3, octets(0xa0, 0));
    for await (const { contextId, value } of far) {
      assert.deepEqual([contextId, value], [3, octets(0xa0, 0)]);
      break;
    }
    await far.send(3, octets(0xa1, 0));
    assert.equal((await near.dialogue.next())?.type, "S-DATA");
  });

  it("is released with RLRQ and RLRE", async () => {
    const [near, far] = await associated();
    const reading = (async () => {
      for await (const value of far) assert.fail(`${value.contextId}`);
    })();
    await near.release();
    await reading;
    assert.deepEqual([near.dialogue.isEnded, far.dialogue.isEnded], [true, true]);
  });

  it("is aborted with ABRT", async () => {
    const [near, far] = await associated();
    near.abort();
    await assert.rejects(far[Symbol.asyncIterator]().next(), (error) => {
      assert.ok(error instanceof DialogueAborted);
      assert.equal(abortOf(error)?.type, "ARU");
      return true;
    });
  });

  it("is refused with a reason", async () => {
    const [associating, request] = await asked();
    request.refuse({ diagnostic: 2 });
    await assert.rejects(associating, (error: Error & { answer?: { diagnostic: unknown } }) => {
      assert.deepEqual(error.answer?.diagnostic, { source: "user", value: 2 });
      return true;
    });
  });

  it("is refused for a presentation selector that is not there", async () => {
    const [near, far] = transportPair();
    const waiting = awaitAssociation(far, { presentationSelector: octets(9) });
    const associating = associate(near, mms);
    await assert.rejects(waiting, { code: "ERR_REFUSED" });
    await assert.rejects(associating, /CPR, provider reason 3/);
  });

  it("is aborted when what comes is no presentation", async () => {
    const [near, far] = await associated();
    await near.dialogue.data(octets(1, 2, 3));
    await assert.rejects(far[Symbol.asyncIterator]().next(), { code: "ERR_PROTOCOL" });
    await assert.rejects(near[Symbol.asyncIterator]().next(), { code: "ERR_ABORTED" });
  });

  it("works over TCP", async () => {
    let accepted: (connection: CotpConnection) => void = () => {};
    const incoming = new Promise<CotpConnection>((resolve) => {
      accepted = resolve;
    });
    await using server = await listenCotp({ port: 0 }, (connection) => accepted(connection));
    const associating = connectCotp({ port: server.port }).then((near) => associate(near, mms));
    const far = (await awaitAssociation(await incoming)).accept();
    const near = await associating;
    const reading = (async () => {
      for await (const { value } of far) assert.equal(value.length, 5000);
    })();
    await near.send(3, new Uint8Array(5000));
    await near.release();
    await reading;
  });
});
