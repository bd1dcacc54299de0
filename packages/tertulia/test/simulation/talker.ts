/**
 * The application on one side: it sends messages of all kinds, opens streams, writes and reads them,
 * sometimes slowly or not at all, and writes down what it said and was given.
 */

import { functionalUnits } from "../../src/pure/native/establishment.ts";
import { messageFrame } from "../../src/pure/native/frames.ts";
import type { Limits } from "../../src/pure/native/limits.ts";
import type { SessionEvent } from "../../src/pure/native/session-output.ts";
import type { StreamState } from "../../src/pure/native/stream.ts";
import type { Random } from "../../src/testing/random.ts";
import type { Driver, Host } from "./host.ts";
import { costOf, type Kind, type Ledger, StreamLedger, Violation } from "./ledger.ts";

type Reading = "eager" | "lazy" | "stalled";

export interface TalkerOptions {
  readonly name: string;
  readonly host: Host;
  readonly random: Random;
  /** Makes the octets of its streams its own. */
  readonly tag: number;
  readonly said: Ledger;
  readonly heard: Ledger;
  readonly limits: Limits;
  /** The limits of the peer, which bound what it can hold for us. */
  readonly peerLimits: Limits;
  readonly untilMs: number;
  readonly trace: (line: string) => void;
}

export class Talker {
  readonly name: string;
  driver!: Driver;
  /** How its session ended. */
  outcome: string | undefined;
  error = "";
  readonly #options: TalkerOptions;
  readonly #streams: Map<number, StreamState> = new Map();
  /** What each send that waits for credit counts for. */
  readonly #tickets: Map<number, number> = new Map();
  /** Streams that it knows to be reset, and those whose writer is to wait. */
  readonly #gone: Set<number> = new Set();
  readonly #blocked: Set<number> = new Set();
  #reading: Reading;
  #isOver = false;
  /** How often it declines the release before it agrees. */
  #declines: number;
  #wantsRelease = false;

  constructor(options: TalkerOptions) {
    this.#options = options;
    this.name = options.name;
    this.#reading = options.random.pick<Reading>("eager", "eager", "lazy", "stalled");
    this.#declines = options.random.chance(0.2) ? 1 : 0;
  }

  get limits(): Limits {
    return this.#options.limits;
  }

  get said(): Ledger {
    return this.#options.said;
  }

  get isClosed(): boolean {
    return this.outcome !== undefined;
  }

