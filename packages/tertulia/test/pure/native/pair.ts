/**
 * Two session machines and the transports between them. No sockets, no clock: everything happens
 * when told to, and an octet sent arrives when the pair is settled.
 */

import { SessionError } from "../../../src/pure/errors.ts";
import {
  defaultUnits,
  encodeProposal,
  functionalUnits,
  type Proposal,
  peerLimitsOf,
  VERSION,
} from "../../../src/pure/native/establishment.ts";
import { messageFrame } from "../../../src/pure/native/frames.ts";
import { type Established, Initiation } from "../../../src/pure/native/initiation.ts";
import { ID_OCTETS } from "../../../src/pure/native/keys.ts";
import { type Limits, limitsFrom } from "../../../src/pure/native/limits.ts";
import { type Role, SessionMachine } from "../../../src/pure/native/machine.ts";
import {
  defaultContexts,
  type Message,
  type PresentationContext,
} from "../../../src/pure/native/message.ts";
import { Reception, refuse as refuseFrame } from "../../../src/pure/native/reception.ts";
import type { SessionEvent, SessionOutput } from "../../../src/pure/native/session-output.ts";
import type { Suite } from "../../../src/pure/native/suite.ts";
import { concatOctets, NO_OCTETS, utf8 } from "../../../src/pure/octets.ts";
import { seededSuite } from "../../../src/testing/suite.ts";

export const NORMAL: number = messageFrame("normal", 1);
export const TYPED: number = messageFrame("typed", 1);
export const EXPEDITED: number = messageFrame("expedited", 1);

/** A proposal of somebody with these limits. */
export function proposalOf(limits: Limits, changes: Partial<Proposal> = {}): Proposal {
  return {
    versions: [VERSION, VERSION],
    functionalUnits: defaultUnits.reduce((bits, unit) => bits | functionalUnits[unit], 0),
    contexts: defaultContexts.map(({ name }) => name),
    limits: peerLimitsOf(limits),
    probeMs: limits.probeMs,
    deadMs: limits.deadMs,
    durability: "memory",
    resumeWindowMs: limits.resumeWindowMs,
    idleMs: limits.idleMs,
    absoluteMs: limits.absoluteMs,
    calledSelector: "",
    callingSelector: "",
    userData: NO_OCTETS,
    dialogue: NO_OCTETS,
    agent: "",
    ...changes,
  };
}

/** The contexts of an agreement, in its order. */
export function contextsOf({ agreement }: Established): readonly PresentationContext[] {
  return agreement.contexts.map((name) => {
    const context = defaultContexts.find((one) => one.name === name);
    if (context === undefined) throw new Error(`no context ${name}`);
    return context;
  });
}

/** Both ends of a handshake that had nothing in its way. */
export function established(
  suites: readonly [Suite, Suite],
  limits: readonly [Limits, Limits],
): readonly [Established, Established] {
  const [suite, responderSuite] = suites;
  const proposal = proposalOf(limits[0]);
  const initiation = new Initiation({ suite, limits: limits[0], proposal, binding: NO_OCTETS });
  const reception = new Reception(responderSuite, limits[1], NO_OCTETS);
  const step = reception.receive(initiation.start());
  if (step.type !== "connect") throw new Error(`CONNECT gave ${step.type}`);
  const answer = proposalOf(limits[1]);
  const agreement = reception.agree(answer);
  if ("incompatible" in agreement) throw new Error(agreement.incompatible);
  const { frame, session } = reception.accept(
    responderSuite.random(ID_OCTETS),
    encodeProposal(answer),
    agreement,
  );
  const accepted = initiation.receive(frame);
  if (accepted.type !== "established") throw new Error(`ACCEPT gave ${accepted.type}`);
  return [accepted.session, session];
}

/** One side: its machine, and what its user was told. */
export class Side {
  readonly machine: SessionMachine;
  /** Events, in order, as `suspended` or `accepted 3`. */
  readonly told: string[] = [];
  readonly events: SessionEvent[] = [];
  /** Transports that the machine wants dialled. */
  readonly dials: number[] = [];
  /** What the machine sent on each transport and nobody has delivered yet. */
  readonly sent: Map<number, Uint8Array[]> = new Map();
  readonly closed: Set<number> = new Set();

