import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/pure/errors.ts";
import { encodeFrame } from "../../../src/pure/native/frames.ts";
import { Initiation } from "../../../src/pure/native/initiation.ts";
import { limitsFrom } from "../../../src/pure/native/limits.ts";
import type { SessionMachine } from "../../../src/pure/native/machine.ts";
import { Reception } from "../../../src/pure/native/reception.ts";
import { concatOctets, NO_OCTETS, Writer } from "../../../src/pure/octets.ts";
import { seededSuite } from "../../../src/testing/suite.ts";
import { NORMAL, Pair, proposalOf, type Side } from "./pair.ts";

const LIMITS = limitsFrom({
  frameOctetsMax: 1024,
  expeditedOctetsMax: 256,
  messageOctetsMax: 20_000,
  windowOctets: 4096,
  windowOctetsMax: 8192,
  sessionWindowOctets: 8192,
  journalOctetsMax: 8192,
  waitingOctetsMax: 20_000,
  streamsMax: 4,
});

const types = fc.oneof(
  fc.integer({ min: 0x01, max: 0x10 }),
  fc.integer({ min: 0x20, max: 0x30 }),
  fc.integer({ min: 0x40, max: 0x7f }),
  fc.nat(255),
);
/** Varints in a row, as most bodies are. */
const numbers = fc
  .array(fc.oneof(fc.nat(4), fc.nat(300), fc.maxSafeNat()), { maxLength: 5 })
  .map((values) => {
    const writer = new Writer();
    for (const value of values) writer.varint(value);
    return writer.finish();
  });
const bodies = fc.oneof(
  numbers,
  fc.uint8Array({ maxLength: 60 }),
  fc.uint8Array({ maxLength: 900 }),
);
const frame = fc.tuple(types, bodies).map(([type, body]) => encodeFrame(type, body));
const octetsOfSome = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.array(frame, { maxLength: 30 }).map(concatOctets),
);
const cut = fc.integer({ min: 1, max: 400 });

/** Gives octets in pieces to whoever takes them, until a violation. */
function feed(octets: Uint8Array, size: number, take: (piece: Uint8Array) => void): void {
  try {
    for (let at = 0; at < octets.length; at += size) take(octets.slice(at, at + size));
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String((error as Error).stack));
  }
}

/** That a machine is well, whatever came: it holds no more than its limits, and ends with a reason. */
function examine({ machine, events }: Side): void {
  assert.ok(machine.link.unreadOctets <= LIMITS.sessionWindowOctets + 9000, "unread is bounded");
  assert.ok(machine.link.backlogOctets <= LIMITS.journalOctetsMax + 20_000, "backlog is bounded");
  const end = events.find((event) => event.type === "closed");
  if (machine.state !== "closed") return assert.equal(end, undefined);
  assert.equal(machine.deadline, undefined);
  assert.ok(end?.type === "closed");
  if (end.outcome === "violated") assert.equal(end.error?.code, "ERR_PROTOCOL");
}

describe("any octets, cut anywhere", () => {
  it("are a step or a violation to an initiation", () => {
    fc.assert(
      fc.property(octetsOfSome, cut, (octets, size) => {
        const initiation = new Initiation({
          suite: seededSuite(1),
          limits: LIMITS,
          proposal: proposalOf(LIMITS),
          binding: NO_OCTETS,
        });
        initiation.start();
        feed(octets, size, (piece) => void initiation.receive(piece));
      }),
      { numRuns: 1500 },
    );
  });

  it("are a step or a violation to a reception", () => {
    fc.assert(
      fc.property(octetsOfSome, cut, (octets, size) => {
        const reception = new Reception(seededSuite(1), LIMITS, NO_OCTETS);
        feed(octets, size, (piece) => void reception.receive(piece));
      }),
      { numRuns: 1500 },
    );
  });

  it("end a session with a reason at most, and never throw", () => {
    fc.assert(
      fc.property(octetsOfSome, cut, fc.boolean(), (octets, size, isInitiator) => {
        const pair = new Pair({ initiatorLimits: LIMITS, responderLimits: LIMITS });
        const side = isInitiator ? pair.initiator : pair.responder;
        feed(octets, size, (piece) => {
          side.machine.receive(0, piece, pair.now);
          side.drain(pair.now);
          examine(side);
        });
      }),
      { numRuns: 3000 },
    );
  });

  it("never throw on the transport of somebody who wants to resume, and end no session", () => {
    fc.assert(
      fc.property(octetsOfSome, cut, (octets, size) => {
        const pair = new Pair({ initiatorLimits: LIMITS, responderLimits: LIMITS });
        pair.initiator.machine.migrate(pair.now);
        pair.pass(1);
        const transport = pair.open();
        feed(octets, size, (piece) => {
          pair.initiator.machine.receive(transport, piece, pair.now);
          pair.initiator.drain(pair.now);
        });
        assert.equal(pair.initiator.machine.state, "connected");
      }),
      { numRuns: 1000 },
    );
  });
});

