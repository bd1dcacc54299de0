/** Two session machines and a transport between them, with its two flows. Nothing moves by itself. */

import type { SessionError } from "../../../src/pure/errors.ts";
import { SessionMachine, type SessionOptions } from "../../../src/pure/iso8327/machine.ts";
import type {
  ConnectParameters,
  EventType,
  SessionEvent,
  SessionRequest,
} from "../../../src/pure/iso8327/primitives.ts";
import { concatOctets } from "../../../src/pure/octets.ts";

export type Side = "initiator" | "responder";

interface Normal {
  readonly octets: Uint8Array;
  /** Expedited data sent before it: that never comes later. */
  readonly after: number;
}

class Flow {
  readonly normal: Normal[] = [];
  readonly expedited: Uint8Array[] = [];
  expeditedSent = 0;
  expeditedTaken = 0;
}

export interface PairOptions extends SessionOptions {
  readonly expedited?: boolean;
  /** Whether requests are sent only when something is delivered: then they can leave together. */
  readonly isLate?: boolean;
}

export class Pair {
  readonly initiator: SessionMachine;
  readonly responder: SessionMachine;
  /** Everything the users were told, in order, like `responder SDTind`. */
  readonly told: string[] = [];
  readonly events: Record<Side, SessionEvent[]> = { initiator: [], responder: [] };
  /** Errors that a machine closed with. */
  readonly errors: SessionError[] = [];
  readonly sent: Uint8Array[] = [];
  now = 0;
  readonly #expedited: boolean;
  readonly #isLate: boolean;
  readonly #to: Record<Side, Flow> = { initiator: new Flow(), responder: new Flow() };

  constructor(
    { expedited = false, isLate = false, ...options }: PairOptions = {},
    responder: SessionOptions = options,
  ) {
    this.initiator = new SessionMachine(options);
    this.responder = new SessionMachine(responder);
    this.#expedited = expedited;
    this.#isLate = isLate;
  }

  /** A request, and nothing delivered yet. */
  ask(side: Side, request: SessionRequest): void {
    this[side].request(request, this.now);
    if (!this.#isLate) this.flush(side);
  }

  /** A request, and everything it leads to. */
  say(side: Side, request: SessionRequest): void {
    this.ask(side, request);
    this.settle();
  }

  /** Delivers the next of one flow, if there is one that may come now. */
  deliver(to: Side, flow: "normal" | "expedited"): boolean {
    if (this.#isLate) for (const side of ["initiator", "responder"] as const) this.flush(side);
    const queues = this.#to[to];
    if (flow === "expedited") {
      const octets = queues.expedited.shift();
      if (!octets) return false;
      queues.expeditedTaken += 1;
      this[to].receiveExpedited(octets, this.now);
    } else {
      const [next] = queues.normal;
      if (!next || next.after > queues.expeditedTaken) return false;
      queues.normal.shift();
      this[to].receive(next.octets, this.now);
    }
    this.flush(to);
    return true;
  }

  /** Delivers everything, expedited data first. */
  settle(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const side of ["initiator", "responder"] as const) {
        for (const flow of ["expedited", "normal"] as const) {
          while (this.deliver(side, flow)) moved = true;
        }
      }
    }
  }

  tick(now: number): void {
    this.now = now;
    for (const side of ["initiator", "responder"] as const) {
      this[side].tick(now);
      this.flush(side);
    }
  }

  flush(from: Side): void {
    const machine = this[from];
    const to = from === "initiator" ? "responder" : "initiator";
    const flow = this.#to[to];
    for (let output = machine.poll(); output; output = machine.poll()) {
      switch (output.type) {
        case "send": {
          const octets = concatOctets([output.head, output.octets]);
          this.sent.push(octets);
          flow.normal.push({ octets, after: flow.expeditedSent });
          break;
        }
        case "sendExpedited":
          this.sent.push(output.octets);
          flow.expedited.push(output.octets);
          flow.expeditedSent += 1;
          break;
        case "event":
          this.events[from].push(output.event);
          this.told.push(`${from} ${output.event.type}`);
          break;
        case "connect":
          this[to].transportIndication(this.#expedited, this.now);
          this.flush(to);
          machine.transportConfirm(this.#expedited, this.now);
          break;
        case "close": {
          if (output.error) this.errors.push(output.error);
          // What was said before the end still arrives, except at whom has nobody to listen to.
          this.#drop(from);
          this.settleEnd(to);
          break;
        }
      }
    }
  }

  #drop(side: Side): void {
    this.#to[side].normal.length = 0;
    this.#to[side].expedited.length = 0;
  }

  settleEnd(to: Side): void {
    while (this.deliver(to, "expedited") || this.deliver(to, "normal")) {}
    this[to].transportDisconnected(this.now);
    this.flush(to);
  }

  /** The parameters of the last event of a kind. */
  last(side: Side, type: EventType): SessionEvent | undefined {
    return this.events[side].findLast((event) => event.type === type);
  }
}

/** A pair in data transfer, with nothing told yet. */
export function connected(parameters: ConnectParameters = {}, options: PairOptions = {}): Pair {
  const pair = new Pair(options);
  pair.say("initiator", { type: "SCONreq", ...parameters });
  pair.say("responder", { type: "SCONrsp+" });
  pair.told.length = 0;
  pair.sent.length = 0;
  return pair;
}
