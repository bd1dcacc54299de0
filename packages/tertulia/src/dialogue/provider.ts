/**
 * What is between a dialogue's user and its transport: the machine, its timer, and who waits for what.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { SessionMachine, type SessionOptions } from "../pure/iso8327/machine.ts";
import type { EventType, SessionEvent, SessionRequest } from "../pure/iso8327/primitives.ts";
import { NO_OCTETS } from "../pure/octets.ts";
import { DialogueAborted } from "./aborted.ts";
import { Confirms } from "./confirms.ts";
import { Inbox, type InboxOptions } from "./inbox.ts";
import { type Indication, indicationTypes } from "./indication.ts";
import { type DialogueSnapshot, decodeDialogue, encodeDialogue } from "./kept.ts";
import { Points } from "./points.ts";
import type { TransportConnection } from "./transport.ts";

/** How a dialogue's session machine is to behave. All optional. */
export interface DialogueOptions extends SessionOptions, InboxOptions {
  /** Ends the waiting for the connection. */
  readonly signal?: AbortSignal;
}

const purging: ReadonlySet<string> = new Set([
  "SACTDind",
  "SACTDreq",
  "SACTIind",
  "SACTIreq",
  "SRSYNind",
  "SRSYNreq",
]);

/** The SS-provider's part at one end. */
export class Provider {
  readonly transport: TransportConnection;
  readonly machine: SessionMachine;
  readonly inbox: Inbox;
  readonly points: Points = new Points();
  readonly #confirms = new Confirms();
  readonly #signal: AbortSignal | undefined;
  readonly #isGathering: boolean;
  #isSettleDue = false;
  #isBusy = false;
  #timer: NodeJS.Timeout | undefined;
  /** Who waits for the S-CONNECT indication. */
  #asked: PromiseWithResolvers<Indication> | undefined;
  /** The S-CONNECT indication. */
  #request: Indication | undefined;
  /** What the peer answered to our S-CONNECT. */
  confirm: SessionEvent | undefined;
  isEnded = false;
  #error: SessionError | undefined;
  /** Of requests of the process before. */
  readonly unanswered: Map<EventType, Promise<SessionEvent>> = new Map();
  readonly #onAbort = () => this.#fail(this.#signal?.reason);

