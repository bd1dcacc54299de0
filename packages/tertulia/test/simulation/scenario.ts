/**
 * One scenario: what a seed says, played over the real machines in virtual time, and what the checker
 * says of it.
 */

import { SessionError } from "../../src/pure/errors.ts";
import { FrameReader } from "../../src/pure/native/frame-reader.ts";
import { CONFIRM, encodeFrame, RESUME, RESUMED } from "../../src/pure/native/frames.ts";
import { type Established, Initiation } from "../../src/pure/native/initiation.ts";
import { proveResume } from "../../src/pure/native/keys.ts";
import type { Limits } from "../../src/pure/native/limits.ts";
import { type Role, SessionMachine } from "../../src/pure/native/machine.ts";
import type { Refusal } from "../../src/pure/native/refusal.ts";
import {
  decodeResume,
  encodeResumeClaim,
  encodeResumedClaim,
  withProof,
} from "../../src/pure/native/resume.ts";
import type { SessionEvent } from "../../src/pure/native/session-output.ts";
import { hex, NO_OCTETS } from "../../src/pure/octets.ts";
import { VirtualClock } from "../../src/testing/clock.ts";
import { Wire } from "../../src/testing/network.ts";
import { Random } from "../../src/testing/random.ts";
import { seededSuite } from "../../src/testing/suite.ts";
import { contextsOf, proposalOf } from "../pure/native/pair.ts";
import { Debate } from "./debate.ts";
import { Driver, Host } from "./host.ts";
import { House } from "./house.ts";
import { Ledger, Violation } from "./ledger.ts";
import { drawPlan, type Plan, type Trouble } from "./plan.ts";
import { Talker } from "./talker.ts";

/** What became of a scenario. */
export interface Report {
  readonly seed: number;
  /** What is wrong, if anything. */
  readonly failure?: string;
  readonly messages: number;
  readonly streamOctets: number;
  readonly resumes: number;
  readonly moves: number;
  readonly steps: number;
  /** Of dialogues: SPDUs that arrived, and how often it was quiet and both sides agreed. */
  readonly spdus?: number;
  readonly agreements?: number;
}

/** How long everything may take after the last trouble. */
const PATIENCE_MS = 900_000;
const STEPS_MAX = 400_000;
/** More than this at one instant, and something goes round in circles. */
const STEPS_AT_ONCE_MAX = 50_000;

/** Plays a scenario. The same seed gives the same report. */
export function play(seed: number, trace?: (line: string) => void): Report {
  return playScenario(seed, false, trace);
}

/** The same with a dialogue in each session, which walks at random through the tables of X.225. */
export function playDialogues(seed: number, trace?: (line: string) => void): Report {
  return playScenario(seed, true, trace);
}