/** What users and networks may do, in any order. */
const operations: readonly ((
  pair: Pair,
  side: Side,
  machine: SessionMachine,
  n: number,
) => void)[] = [
  (_pair, _side, machine, n) => void machine.send(NORMAL, new Uint8Array(n)),
  (_pair, _side, machine, n) => void machine.sendExpedited(0x61, new Uint8Array(n % 256)),
  (_pair, _side, machine) => void machine.take(),
  (_pair, _side, machine) => void machine.link.openStream("s"),
  (_pair, _side, machine, n) => {
    for (const stream of machine.link.streams) machine.link.writeStream(stream, new Uint8Array(n));
  },
  (_pair, _side, machine) => {
    for (const stream of machine.link.streams) machine.link.readStream(stream);
  },
  (_pair, _side, machine, n) => {
    for (const stream of [...machine.link.streams]) machine.link.resetStream(stream, n);
  },
  (_pair, _side, machine) => {
    for (const stream of [...machine.link.streams]) machine.link.endStream(stream);
  },
  (pair, _side, machine) => machine.requestRelease(pair.now),
  (pair, _side, machine, n) => machine.answerRelease(n % 2 === 0, pair.now),
  (pair, _side, machine) => machine.migrate(pair.now),
  (_pair, _side, machine, n) => machine.goAway(n, n),
  (pair, _side, machine) => machine.probe(pair.now),
  (_pair, _side, machine, n) =>
    machine.link.outbox.sendDialogue(new Uint8Array(n % 100), n % 2 === 0),
  (pair) => pair.settle(),
  (pair) => pair.settle(),
  (pair) => pair.cut(),
  (pair, _side, _machine, n) => pair.pass(n * 10),
  (pair) => {
    if (pair.initiator.dials.length > 0) pair.connect();
  },
  (pair, side) => void pair.deliver(side, side.machine.currentTransport ?? -1),
];

describe("any operations in any order", () => {
  it("are done or refused, and both sides end in the end, with no timer left", () => {
    const steps = fc.array(fc.tuple(fc.nat(operations.length - 1), fc.boolean(), fc.nat(3000)), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (chosen) => {
        const pair = new Pair({ initiatorLimits: LIMITS, responderLimits: LIMITS });
        const sides = [pair.initiator, pair.responder];
        for (const [which, isInitiator, n] of chosen) {
          const side = isInitiator ? pair.initiator : pair.responder;
          try {
            operations[which]?.(pair, side, side.machine, n);
          } catch (error) {
            const { code } = error as { code?: string };
            assert.ok(
              ["ERR_STATE", "ERR_LIMIT", "ERR_CLOSED"].includes(code ?? ""),
              String((error as Error).stack),
            );
          }
          for (const one of sides) examine(one);
        }
        for (const { machine } of sides) machine.abort("user", "enough");
        pair.settle();
        for (const { machine } of sides) {
          assert.deepEqual([machine.state, machine.deadline], ["closed", undefined]);
        }
      }),
      { numRuns: 1500 },
    );
  });
});
