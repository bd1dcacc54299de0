import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProtocolError } from "../../../src/pure/errors.ts";
import { encodeProposal, type Proposal, VERSION } from "../../../src/pure/native/establishment.ts";
import { encodeFrame, REFUSE } from "../../../src/pure/native/frames.ts";
import { Initiation, type InitiationStep } from "../../../src/pure/native/initiation.ts";
import { type Limits, limitsFrom } from "../../../src/pure/native/limits.ts";
import { Reception, type ReceptionStep, refuse } from "../../../src/pure/native/reception.ts";
import { concatOctets, hex, NO_OCTETS, utf8 } from "../../../src/pure/octets.ts";
import { seededSuite } from "../../../src/testing/suite.ts";
import { proposalOf } from "./pair.ts";

interface Options {
  readonly limits?: Partial<Limits>;
  readonly proposal?: Partial<Proposal>;
  readonly method?: string;
  readonly bindings?: readonly [Uint8Array, Uint8Array];
}

/** Both sides of a handshake that has not begun. */
function strangers({ limits, proposal, method, bindings = [NO_OCTETS, NO_OCTETS] }: Options = {}) {
  const all = limitsFrom(limits);
  const initiation = new Initiation({
    suite: seededSuite(1),
    limits: all,
    proposal: proposalOf(all, proposal),
    binding: bindings[0],
    ...(method !== undefined && { authentication: { method, data: utf8("who") } }),
  });
  const reception = new Reception(seededSuite(2), all, bindings[1]);
  const answer = proposalOf(all, { agent: "responder" });
  const accept = (data?: Uint8Array) => {
    const agreement = reception.agree(answer);
    if ("incompatible" in agreement) throw new Error(agreement.incompatible);
    return reception.accept(new Uint8Array(16).fill(9), encodeProposal(answer), agreement, data);
  };
  return { initiation, reception, accept };
}

type Step<T, K> = Extract<T, { type: K }>;

function expect<T extends { type: string }, K extends T["type"]>(step: T, type: K): Step<T, K> {
  assert.equal(step.type, type);
  return step as Step<T, K>; // as was just asserted
}

const connect = (step: ReceptionStep) => expect(step, "connect");
const established = (step: InitiationStep) => expect(step, "established");

