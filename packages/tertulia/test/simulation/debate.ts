/**
 * A dialogue in the session of a conversation: two machines of X.225 that walk at random through their
 * tables, over the link that the network's troubles befall and that neither hears of.
 */

import { SessionError } from "../../src/pure/errors.ts";
import { SessionMachine } from "../../src/pure/iso8327/machine.ts";
import type { SessionEvent } from "../../src/pure/iso8327/primitives.ts";
import { concatOctets, hex, NO_OCTETS } from "../../src/pure/octets.ts";
import type { Random } from "../../src/testing/random.ts";
import type { Side } from "../pure/iso8327/pair.ts";
import { check, checkQuiet, configurations, make, requests } from "../pure/iso8327/walkers.ts";
import { Violation } from "./ledger.ts";
import type { Talker } from "./talker.ts";

export interface DebateOptions {
  readonly talkers: Readonly<Record<Side, Talker>>;
  readonly random: Random;
  readonly untilMs: number;
  readonly trace: (line: string) => void;
}

interface Spdu {
  readonly octets: Uint8Array;
  readonly isExpedited: boolean;
}

/** One side: its machine, and what came for it and is not taken. */
interface Debater {
  readonly machine: SessionMachine;
  readonly waiting: Spdu[];
  /** SPDUs said and taken, so that we know when nothing is on its way. */
  said: number;
  taken: number;
  isReadingLater: boolean;
  isOver: boolean;
}

const sides = ["initiator", "responder"] as const;

export class Debate {
  /** SPDUs that arrived. */
  spdus = 0;
  /** How often it was quiet, and both agreed. */
  agreements = 0;
  readonly #options: DebateOptions;
  readonly #debaters: Readonly<Record<Side, Debater>>;
  readonly #events: Record<Side, SessionEvent[]> = { initiator: [], responder: [] };
  readonly #lines: string[] = [];
  readonly #hasExpedited: boolean;
  readonly #isLazy: boolean;

  constructor(options: DebateOptions) {
    this.#options = options;
    const { random } = options;
    this.#hasExpedited = random.chance(0.5);
    this.#isLazy = random.chance(0.5);
    this.#debaters = { initiator: debater(), responder: debater() };
  }

