import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EXPEDITED, NORMAL, octets, Pair, TYPED } from "./pair.ts";

describe("session machine", () => {
  it("carries messages in order, and expedited ones past them", () => {
    const pair = new Pair();
    const { initiator, responder } = pair;
    initiator.machine.send(NORMAL, octets("one"));
    initiator.machine.send(TYPED, octets("two"));
    initiator.machine.sendExpedited(EXPEDITED, octets("now"));
    pair.settle();
    assert.deepEqual(responder.takeAll(), ["expedited now", "one", "typed two"]);
    responder.machine.send(NORMAL, octets("back"));
    pair.settle();
    assert.deepEqual(initiator.takeAll(), ["back"]);
    assert.deepEqual(pair.told(), ["initiator: readable", "responder: readable"]);
  });

  it("replays after a cut what did not arrive, once", () => {
    const pair = new Pair();
    const { initiator, responder } = pair;
    initiator.machine.send(NORMAL, octets("arrived"));
    pair.settle();
    initiator.machine.send(NORMAL, octets("lost"));
    initiator.drain(pair.now);
    pair.lose(0);
    pair.cut();
    responder.machine.send(NORMAL, octets("meanwhile"));
    pair.resume();
    assert.deepEqual(responder.takeAll(), ["arrived", "lost"]);
    assert.deepEqual(initiator.takeAll(), ["meanwhile"]);
    assert.deepEqual(pair.told(), [
      "initiator: suspended: cut",
      "initiator: resumed 1, 1 replayed",
      "initiator: readable",
      "responder: readable",
      "responder: suspended: cut",
      "responder: resumed 1, 1 replayed",
    ]);
  });

  it("releases in order", () => {
    const pair = new Pair();
    pair.initiator.machine.requestRelease(pair.now);
    pair.settle();
    pair.responder.machine.send(NORMAL, octets("one thing more"));
    pair.responder.machine.answerRelease(true, pair.now);
    pair.settle();
    pair.pass(1000);
    assert.deepEqual(pair.told(), [
      "initiator: readable",
      "initiator: closed released",
      "responder: releaseAsked",
      "responder: closed released",
    ]);
    assert.deepEqual(pair.initiator.takeAll(), ["one thing more"]);
  });
});