  constructor(role: Role, session: Established, limits: Limits, suite: Suite, now: number) {
    this.machine = new SessionMachine(
      {
        role,
        established: session,
        limits,
        contexts: contextsOf(session),
        suite,
        transport: 0,
      },
      now,
    );
  }

  /** Does what the machine says, until it says nothing more. */
  drain(now: number): void {
    for (let next = this.machine.poll(now); next; next = this.machine.poll(now)) this.#do(next);
  }

  /** Takes everything that waits, as text. */
  takeAll(): string[] {
    const messages: string[] = [];
    for (let next = this.machine.take(); next; next = this.machine.take()) {
      messages.push(labelOf(next));
    }
    return messages;
  }

  #do(output: SessionOutput): void {
    if (output.type === "send") {
      const waiting = this.sent.get(output.transport) ?? [];
      // Copied as a transport copies it when it writes: what is in a slab may be reused later.
      waiting.push(concatOctets(output.chunks));
      this.sent.set(output.transport, waiting);
    }
    if (output.type === "close") this.closed.add(output.transport);
    if (output.type === "dial") this.dials.push(output.transport);
    if (output.type === "event") {
      this.events.push(output.event);
      this.told.push(describe(output.event));
    }
  }
}

export interface PairOptions {
  readonly initiatorLimits?: Partial<Limits>;
  readonly responderLimits?: Partial<Limits>;
}

export class Pair {
  now = 1000;
  readonly initiator: Side;
  readonly responder: Side;
  /** Transports on which nothing arrives any more, in either direction. */
  readonly silent: Set<number> = new Set();
  /** The number that a transport of the initiator's has on the responder's side. */
  readonly #numbers: Map<number, number> = new Map([[0, 0]]);
  #nextNumber = 1;

  constructor({ initiatorLimits, responderLimits }: PairOptions = {}) {
    const limits = [limitsFrom(initiatorLimits), limitsFrom(responderLimits)] as const;
    const suites = [seededSuite(1), seededSuite(2)] as const;
    const [one, other] = established(suites, limits);
    this.initiator = new Side("initiator", one, limits[0], suites[0], this.now);
    this.responder = new Side("responder", other, limits[1], suites[1], this.now);
    this.settle();
  }