function playScenario(
  seed: number,
  hasDialogues: boolean,
  trace: ((line: string) => void) | undefined,
): Report {
  const scenario = new Scenario(seed, hasDialogues, trace);
  let failure: string | undefined;
  try {
    scenario.run();
  } catch (error) {
    if (error instanceof Violation) failure = error.message;
    else failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const { counts, dialogues } = scenario;
  const said = hasDialogues && dialogues;
  return { seed, ...(failure !== undefined && { failure }), ...counts, ...said };
}

/** One session: both who talk in it, and what they said. */
interface Conversation {
  readonly name: string;
  readonly initiator: Talker;
  readonly responder: Talker;
  readonly debate: Debate | undefined;
  session: Established | undefined;
}

class Scenario {
  readonly counts = { messages: 0, streamOctets: 0, resumes: 0, moves: 0, steps: 0 };
  readonly dialogues = { spdus: 0, agreements: 0 };
  readonly #clock = new VirtualClock();
  readonly #random: Random;
  readonly #plan: Plan;
  readonly #house: House;
  readonly #houseHost: Host;
  readonly #hosts: Host[] = [];
  readonly #conversations: Conversation[] = [];
  readonly #suite;
  readonly #trace: ((line: string) => void) | undefined;
  #areDialsRefused = false;
  /** What happens to the next who dials. */
  #attack: "interceptor" | "impostor" | undefined;
  #isCalm = false;
  /** Draws for the dialogues alone: with them or without, all else is drawn alike. */
  readonly #dialogueRandom: Random | undefined;

  constructor(seed: number, hasDialogues: boolean, trace: ((line: string) => void) | undefined) {
    this.#trace = trace;
    if (hasDialogues) this.#dialogueRandom = new Random(seed).fork();
    this.#random = new Random(seed);
    this.#plan = drawPlan(this.#random);
    this.#suite = seededSuite(this.#random.uint32());
    this.#log(JSON.stringify(this.#plan));
    this.#houseHost = this.#host("house");
    this.#house = new House({
      host: this.#houseHost,
      suite: this.#suite,
      limits: this.#plan.limits[1],
      established: (session, wire) => this.#let(session, wire),
      trace: (line) => this.#log(`house: ${line}`),
    });
  }

  run(): void {
    const { clients, troubles, troubleMs, talkMs, ending } = this.#plan;
    for (let i = 0; i < clients; i++) this.#connect(i);
    for (const { atMs, what } of troubles) this.#clock.in(atMs, () => this.#trouble(what));
    const endMs = ending === "earlyRelease" ? talkMs + 1 : troubleMs + 1;
    this.#clock.in(endMs, () => this.#end());
    this.#clock.in(troubleMs, () => this.#calm());
    const giveUpAt = this.#clock.now + troubleMs + PATIENCE_MS;
    let [last, atOnce] = [0, 0];
    while (this.#clock.now < giveUpAt && this.#clock.step()) {
      if (++this.counts.steps > STEPS_MAX) throw new Violation("it never comes to rest");
      if (this.#clock.now > last) [last, atOnce] = [this.#clock.now, 0];
      else if (++atOnce > STEPS_AT_ONCE_MAX) throw new Violation("it goes round in circles");
    }
    this.#judge();
  }

  // Who is there.

  #host(name: string): Host {
    const host = new Host(name, this.#clock, this.#random.between(0, 1_000_000));
    this.#hosts.push(host);
    return host;
  }

  #connect(index: number): void {
    const name = `client${index}`;
    const host = this.#host(name);
    const [toResponder, toInitiator] = [new Ledger(`${name} says`), new Ledger(`${name} hears`)];
    const talker = (talkerHost: Host, said: Ledger, heard: Ledger, role: Role) => {
      const [mine, theirs] = role === "initiator" ? ([0, 1] as const) : ([1, 0] as const);
      return new Talker({
        name: `${name} ${role}`,
        host: talkerHost,
        random: this.#random.fork(),
        tag: index * 2 + mine,
        said,
        heard,
        limits: this.#plan.limits[mine],
        peerLimits: this.#plan.limits[theirs],
        untilMs: this.#plan.talkMs,
        trace: (line) => this.#log(`${name} ${role}: ${line}`),
      });
    };
    const talkers = {
      initiator: talker(host, toResponder, toInitiator, "initiator"),
      responder: talker(this.#houseHost, toInitiator, toResponder, "responder"),
    };
    const random = this.#dialogueRandom?.fork();
    const { talkMs: untilMs } = this.#plan;
    const trace = (line: string) => this.#log(`${name} ${line}`);
    const debate = random && new Debate({ talkers, random, untilMs, trace });
    const conversation: Conversation = { name, ...talkers, debate, session: undefined };
    this.#conversations.push(conversation);
    const limits = this.#plan.limits[0];
    const wire = this.#wire();
    const binding = this.#binding();
    const proposal = proposalOf(limits, { userData: Uint8Array.of(index) });
    const initiation = new Initiation({ suite: this.#suite, limits, proposal, binding });
    wire.attach(0, {
      received: (octets) => {
        const step = initiation.receive(octets);
        if (step.type === "more") return;
        if (step.type !== "established") throw new Violation(`${name}: ${step.type}`);
        conversation.session = step.session;
        this.#start(
          "initiator",
          host,
          step.session,
          conversation.initiator,
          wire,
          limits,
          conversation,
        );
      },
      drained: () => {},
      ended: (error) => {
        throw new Violation(`${name}: its handshake ended: ${error?.message}`);
      },
    });
    this.#house.open(wire, binding);
    wire.write(0, [initiation.start()]);
  }

  /** The house has let somebody in. */
  #let(session: Established, wire: Wire): Driver {
    const conversation = this.#conversations[session.peer.userData[0] ?? -1];
    if (conversation === undefined) throw new Violation("a session with nobody");
    const limits = this.#plan.limits[1];
    const { responder } = conversation;
    return this.#start(
      "responder",
      this.#houseHost,
      session,
      responder,
      wire,
      limits,
      conversation,
    );
  }

  #start(
    role: Role,
    host: Host,
    session: Established,
    talker: Talker,
    wire: Wire,
    limits: Limits,
    { name, debate }: Conversation,
  ): Driver {
    const log = (line: string) => this.#log(`${name} ${role}: ${line}`);
    const driver: Driver = new Driver({
      host,
      ...(role === "initiator" && { dial: (transport) => this.#dial(driver, transport) }),
      happened: (event) => {
        this.#log(() => `${name} ${role}: ${describe(event)}`);
        if (event.type === "resumed") this.counts[event.isMove ? "moves" : "resumes"] += 1;
        if (event.type === "closed" && role === "responder") this.#bury(session, event);
        talker.happened(event);
        if (event.type === "dialogue") debate?.heard(role, event);
      },
      settled: () => talker.check(),
      trace: log,
    });
    talker.driver = driver;
    const options = {
      role,
      established: session,
      limits,
      contexts: contextsOf(session),
      transport: 0,
    };
    driver.start(
      new SessionMachine({ ...options, suite: this.#suite }, host.now),
      0,
      wire,
      role === "initiator" ? 0 : 1,
    );
    talker.start();
    // The responder's session is there first.
    if (role === "initiator") debate?.start();
    return driver;
  }

  #bury({ sessionId }: Established, { outcome }: Extract<SessionEvent, { type: "closed" }>): void {
    const reasons = { released: "finished", expired: "expired" } as const;
    const reason = outcome === "released" || outcome === "expired" ? reasons[outcome] : "aborted";
    const refusal: Refusal = { reason, isPersistent: true };
    this.#house.sessions.delete(hex(sessionId));
    this.#house.tombstones.set(hex(sessionId), refusal);
  }

  // The network.

  #wire(): Wire {
    return new Wire(this.#clock, this.#random.fork(), this.#plan.quality);
  }

  #binding(): Uint8Array {
    return this.#plan.hasBinding ? this.#suite.random(32) : NO_OCTETS;
  }

  #dial(driver: Driver, transport: number): void {
    const { delayMs, jitterMs } = this.#plan.quality;
    const { host } = driver;
    this.#clock.in(2 * delayMs + jitterMs * this.#random.fraction(), () =>
      host.awake(() => {
        if (this.#areDialsRefused || this.#random.chance(this.#isCalm ? 0 : 0.1)) {
          driver.ended(transport, new SessionError("ERR_CLOSED", "connection refused"));
          return;
        }
        const [wire, binding] = [this.#wire(), this.#binding()];
        const attack = this.#attack;
        this.#attack = undefined;
        if (attack === "interceptor") this.#intercept(wire, binding);
        else if (attack === "impostor") this.#pretend(wire);
        else this.#house.open(wire, binding);
        driver.opened(transport, wire, 0, binding);
      }),
    );
  }

  #trouble(what: Trouble): void {
    const random = this.#random;
    const conversation = random.pick(...(this.#conversations as [Conversation]));
    const { initiator, responder, name } = conversation;
    if (initiator.driver === undefined || responder.driver === undefined) return;
    this.#log(`-- ${what} (${name})`);
    const wire = initiator.driver.wire?.[0] ?? responder.driver.wire?.[0];
    const side = random.pick<0 | 1>(0, 1);
    switch (what) {
      case "cut":
        return wire?.cut();
      case "end":
        // A proxy in the middle hangs up, in order.
        wire?.end(0);
        wire?.end(1);
        initiator.driver.ended(initiator.driver.machine.currentTransport ?? -1);
        responder.driver.ended(responder.driver.machine.currentTransport ?? -1);
        return;
      case "silence":
        wire?.silence(0);
        wire?.silence(1);
        return;
      case "halfSilence":
        return wire?.silence(side);
      case "stall":
        return wire?.stall(side, random.pick(100, 3000, 12_000));
      case "sleep":
        return random
          .pick(...(this.#hosts as [Host]))
          .sleep(random.pick(500, 5000, 60_000), random.chance(0.5));
      case "migrate":
        initiator.driver.machine.migrate(initiator.driver.host.now);
        return initiator.driver.settle();
      case "goAway":
        responder.driver.machine.goAway(random.between(0, 300), random.between(0, 300));
        return responder.driver.settle();
      case "probe": {
        const { driver } = side === 0 ? initiator : responder;
        driver.machine.probe(driver.host.now);
        return driver.settle();
      }
      case "noDials":
        this.#areDialsRefused = true;
        this.#clock.in(random.between(0, 20_000), () => {
          this.#areDialsRefused = this.#plan.ending === "expiry" && this.#isCalm;
        });
        return;
      case "notReady":
        this.#house.isReady = false;
        this.#clock.in(random.between(0, 10_000), () => {
          this.#house.isReady = true;
        });
        wire?.cut();
        return;
      case "replay":
        for (const frame of this.#house.resumes.slice(-3))
          this.#intrude(frame, "a replayed RESUME");
        return;
      case "liar":
        return this.#lie(conversation);
      case "stranger":
        return this.#guess(conversation);
      case "interceptor":
      case "impostor":
        this.#attack = what;
        return wire?.cut();
      case "garbage":
        return this.#intrude(random.octets(random.between(1, 200)), "garbage");
    }
  }

  /** Somebody comes who has no business here, and is not to be taken for the peer. */
  #intrude(octets: Uint8Array, what: string): void {
    const wire = this.#wire();
    this.#watch(wire, (type) => {
      if (type === RESUMED) throw new Violation(`${what} was taken`);
    });
    this.#house.open(wire, this.#binding());
    wire.write(0, [octets]);
  }

  /** Has somebody at side 0 of a wire who looks at each frame that comes. */
  #watch(wire: Wire, saw: (type: number) => void): void {
    const reader = new FrameReader(1_000_000);
    wire.attach(0, {
      received: (octets) => {
        reader.feed(octets);
        while (reader.next()) saw(reader.type);
      },
      drained: () => {},
      ended: () => {},
    });
  }

  /** Somebody in the middle keeps a RESUME from arriving, and sends it himself. */
  #intercept(wire: Wire, binding: Uint8Array): void {
    const stolen: Uint8Array[] = [];
    wire.attach(1, {
      received: (octets) => void stolen.push(octets),
      drained: () => {},
      ended: () => {},
    });
    this.#clock.in(2000, () => {
      wire.end(1);
      const own = this.#wire();
      let isResumed = false;
      this.#watch(own, (type) => {
        if (isResumed) throw new Violation("somebody without the secret was let in");
        if (type !== RESUMED) return;
        isResumed = true;
        own.write(0, [encodeFrame(CONFIRM, this.#random.octets(32))]);
      });
      this.#house.open(own, binding);
      own.write(0, stolen);
    });
  }

  /** Somebody answers in the place of the house. */
  #pretend(wire: Wire): void {
    const reader = new FrameReader(1_000_000);
    wire.attach(1, {
      received: (octets) => {
        reader.feed(octets);
        while (reader.next()) {
          if (reader.type !== RESUME) {
            throw new Violation("an impostor was taken for the responder");
          }
          const { epoch, positions } = decodeResume(reader.body());
          const claim = encodeResumedClaim(epoch, positions, this.#random.octets(32));
          wire.write(1, [encodeFrame(RESUMED, withProof(claim, this.#random.octets(32)))]);
        }
      },
      drained: () => {},
      ended: () => {},
    });
  }

  /** Somebody who knows everything but the secret. */
  #guess({ session, initiator }: Conversation): void {
    if (session === undefined) return;
    const epoch = initiator.driver.machine.epoch + 100;
    const { positions } = initiator.driver.machine.link;
    const claim = encodeResumeClaim(session.sessionId, epoch, positions, this.#random.octets(32));
    const frame = encodeFrame(RESUME, withProof(claim, this.#random.octets(32)));
    this.#intrude(frame, "a proof without the secret");
  }

  /** Somebody with the right secret says that it stands where it cannot be. */
  #lie({ session, initiator }: Conversation): void {
    if (session === undefined) return;
    const random = this.#random;
    const { sessionId, secret } = session;
    const binding = this.#binding();
    const epoch = initiator.driver.machine.epoch + random.between(0, 2);
    const lie = random.pick(0, 1, 10 ** 6, 2 ** 40);
    const positions = random.pick(
      { received: [lie, 0], retained: [0, 0] } as const,
      { received: [0, lie], retained: [0, 0] } as const,
      { received: [0, 0], retained: [lie, lie] } as const,
    );
    const claim = encodeResumeClaim(sessionId, epoch, positions, random.octets(32));
    const proof = proveResume(this.#suite, secret, epoch, "resume", binding, claim);
    const wire = this.#wire();
    this.#watch(wire, () => {});
    this.#house.open(wire, binding);
    wire.write(0, [encodeFrame(RESUME, withProof(claim, proof))]);
  }

  // The end.

  #calm(): void {
    this.#log("-- calm");
    this.#isCalm = true;
    this.#house.isReady = true;
    this.#areDialsRefused = this.#plan.ending === "expiry";
    if (this.#plan.ending === "expiry") this.#cutAll();
  }

  /** Cuts what there is, until there is nobody left. */
  #cutAll(): void {
    let isAnyLeft = false;
    for (const { initiator, responder } of this.#conversations) {
      for (const { driver, isClosed } of [initiator, responder]) {
        isAnyLeft ||= !isClosed;
        if (initiator.driver && responder.driver) driver.wire?.[0].cut();
      }
    }
    if (isAnyLeft) this.#clock.in(2000, () => this.#cutAll());
  }

  #end(): void {
    const random = this.#random;
    for (const { initiator, responder, session, name } of this.#conversations) {
      if (session === undefined || responder.driver === undefined) {
        this.#clock.in(100, () => this.#end());
        return;
      }
      const { ending } = this.#plan;
      this.#log(`-- ${ending} (${name})`);
      if (ending === "release" || ending === "earlyRelease") {
        const who = random.pick("initiator", "responder", "both");
        if (who !== "responder") initiator.release();
        if (who !== "initiator") responder.release();
      } else if (ending === "abort") {
        const { driver } = random.pick(initiator, responder);
        driver.machine.abort("user", "enough");
        driver.settle();
      } else if (ending === "clone") this.#clone(session, initiator);
    }
  }

  /** A copy of the initiator as it was at first takes the session, or does not. */
  #clone(session: Established, { driver: original }: Talker): void {
    const { host } = original;
    const driver: Driver = new Driver({
      host,
      dial: (transport) => this.#dial(driver, transport),
      happened: (event) => {
        this.#log(() => `clone: ${describe(event)}`);
      },
      settled: () => {},
      trace: (line) => this.#log(`clone: ${line}`),
    });
    const limits = this.#plan.limits[0];
    const options = {
      role: "initiator",
      established: { ...session, rest: NO_OCTETS },
      limits,
    } as const;
    const machine = new SessionMachine(
      { ...options, contexts: contextsOf(session), suite: this.#suite, transport: 0 },
      host.now,
    );
    driver.start(machine, 0, this.#wire(), 0);
    driver.ended(0, new SessionError("ERR_CLOSED", "the copy never had it"));
    // Afterwards whoever has the session ends it; the other was told that it has not.
    this.#clock.in(60_000, () => {
      for (const one of [original, driver]) {
        if (one.machine.state === "closed") continue;
        one.machine.abort("user", "enough");
        one.settle();
      }
    });
  }

  #judge(): void {
    for (const { name, initiator, responder, debate } of this.#conversations) {
      for (const side of [initiator, responder]) {
        if (!side.isClosed) {
          const { state, releaseState } = side.driver.machine;
          throw new Violation(`${side.name} did not end: ${state}, ${releaseState}`);
        }
        if (side.driver.machine.deadline !== undefined) {
          throw new Violation(`${side.name} has ended, and a timer is left`);
        }
        side.drain();
      }
      this.#judgeOutcomes(name, initiator, responder);
      const isReleased = initiator.outcome === "released" && responder.outcome === "released";
      if (isReleased && debate?.deprived)
        throw new Violation(`an SPDU to ${debate.deprived} is lost`);
      this.dialogues.spdus += debate?.spdus ?? 0;
      this.dialogues.agreements += debate?.agreements ?? 0;
    }
    if (this.#clock.size > 0 && this.#clock.now - 1000 > PATIENCE_MS * 2) {
      throw new Violation(`${this.#clock.size} things are still to happen`);
    }
  }

  #judgeOutcomes(name: string, initiator: Talker, responder: Talker): void {
    const outcomes = `${initiator.outcome}/${responder.outcome}`;
    const expected = EXPECTED[this.#plan.ending];
    if (!expected.includes(outcomes)) {
      const why = [initiator.error, responder.error].filter(Boolean).join("; ");
      throw new Violation(`${name} ended ${outcomes}, not ${expected.join(" or ")}: ${why}`);
    }
    const ledgers = [initiator.said, responder.said];
    if (initiator.outcome === "released" || responder.outcome === "released") {
      for (const { lack } of ledgers) if (lack !== undefined) throw new Violation(`lost: ${lack}`);
    }
    for (const { delivered, streams } of ledgers) {
      this.counts.messages += delivered;
      for (const { read } of streams.values()) this.counts.streamOctets += read;
    }
  }

  #log(line: string | (() => string)): void {
    if (this.#trace === undefined) return;
    const text = typeof line === "string" ? line : line();
    this.#trace(`${(this.#clock.now - 1000).toFixed(3).padStart(12)} ${text}`);
  }
}

/** How both sides may end: the initiator's outcome and the responder's. */
const EXPECTED: Readonly<Record<Plan["ending"], readonly string[]>> = {
  release: ["released/released"],
  earlyRelease: ["released/released"],
  abort: ["aborted/aborted", "aborted/expired"],
  expiry: ["expired/expired"],
  // Whoever of the two has the session in the end, the other was told why it has not.
  clone: [
    "lost/aborted",
    "lost/expired",
    "fenced/expired",
    "fenced/aborted",
    "aborted/aborted",
    "aborted/expired",
  ],
};

function describe(event: SessionEvent): string {
  if (event.type === "closed") return `closed ${event.outcome} ${event.error?.message ?? ""}`;
  if (event.type === "suspended") return `suspended: ${event.error.message}`;
  if (event.type === "retrying") return `retrying in ${event.retryMs}: ${event.error.message}`;
  if (event.type === "resumed") {
    return `${event.isMove ? "moved" : "resumed"} ${event.epoch}, ${event.replayed} replayed`;
  }
  return event.type === "accepted" ? `accepted ${event.ticket}` : event.type;
}