  /** Begins to talk, and goes on for a while. */
  start(): void {
    const { host, random, untilMs } = this.#options;
    const acts = random.between(1, 30);
    for (let i = 0; i < acts; i++) {
      host.clock.in(random.fraction() * untilMs, () => host.awake(() => this.#act()));
    }
    if (this.#reading === "lazy") this.#readLater();
    host.clock.in(untilMs, () => host.awake(() => this.#finishTalking()));
  }

  /** Asks for the release when everything is said, and again if it is declined. */
  release(): void {
    const { host } = this.#options;
    this.#wantsRelease = true;
    if (this.isClosed) return;
    const { machine } = this.driver;
    host.awake(() => {
      if (this.isClosed) return;
      this.#options.trace("asks for the release");
      machine.requestRelease(host.now);
      this.driver.settle();
    });
  }

  happened(event: SessionEvent): void {
    const { host, random, said, heard } = this.#options;
    switch (event.type) {
      case "readable":
        if (this.#reading === "eager") this.#readMessages(Number.POSITIVE_INFINITY);
        return;
      case "accepted": {
        said.outstanding += this.#tickets.get(event.ticket) ?? 0;
        this.#tickets.delete(event.ticket);
        return;
      }
      case "streamOpened": {
        const { stream } = event;
        this.#streams.set(stream.id, stream);
        if (!heard.streams.has(stream.id)) throw new Violation(`stream ${stream.id} from nowhere`);
        if (stream.label !== labelOf(stream.id)) throw new Violation(`stream ${stream.id}: label`);
        // It is there already when the peer has reset the stream meanwhile.
        if (!said.streams.has(stream.id)) {
          said.streams.set(stream.id, new StreamLedger(this.#tag(stream.id)));
        }
        return;
      }
      case "streamReadable":
        if (this.#reading === "eager") this.#readStream(event.id, Number.POSITIVE_INFINITY);
        return;
      case "streamEnded":
        if (this.#reading === "eager") this.#readStream(event.id, Number.POSITIVE_INFINITY);
        heard.streams.get(event.id)?.ended();
        return;
      case "streamWritable":
        this.#blocked.delete(event.id);
        return;
      case "streamReset":
        this.#gone.add(event.id);
        return;
      case "releaseAsked": {
        host.clock.in(random.fraction() * 500, () => host.awake(() => this.#answer()));
        return;
      }
      case "releaseRefused":
        this.#options.trace("was refused the release");
        if (this.#wantsRelease) host.clock.in(100, () => this.release());
        return;
      case "closed":
        this.outcome = event.outcome;
        this.error = event.error?.message ?? "";
        return;
    }
  }

  /** Takes what is left, after the end too. */
  drain(): void {
    this.#readMessages(Number.POSITIVE_INFINITY);
    for (const id of this.#streams.keys()) this.#readStream(id, Number.POSITIVE_INFINITY);
  }

  /** What waits too much for its limits. */
  check(): void {
    const { said, limits, peerLimits } = this.#options;
    const slack = 2 * said.largest + 40_000;
    const { backlogOctets } = this.driver.machine.link;
    // Frames are a little longer than what they carry, and a few control frames come on top.
    const bound = 1.3 * (limits.journalOctetsMax + limits.waitingOctetsMax) + slack;
    if (backlogOctets > bound) {
      throw new Violation(`${this.name} holds ${backlogOctets} octets for its peer`);
    }
    const window = peerLimits.windowOctetsMax + slack;
    if (said.outstanding > window) {
      throw new Violation(`${this.name}: ${said.outstanding} octets in flight, window ${window}`);
    }
  }

  get #functionalUnits(): number {
    return this.driver.machine.agreement.functionalUnits;
  }

  #answer(): void {
    const { host, random } = this.#options;
    const { machine } = this.driver;
    if (this.isClosed || machine.releaseState !== "asked") return;
    if (this.#declines > 0) {
      this.#declines -= 1;
      machine.answerRelease(false, host.now);
    } else {
      // One thing more.
      if (random.chance(0.5)) this.#send("normal", random.between(0, 3000));
      this.#options.trace("agrees to the release");
      machine.answerRelease(true, host.now);
    }
    this.driver.settle();
  }

  #finishTalking(): void {
    this.#isOver = true;
    this.#reading = "eager";
    if (this.isClosed) return;
    const { said, random } = this.#options;
    for (const stream of this.#streams.values()) {
      // Some are left open, and end with the session.
      if (random.chance(0.7)) this.#end(stream, said);
    }
    this.drain();
    this.driver.settle();
  }

  #end(stream: StreamState, said: Ledger): void {
    const ledger = said.streams.get(stream.id);
    if (ledger === undefined || ledger.isEnded || this.#gone.has(stream.id)) return;
    ledger.isEnded = true;
    this.driver.machine.link.endStream(stream);
  }

  #readLater(): void {
    const { host, random } = this.#options;
    host.clock.in(random.fraction() * 200, () =>
      host.awake(() => {
        if (this.#reading !== "lazy" || this.isClosed) return;
        this.#readMessages(random.between(1, 5));
        for (const id of this.#streams.keys()) this.#readStream(id, 1);
        this.driver.settle();
        this.#readLater();
      }),
    );
  }

  #readMessages(most: number): void {
    const { machine } = this.driver;
    const { heard } = this.#options;
    for (let i = 0; i < most; i++) {
      const message = machine.take();
      if (message === undefined) return;
      heard.gave(message);
      if (message.kind !== "expedited") heard.outstanding -= costOf(message.octets);
    }
  }

  #readStream(id: number, most: number): void {
    const stream = this.#streams.get(id);
    const ledger = this.#options.heard.streams.get(id);
    if (stream === undefined || ledger === undefined || this.#gone.has(id)) return;
    for (let i = 0; i < most; i++) {
      const octets = this.driver.machine.link.readStream(stream);
      if (octets === undefined) return;
      ledger.gave(octets);
    }
  }

  #reset(stream: StreamState): void {
    this.#gone.add(stream.id);
    for (const ledger of [this.#options.said, this.#options.heard]) {
      const one = ledger.streams.get(stream.id) ?? new StreamLedger(this.#tag(stream.id));
      one.isReset = true;
      ledger.streams.set(stream.id, one);
    }
    this.driver.machine.link.resetStream(stream, 7);
  }

  #tag(id: number): number {
    return this.#options.tag * 100 + id;
  }

  #act(): void {
    const { machine } = this.driver;
    if (this.isClosed || this.#isOver) return;
    if (machine.releaseState !== "open" && machine.releaseState !== "asked") return;
    const { random, peerLimits } = this.#options;
    const largest = Math.min(30_000, peerLimits.messageOctetsMax);
    if (random.chance(0.003)) {
      for (let n = 0; n < 60; n++) this.#send("normal", 4000);
    }
    switch (random.between(0, 9)) {
      case 0:
      case 1:
      case 2:
        for (let n = random.between(1, 20); n > 0; n--) {
          this.#send(
            random.pick<Kind>("normal", "normal", "typed", "capability"),
            random.between(0, 200),
          );
        }
        break;
      case 3:
        this.#send("normal", random.between(0, largest));
        break;
      case 4:
        this.#send("typed", random.between(0, 5000));
        break;
      case 5:
      case 6:
        for (let n = random.between(1, 5); n > 0; n--) {
          this.#send("expedited", random.between(0, Math.min(200, peerLimits.expeditedOctetsMax)));
        }
        this.#send("normal", random.between(0, 100));
        break;
      case 7:
        this.#openStream();
        break;
      default:
        this.#useStream();
    }
    this.driver.settle();
  }

  #send(kind: Kind, size: number): void {
    const { random, said, peerLimits } = this.#options;
    const { machine } = this.driver;
    const most = kind === "expedited" ? peerLimits.expeditedOctetsMax : peerLimits.messageOctetsMax;
    const octets = random.octets(Math.min(size, most));
    const type = messageFrame(kind, 0);
    let ticket: number;
    try {
      ticket =
        kind === "expedited" ? machine.sendExpedited(type, octets) : machine.send(type, octets);
    } catch (error) {
      if ((error as { code?: string }).code === "ERR_LIMIT") return;
      throw error;
    }
    said.said(kind, octets);
    if (kind === "expedited") return;
    if (ticket > 0) this.#tickets.set(ticket, costOf(octets));
    else said.outstanding += costOf(octets);
  }

  #openStream(): void {
    const { said, peerLimits } = this.#options;
    const { machine } = this.driver;
    if ((this.#functionalUnits & functionalUnits.streams) === 0) return;
    let stream: StreamState;
    try {
      stream = machine.link.openStream(labelOf(this.#nextStreamId));
    } catch (error) {
      const open = this.#streams.size;
      const { code } = error as { code?: string };
      if (code === "ERR_LIMIT" && open >= peerLimits.streamsMax) return;
      if (code === "ERR_LIMIT" || code === "ERR_STATE") return;
      throw error;
    }
    if (stream.id !== this.#nextStreamId) throw new Violation(`stream ${stream.id} is out of turn`);
    this.#streams.set(stream.id, stream);
    said.streams.set(stream.id, new StreamLedger(this.#tag(stream.id)));
    this.#opened += 1;
  }

  #opened = 0;

  get #nextStreamId(): number {
    return this.#opened * 2 + (this.driver.machine.role === "initiator" ? 0 : 1);
  }

  #useStream(): void {
    const { random, said } = this.#options;
    const streams = [...this.#streams.values()];
    const stream = streams[random.between(0, streams.length - 1)];
    const ledger = stream && said.streams.get(stream.id);
    if (stream === undefined || ledger === undefined) return;
    if (ledger.isEnded || this.#gone.has(stream.id) || this.#blocked.has(stream.id)) return;
    const { link } = this.driver.machine;
    switch (random.between(0, 9)) {
      case 0:
        this.#end(stream, said);
        return;
      case 1:
        this.#reset(stream);
        return;
      default: {
        const octets = ledger.next(random.pick(1, 50, 3000, 20_000));
        try {
          if (!link.writeStream(stream, octets)) this.#blocked.add(stream.id);
        } catch (error) {
          const { code } = error as { code?: string };
          if (code === "ERR_STATE" || code === "ERR_LIMIT") return;
          throw error;
        }
        ledger.written += octets.length;
      }
    }
  }
}

function labelOf(id: number): string {
  return `stream ${id}`;
}