  /** Moves octets until neither side has anything more to say. */
  settle(): void {
    while (this.#flush(this.initiator) || this.#flush(this.responder));
  }

  /** Lets time pass, tick by tick, and settles at each. */
  pass(ms: number): void {
    const end = this.now + ms;
    this.settle();
    for (;;) {
      const { initiator, responder } = this;
      const next = Math.min(
        initiator.machine.deadline ?? Number.POSITIVE_INFINITY,
        responder.machine.deadline ?? Number.POSITIVE_INFINITY,
      );
      if (next > end) break;
      this.now = Math.max(this.now, next);
      initiator.machine.tick(this.now);
      responder.machine.tick(this.now);
      this.settle();
    }
    this.now = end;
  }

  /** Both sides learn that the transport has ended. */
  cut(transport: number = this.current): void {
    this.silent.add(transport);
    const error = new SessionError("ERR_CLOSED", "cut");
    this.initiator.machine.ended(transport, this.now, error);
    this.responder.machine.ended(this.#numbers.get(transport) ?? -1, this.now, error);
    this.settle();
  }

  /** The initiator's number of its transport. */
  get current(): number {
    return this.initiator.machine.currentTransport ?? -1;
  }

  /** Opens the transport that the initiator wants, and brings its RESUME to the responder. */
  connect(): void {
    this.open();
    this.settle();
  }

  /** Opens the transport that the initiator wants; what it says there is not delivered yet. */
  open(): number {
    // Earlier ones were given up.
    const transport = this.initiator.dials.splice(0).at(-1);
    if (transport === undefined) throw new Error("the initiator does not dial");
    this.initiator.machine.opened(transport, NO_OCTETS);
    this.initiator.drain(this.now);
    return transport;
  }

  /** Lets pass the time until the initiator dials, and answers. */
  resume(): void {
    for (let i = 0; i < 100 && this.initiator.dials.length === 0; i++) this.pass(10);
    this.connect();
  }

  /** What the machines have sent and nobody has delivered is lost. */
  lose(transport: number): void {
    this.initiator.sent.delete(transport);
    this.responder.sent.delete(this.#numbers.get(transport) ?? -1);
  }

  /** Delivers what one side has sent on one transport, and nothing else. */
  deliver(from: Side, transport: number): boolean {
    const octets = concatOctets(from.sent.get(transport) ?? []);
    from.sent.delete(transport);
    if (octets.length === 0) return false;
    if (this.silent.has(this.#initiatorNumber(from, transport))) return true;
    if (from === this.responder) {
      this.initiator.machine.receive(this.#initiatorNumber(from, transport), octets, this.now);
      this.initiator.drain(this.now);
      return true;
    }
    const number = this.#numbers.get(transport);
    if (number === undefined) this.#introduce(transport, octets);
    else this.responder.machine.receive(number, octets, this.now);
    this.responder.drain(this.now);
    return true;
  }

  /** What both users were told since the last time. */
  told(): string[] {
    const told = [
      ...this.initiator.told.splice(0).map((what) => `initiator: ${what}`),
      ...this.responder.told.splice(0).map((what) => `responder: ${what}`),
    ];
    return told;
  }

  #introduce(transport: number, octets: Uint8Array): void {
    const number = this.#nextNumber++;
    this.#numbers.set(transport, number);
    const suite = seededSuite(3);
    const reception = new Reception(suite, limitsFrom(), NO_OCTETS);
    const step = reception.receive(octets);
    if (step.type !== "resume") throw new Error(`RESUME gave ${step.type}`);
    const { machine } = this.responder;
    const refusal = machine.resume(number, step.request, NO_OCTETS, reception.rest(), this.now);
    if (refusal) {
      this.responder.told.push(`refuses: ${refusal.reason}`);
      this.responder.sent.set(number, [refuseFrame(refusal)]);
    }
  }

  #initiatorNumber(from: Side, transport: number): number {
    if (from === this.initiator) return transport;
    for (const [one, other] of this.#numbers) if (other === transport) return one;
    throw new Error(`no transport ${transport}`);
  }

  #flush(from: Side): boolean {
    from.drain(this.now);
    let moved = false;
    for (const transport of [...from.sent.keys()]) {
      if (this.deliver(from, transport)) moved = true;
    }
    for (const transport of from.closed) {
      from.closed.delete(transport);
      moved = true;
      const other = from === this.initiator ? this.responder : this.initiator;
      const number =
        from === this.initiator
          ? this.#numbers.get(transport)
          : this.#initiatorNumber(from, transport);
      if (number === undefined || this.silent.has(this.#initiatorNumber(from, transport))) continue;
      other.machine.ended(number, this.now);
    }
    return moved;
  }
}

function describe(event: SessionEvent): string {
  switch (event.type) {
    case "accepted":
      return `accepted ${event.ticket}`;
    case "resumed":
      return `${event.isMove ? "moved" : "resumed"} ${event.epoch}, ${event.replayed} replayed`;
    case "closed":
      return `closed ${event.outcome}${event.error ? `: ${event.error.message}` : ""}`;
    case "suspended":
      return `suspended: ${event.error.message}`;
    case "streamOpened":
      return `streamOpened ${event.stream.id} ${event.stream.label}`;
    case "streamReadable":
    case "streamWritable":
    case "streamEnded":
      return `${event.type} ${event.id}`;
    case "streamReset":
      return `streamReset ${event.id}: ${event.code}`;
    default:
      return event.type;
  }
}

function labelOf(message: Message): string {
  return message.kind === "normal" ? `${message}` : `${message.kind} ${message}`;
}

/** The octets of a text, as a message carries them. */
export const octets: (text: string) => Uint8Array = utf8;
