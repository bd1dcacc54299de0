/**
 * The test vectors beside docs/protocol.md, from a handshake whose keys and nonces are fixed.
 *
 *     node packages/tertulia/dist/test/vectors.js     writes docs/protocol.vectors.json anew
 */

import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { nodeSuite } from "../src/io/node-suite.ts";
import { encodeAbort } from "../src/pure/native/abort.ts";
import { encodeProposal } from "../src/pure/native/establishment.ts";
import { FrameReader } from "../src/pure/native/frame-reader.ts";
import * as frames from "../src/pure/native/frames.ts";
import { type Established, Initiation } from "../src/pure/native/initiation.ts";
import { proveResume } from "../src/pure/native/keys.ts";
import { limitsFrom } from "../src/pure/native/limits.ts";
import { type Role, SessionMachine } from "../src/pure/native/machine.ts";
import { ParameterWriter } from "../src/pure/native/parameters.ts";
import { Reception } from "../src/pure/native/reception.ts";
import { encodeRefusal } from "../src/pure/native/refusal.ts";
import { encodeResumeClaim, encodeResumedClaim, withProof } from "../src/pure/native/resume.ts";
import type { Suite } from "../src/pure/native/suite.ts";
import { concatOctets, hex, NO_OCTETS, utf8 } from "../src/pure/octets.ts";
import { contextsOf, EXPEDITED, NORMAL, proposalOf } from "./pure/native/pair.ts";

/** Where they are kept. */
export const VECTORS_PATH: string = fileURLToPath(
  new URL("../../../../docs/protocol.vectors.json", import.meta.url),
);

const octets = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));

/** The secret halves of both X25519 keys. */
const ALICE = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
const BOB = "4142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60";
const SPKI = "302a300506032b656e032100";
const PKCS8 = "302e020100300506032b656e04220420";

/** Node's cryptography, with one key pair and random octets that count up from `first`. */
function fixedSuite(secret: string, first: number): Suite {
  const privateKey = createPrivateKey({
    key: Buffer.from(PKCS8 + secret, "hex"),
    format: "der",
    type: "pkcs8",
  });
  let next = first;
  return {
    ...nodeSuite,
    random: (size) => Uint8Array.from({ length: size }, () => next++),
    keyPair: () => ({
      publicKey: publicOctets(createPublicKey(privateKey)),
      agree: (peer) =>
        new Uint8Array(
          diffieHellman({
            privateKey,
            publicKey: createPublicKey({
              key: Buffer.concat([Buffer.from(SPKI, "hex"), peer]),
              format: "der",
              type: "spki",
            }),
          }),
        ),
    }),
  };
}

function publicOctets(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: "spki", format: "der" }).subarray(SPKI.length / 2));
}

interface Said {
  readonly from: Role;
  readonly frame: string;
  readonly octets: string;
}

/** Octets as the frames that they are. */
function framesOf(from: Role, said: Uint8Array): Said[] {
  const reader = new FrameReader(100_000);
  reader.feed(said);
  const found: Said[] = [];
  let at = 0;
  while (reader.next()) {
    const frame = said.subarray(at, at + reader.size);
    found.push({ from, frame: frames.frameName(reader.type), octets: hex(frame) });
    at += reader.size;
  }
  return found;
}