  constructor(transport: TransportConnection, options: DialogueOptions) {
    this.transport = transport;
    this.machine = new SessionMachine(options);
    this.inbox = new Inbox(transport, options);
    this.#signal = options.signal;
    const { keeping } = transport;
    // A store may look at any time: what was requested has to be in the session by then.
    this.#isGathering = options.concatenate === true && keeping === undefined;
    if (keeping?.kept) this.#restore(decodeDialogue(keeping.kept));
    else if (!transport.isInitiator) this.machine.transportIndication(transport.expedited, now());
    keeping?.keep(() => encodeDialogue(this.#snapshot()));
    transport.attach({
      data: (tsdu) => {
        this.machine.receive(tsdu, now());
        this.#settle();
      },
      expeditedData: (tsdu) => {
        this.machine.receiveExpedited(tsdu, now());
        this.#settle();
      },
      disconnected: (error) => {
        this.machine.transportDisconnected(now(), error);
        this.#settle();
        this.end(error);
      },
    });
    this.#settle();
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (this.#signal?.aborted) this.#onAbort();
  }

  /** The S-CONNECT indication. */
  asked(): Promise<Indication> {
    if (this.#request) return Promise.resolve(this.#request);
    if (this.isEnded) return Promise.reject(this.#closed());
    this.#asked ??= Promise.withResolvers();
    return this.#asked.promise;
  }

  say(request: SessionRequest): void {
    if (this.isEnded) throw this.#closed();
    if (this.transport.isFull && request.type !== "SUABreq") {
      throw new SessionError("ERR_LIMIT", "too much waits to be sent already: await data()");
    }
    this.machine.request(request, now());
    this.inbox.settle();
    if (purging.has(request.type)) this.#purge();
    if (this.#isGathering && request.type !== "SUABreq") this.#settleLater();
    else this.#settle();
  }

  /** A request that is confirmed. */
  async ask(request: SessionRequest, confirm: EventType): Promise<SessionEvent> {
    this.say(request);
    if (this.isEnded) throw this.#closed();
    return this.#confirms.wait(confirm);
  }

  abort(userData: Uint8Array = NO_OCTETS): void {
    this.say({ type: "SUABreq", userData });
    this.end(new SessionError("ERR_ABORTED", "aborted by us"));
  }

  /** Over. `reason`, if there is one, is what those who wait are told instead of the error. */
  end(error: SessionError | undefined, reason?: unknown): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#error = error;
    this.transport.keeping?.keep();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    if (this.machine.state === "STA01C") this.transport.detach();
    const why = reason ?? this.#closed();
    this.#confirms.fail(why);
    this.points.fail(why);
    this.#asked?.reject(why);
    this.inbox.end(error, reason);
  }

  /** Lets go of the transport; aborts unless the dialogue is over. Never waits for the peer. */
  dispose(): void {
    if (!this.isEnded && this.machine.state !== "STA01") {
      // Some states, like that of an end in progress, have no abort: then it is over anyway.
      this.#guard(() => this.abort());
    }
    this.end(undefined);
    this.transport.disconnect();
    clearTimeout(this.#timer);
  }

  /** At the end of the turn, so that what is requested in one turn can leave in one TSDU. */
  #settleLater(): void {
    if (this.#isSettleDue) return;
    this.#isSettleDue = true;
    queueMicrotask(() => {
      this.#isSettleDue = false;
      this.#settle();
    });
  }

  #settle(): void {
    const machine = this.machine;
    for (let output = machine.poll(); output; output = machine.poll()) {
      switch (output.type) {
        case "send":
          this.#guard(() => this.transport.data(output.head, output.octets));
          break;
        case "event":
          this.#tell(output.event);
          break;
        case "sendExpedited":
          this.#guard(() => this.transport.expeditedData(output.octets));
          break;
        case "connect":
          machine.transportConfirm(this.transport.expedited, now());
          break;
        case "accept":
          break;
        case "close":
          this.transport.disconnect();
          this.end(output.error);
          break;
      }
    }
    if (machine.deadline !== undefined || this.#timer) this.#setTimer();
    const { state } = machine;
    const isIdle = state === "STA01" || state === "STA01B" || state === "STA01C";
    // Idle again: released or refused, and the transport kept, or the end of it.
    if (isIdle && this.#isBusy) this.end(undefined);
    this.#isBusy = !isIdle;
  }

  /** The transport may have ended before its user was told: that comes by itself. */
  #guard(send: () => void): void {
    try {
      send();
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
    }
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { deadline } = this.machine;
    if (deadline === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.machine.tick(now());
        this.#settle();
      },
      Math.max(0, deadline - now()),
    );
  }

  #tell(event: SessionEvent): void {
    const { type } = event;
    if (type === "SDTind") {
      this.inbox.push({ type: "S-DATA", userData: event.userData });
      return;
    }
    this.#confirms.overtake(type);
    if (purging.has(type)) this.#purge();
    const indication = indicationTypes[type];
    switch (type) {
      case "SCONind": {
        this.#request = { ...event, type: "S-CONNECT" };
        this.#asked?.resolve(this.#request);
        return;
      }
      case "SCONcnf-": {
        const why = new SessionError("ERR_REFUSED", `S-CONNECT refused, reason ${event.reason}`);
        this.#confirms.reject("SCONcnf+", Object.assign(why, { userData: event.userData }));
        this.end(undefined);
        break;
      }
      case "SUABind":
      case "SPABind":
        this.end(new DialogueAborted(event));
        break;
      case "SRELcnf-":
        this.#confirms.resolve("SRELcnf+", event);
        break;
      case "SRELcnf+":
        this.#confirms.resolve(type, event);
        break;
      case "SSYNmcnf":
        this.points.confirm(event.serialNumber ?? 0);
        break;
      case "SSYNMcnf":
      case "SACTEcnf":
        this.points.confirm(Number.POSITIVE_INFINITY);
        this.#confirms.resolve(type, event);
        break;
      default:
        if (type === "SRSYNind" || type === "SRSYNcnf" || type.startsWith("SACT")) {
          this.points.undo();
        }
        if (indication) this.inbox.push({ ...event, type: indication });
        else this.#confirms.resolve(type, event);
        return;
    }
    if (indication) this.inbox.push({ ...event, type: indication });
  }

  /**
   * X.215: what a resynchronization undoes is not indicated any more, though it has come already;
   * with data separation, or for one flow only, it goes on.
   */
  #purge(): void {
    const { VAdo, VA, units, discardReceived } = this.machine.variables;
    if (!discardReceived || ((units & 0x1000) !== 0 && VAdo >= VA)) return;
    this.inbox.purge();
  }

  #snapshot(): DialogueSnapshot {
    return {
      machine: this.machine.snapshot(now()),
      indications: this.inbox.unsettled,
      points: this.points.unconfirmed.map(({ serialNumber }) => serialNumber),
      unanswered: this.#confirms.awaited,
      request: this.machine.state === "STA08" ? this.#request : undefined,
      confirm: this.confirm,
    };
  }

  #restore({ machine, indications, points, unanswered, ...kept }: DialogueSnapshot): void {
    this.machine.restore(machine, now());
    this.inbox.restore(indications);
    for (const serialNumber of points) this.points.add(serialNumber);
    for (const type of unanswered) {
      const answer = this.#confirms.wait(type);
      // Who asked is gone.
      answer.catch(() => {});
      this.unanswered.set(type, answer);
    }
    this.#request = kept.request;
    this.confirm = kept.confirm;
  }

  #fail(reason: unknown): void {
    if (this.isEnded) return;
    const error = new SessionError("ERR_CLOSED", "ended by its signal", { cause: reason });
    this.#guard(() => this.say({ type: "SUABreq" }));
    this.end(error, reason);
  }

  #closed(): SessionError {
    return this.#error ?? new SessionError("ERR_CLOSED", "the dialogue is over");
  }
}

function now(): number {
  return performance.now();
}
