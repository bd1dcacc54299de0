/**
 * One scenario of two processes that die: what a seed says, played over the real machine with virtual
 * disks in virtual time, and what the checker says of it.
 */

import { ProtocolError, SessionError } from "../../src/pure/errors.ts";
import { OVERLAPPED } from "../../src/pure/native/establishment.ts";
import type { Established } from "../../src/pure/native/initiation.ts";
import { type Cursor, checkJournals, decodeState } from "../../src/pure/native/kept-state.ts";
import { type Limits, limitsFrom } from "../../src/pure/native/limits.ts";
import { type Role, SessionMachine } from "../../src/pure/native/machine.ts";
import type { Message } from "../../src/pure/native/message.ts";
import { Reception, refuse } from "../../src/pure/native/reception.ts";
import type { SessionEvent } from "../../src/pure/native/session-output.ts";
import type { StreamState } from "../../src/pure/native/stream.ts";
import { hex, NO_OCTETS, utf8 } from "../../src/pure/octets.ts";
import type { KeptSessionImage } from "../../src/stores/memory.ts";
import { VirtualClock } from "../../src/testing/clock.ts";
import { Wire, type WireQuality } from "../../src/testing/network.ts";
import { Random } from "../../src/testing/random.ts";
import { seededSuite } from "../../src/testing/suite.ts";
import { contextsOf, EXPEDITED, established, NORMAL } from "../pure/native/pair.ts";
import { Driver, Host } from "../simulation/host.ts";
import { Disk } from "./disk.ts";
import { Turns } from "./turns.ts";

export interface Report {
  readonly seed: number;
  readonly failure?: string;
  readonly messages: number;
  readonly turns: number;
  readonly crashes: number;
  readonly failedSyncs: number;
  readonly again: number;
}

export class Violation extends Error {}

const troubles = [
  "crash",
  "crash",
  "both",
  "cut",
  "move",
  "full",
  "failing",
  "exit",
  "upgrade",
  "upgrade",
] as const;

const PATIENCE_MS = 3_600_000;
const STEPS_MAX = 400_000;