  /** Begins when both have their session. */
  start(): void {
    const { random, untilMs, talkers } = this.#options;
    const { initiator, responder } = this.#debaters;
    const units = random.pick(...(configurations as [(typeof configurations)[number]]));
    this.#log(`${units.join(", ")}${this.#hasExpedited ? ", with an expedited flow" : ""}`);
    responder.machine.transportIndication(this.#hasExpedited, 0);
    initiator.machine.request(
      {
        type: "SCONreq",
        functionalUnits: units,
        initialSerialNumber: 5,
        secondInitialSerialNumber: 3,
        tokenSettings: { data: "requestor", minor: "acceptor", major: "choice" },
      },
      0,
    );
    this.#settle("initiator");
    for (let steps = random.between(10, 150); steps > 0; steps--) {
      const side = random.pick(...sides);
      const { host } = talkers[side].driver;
      host.clock.in(random.fraction() * untilMs, () => host.awake(() => this.#act(side)));
    }
  }

  /** Which side was not told everything that the other has said; nobody after an orderly end. */
  get deprived(): Side | undefined {
    const { initiator, responder } = this.#debaters;
    if (responder.taken + responder.waiting.length !== initiator.said) return "responder";
    if (initiator.taken + initiator.waiting.length !== responder.said) return "initiator";
    return undefined;
  }

  /** An SPDU came. */
  heard(side: Side, spdu: Spdu): void {
    const { random, talkers } = this.#options;
    const debater = this.#debaters[side];
    debater.waiting.push(spdu);
    if (!this.#isLazy) {
      this.#take(side, Number.POSITIVE_INFINITY);
      return;
    }
    if (debater.isReadingLater) return;
    debater.isReadingLater = true;
    const { host } = talkers[side].driver;
    const take = () => {
      this.#take(side, random.between(1, 5));
      talkers[side].driver.settle();
      debater.isReadingLater = debater.waiting.length > 0;
      if (debater.isReadingLater) host.clock.in(random.fraction() * 200, () => host.awake(take));
    };
    host.clock.in(random.fraction() * 200, () => host.awake(take));
  }

  #take(side: Side, most: number): void {
    const debater = this.#debaters[side];
    const { link } = this.#options.talkers[side].driver.machine;
    for (let i = 0; i < most; i++) {
      const spdu = debater.waiting.shift();
      if (spdu === undefined) return;
      const { octets, isExpedited } = spdu;
      link.inbox.readSpdu(octets.length, isExpedited);
      debater.taken += 1;
      this.spdus += 1;
      // What is not taken once is missing for good.
      debater.isOver ||= !this.#mayTalk(side);
      if (debater.isOver) continue;
      if (octets.length === 0) {
        debater.isOver = true;
        debater.machine.transportDisconnected(0);
      } else if (isExpedited) debater.machine.receiveExpedited(octets, 0);
      else debater.machine.receive(octets, 0);
      const flow = isExpedited ? "expedited " : "";
      const start = hex(octets.subarray(0, 8));
      this.#log(`${side} takes ${flow}${start} -> ${debater.machine.state}`);
      this.#settle(side);
    }
  }

  /** A request at random; most are out of turn, and refused. */
  #act(side: Side): void {
    const { random, talkers } = this.#options;
    const { driver } = talkers[side];
    const { machine } = this.#debaters[side];
    const { waitingOctetsMax } = talkers[side].limits;
    if (!this.#mayTalk(side) || driver.machine.link.outbox.waitingOctets >= waitingOctetsMax)
      return;
    const before = machine.state;
    for (let i = 0; i < 5; i++) {
      const type = requests[random.between(0, requests.length - 1)];
      if (type === undefined) return;
      try {
        machine.request(make(type, random.between(0, 0xffff), machine), 0);
      } catch (error) {
        if (error instanceof SessionError) continue;
        throw error;
      }
      this.#log(`${side} ${type}: ${before} -> ${machine.state}`);
      break;
    }
    this.#settle(side);
    driver.settle();
  }

  /** Whether its session still takes what it says, and its dialogue has not ended. */
  #mayTalk(side: Side): boolean {
    const talker = this.#options.talkers[side];
    if (this.#debaters[side].isOver || talker.isClosed) return false;
    const { releaseState } = talker.driver.machine;
    return releaseState === "open" || releaseState === "asked";
  }

  #settle(side: Side): void {
    const { machine } = this.#debaters[side];
    for (let output = machine.poll(); output; output = machine.poll()) {
      switch (output.type) {
        case "send":
          this.#say(side, concatOctets([output.head, output.octets]), false);
          break;
        case "sendExpedited":
          this.#say(side, output.octets, true);
          break;
        case "connect":
          machine.transportConfirm(this.#hasExpedited, 0);
          break;
        case "close":
          this.#debaters[side].isOver = true;
          this.#say(side, NO_OCTETS, false);
          break;
        case "event":
          this.#events[side].push(output.event);
          if (output.event.type !== "SCONind") break;
          machine.request({ type: "SCONrsp+", tokenSettings: { major: "acceptor" } }, 0);
          break;
      }
    }
    this.#check();
  }

  #say(side: Side, octets: Uint8Array, isExpedited: boolean): void {
    const { driver } = this.#options.talkers[side];
    this.#debaters[side].said += 1;
    this.#log(`  ${side} says ${isExpedited ? "expedited " : ""}${hex(octets.subarray(0, 8))}`);
    driver.machine.link.outbox.sendDialogue(octets, isExpedited);
  }

  #check(): void {
    const { initiator, responder } = this.#debaters;
    const walkers = {
      initiator: initiator.machine,
      responder: responder.machine,
      events: this.#events,
    };
    try {
      check(walkers, this.#lines);
      if (initiator.said !== responder.taken || responder.said !== initiator.taken) return;
      if (!sides.every((side) => this.#mayTalk(side))) return;
      checkQuiet(walkers, this.#lines);
      this.agreements += 1;
    } catch (error) {
      throw new Violation(`the dialogue: ${error instanceof Error ? error.message : error}`);
    }
  }

  #log(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > 200) this.#lines.splice(0, 100);
    this.#options.trace(`dialogue: ${line}`);
  }
}

function debater(): Debater {
  return {
    machine: new SessionMachine(),
    waiting: [],
    said: 0,
    taken: 0,
    isReadingLater: false,
    isOver: false,
  };
}