describe("initiation and reception", () => {
  it("agree in one round trip, and both have the same secret", () => {
    const { initiation, reception, accept } = strangers({ proposal: { agent: "initiator" } });
    const { proposal, method, data } = connect(reception.receive(initiation.start()));
    assert.deepEqual([proposal.agent, method, data], ["initiator", "", undefined]);
    const { frame, session } = accept(utf8("welcome"));
    const there = established(initiation.receive(concatOctets([frame, utf8("rest")])));
    assert.deepEqual(there.session.secret, session.secret);
    assert.deepEqual(there.session.sessionId, session.sessionId);
    assert.equal(there.session.peer.agent, "responder");
    assert.deepEqual([there.data, there.session.rest], [utf8("welcome"), utf8("rest")]);
    assert.equal(there.session.agreement.version, VERSION);
  });

  it("ask and answer as often as it takes, each bound to what came before", () => {
    const { initiation, reception, accept } = strangers({ method: "two" });
    const first = connect(reception.receive(initiation.start()));
    assert.deepEqual([first.method, first.data], ["two", utf8("who")]);
    const bindings = new Set<string>();
    for (const question of ["one", "two", "three"]) {
      const asked = expect(initiation.receive(reception.challenge(utf8(question))), "challenge");
      assert.deepEqual(asked.data, utf8(question));
      const { data } = expect(reception.receive(initiation.answer(utf8(`${question}!`))), "answer");
      assert.deepEqual(data, utf8(`${question}!`));
      assert.deepEqual(asked.binding, reception.binding);
      bindings.add(hex(reception.binding));
    }
    assert.equal(bindings.size, 3);
    const { frame, session } = accept();
    assert.deepEqual(established(initiation.receive(frame)).session.secret, session.secret);
  });

  it("takes no other key of the responder's than the one that the authentication covers", () => {
    const { initiation, reception, accept } = strangers({ method: "one" });
    connect(reception.receive(initiation.start()));
    expect(initiation.receive(reception.challenge(utf8("who?"))), "challenge");
    reception.receive(initiation.answer(utf8("me")));
    // Somebody in the middle let everything pass, the proofs too, and now puts in a key of its own.
    const impostor = strangers();
    connect(impostor.reception.receive(impostor.initiation.start()));
    assert.throws(() => initiation.receive(impostor.accept().frame), { violation: "keyTwice" });
    assert.equal(established(initiation.receive(accept().frame)).data, undefined);
  });

  it("binds an answer to the keys of both sides", () => {
    const bindingWith = (seed: number) => {
      const { initiation } = strangers({ method: "one" });
      const reception = new Reception(seededSuite(seed), limitsFrom(), NO_OCTETS);
      connect(reception.receive(initiation.start()));
      const asked = expect(initiation.receive(reception.challenge(utf8("who?"))), "challenge");
      return hex(asked.binding);
    };
    assert.equal(bindingWith(2), bindingWith(2));
    assert.notEqual(bindingWith(2), bindingWith(3));
  });

  it("does not establish a session whose ends are on different channels", () => {
    const bindings = [utf8("one channel"), utf8("another")] as const;
    const { initiation, reception, accept } = strangers({ bindings });
    connect(reception.receive(initiation.start()));
    const { frame } = accept();
    assert.throws(() => initiation.receive(frame), { violation: "badProof" });
  });

  it("notices any change of ACCEPT on its way", () => {
    const template = strangers();
    connect(template.reception.receive(template.initiation.start()));
    const { frame } = template.accept();
    for (let at = 3; at < frame.length; at += 3) {
      const { initiation } = strangers();
      initiation.start();
      const broken = frame.slice();
      broken[at] = (broken[at] as number) ^ 1;
      assert.throws(
        () => {
          assert.equal(initiation.receive(broken).type, "more");
          throw new ProtocolError("more", "Tertulia 2.1");
        },
        { code: "ERR_PROTOCOL" },
      );
    }
  });

  it("hands on a refusal with everything it says", () => {
    const { initiation } = strangers();
    initiation.start();
    const refusal = {
      reason: "congestion",
      isPersistent: false,
      retryMs: 500,
      message: "full",
    } as const;
    assert.deepEqual(initiation.receive(refuse(refusal)), { type: "refused", refusal });
  });

  it("does not answer who was not asked, nor twice", () => {
    const { initiation, reception } = strangers();
    connect(reception.receive(initiation.start()));
    assert.throws(() => reception.receive(initiation.answer(utf8("hello"))), {
      violation: "unexpectedFrame",
    });
    const again = strangers();
    connect(again.reception.receive(again.initiation.start()));
    assert.throws(() => again.reception.receive(again.initiation.start()), {
      violation: "unexpectedFrame",
    });
  });

  it("takes nothing that is sent ahead of an answer", () => {
    const { initiation, reception } = strangers();
    const start = initiation.start();
    connect(reception.receive(concatOctets([start, start])));
    assert.throws(() => reception.receive(utf8("x")), { violation: "unexpectedFrame" });
  });

  it("refuses a first frame that is too long before it is there", () => {
    const { reception } = strangers({ limits: { handshakeOctetsMax: 1024 } });
    const header = encodeFrame(1, new Uint8Array(1025)).subarray(0, 3);
    assert.throws(() => reception.receive(header), { violation: "frameTooLong" });
  });

  it("says what is unexpected", () => {
    const { initiation, reception } = strangers();
    const refusal = encodeFrame(REFUSE, Uint8Array.of(1));
    assert.throws(() => reception.receive(refusal), /REFUSE at the door/);
    assert.throws(() => initiation.receive(initiation.start()), /CONNECT as an answer/);
  });

  it("refuses a public key that is none", () => {
    const { reception, accept } = strangers();
    const key = hex(seededSuite(1).keyPair().publicKey);
    const start = hex(strangers().initiation.start());
    assert.ok(start.includes(key));
    const forged = Buffer.from(start.replace(key, "00".repeat(32)), "hex");
    connect(reception.receive(forged));
    assert.throws(() => accept(), { violation: "badPublicKey" });
  });
});