/** Plays a scenario. The same seed gives the same report. */
export function play(seed: number, trace?: (line: string) => void): Report {
  const scenario = new Scenario(seed, trace);
  let failure: string | undefined;
  try {
    scenario.run();
  } catch (error) {
    if (error instanceof Violation) failure = error.message;
    else failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  return { seed, ...(failure !== undefined && { failure }), ...scenario.counts };
}

class Scenario {
  readonly seed: number;
  readonly counts = { messages: 0, turns: 0, crashes: 0, failedSyncs: 0, again: 0 };
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly suite;
  readonly quality: WireQuality;
  readonly limits: Limits;
  readonly crashChance: number;
  /** How many turns their dialogue has. */
  readonly turns: number;
  readonly #sides: readonly [Process, Process];
  readonly #trace: ((line: string) => void) | undefined;
  isCalm = false;

  constructor(seed: number, trace: ((line: string) => void) | undefined) {
    this.seed = seed;
    this.#trace = trace;
    this.random = new Random(seed);
    const { random } = this;
    this.suite = seededSuite(seed * 2 + 1);
    this.quality = {
      delayMs: random.pick(0, 1, 20),
      jitterMs: random.pick(0, 5, 50),
      bufferOctets: random.pick(1000, 65_536),
      pieceOctetsMax: random.pick(100, 1460, 65_536),
    };
    this.limits = limitsFrom({
      frameOctetsMax: random.pick(256, 4096, 65_536),
      windowOctets: random.pick(4096, 65_536),
      windowOctetsMax: random.pick(65_536, 262_144),
      sessionWindowOctets: random.pick(20_000, 500_000),
      journalOctetsMax: random.pick(4096, 1_000_000),
      expeditedOctetsMax: 200,
    });
    this.crashChance = random.pick(0, 0.002, 0.01, 0.05);
    const sessions = established([this.suite, this.suite], [this.limits, this.limits]);
    const count = random.pick(3, 30, 200);
    this.turns = random.pick(0, 2, 20);
    const isOverlapping = random.chance(0.7);
    this.#sides = [
      new Process(this, "initiator", stored(sessions[0], isOverlapping), count),
      new Process(this, "responder", stored(sessions[1], isOverlapping), count),
    ];
    this.#sides[0].peer = this.#sides[1];
    this.#sides[1].peer = this.#sides[0];
  }

  run(): void {
    const { clock, random } = this;
    const [initiator, responder] = this.#sides;
    const wire = new Wire(clock, random.fork(), this.quality);
    initiator.begin(wire, 0);
    responder.begin(wire, 1);
    for (let i = random.between(0, 8); i > 0; i--) {
      clock.in(random.between(0, 5000), () => this.#trouble());
    }
    const calmAt = clock.now + 20_000;
    clock.at(calmAt, () => {
      this.isCalm = true;
      for (const { disk } of this.#sides) disk.failing = 0;
    });
    for (let steps = 0; ; steps++) {
      if (steps > STEPS_MAX) throw new Violation(`it never comes to rest: ${this.#state}`);
      if (this.#sides.every((side) => side.isOver)) break;
      if (clock.now > PATIENCE_MS || !clock.step()) {
        throw new Violation(`it came to a stop: ${this.#state}`);
      }
    }
    for (const side of this.#sides) side.judge();
    this.counts.turns += this.turns;
  }

  get #state(): string {
    return this.#sides.map((side) => side.state).join("; ");
  }

  #trouble(): void {
    const { random } = this;
    const side = random.pick(...this.#sides);
    const what = random.pick(...troubles);
    this.log(`-- ${what} (${side.role})`);
    if (what === "crash") side.crash();
    if (what === "both") for (const one of this.#sides) one.crash();
    if (what === "cut") side.cut();
    if (what === "move") this.#sides[0].move();
    if (what === "full") side.disk.fullUntil = this.clock.now + random.between(0, 5000);
    if (what === "failing") side.failSync();
    if (what === "exit") side.exit();
    if (what === "upgrade") side.upgrade();
  }

  log(line: string): void {
    this.#trace?.(`${(this.clock.now - 1000).toFixed(3).padStart(12)} ${line}`);
  }
}

/** As it is between two stores; `isOverlapping`: what is not stored yet is transmitted. */
function stored(session: Established, isOverlapping: boolean): Established {
  const { agreement } = session;
  const functionalUnits = agreement.functionalUnits | (isOverlapping ? OVERLAPPED : 0);
  return { ...session, agreement: { ...agreement, durability: "disk", functionalUnits } };
}

/** What an application knows of a stream: how much of it it has written, and read. */
interface Part {
  state: StreamState;
  written: number;
  read: number;
  /** How much it had written when it ended. */
  ended?: number | undefined;
}

/** One side: an application, its disk, and the process of now, if it runs. */
class Process {
  readonly role: Role;
  readonly disk: Disk;
  peer!: Process;
  readonly #world: Scenario;
  readonly #session: Established;
  readonly #count: number;
  readonly #id: string;
  readonly #random: Random;
  /** Whether the application keeps its place with its own data. */
  readonly #hasCursor: boolean;
  /** Whether it wants to end when it has said all, whatever there is to be heard. */
  readonly #isHasty: boolean;
  /** Whether it dies, once, while that it has ended is being stored. */
  #diesAtEnd: boolean;
  /** Whether both die, once, after it has heard of another life of its peer's, and before it has stored that. */
  #diesAtNews: boolean;
  #life = 0;
  #driver: Driver | undefined;
  #turns: Turns | undefined;
  /** The last turn of the last process, for the judge. */
  #lastTurn = 0;
  #outcome: string | undefined;
  #isEstablished = false;
  #isReady = false;

  // What the application has on a disk of its own, by lane.
  readonly #heard: [number, number] = [0, 0];
  #cursor: Cursor = [0, 0];
  /** After a restart without a cursor: what comes next may have come before. */
  readonly #isUnsure: [boolean, boolean] = [false, false];
  /** What was committed, and what the store said it has of what was sent. */
  #committed: readonly [number, number] = [0, 0];
  #promised: readonly [number, number] = [0, 0];
  /** What the handler was given and has not done yet. */
  #handled: Message | undefined;
  /** What it has of its streams: it goes over to the next process when they are carried. */
  #streams = new Map<number, Part>();
  /** Those that the next process has not been told of yet. */
  #uncarried = new Set<number>();
  /** The mark that has them carried, and then the process ends. */
  #carriedAt = 0;
  #isCarried = false;
  /** What this process commits, by mark. */
  readonly #commits = new Map<number, readonly [number, number]>();

  constructor(world: Scenario, role: Role, session: Established, count: number) {
    this.#world = world;
    this.role = role;
    this.#session = session;
    this.#count = count;
    this.#id = hex(session.sessionId);
    this.#random = world.random.fork();
    this.#hasCursor = this.#random.chance(0.5);
    this.#isHasty = this.#random.chance(0.5);
    this.#diesAtEnd = this.#random.chance(0.2);
    this.#diesAtNews = world.seed % 4 === 0;
    this.disk = new Disk(world.clock, this.#random.fork());
  }

  /** Whether its disk says that it is over, and its process has heard of that. */
  get isOver(): boolean {
    const isHeard = this.#driver === undefined || this.#outcome !== undefined;
    return this.disk.kept.image.tombstones.has(this.#id) && isHeard;
  }

  get state(): string {
    const { state = "down", releaseState = "" } = this.#driver?.machine ?? {};
    const sent = this.#driver?.machine.link.sentMessages;
    return `${this.role} ${state} ${releaseState} sent ${sent} heard ${this.#heard} ${this.#outcome} ${this.#driver?.machine.link.isDrained}`;
  }

  begin(wire: Wire, side: 0 | 1): void {
    this.#run(undefined, wire, side);
  }

  /** The process dies. */
  crash(): void {
    if (this.#driver === undefined || !this.#isEstablished) return;
    this.#log("dies");
    this.#world.counts.crashes += 1;
    this.disk.crash();
    this.#stop();
  }

  /** The process ends as planned. */
  exit(): void {
    const driver = this.#driver;
    if (driver === undefined || !this.#isEstablished) return;
    driver.machine.park();
    driver.settle();
  }

  /** The process ends as planned, and another goes on with its streams. */
  upgrade(): void {
    const driver = this.#driver;
    if (driver === undefined || !this.#isEstablished || driver.machine.state === "closed") return;
    this.#carriedAt = driver.machine.carryStreams(true);
    driver.settle();
  }

  failSync(): void {
    if (this.#isEstablished) this.disk.failing = 1;
  }

  /** Goes over to another wire, with the old one still there. */
  move(): void {
    const driver = this.#driver;
    if (driver === undefined || !this.#isEstablished) return;
    driver.machine.migrate(driver.host.now);
    driver.settle();
  }

  cut(): void {
    for (const [wire] of this.#driver?.wires.values() ?? []) wire.cut();
  }

  /** What was said of an epoch was said after it was synced. */
  checkEpoch(spoken: number): void {
    const { epoch = spoken } = this.disk.kept.image.sessions.get(this.#id) ?? {};
    if (epoch < spoken) {
      throw new Violation(`${this.role} has epoch ${epoch}, and ${spoken} was spoken of`);
    }
  }

  /** Everything that was said was heard, and both know that it is over. */
  judge(): void {
    const outcome = this.disk.kept.image.tombstones.get(this.#id)?.outcome;
    if (outcome !== "released") throw new Violation(`${this.role} ended ${outcome}`);
    for (const lane of [0, 1] as const) {
      if (this.#heard[lane] !== this.#count) {
        throw new Violation(
          `${this.role} heard ${this.#heard[lane]} of lane ${lane}: ${this.#count}`,
        );
      }
    }
    if (this.#lastTurn !== this.#world.turns) {
      throw new Violation(`${this.role} has had ${this.#lastTurn} of ${this.#world.turns} turns`);
    }
    this.#world.counts.messages += 2 * this.#count;
  }

  /** Somebody dials this side, the responder. */
  open(wire: Wire): void {
    const { host } = this.#driver as Driver; // whoever dials has looked
    const reception = new Reception(this.#world.suite, this.#world.limits, NO_OCTETS);
    const life = this.#life;
    wire.attach(1, {
      received: (octets) => {
        const driver = this.#driver;
        if (driver === undefined || life !== this.#life) return;
        try {
          const step = reception.receive(octets);
          if (step.type !== "resume") return;
          const { machine } = driver;
          const rest = reception.rest();
          const number = machine.allotTransport();
          driver.plug(number, wire, 1);
          const refusal = machine.resume(number, step.request, NO_OCTETS, rest, host.now);
          if (refusal) {
            driver.wires.delete(number);
            this.#log(`refuses: ${refusal.reason} ${refusal.message ?? ""}`);
            wire.write(1, [refuse(refusal)]);
            wire.end(1);
          }
          driver.settle();
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          wire.end(1);
        }
      },
      drained: () => {},
      ended: () => {},
    });
  }

  #stop(): void {
    this.#life += 1;
    this.#outcome = undefined;
    for (const [wire] of this.#driver?.wires.values() ?? []) wire.cut();
    this.#driver = undefined;
    this.#isReady = false;
    const { clock } = this.#world;
    clock.in(this.#random.between(1, 2000), () => this.#restart());
  }

  #restart(): void {
    const kept = this.disk.kept.image.sessions.get(this.#id);
    if (kept === undefined) return;
    this.#isUnsure.fill(!this.#hasCursor);
    const state = kept.state && decodeState(kept.state);
    if (state) checkJournals({ epoch: kept.epoch, state, entries: kept.entries });
    this.#log(
      `runs again: ${JSON.stringify(state)} ${kept.entries.map((e) => `${e.journal} ${e.position}+${e.octets.length}`)}`,
    );
    this.#run(kept);
  }

  #run(kept: KeptSessionImage | undefined, wire?: Wire, side: 0 | 1 = 0): void {
    const { clock, suite, limits } = this.#world;
    const life = ++this.#life;
    this.#commits.clear();
    this.#handled = undefined;
    const carriesStreams = this.#isCarried;
    this.#carriedAt = 0;
    this.#isCarried = false;
    if (!carriesStreams) this.#streams.clear();
    this.#uncarried = new Set(this.#streams.keys());
    this.#outcome = undefined;
    const isAlive = () => life === this.#life;
    // The clock of a process begins anew with it.
    const host = new Host(this.role, clock, this.#random.between(0, 1_000_000));
    const driver = new Driver({
      host,
      dial: (transport) => this.#dial(driver, transport, isAlive),
      store: (mark, changes) => this.#store(driver, mark, changes, isAlive),
      happened: (event) => {
        if (isAlive()) this.#happened(driver, event);
      },
      settled: () => {},
      trace: (line) => isAlive() && this.#log(line),
    });
    this.#driver = driver;
    const machine = new SessionMachine(
      {
        role: this.role,
        established: this.#session,
        limits,
        contexts: contextsOf(this.#session),
        suite,
        transport: 0,
        isKept: true,
        carriesStreams,
        ...(kept?.state && {
          kept: { epoch: kept.epoch, state: decodeState(kept.state), entries: kept.entries },
        }),
        ...(this.#hasCursor && kept && { cursor: this.#cursor }),
      },
      host.now,
    );
    const sent = machine.link.sentMessages;
    for (const lane of [0, 1] as const) {
      const promised = this.#promised[lane];
      if (kept && sent[lane] < promised) {
        throw new Violation(`${this.role} was promised ${promised}, the store has ${sent[lane]}`);
      }
    }
    this.#isReady = true;
    this.#turns = new Turns(machine, host.now, (what) => {
      throw new Violation(`${this.role}: ${what}`);
    });
    driver.start(machine, 0, wire, side);
    this.#checkCarried(machine);
    const work = () => {
      if (!isAlive()) return;
      this.#work(driver);
      if (isAlive()) clock.in(this.#random.fraction() * 30, work);
    };
    work();
  }

  #dial(driver: Driver, transport: number, isAlive: () => boolean): void {
    const { clock, quality, random } = this.#world;
    clock.in(2 * quality.delayMs + this.#random.fraction(), () => {
      if (!isAlive()) return;
      const { peer } = this;
      if (!peer.#isReady) {
        // A listener that restarts: it refuses, or finds the tombstone.
        const wire = new Wire(clock, random.fork(), quality);
        const tombstone = peer.disk.kept.image.tombstones.get(this.#id);
        const outcome = tombstone?.outcome ?? peer.#outcome;
        if (outcome === undefined) {
          return driver.ended(transport, new SessionError("ERR_CLOSED", "connection refused"));
        }
        const reason = outcome === "released" ? "finished" : "aborted";
        wire.attach(1, {
          received: () => {
            wire.write(1, [refuse({ reason, isPersistent: true })]);
            wire.end(1);
          },
          drained: () => {},
          ended: () => {},
        });
        return driver.opened(transport, wire, 0, NO_OCTETS);
      }
      const wire = new Wire(clock, random.fork(), quality);
      peer.open(wire);
      driver.opened(transport, wire, 0, NO_OCTETS);
    });
  }

  #store(
    driver: Driver,
    mark: number,
    {
      end,
      ...changes
    }: Parameters<NonNullable<ConstructorParameters<typeof Driver>[0]["store"]>>[1],
    isAlive: () => boolean,
  ): void {
    if (!isAlive()) return;
    const id = this.#id;
    const sent = driver.machine.link.sentMessages;
    this.#hearOfLife(changes.state);
    this.disk.write(
      {
        ...changes,
        id,
        ...(!this.#isEstablished &&
          !this.disk.kept.image.sessions.has(id) &&
          mark === 1 && {
            create: {
              id,
              role: this.role,
              identity: "",
              createdAt: 0,
              establishment: utf8(""),
            },
          }),
        ...(end && { end: { ...end, id, endedAt: 0 } }),
      },
      (error) => {
        if (!isAlive()) return;
        if (this.#mayDie()) return this.crash();
        if (error) {
          this.#world.counts.failedSyncs += 1;
          driver.machine.storeFailed(error);
          driver.settle();
          // One that had ended is not parked: whoever reads it hears from `commit`, and begins again.
          if (!isAlive()) return;
          this.disk.crash();
          return this.#stop();
        }
        this.#isEstablished = true;
        if (!end) this.#promised = sent;
        this.#committed = this.#commits.get(mark) ?? this.#committed;
        driver.machine.stored(mark);
        driver.settle();
        if (isAlive() && this.#carriedAt > 0 && mark >= this.#carriedAt) {
          this.#isCarried = driver.machine.state !== "closed";
          for (const [id, { state, written, read }] of this.#streams) {
            // What it had not used yet comes as new; what both have ended does not come.
            const isOpen = driver.machine.link.stream(id) === state;
            if (!isOpen || written + read === 0) this.#streams.delete(id);
          }
          return this.exit();
        }
        if (isAlive() && this.#mayDie()) this.crash();
      },
    );
    const isEnd = end !== undefined || driver.machine.hasRest;
    if (isEnd && this.#diesAtEnd) {
      this.#diesAtEnd = false;
      return this.crash();
    }
    if (this.#mayDie()) this.crash();
  }

  /** Has the disk wait with a new life of the peer's until both have died, if they are to. */
  #hearOfLife(state: Uint8Array | undefined): void {
    const { isCalm, clock } = this.#world;
    if (!this.#diesAtNews || isCalm || state === undefined) return;
    if (decodeState(state).overlap.peerLife === 0) return;
    this.#diesAtNews = false;
    const inMs = this.#random.between(100, 900);
    this.disk.fullUntil = clock.now + inMs + 1;
    clock.in(inMs, () => {
      for (const side of [this, this.peer]) side.crash();
    });
  }

  #mayDie(): boolean {
    const { isCalm, crashChance } = this.#world;
    return !isCalm && this.#isEstablished && this.#random.chance(crashChance);
  }

  #happened(driver: Driver, event: SessionEvent): void {
    const { machine } = driver;
    switch (event.type) {
      case "releaseAsked":
        // Once everything is read.
        return;
      case "streamOpened": {
        const { stream } = event;
        const part = this.#streams.get(stream.id);
        if (part && this.#uncarried.delete(stream.id)) part.state = stream;
        else this.#streams.set(stream.id, { state: stream, written: 0, read: 0 });
        return;
      }
      case "streamReset":
        this.#streams.delete(event.id);
        this.#uncarried.delete(event.id);
        return;
      case "dialogue": {
        this.#turns?.receive(event.octets, event.isExpedited, driver.host.now);
        return;
      }
      case "closed":
        this.#log(`closed ${event.outcome} ${event.error?.message ?? ""}`);
        this.#outcome = event.outcome;
        this.#isReady = false;
        for (const [wire] of driver.wires.values()) wire.cut();
        if (event.outcome === "parked") {
          this.disk.crash();
          this.#stop();
        } else if (event.outcome !== "released") {
          const { state } = this.peer;
          throw new Violation(
            `${this.role} ended ${event.outcome}: ${event.error?.message}; ${state}`,
          );
        }
        return;
      case "suspended":
        return this.#log(`suspended ${machine.epoch}`);
      case "resumed":
        this.#log(`resumed ${machine.epoch}`);
        for (const side of [this, this.peer]) side.checkEpoch(machine.epoch);
    }
  }

  /** What the application does, now and then. */
  #work(driver: Driver): void {
    const { machine } = driver;
    const random = this.#random;
    this.#read(machine);
    if (machine.state === "closed") {
      // What is left to read has been read: the application says so, and that is the end.
      if (this.#handled === undefined && !machine.link.inbox.isReadable) {
        machine.link.settle(driver.host.now);
      }
      return driver.settle();
    }
    const { releaseState } = machine;
    const [sent0, sent1] = machine.link.sentMessages;
    this.#lastTurn = this.#turns?.turn ?? 0;
    const isTalked = this.#lastTurn === this.#world.turns;
    const isSaid = sent0 >= this.#count && sent1 >= this.#count && isTalked;
    if ((releaseState === "open" || releaseState === "asked") && machine.link.isDrained) {
      for (let i = random.between(0, 5); i > 0 && !isSaid; i--) this.#say(machine);
      if (random.chance(0.1)) this.#stream(machine);
      if (random.chance(0.5)) this.#turns?.work(this.#world.turns, driver.host.now);
    }
    const isHeard = this.#heard[0] === this.#count && this.#heard[1] === this.#count;
    if (isSaid && machine.link.isDrained) {
      const isDone = isHeard || this.#isHasty;
      const isOpen = releaseState === "open";
      if (isOpen && isDone && random.chance(0.1)) machine.requestRelease(driver.host.now);
      if (releaseState === "asked" && isHeard) machine.answerRelease(true, driver.host.now);
    }
    driver.settle();
  }

  #say(machine: SessionMachine): void {
    const [sent0, sent1] = machine.link.sentMessages;
    // What waits for credit is not counted yet, and must not be said twice.
    if (!machine.link.isDrained) return;
    if (sent1 < this.#count && this.#random.chance(0.5)) {
      machine.sendExpedited(EXPEDITED, textOf(1, sent1 + 1));
    } else if (sent0 < this.#count) machine.send(NORMAL, textOf(0, sent0 + 1));
  }

  #stream(machine: SessionMachine): void {
    if (this.#carriedAt > 0) return;
    const random = this.#random;
    const open = [...this.#streams.values()].filter(
      ({ state }) => !state.isEnding && machine.link.stream(state.id) === state,
    );
    if (open.length < 5 && random.chance(0.5)) {
      const state = machine.link.openStream("s");
      const part = { state, written: 0, read: 0 };
      this.#streams.set(state.id, part);
      open.push(part);
    }
    const part = open[random.between(0, open.length - 1)];
    if (part === undefined) return;
    const size = random.between(1, 5000);
    machine.link.writeStream(
      part.state,
      streamOctets(this.role, part.state.id, part.written, size),
    );
    part.written += size;
    if (random.chance(0.2)) machine.link.endStream(part.state);
    part.ended = part.state.isEnding ? part.written : part.ended;
  }

  #readStreams(machine: SessionMachine): void {
    const random = this.#random;
    const other = this.role === "initiator" ? "responder" : "initiator";
    for (const [id, part] of this.#streams) {
      const { state } = part;
      while (random.chance(0.5)) {
        const octets = machine.link.readStream(state);
        if (octets === undefined) break;
        if (hex(octets) !== hex(streamOctets(other, id, part.read, octets.length))) {
          throw new Violation(`${this.role}: stream ${id} is wrong behind ${part.read} octets`);
        }
        part.read += octets.length;
      }
      if (!state.isPeerEnded || state.isReadable) continue;
      const { ended = part.read } = this.peer.#streams.get(id) ?? {};
      if (part.read !== ended) {
        throw new Violation(`${this.role}: stream ${id} ended behind ${part.read}, not ${ended}`);
      }
      part.ended = part.written;
      machine.link.endStream(state);
    }
  }

  /** Whatever was open when the streams were carried over is open again. */
  #checkCarried(machine: SessionMachine): void {
    const { releaseState } = machine;
    if (machine.state === "closed" || !["open", "asked"].includes(releaseState)) return;
    for (const id of this.#uncarried) {
      throw new Violation(`${this.role}: stream ${id} was not carried over`);
    }
  }

  #read(machine: SessionMachine): void {
    const random = this.#random;
    this.#readStreams(machine);
    const now = this.#driver?.host.now ?? 0;
    for (;;) {
      // A handler takes its time: what it was given has its effect later, or never.
      this.#handled ??= machine.take();
      if (this.#handled === undefined || random.chance(0.1)) break;
      this.#hear(this.#handled);
      this.#handled = undefined;
      // The application's own commit: what it heard, and how far that is.
      this.#cursor = machine.link.taken;
      if (random.chance(0.5)) machine.link.settle(now);
      if (random.chance(0.2)) {
        // What this process has not had again yet, it does not commit either.
        const had = (lane: 0 | 1) => (this.#isUnsure[lane] ? this.#committed : this.#heard)[lane];
        this.#commits.set(machine.commit(now), [had(0), had(1)]);
      }
      if (random.chance(0.2)) break;
    }
  }

  #hear(message: Message): void {
    const text = message.toString();
    const [, kind, digits = ""] = /^([ne])(\d+)/.exec(text) ?? [];
    const lane = kind === "n" ? 0 : 1;
    const number = Number(digits);
    const before = this.#heard[lane];
    if (text !== new TextDecoder().decode(textOf(lane, number)))
      throw new Violation(`garbled ${number}`);
    if (this.#isUnsure[lane]) {
      // Again what was not settled: never what was committed, and nothing left out.
      const committed = this.#committed[lane];
      if (number <= committed || number > before + 1) {
        const range = `${committed + 1} to ${before + 1}`;
        throw new Violation(`${this.role} heard ${kind}${number} after a restart, not ${range}`);
      }
      if (number <= before) this.#world.counts.again += 1;
      this.#isUnsure[lane] = false;
      this.#heard[lane] = number;
      return;
    }
    if (number !== before + 1) {
      throw new Violation(`${this.role} heard ${kind}${number} after ${kind}${before}`);
    }
    this.#heard[lane] = number;
  }

  #log(line: string): void {
    this.#world.log(`${this.role}: ${line}`);
  }
}

/** What a side writes into a stream, from a position on. */
function streamOctets(role: Role, id: number, from: number, size: number): Uint8Array {
  const seed = id * 2 + (role === "initiator" ? 1 : 0);
  return Uint8Array.from({ length: size }, (_, i) => ((from + i) * 31 + ((from + i) >> 8)) ^ seed);
}

/** The text of a message: its number, and more of it than fits anywhere, now and then. */
function textOf(lane: 0 | 1, number: number): Uint8Array {
  const size = lane === 1 ? 10 : number % 17 === 0 ? 30_000 : number % 5 === 0 ? 3000 : 20;
  return utf8(`${lane === 0 ? "n" : "e"}${number}`.padEnd(size, "."));
}
