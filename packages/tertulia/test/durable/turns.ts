/**
 * A dialogue in turns, for the simulator: who has the tokens says a number, marks it with a minor
 * point and gives the tokens away. What it knows is in the snapshot that is kept with its session.
 */

import { decode, encode } from "cborg";
import { SessionMachine as DialogueMachine } from "../../src/pure/iso8327/machine.ts";
import type { SessionRequest } from "../../src/pure/iso8327/primitives.ts";
import type { Role, SessionMachine } from "../../src/pure/native/machine.ts";
import { concatOctets, utf8 } from "../../src/pure/octets.ts";

const tokens = ["data", "minor", "major"] as const;

interface Kept {
  readonly machine: ReturnType<DialogueMachine["snapshot"]>;
  readonly turn: number;
  readonly unconfirmed: number;
}

export class Turns {
  /** The number that was said or heard last. */
  turn = 0;
  /** The point that the peer waits for us to confirm; 0 for none. */
  #unconfirmed = 0;
  readonly #session: SessionMachine;
  readonly #machine = new DialogueMachine();
  readonly #fail: (what: string) => never;

  /** @param fail - Told of what must not be. */
  constructor(session: SessionMachine, now: number, fail: (what: string) => never) {
    this.#session = session;
    this.#fail = fail;
    const kept = session.keptDialogue;
    if (kept) this.#restore(decode(kept, { allowUndefined: true }) as Kept, now);
    else if (session.role === "responder") this.#machine.transportIndication(true, now);
    session.snapshotDialogue = () =>
      encode({
        machine: this.#machine.snapshot(now),
        turn: this.turn,
        unconfirmed: this.#unconfirmed,
      } satisfies Kept);
  }

  get tokens(): readonly string[] {
    return this.#machine.tokens;
  }

  /** An SPDU of the peer's. */
  receive(octets: Uint8Array, isExpedited: boolean, now: number): void {
    if (isExpedited) this.#machine.receiveExpedited(octets, now);
    else this.#machine.receive(octets, now);
    this.#settle(now);
    this.#session.link.inbox.readSpdu(octets.length, isExpedited);
    this.#session.tookSpdu(isExpedited ? 1 : 0, now);
  }

  /** Does the next thing, if it is our turn. */
  work(turns: number, now: number): void {
    const { state } = this.#machine;
    const role: Role = this.#session.role;
    if (state === "STA01" && role === "initiator") {
      this.#say({ type: "SCONreq", functionalUnits: ["half-duplex", "minor", "activity"] }, now);
    } else if (state === "STA08") this.#say({ type: "SCONrsp+" }, now);
    else if (this.#unconfirmed > 0) {
      this.#say({ type: "SSYNmrsp", serialNumber: this.#unconfirmed }, now);
      this.#unconfirmed = 0;
    } else if (state === "STA713" && this.tokens.includes("data") && this.turn < turns) {
      if (!this.#machine.variables.Vact) {
        this.#say({ type: "SACTSreq", activityIdentifier: Uint8Array.of(1) }, now);
      }
      this.turn += 1;
      this.#say({ type: "SDTreq", userData: utf8(`${this.turn}`) }, now);
      this.#say({ type: "SSYNmreq", explicit: true }, now);
      this.#say({ type: "SGTreq", tokens }, now);
    }
  }

  #restore({ machine, turn, unconfirmed }: Kept, now: number): void {
    this.#machine.restore(machine, now);
    this.turn = turn;
    this.#unconfirmed = unconfirmed;
  }

  #say(request: SessionRequest, now: number): void {
    this.#machine.request(request, now);
    this.#settle(now);
  }

  #settle(now: number): void {
    for (let out = this.#machine.poll(); out; out = this.#machine.poll()) {
      switch (out.type) {
        case "send":
          this.#session.link.outbox.sendDialogue(concatOctets([out.head, out.octets]), false);
          break;
        case "sendExpedited":
          this.#session.link.outbox.sendDialogue(out.octets, true);
          break;
        case "connect":
          this.#machine.transportConfirm(true, now);
          break;
        case "close":
          this.#fail(`the dialogue has ended: ${out.error?.message}`);
          break;
        case "event":
          this.#happened(out.event);
      }
    }
  }

  #happened({ type, userData, serialNumber, error }: { readonly type: string } & Happening): void {
    if (type === "SPABind" || type === "SUABind") this.#fail(`${type}: ${error?.message}`);
    if (type === "SSYNmind") {
      this.#unconfirmed = serialNumber ?? 0;
      if (serialNumber !== this.turn) this.#fail(`point ${serialNumber} in turn ${this.turn}`);
    }
    if (type !== "SDTind") return;
    const number = Number(new TextDecoder().decode(userData));
    if (number !== this.turn + 1) this.#fail(`${number} was said after ${this.turn}`);
    this.turn = number;
  }
}

interface Happening {
  readonly userData: Uint8Array;
  readonly serialNumber?: number;
  readonly error?: Error;
}