/** All of them. */
export function protocolVectors(): unknown {
  const limits = limitsFrom();
  const suites = { initiator: fixedSuite(ALICE, 0x00), responder: fixedSuite(BOB, 0x80) } as const;
  const binding = NO_OCTETS;
  const proposal = proposalOf(limits, { agent: "alice" });
  const initiation = new Initiation({ suite: suites.initiator, limits, proposal, binding });
  const reception = new Reception(suites.responder, limits, binding);
  const connect = initiation.start();
  const step = reception.receive(connect);
  const answer = proposalOf(limits, { agent: "bob" });
  const agreement = reception.agree(answer);
  if (step.type !== "connect" || "incompatible" in agreement) throw new Error("no agreement");
  const sessionId = octets("000102030405060708090a0b0c0d0e0f");
  const { frame: accept, session } = reception.accept(sessionId, encodeProposal(answer), agreement);
  const accepted = initiation.receive(accept);
  if (accepted.type !== "established") throw new Error("not established");
  const { secret } = session;

  const positions = { received: [66, 0], retained: [0, 7] } as const;
  const nonces = [octets("11".repeat(32)), octets("22".repeat(32))] as const;
  const claim = encodeResumeClaim(sessionId, 1, positions, nonces[0]);
  const answered = encodeResumedClaim(1, { received: [7, 7], retained: [0, 0] }, nonces[1]);
  const prove = (proof: "resume" | "resumed" | "confirm", ...covered: readonly Uint8Array[]) =>
    proveResume(nodeSuite, secret, 1, proof, binding, ...covered);
  const [resume, resumed, confirm] = [
    prove("resume", claim),
    prove("resumed", claim, answered),
    prove("confirm", claim, answered),
  ];
  const frame = (type: number, body: Uint8Array) => hex(frames.encodeFrame(type, body));
  return {
    about: "Test vectors of the Tertulia protocol, version 1: docs/protocol.md. All octets in hex.",
    keys: {
      initiatorSecretKey: ALICE,
      responderSecretKey: BOB,
      agreed: hex(
        suites.initiator.keyPair().agree(suites.responder.keyPair().publicKey) ?? NO_OCTETS,
      ),
      channelBinding: "",
      sessionId: hex(sessionId),
      sessionSecret: hex(secret),
    },
    handshake: [...framesOf("initiator", connect), ...framesOf("responder", accept)],
    challenged: challenged(),
    resume: {
      epoch: 1,
      claim: hex(claim),
      answer: hex(answered),
      resumeProof: hex(resume),
      resumedProof: hex(resumed),
      confirmProof: hex(confirm),
      RESUME: frame(frames.RESUME, withProof(claim, resume)),
      RESUMED: frame(frames.RESUMED, withProof(answered, resumed)),
      CONFIRM: frame(frames.CONFIRM, confirm),
    },
    frames: {
      "ACK received 300 committed 300, received 7 committed 7": hex(
        frames.encodeVarints(frames.ACK, 300, 300, 7, 7),
      ),
      "CREDIT session 16777216, messages 262144, expedited 33280": hex(
        frames.encodeVarints(frames.CREDIT, 16_777_216, 262_144, 33_280),
      ),
      "STREAM_CREDIT stream 2, 300000": hex(frames.encodeVarints(frames.STREAM_CREDIT, 2, 300_000)),
      "PING 5": hex(frames.encodeVarints(frames.PING, 5)),
      "PONG 5": hex(frames.encodeVarints(frames.PONG, 5)),
      "GOAWAY after 1000 ms, within 500 ms, to tcp://b": frame(
        frames.GOAWAY,
        new ParameterWriter().numbers("retryMs", 1000, 500).text("location", "tcp://b").finish(),
      ),
      "ABORT user, received 1 and 2, message bye": frame(
        frames.ABORT,
        encodeAbort({ reason: "user", received: [1, 2], message: "bye" }),
      ),
      "FENCED 4": hex(frames.encodeVarints(frames.FENCED, 4)),
      RELEASED: frame(frames.RELEASED, NO_OCTETS),
      "STORED life 1 from 300 and 7, stored 400 and 7, knows life 2": hex(
        frames.encodeVarints(frames.STORED, 1, 300, 7, 400, 7, 2),
      ),
      "REFUSE notReady, transient, retry after 500 ms": frame(
        frames.REFUSE,
        encodeRefusal({ reason: "notReady", isPersistent: false, retryMs: 500 }),
      ),
      "OPEN stream 0, label file": frame(frames.OPEN, concatOctets([octets("00"), utf8("file")])),
      "DATA stream 0, octets 01 02": frame(frames.DATA, octets("000102")),
      "END stream 0": frame(frames.END, octets("00")),
      "RESET stream 0, code 300": frame(frames.RESET, octets("00ac02")),
      "normal message, context 1, hello": frame(frames.messageFrame("normal", 1), utf8("hello")),
      "its first segment, he": frame(frames.messageFrame("normal", 1) | frames.MORE, utf8("he")),
      "typed message, context 0, empty": frame(frames.messageFrame("typed", 0), NO_OCTETS),
      "expedited message, context 2, {}": frame(frames.messageFrame("expedited", 2), utf8("{}")),
    },
    session: shortSession(accepted.session, session),
  };
}

/** A handshake with a question and an answer: what the answer has to be bound to, and the secret. */
function challenged(): unknown {
  const limits = limitsFrom();
  const binding = octets("cb".repeat(32));
  const initiation = new Initiation({
    suite: fixedSuite(ALICE, 0x00),
    limits,
    proposal: proposalOf(limits),
    binding,
    authentication: { method: "example", data: utf8("alice") },
  });
  const reception = new Reception(fixedSuite(BOB, 0x80), limits, binding);
  const connect = initiation.start();
  reception.receive(connect);
  const question = reception.challenge(utf8("who?"));
  const asked = initiation.receive(question);
  if (asked.type !== "challenge") throw new Error("not asked");
  const answer = initiation.answer(utf8("me"));
  reception.receive(answer);
  const ours = proposalOf(limits);
  const agreement = reception.agree(ours);
  if ("incompatible" in agreement) throw new Error("no agreement");
  const sessionId = octets("0f0e0d0c0b0a09080706050403020100");
  const { frame, session } = reception.accept(
    sessionId,
    encodeProposal(ours),
    agreement,
    utf8("welcome"),
  );
  if (initiation.receive(frame).type !== "established") throw new Error("not established");
  return {
    channelBinding: hex(binding),
    answerBinding: hex(asked.binding),
    sessionSecret: hex(session.secret),
    handshake: [
      ...framesOf("initiator", connect),
      ...framesOf("responder", question),
      ...framesOf("initiator", answer),
      ...framesOf("responder", frame),
    ],
  };
}

/** A whole short session behind that handshake: two messages, an answer, the release. */
function shortSession(initiatorSession: Established, responderSession: Established): Said[] {
  const limits = limitsFrom();
  const machine = (role: Role, established: Established) =>
    new SessionMachine(
      {
        role,
        established,
        limits,
        contexts: contextsOf(established),
        suite: nodeSuite,
        transport: 0,
      },
      1000,
    );
  const [initiator, responder] = [
    machine("initiator", initiatorSession),
    machine("responder", responderSession),
  ];
  const said: Said[] = [];
  const settle = (now: number) => {
    for (let moved = true; moved; ) {
      moved = false;
      for (const [from, to] of [
        [initiator, responder],
        [responder, initiator],
      ] as const) {
        for (let output = from.poll(now); output; output = from.poll(now)) {
          if (output.type !== "send") continue;
          moved = true;
          const sent = concatOctets(output.chunks);
          said.push(...framesOf(from.role, sent));
          to.receive(0, sent, now);
        }
      }
    }
  };
  initiator.send(NORMAL, utf8("hello"));
  initiator.sendExpedited(EXPEDITED, utf8("now"));
  settle(1000);
  responder.send(NORMAL, utf8("welcome"));
  settle(1010);
  initiator.requestRelease(1020);
  settle(1020);
  responder.answerRelease(true, 1030);
  settle(1030);
  return said;
}

/** The file's text. */
export function vectorsText(): string {
  return `${JSON.stringify(protocolVectors(), undefined, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(VECTORS_PATH, vectorsText());
