import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OVERLAPPED } from "../../../src/pure/native/establishment.ts";
import { FrameReader } from "../../../src/pure/native/frame-reader.ts";
import {
  CONFIRM,
  encodeFrame,
  encodeVarints,
  GOAWAY,
  PING,
  RESUME,
} from "../../../src/pure/native/frames.ts";
import type { Established } from "../../../src/pure/native/initiation.ts";
import { proveResume } from "../../../src/pure/native/keys.ts";
import { limitsFrom } from "../../../src/pure/native/limits.ts";
import { SessionMachine } from "../../../src/pure/native/machine.ts";
import { Reception, refuse } from "../../../src/pure/native/reception.ts";
import type { Refusal } from "../../../src/pure/native/refusal.ts";
import {
  decodeResumed,
  encodeResumeClaim,
  type ResumeRequest,
  withProof,
} from "../../../src/pure/native/resume.ts";
import { concatOctets, NO_OCTETS, utf8 } from "../../../src/pure/octets.ts";
import { seededSuite } from "../../../src/testing/suite.ts";
import {
  contextsOf,
  EXPEDITED,
  established,
  NORMAL,
  octets,
  Pair,
  type PairOptions,
  type Side,
  TYPED,
} from "./pair.ts";

const WINDOW_MS = 600_000;
const NOW = 1000;

/** A pair of which nobody has been told anything yet. */
function connected(options: PairOptions = {}): Pair {
  const pair = new Pair(options);
  pair.told();
  return pair;
}

/** What a RESUME says, as the responder's reception reads it. */
function requestOf(frame: Uint8Array): ResumeRequest {
  const step = new Reception(seededSuite(9), limitsFrom(), NO_OCTETS).receive(frame);
  assert.equal(step.type, "resume");
  return (step as Extract<typeof step, { type: "resume" }>).request;
}

/** Sends to a side on its current transport what its peer never would. */
function forge({ machine }: Side, pair: Pair, frame: Uint8Array): void {
  machine.receive(machine.currentTransport ?? -1, frame, pair.now);
}

