import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Outgoing, type SentTsdus } from "../../../src/pure/iso8327/outgoing.ts";
import { hex } from "../../../src/pure/octets.ts";
import { octets } from "./samples.ts";

const unlimited: SentTsdus = { sentTsduOctets: 0, peerTakesExtended: true };
const userData = octets("75 64");
const start = { type: "AS", activityIdentifier: octets("01") } as const;

/** All that is to be done, as the names of the outputs with their octets. */
function drain(outgoing: Outgoing): string[] {
  const done: string[] = [];
  for (let output = outgoing.poll(); output; output = outgoing.poll()) {
    switch (output.type) {
      case "send":
        done.push(`send ${hex(output.head)} ${hex(output.octets)}`);
        break;
      case "sendExpedited":
        done.push(`sendExpedited ${hex(output.octets)}`);
        break;
      default:
        done.push(output.type);
    }
  }
  return done;
}

describe("what a session machine has to say", () => {
  it("is done in the order in which it was asked for, and once", () => {
    const outgoing = new Outgoing(false);
    outgoing.push({ type: "accept" });
    outgoing.send({ type: "DT", userData }, unlimited);
    outgoing.sendExpedited({ type: "EX", userData });
    outgoing.push({ type: "close" });
    assert.deepEqual(drain(outgoing), [
      "accept",
      "send 01000100 7564",
      "sendExpedited 05007564",
      "close",
    ]);
    assert.deepEqual(drain(outgoing), []);
  });

  it("is data in the memory that the user gave", () => {
    const outgoing = new Outgoing(false);
    outgoing.send({ type: "DT", userData }, unlimited);
    const output = outgoing.poll();
    assert.equal(output?.type === "send" && output.octets, userData);
  });

  it("has GIVE TOKENS or PLEASE TOKENS in front where the category asks for it (6.3.7)", () => {
    const outgoing = new Outgoing(false);
    outgoing.send({ type: "MIP", serialNumber: 1 }, unlimited);
    outgoing.send({ type: "MIA", serialNumber: 1 }, unlimited);
    outgoing.send({ type: "TD", userData }, unlimited);
    assert.deepEqual(drain(outgoing), [
      "send 0100 31032a0131",
      "send 0200 32032a0131",
      "send  21007564",
    ]);
  });

  it("is cut into segments that fit into a TSDU of the peer (6.3.5)", () => {
    const outgoing = new Outgoing(false);
    outgoing.send(
      { type: "DT", userData: octets("01 02 03 04 05") },
      {
        ...unlimited,
        sentTsduOctets: 9,
      },
    );
    assert.deepEqual(drain(outgoing), [
      "send 0100 01031901010102",
      "send 0100 01031901000304",
      "send 0100 010319010205",
    ]);
  });

  it("is not cut while sizes are being settled", () => {
    const outgoing = new Outgoing(false);
    outgoing.sendWhole({ type: "OA", versionNumber: 2 });
    assert.equal(drain(outgoing).length, 1);
  });

  describe("when it concatenates", () => {
    it("leaves in one TSDU what was asked for in one go", () => {
      const outgoing = new Outgoing(true);
      outgoing.send(start, unlimited);
      outgoing.send({ type: "DT", userData }, unlimited);
      assert.deepEqual(drain(outgoing), ["send 01002d032901010100 7564"]);
    });

    it("keeps nothing back once it was polled", () => {
      const outgoing = new Outgoing(true);
      outgoing.send(start, unlimited);
      assert.deepEqual(drain(outgoing), ["send 01002d03290101 "]);
      outgoing.send({ type: "DT", userData }, unlimited);
      assert.deepEqual(drain(outgoing), ["send 01000100 7564"]);
    });

    it("tells the user without waiting for what is kept back", () => {
      const outgoing = new Outgoing(true);
      outgoing.send(start, unlimited);
      outgoing.push({ type: "event", event: { type: "SDTind", userData } });
      assert.deepEqual(drain(outgoing), ["event", "send 01002d03290101 "]);
    });

    it("sends what was kept back ahead of anything that cannot go with it", () => {
      for (const say of [
        (outgoing: Outgoing) => outgoing.send({ type: "AI", reasonCode: 0 }, unlimited),
        (outgoing: Outgoing) => outgoing.sendExpedited({ type: "PR", prepareType: 2 }),
        (outgoing: Outgoing) => outgoing.sendWhole({ type: "AA" }),
        (outgoing: Outgoing) => outgoing.flush(),
      ]) {
        const outgoing = new Outgoing(true);
        outgoing.send(start, unlimited);
        say(outgoing);
        assert.equal(drain(outgoing)[0], "send 01002d03290101 ");
      }
    });

    it("keeps apart what the peer would not take together", () => {
      for (const settled of [
        { sentTsduOctets: 0, peerTakesExtended: false },
        { sentTsduOctets: 9, peerTakesExtended: true },
      ]) {
        const outgoing = new Outgoing(true);
        outgoing.send(start, settled);
        outgoing.send({ type: "MIP", serialNumber: 1 }, settled);
        assert.deepEqual(drain(outgoing), ["send 01002d03290101 ", "send 010031032a0131 "]);
      }
    });
  });
});