describe("session machine: messages", () => {
  it("carries them in order, and expedited ones past them", () => {
    const pair = connected();
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

  it("tells of messages before it tells of the end behind them", () => {
    const pair = connected();
    pair.responder.machine.send(NORMAL, octets("last"));
    pair.responder.drain(pair.now);
    pair.responder.machine.abort("user", "enough");
    pair.settle();
    assert.deepEqual(pair.told(), [
      "initiator: readable",
      "initiator: closed aborted: the peer: user: enough",
      "responder: closed aborted: enough",
    ]);
    assert.deepEqual(pair.initiator.takeAll(), ["last"]);
  });

  it("refuses to send after a release was asked for, and after the end, and changes nothing", () => {
    const pair = connected();
    const { machine } = pair.initiator;
    machine.requestRelease(pair.now);
    assert.throws(() => machine.send(NORMAL, octets("x")), { code: "ERR_STATE" });
    machine.abort("user", "");
    assert.throws(() => machine.send(NORMAL, octets("x")), { code: "ERR_CLOSED" });
    assert.throws(() => machine.requestRelease(pair.now), { code: "ERR_CLOSED" });
    assert.throws(() => machine.answerRelease(true, pair.now), { code: "ERR_CLOSED" });
  });
});

describe("session machine: resume", () => {
  it("replays after a cut what did not arrive, once", () => {
    const pair = connected();
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

  it("succeeds with nothing to replay", () => {
    const pair = connected();
    pair.cut();
    pair.resume();
    assert.deepEqual(pair.told().slice(1), [
      "initiator: resumed 1, 0 replayed",
      "responder: suspended: cut",
      "responder: resumed 1, 0 replayed",
    ]);
  });

  it("is repeatable when it is interrupted half-way", () => {
    const pair = connected();
    const { initiator, responder } = pair;
    initiator.machine.send(NORMAL, octets("one"));
    initiator.drain(pair.now);
    pair.lose(0);
    pair.cut();
    for (let i = 0; i < 100 && initiator.dials.length === 0; i++) pair.pass(10);
    const transport = pair.open();
    pair.deliver(initiator, transport);
    pair.cut(transport);
    pair.resume();
    assert.deepEqual(responder.takeAll(), ["one"]);
    assert.equal(responder.machine.epoch, 2);
  });

  it("lets one of two resumers have the session, and tells the other", () => {
    const pair = connected();
    const copy = new Pair();
    copy.cut();
    for (let i = 0; i < 100 && copy.initiator.dials.length === 0; i++) copy.pass(10);
    const transport = copy.open();
    // The copy has the same secret, as both pairs have the same seeds: it comes to the first one.
    const request = requestOf(concatOctets(copy.initiator.sent.get(transport) ?? []));
    pair.cut();
    pair.resume();
    pair.told();
    const refusal = pair.responder.machine.resume(77, request, NO_OCTETS, NO_OCTETS, pair.now);
    assert.deepEqual(refusal, { reason: "fenced", isPersistent: true, epoch: 1 });
    assert.deepEqual(pair.told(), []);
    assert.equal(pair.responder.machine.state, "connected");
  });

  it("tells the holder that somebody with a higher epoch has taken over", () => {
    const pair = connected();
    const { responder } = pair;
    const taker = new Pair();
    taker.cut();
    for (let i = 0; i < 100 && taker.initiator.dials.length === 0; i++) taker.pass(10);
    const transport = taker.open();
    const resume = concatOctets(taker.initiator.sent.get(transport) ?? []);
    taker.initiator.sent.clear();
    const number = 50;
    responder.machine.resume(number, requestOf(resume), NO_OCTETS, NO_OCTETS, pair.now);
    responder.drain(pair.now);
    const resumed = concatOctets(responder.sent.get(number) ?? []);
    responder.sent.delete(number);
    taker.initiator.machine.receive(transport, resumed, taker.now);
    taker.initiator.drain(taker.now);
    const confirm = concatOctets(taker.initiator.sent.get(transport) ?? []);
    responder.machine.receive(number, confirm, pair.now);
    responder.drain(pair.now);
    responder.sent.delete(number);
    pair.settle();
    assert.deepEqual(pair.told(), [
      "initiator: closed fenced: fenced by epoch 1",
      "responder: moved 1, 0 replayed",
    ]);
  });

  it("does not take a RESUME that it took before", () => {
    const pair = connected();
    pair.cut();
    for (let i = 0; i < 100 && pair.initiator.dials.length === 0; i++) pair.pass(10);
    const transport = pair.open();
    const request = requestOf(concatOctets(pair.initiator.sent.get(transport) ?? []));
    pair.settle();
    pair.told();
    const { machine } = pair.responder;
    const refusal = machine.resume(88, request, NO_OCTETS, NO_OCTETS, pair.now);
    assert.deepEqual(refusal, { reason: "fenced", isPersistent: true, epoch: 1 });
  });

  it("offers a higher epoch when one was claimed and nobody came to hold it", () => {
    const pair = connected();
    pair.cut();
    for (let i = 0; i < 100 && pair.initiator.dials.length === 0; i++) pair.pass(10);
    const transport = pair.open();
    const request = requestOf(concatOctets(pair.initiator.sent.get(transport) ?? []));
    const { machine } = pair.responder;
    assert.equal(machine.resume(80, request, NO_OCTETS, NO_OCTETS, pair.now), undefined);
    const again = machine.resume(81, request, NO_OCTETS, NO_OCTETS, pair.now);
    assert.deepEqual(again, { reason: "fenced", isPersistent: false, epoch: 1 });
    machine.ended(80, pair.now);
    pair.responder.drain(pair.now);
    pair.responder.sent.clear();
    pair.responder.closed.clear();
    // What the initiator is told makes it try again, and that succeeds.
    pair.settle();
    pair.resume();
    assert.equal(machine.epoch, 2);
  });

  it("does not take a proof that is not good, on another channel, or of another frame", () => {
    const pair = connected();
    pair.cut();
    for (let i = 0; i < 100 && pair.initiator.dials.length === 0; i++) pair.pass(10);
    const transport = pair.open();
    const frame = concatOctets(pair.initiator.sent.get(transport) ?? []);
    const request = requestOf(frame);
    const { machine } = pair.responder;
    const refusal = { reason: "badProof", isPersistent: true };
    const other = machine.resume(1, request, utf8("another channel"), NO_OCTETS, pair.now);
    assert.deepEqual(other, refusal);
    for (let at = 0; at < request.proof.length; at++) {
      const proof = request.proof.slice();
      proof[at] = (proof[at] as number) ^ 1;
      const forged = requestOf(encodeFrame(RESUME, withProof(request.claim, proof)));
      assert.deepEqual(machine.resume(1, forged, NO_OCTETS, NO_OCTETS, pair.now), refusal);
    }
    assert.equal(machine.state, "suspended");
  });

  it("refuses positions that cannot be, and stays as it is", () => {
    const liar = new Pair();
    for (let i = 0; i < 3; i++)
      liar.responder.machine.send(NORMAL, octets("never said to the other"));
    liar.settle();
    liar.cut();
    for (let i = 0; i < 100 && liar.initiator.dials.length === 0; i++) liar.pass(10);
    const transport = liar.open();
    const request = requestOf(concatOctets(liar.initiator.sent.get(transport) ?? []));
    const pair = connected();
    const { machine } = pair.responder;
    assert.deepEqual(machine.resume(1, request, NO_OCTETS, NO_OCTETS, pair.now), {
      reason: "lost",
      isPersistent: true,
      received: [0, 0],
      message: "the peer has 75 of lane 0, we sent 0",
    });
    assert.equal(machine.state, "connected");
    assert.deepEqual(pair.told(), []);
  });

  it("does not wait long for somebody who was never heard of after the handshake", () => {
    const pair = connected();
    pair.cut();
    pair.told();
    pair.pass(60_001);
    assert.match(pair.told().join(), /responder: closed expired: expired: not resumed in 60000 ms/);
  });

  it("expires at both sides when it is not resumed in time", () => {
    const pair = connected();
    pair.initiator.machine.send(NORMAL, octets("here I am"));
    pair.settle();
    pair.told();
    pair.cut();
    for (let ms = 0; ms < WINDOW_MS + 30_000; ms += 1000) {
      pair.pass(1000);
      for (const transport of pair.initiator.dials.splice(0)) {
        pair.initiator.machine.ended(transport, pair.now);
      }
    }
    pair.settle();
    const told = pair.told().filter((what) => !what.endsWith("retrying"));
    const expired = `closed expired: expired: not resumed in ${WINDOW_MS} ms`;
    assert.deepEqual(told, [
      "initiator: suspended: cut",
      `initiator: ${expired}`,
      "responder: suspended: cut",
      `responder: ${expired}`,
    ]);
    assert.equal(pair.initiator.machine.deadline, undefined);
    assert.equal(pair.responder.machine.deadline, undefined);
  });

  it("tells who comes to an ended session how it ended", () => {
    const pair = connected();
    pair.cut();
    for (let i = 0; i < 100 && pair.initiator.dials.length === 0; i++) pair.pass(10);
    pair.responder.machine.abort("user", "no");
    pair.responder.drain(pair.now);
    pair.connect();
    assert.deepEqual(pair.told().slice(-4), [
      "initiator: closed aborted: the peer aborted",
      "responder: suspended: cut",
      "responder: closed aborted: no",
      "responder: refuses: aborted",
    ]);
  });
});

describe("session machine: a RESUME that is refused", () => {
  const never = { isPersistent: true };
  const refusals: readonly (readonly [Refusal, string])[] = [
    [
      { reason: "expired", ...never, received: [7, 0], message: "too late" },
      "closed expired: expired; the peer had 7 octets of lane 0: too late",
    ],
    [{ reason: "expired", ...never }, "closed expired: expired"],
    [{ reason: "lost", ...never, message: "damaged" }, "closed lost: lost: damaged"],
    [{ reason: "unknownSession", ...never }, "retrying"],
    [{ reason: "aborted", ...never }, "closed aborted: the peer aborted"],
    [{ reason: "fenced", ...never, epoch: 9 }, "closed fenced: fenced by epoch 9"],
    [{ reason: "badProof", ...never }, "retrying"],
    [{ reason: "protocolError", ...never }, "retrying"],
    [{ reason: "forbidden", ...never }, "closed unknown: forbidden"],
    // Nobody asked for a release: it cannot have finished.
    [{ reason: "finished", ...never }, "closed unknown: finished"],
    [{ reason: "notReady", isPersistent: false, retryMs: 70 }, "retrying"],
    [{ reason: "fenced", isPersistent: false, epoch: 9 }, "retrying"],
    [{ reason: "moved", ...never, location: "tcp://elsewhere:1" }, "retrying"],
  ];
  for (const [refusal, outcome] of refusals) {
    const when = refusal.isPersistent ? "for good" : "for now";
    it(`tells how it ended, or goes on trying: ${refusal.reason} ${when}, ${outcome}`, () => {
      const pair = connected();
      pair.cut();
      for (let i = 0; i < 100 && pair.initiator.dials.length === 0; i++) pair.pass(10);
      const transport = pair.open();
      pair.told();
      pair.initiator.machine.receive(transport, refuse(refusal), pair.now);
      pair.initiator.drain(pair.now);
      assert.deepEqual(pair.told(), [`initiator: ${outcome}`]);
    });
  }
});

describe("session machine: a RESUME that is damaged on its way", () => {
  /** Dials, and has what is said there refused as the peer would refuse it. */
  const refused = (pair: Pair, reason: Refusal["reason"] = "badProof"): void => {
    pair.initiator.dials.length = 0;
    for (let i = 0; i < 1000 && pair.initiator.dials.length === 0; i++) pair.pass(10);
    const transport = pair.open();
    const frame = refuse({ reason, isPersistent: true });
    pair.initiator.machine.receive(transport, frame, pair.now);
    pair.initiator.drain(pair.now);
  };

  it("is said again, three times, before the session is given up", () => {
    const pair = connected();
    pair.cut();
    pair.told();
    for (let i = 0; i < 4; i++) refused(pair);
    const again = "initiator: retrying";
    assert.deepEqual(pair.told(), [again, again, again, "initiator: closed unknown: badProof"]);
  });

  it("is said again when the id that came was nobody's", () => {
    const pair = connected();
    pair.cut();
    pair.told();
    for (let i = 0; i < 4; i++) refused(pair, "unknownSession");
    const again = "initiator: retrying";
    const unknown = "initiator: closed unknown: the peer knows no such session";
    assert.deepEqual(pair.told(), [again, again, again, unknown]);
  });

  it("is said again soon, however long nobody was there before", () => {
    const pair = connected();
    pair.cut();
    for (let i = 0; i < 10; i++) {
      pair.initiator.dials.length = 0;
      for (let n = 0; n < 2000 && pair.initiator.dials.length === 0; n++) pair.pass(10);
      pair.initiator.machine.ended(pair.open(), pair.now);
    }
    refused(pair, "unknownSession");
    const answeredAt = pair.now;
    for (let i = 0; i < 3; i++) refused(pair, "unknownSession");
    assert.ok(pair.now - answeredAt < 500, `${pair.now - answeredAt} ms`);
  });

  it("has three more attempts when the session has been resumed since", () => {
    const pair = connected();
    for (let round = 0; round < 2; round++) {
      pair.cut();
      for (let i = 0; i < 3; i++) refused(pair);
      pair.initiator.dials.length = 0;
      for (let i = 0; i < 1000 && pair.initiator.dials.length === 0; i++) pair.pass(10);
      pair.resume();
    }
    assert.equal(pair.initiator.machine.state, "connected");
  });
});

describe("session machine: a resumer that displaces another", () => {
  it("is told what is retained now, not what was before the other was dropped", () => {
    const pair = connected();
    const { responder } = pair;
    const suites = [seededSuite(1), seededSuite(2)] as const;
    const [{ secret, sessionId }] = established(suites, [limitsFrom(), limitsFrom()]);
    const request = (epoch: number): ResumeRequest => {
      const positions = { received: [0, 0], retained: [0, 0] } as const;
      const claim = encodeResumeClaim(sessionId, epoch, positions, new Uint8Array(32));
      const proof = proveResume(suites[0], secret, epoch, "resume", NO_OCTETS, claim);
      return { sessionId, epoch, positions, claim, proof };
    };
    const come = (transport: number, asked: ResumeRequest): void => {
      responder.machine.resume(transport, asked, NO_OCTETS, NO_OCTETS, pair.now);
    };
    responder.machine.send(NORMAL, octets("hello"));
    come(1, request(1));
    responder.sent.clear();
    responder.drain(pair.now);
    responder.sent.delete(1);
    // The holder acknowledges, which is held for the first resumer.
    pair.settle();
    pair.pass(50);
    const second = request(2);
    come(2, second);
    responder.closed.clear();
    responder.drain(pair.now);
    const reader = new FrameReader(1000);
    reader.feed(concatOctets(responder.sent.get(2) ?? []));
    assert.equal(reader.next(), true);
    const answer = decodeResumed(reader.body());
    assert.deepEqual(answer.positions.retained, [7, 0]);
    const proof = proveResume(
      suites[0],
      secret,
      2,
      "confirm",
      NO_OCTETS,
      second.claim,
      answer.claim,
    );
    responder.machine.receive(2, encodeFrame(CONFIRM, proof), pair.now);
    assert.equal(responder.machine.epoch, 2);
  });
});

describe("session machine: move", () => {
  it("goes over to a new transport, and nobody notices", () => {
    const pair = connected();
    pair.initiator.machine.migrate(pair.now);
    pair.pass(1);
    pair.connect();
    pair.initiator.machine.send(NORMAL, octets("there"));
    pair.settle();
    assert.deepEqual(pair.responder.takeAll(), ["there"]);
    assert.deepEqual(pair.told(), [
      "initiator: moved 1, 0 replayed",
      "responder: moved 1, 0 replayed",
      "responder: readable",
    ]);
  });

  it("counts what the old transport still brings, and takes nothing twice", () => {
    const pair = connected();
    const { initiator, responder } = pair;
    initiator.machine.migrate(pair.now);
    pair.pass(1);
    const transport = pair.open();
    // Behind the RESUME, on the old transport, both go on, and acknowledge.
    for (const { machine } of [initiator, responder]) machine.send(NORMAL, octets("old"));
    for (const side of [initiator, responder]) side.drain(pair.now);
    pair.deliver(responder, 0);
    pair.deliver(initiator, 0);
    pair.now += 50;
    for (const side of [initiator, responder]) side.drain(pair.now);
    pair.deliver(initiator, 0);
    pair.deliver(responder, 0);
    pair.deliver(initiator, transport);
    pair.settle();
    for (const { machine } of [initiator, responder]) machine.send(NORMAL, octets("new"));
    pair.settle();
    assert.deepEqual(
      [initiator.takeAll(), responder.takeAll()],
      [
        ["old", "new"],
        ["old", "new"],
      ],
    );
    assert.equal(initiator.machine.epoch, 1);
  });

  it("holds what the new transport may ask for while the old one acknowledges it", () => {
    const pair = connected();
    const { initiator, responder } = pair;
    initiator.machine.migrate(pair.now);
    pair.pass(1);
    const transport = pair.open();
    pair.deliver(initiator, transport);
    // RESUMED is under way; what is acknowledged on the old transport is behind what it says.
    for (const { machine } of [initiator, responder]) machine.send(NORMAL, octets("old"));
    for (const side of [initiator, responder]) side.drain(pair.now);
    pair.deliver(initiator, 0);
    pair.deliver(responder, 0);
    pair.now += 50;
    for (const side of [initiator, responder]) side.drain(pair.now);
    pair.deliver(initiator, 0);
    pair.deliver(responder, 0);
    pair.settle();
    for (const { machine } of [initiator, responder]) machine.send(NORMAL, octets("new"));
    pair.settle();
    assert.deepEqual(
      [initiator.takeAll(), responder.takeAll()],
      [
        ["old", "new"],
        ["old", "new"],
      ],
    );
    assert.deepEqual(
      [initiator.machine.state, responder.machine.state],
      ["connected", "connected"],
    );
  });

  it("stays where it is when the new place does not know it", () => {
    const pair = connected();
    pair.initiator.machine.migrate(pair.now, "elsewhere");
    pair.pass(1);
    const transport = pair.open();
    const refusal = encodeFrame(4, Uint8Array.of(10, 25, 1, 1));
    pair.initiator.machine.receive(transport, refusal, pair.now);
    pair.initiator.drain(pair.now);
    assert.deepEqual(pair.told(), ["initiator: retrying"]);
    assert.equal(pair.initiator.machine.state, "connected");
  });

  it("survives a candidate whose CONFIRM never comes", () => {
    const pair = connected();
    pair.initiator.machine.migrate(pair.now);
    pair.pass(1);
    const transport = pair.open();
    pair.deliver(pair.initiator, transport);
    pair.deliver(pair.responder, transport);
    pair.silent.add(transport);
    pair.pass(26_000);
    assert.match(pair.told().join(), /initiator: moved 1.*responder: suspended/);
    pair.resume();
    assert.deepEqual(
      [pair.initiator.machine.state, pair.responder.machine.state],
      ["connected", "connected"],
    );
  });

  it("moves when it is asked to, between the earliest and the latest time", () => {
    const pair = connected();
    pair.responder.machine.goAway(1000, 500, "tcp://other");
    pair.settle();
    pair.pass(999);
    assert.deepEqual(pair.initiator.dials, []);
    pair.pass(502);
    assert.equal(pair.initiator.dials.length, 1);
    pair.connect();
    assert.deepEqual(pair.told(), [
      "initiator: moving",
      "initiator: moved 1, 0 replayed",
      "responder: moved 1, 0 replayed",
    ]);
  });

  it("comes back when it was asked to, and not before, though the peer hung up", () => {
    const pair = connected();
    pair.responder.machine.goAway(5000, 0);
    pair.settle();
    pair.cut();
    pair.pass(4990);
    assert.deepEqual(pair.initiator.dials, []);
    pair.pass(20);
    assert.equal(pair.initiator.dials.length, 1);
  });

  it("is the initiator's to begin", () => {
    const { responder, now } = connected();
    assert.throws(() => responder.machine.migrate(now), { code: "ERR_STATE" });
  });
});

describe("session machine: keepalive", () => {
  it("probes a silent peer, and is content with its answer", () => {
    const pair = connected();
    pair.pass(60_000);
    assert.deepEqual(pair.told(), []);
    assert.equal(pair.initiator.machine.state, "connected");
  });

  it("gives up a transport that brings nothing any more", () => {
    const pair = connected();
    pair.silent.add(0);
    pair.pass(24_000);
    assert.deepEqual(pair.told(), []);
    pair.pass(2000);
    assert.deepEqual(pair.told(), [
      "initiator: suspended: nothing heard for 25000 ms",
      "responder: suspended: nothing heard for 25000 ms",
    ]);
  });

  it("asks again before it blames a peer for its own sleep", () => {
    const pair = connected();
    pair.now += 3_600_000;
    pair.pass(20_000);
    assert.deepEqual(pair.told(), []);
    assert.equal(pair.responder.machine.state, "connected");
  });

  it("finds out in seconds when there is reason to doubt", () => {
    const pair = connected();
    pair.silent.add(0);
    pair.initiator.machine.probe(pair.now);
    pair.settle();
    pair.pass(5001);
    assert.deepEqual(pair.told(), ["initiator: suspended: nothing heard for 5000 ms"]);
  });

  it("measures the round trip", () => {
    const pair = connected();
    const { initiator, responder } = pair;
    initiator.machine.probe(pair.now);
    initiator.drain(pair.now);
    pair.now += 40;
    pair.deliver(initiator, 0);
    pair.now += 2;
    pair.deliver(responder, 0);
    assert.equal(initiator.machine.link.roundTripMs, 42);
  });

  it("answers a flood of probes once, and not at all while nobody reads", () => {
    const pair = connected();
    const { responder } = pair;
    responder.machine.isClogged = true;
    const flood = concatOctets(Array.from({ length: 1000 }, (_, i) => encodeVarints(PING, i)));
    forge(responder, pair, flood);
    responder.drain(pair.now);
    assert.equal(responder.sent.size, 0);
    responder.machine.isClogged = false;
    responder.drain(pair.now);
    assert.deepEqual(concatOctets(responder.sent.get(0) ?? []), Uint8Array.of(0x0c, 2, 0xe7, 0x07));
  });

  it("has no timer that a clogged transport would make run in circles", () => {
    const pair = connected();
    pair.initiator.machine.send(NORMAL, octets("x"));
    pair.settle();
    pair.responder.machine.isClogged = true;
    pair.now += 100;
    pair.responder.machine.tick(pair.now);
    assert.ok((pair.responder.machine.deadline ?? 0) > pair.now);
  });

  it("ends a session that is idle, or too old, if that was agreed", () => {
    const idle = connected({ initiatorLimits: { idleMs: 60_000 } });
    idle.pass(50_000);
    idle.initiator.machine.send(NORMAL, octets("x"));
    idle.settle();
    idle.pass(100_000);
    assert.match(idle.told().join(), /initiator: closed aborted: nothing was said for 60000 ms/);
    const old = connected({ responderLimits: { absoluteMs: 1000 } });
    old.pass(1001);
    assert.match(old.told().join(), /closed aborted: its time is over/);
  });
});

describe("session machine: release", () => {
  it("lets the peer say its last before it agrees", () => {
    const pair = connected();
    pair.initiator.machine.requestRelease(pair.now);
    pair.settle();
    pair.responder.machine.send(NORMAL, octets("one thing more"));
    pair.responder.machine.answerRelease(true, pair.now);
    pair.settle();
    assert.deepEqual(pair.told(), [
      "initiator: readable",
      "initiator: closed released",
      "responder: releaseAsked",
      "responder: closed released",
    ]);
    assert.deepEqual(pair.initiator.takeAll(), ["one thing more"]);
  });

  it("may be declined, and asked for again", () => {
    const pair = connected();
    const { initiator, responder } = pair;
    responder.machine.requestRelease(pair.now);
    pair.settle();
    initiator.machine.answerRelease(false, pair.now);
    pair.settle();
    assert.deepEqual(pair.told(), ["initiator: releaseAsked", "responder: releaseRefused"]);
    responder.machine.send(NORMAL, octets("so be it"));
    responder.machine.requestRelease(pair.now);
    pair.settle();
    initiator.machine.answerRelease(true, pair.now);
    pair.settle();
    assert.deepEqual([initiator.takeAll(), initiator.machine.state], [["so be it"], "closed"]);
    assert.equal(responder.machine.state, "closed");
  });

  it("ends when both ask at once", () => {
    const pair = connected();
    const { initiator, responder } = pair;
    for (const side of [initiator, responder]) {
      side.machine.send(NORMAL, octets("bye"));
      side.machine.requestRelease(pair.now);
      side.drain(pair.now);
    }
    pair.settle();
    assert.deepEqual(pair.told(), [
      "initiator: readable",
      "initiator: closed released",
      "responder: readable",
      "responder: closed released",
    ]);
  });

  it("ends when the peer asks while we have things to send", () => {
    const pair = connected({ responderLimits: { windowOctets: 4096, windowOctetsMax: 4096 } });
    const { initiator, responder } = pair;
    for (let i = 0; i < 3; i++) initiator.machine.send(NORMAL, octets("x".repeat(3000)));
    initiator.machine.requestRelease(pair.now);
    responder.machine.requestRelease(pair.now);
    pair.settle();
    assert.equal(initiator.machine.releaseState, "answering");
    for (let i = 0; i < 3; i++) {
      assert.equal(responder.takeAll().length, 1);
      pair.pass(100);
    }
    assert.deepEqual([initiator.machine.state, responder.machine.state], ["closed", "closed"]);
  });

  for (const asks of ["initiator", "responder"] as const) {
    it(`survives a cut at every step when the ${asks} asks`, () => {
      // How many deliveries pass before the cut; the last are after the end.
      for (let steps = 0; steps < 8; steps++) {
        const pair = connected();
        const { initiator, responder } = pair;
        const [one, other] = asks === "initiator" ? [initiator, responder] : [responder, initiator];
        other.machine.send(NORMAL, octets("last"));
        one.machine.requestRelease(pair.now);
        for (let step = 0; step < steps; step++) {
          for (const side of [one, other]) side.drain(pair.now);
          pair.deliver(step % 2 ? other : one, 0);
          if (other.machine.releaseState === "asked") other.machine.answerRelease(true, pair.now);
        }
        for (const side of [one, other]) side.drain(pair.now);
        pair.lose(0);
        pair.cut();
        for (let i = 0; i < 20; i++) {
          if (other.machine.releaseState === "asked") other.machine.answerRelease(true, pair.now);
          pair.pass(100);
          if (initiator.dials.length > 0) pair.connect();
        }
        const outcomes = pair.told().filter((what) => what.includes("closed"));
        const expected = ["initiator: closed released", "responder: closed released"];
        assert.deepEqual(outcomes, expected, `cut after ${steps} deliveries`);
        assert.deepEqual(one.takeAll(), ["last"]);
      }
    });
  }

  it("becomes an abort when it stands still, and not while it goes on", () => {
    const pair = connected();
    pair.initiator.machine.requestRelease(pair.now);
    pair.settle();
    pair.pass(29_000);
    assert.equal(pair.initiator.machine.state, "connected");
    pair.pass(40_000);
    assert.match(pair.told().join(), /initiator: closed aborted: no release within 30000 ms/);
  });

  it("is over for a side that aborts when everything is agreed", () => {
    const pair = connected();
    const { initiator, responder } = pair;
    initiator.machine.requestRelease(pair.now);
    pair.settle();
    responder.machine.answerRelease(true, pair.now);
    responder.drain(pair.now);
    pair.deliver(responder, 0);
    assert.equal(initiator.machine.releaseState, "finished");
    initiator.machine.abort("user", "disposed of");
    pair.settle();
    assert.deepEqual(
      pair.told().filter((what) => what.includes("closed")),
      ["initiator: closed released", "responder: closed released"],
    );
  });

  it("refuses an answer that nobody asked for, and changes nothing", () => {
    const { responder, now } = connected();
    assert.throws(() => responder.machine.answerRelease(true, now), { code: "ERR_STATE" });
    assert.equal(responder.machine.releaseState, "open");
    assert.deepEqual(responder.told, []);
  });

  const behindFinish: readonly (readonly [string, number])[] = [
    ["a message", 0x40],
    ["the opening of a stream", 0x20],
    ["octets of a stream", 0x21],
  ];
  for (const [what, type] of behindFinish) {
    it(`takes no FINISH before ${what}`, () => {
      const pair = connected();
      forge(pair.initiator, pair, Uint8Array.of(0x28, 0, type, 1, 1));
      pair.settle();
      const told = pair.told().filter((line) => line.startsWith("initiator: closed"));
      assert.match(
        told.join(),
        /closed violated.*unexpectedFrame \(Tertulia 9.1\).* behind FINISH/,
      );
    });
  }

  it("hears the peer go on when its FINISH was declined", () => {
    const pair = connected();
    pair.initiator.machine.requestRelease(pair.now);
    pair.settle();
    pair.responder.machine.answerRelease(false, pair.now);
    pair.settle();
    pair.initiator.machine.link.outbox.send(0x40, octets("more"));
    pair.settle();
    assert.deepEqual(pair.responder.machine.link.inbox.take()?.octets, octets("more"));
  });

  it("lets nothing be written to a stream behind FINISH", () => {
    const pair = connected();
    const { link } = pair.initiator.machine;
    const stream = link.openStream("s");
    pair.initiator.machine.requestRelease(pair.now);
    assert.throws(() => link.writeStream(stream, octets("x")), { code: "ERR_STATE" });
    assert.throws(() => link.openStream("t"), { code: "ERR_STATE" });
    pair.settle();
    pair.responder.machine.answerRelease(false, pair.now);
    pair.settle();
    assert.equal(link.writeStream(stream, octets("x")), true);
  });
});

describe("session machine: broken rules", () => {
  const broken: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["a frame of the handshake", Uint8Array.of(0x05, 0), /unexpectedFrame.*RESUME/],
    ["an unknown mandatory frame", Uint8Array.of(0x2f, 0), /unexpectedFrame.*0x2f/],
    ["an end in the middle of a message", Uint8Array.of(0x48, 1, 65, 0x28, 0), /segmentsMixed/],
    ["an answer to nothing", Uint8Array.of(0x29, 0), /unexpectedFrame.*FINISHED in open/],
    ["an unknown context", Uint8Array.of(0x47, 0), /unknownContext/],
    ["a frame that is too long", Uint8Array.of(0x40, 0xff, 0xff, 0x7f), /frameTooLong/],
    ["an acknowledgement of what was not sent", encodeVarints(8, 9, 9, 0, 0), /acknowledgedUnsent/],
    ["more committed than received", encodeVarints(8, 0, 1, 0, 0), /acknowledgedUnsent/],
    ["octets of a stream that is not open", Uint8Array.of(0x21, 2, 8, 1), /badStreamId/],
    ["a stream out of turn", Uint8Array.of(0x20, 2, 4, 65), /badStreamId/],
    [
      "a label that is too long",
      encodeFrame(0x20, concatOctets([Uint8Array.of(1), new Uint8Array(1025)])),
      /labelTooLong/,
    ],
    ["a truncated GOAWAY", encodeFrame(GOAWAY, Uint8Array.of(21, 9)), /truncated/],
  ];
  for (const [what, frame, message] of broken) {
    it(`end the session with what broke: ${what}`, () => {
      const pair = connected();
      forge(pair.initiator, pair, frame);
      pair.settle();
      const [ours, theirs] = pair.told();
      assert.match(ours ?? "", message);
      assert.match(ours ?? "", /^initiator: closed violated/);
      assert.match(theirs ?? "", /^responder: closed aborted: the peer: protocolError/);
    });
  }

  it("do not come from an unknown optional frame, on whatever lane", () => {
    const pair = connected();
    for (const type of [0x80, 0xa0, 0xb1, 0xc0, 0xe0, 0xff]) {
      forge(pair.initiator, pair, encodeFrame(type, octets("later")));
    }
    assert.deepEqual(pair.initiator.machine.link.positions.received, [21, 14]);
    assert.deepEqual(pair.told(), []);
  });

  it("do not come from FENCED with an epoch that is not higher", () => {
    const pair = connected();
    forge(pair.initiator, pair, encodeVarints(0x0f, 0));
    pair.settle();
    assert.match(pair.told()[0] ?? "", /violated: unexpectedFrame.*FENCED/);
  });
});

describe("session machine: kept", () => {
  for (const { what, units, expected } of [
    { what: "stores", units: 0, expected: ["store"] },
    {
      what: "sends what need not be stored first, and stores",
      units: OVERLAPPED,
      expected: ["send", "store"],
    },
  ]) {
    it(`${what}, in this order`, () => {
      const [limits, suite] = [limitsFrom(), seededSuite(1)];
      const [{ agreement, ...rest }] = established([suite, suite], [limits, limits]);
      const functionalUnits = agreement.functionalUnits | units;
      const kept: Established = {
        ...rest,
        agreement: { ...agreement, durability: "disk", functionalUnits },
      };
      const contexts = contextsOf(kept);
      const machine = new SessionMachine(
        {
          role: "initiator",
          established: kept,
          limits,
          contexts,
          suite,
          transport: 0,
          isKept: true,
        },
        NOW,
      );
      const polled = () => {
        const types: string[] = [];
        for (let next = machine.poll(NOW); next; next = machine.poll(NOW)) types.push(next.type);
        return types;
      };
      polled();
      machine.stored(1);
      polled();
      machine.send(NORMAL, octets("one"));
      assert.deepEqual(polled(), expected);
    });
  }
});
