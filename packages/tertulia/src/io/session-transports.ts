/**
 * The transports of a session: the one that carries it now and, now and then, others that want to.
 *
 * @module
 */

import type { SessionError } from "../pure/errors.ts";
import type { Refusal } from "../pure/native/refusal.ts";
import type { ResumeRequest } from "../pure/native/resume.ts";
import type { SessionEvent } from "../pure/native/session-output.ts";
import type { Loan } from "../pure/octets.ts";
import type { SessionDriver } from "./session-driver.ts";
import type { SessionChange, SessionParts } from "./session-parts.ts";
import type { Transport, TransportSink } from "./transport.ts";
import { asSessionError } from "./wait.ts";

export class SessionTransports {
  readonly #driver: SessionDriver;
  readonly #dialTo: SessionParts["dial"];
  /** The current transport with its number. */
  #current: Transport | undefined;
  #number = 0;
  /** Those that are not, and those that are being opened. */
  #others: Map<number, Transport | AbortController> | undefined;
  #suspendedAt = 0;
  #isAwaitingDial = false;

  constructor(driver: SessionDriver, { dial, transport }: SessionParts) {
    this.#driver = driver;
    this.#dialTo = dial;
    this.#current = transport;
  }

  /** Listens to the first one. */
  begin(): void {
    if (this.#current) this.#listenTo(this.#current, this.#number);
  }

  get current(): Transport | undefined {
    return this.#current;
  }

  // What the machine asks for.

  write(number: number, chunks: readonly Uint8Array[]): void {
    if (!(this.#of(number)?.write(chunks) ?? true)) this.#setClogged(number, true);
  }

  /** Ends a transport of ours, or the attempt to open it. One that is gone already is nobody's. */
  drop(number: number, error: SessionError | undefined): void {
    const other = this.#others?.get(number);
    const transport = this.#of(number);
    if (number === this.#number) this.#current = undefined;
    this.#others?.delete(number);
    if (other instanceof AbortController) other.abort(error);
    else if (error) transport?.abort();
    else transport?.end();
  }

  dial(number: number, location: string | undefined): void {
    const controller = new AbortController();
    this.#setOther(number, controller);
    const dial = this.#dialTo?.(location);
    if (dial === undefined) return;
    dial(controller.signal).then(
      (transport) => {
        if (controller.signal.aborted) return transport.abort();
        this.#setOther(number, transport);
        this.#listenTo(transport, number);
        this.#driver.machine.opened(number, transport.binding);
        this.#driver.settle();
      },
      (error) => {
        if (controller.signal.aborted) return;
        this.#others?.delete(number);
        this.#driver.machine.ended(number, this.#driver.now(), asSessionError(error));
        this.#driver.settle();
      },
    );
  }

  // What the machine tells.

  suspended(): void {
    this.#suspendedAt = this.#driver.now();
    this.#setAwaitingDial(this.#driver.machine.role === "initiator");
  }

  /** It goes on, over another transport perhaps. Returns what to tell of it. */
  resumed({
    epoch,
    replayed,
    isMove,
  }: Extract<SessionEvent, { readonly type: "resumed" }>): SessionChange {
    this.#setAwaitingDial(false);
    const number = this.#driver.machine.currentTransport;
    const transport = number === undefined ? undefined : this.#of(number);
    if (number !== undefined && transport) {
      this.#others?.delete(number);
      this.#current = transport;
      this.#number = number;
    }
    if (isMove) return { type: "moved", epoch, kind: this.#current?.kind ?? "" };
    const suspendedMs = Math.round(this.#driver.now() - this.#suspendedAt);
    return { type: "resumed", epoch, replayed, suspendedMs };
  }

  /** The session is over. */
  closed(): void {
    this.#setAwaitingDial(false);
  }

  // What comes from below.

  /** Somebody who claims to be the peer came on this transport. Returns why not, if not. */
  resume(transport: Transport, request: ResumeRequest, rest: Uint8Array): Refusal | undefined {
    const { machine } = this.#driver;
    const number = machine.allotTransport();
    this.#setOther(number, transport);
    const refusal = machine.resume(number, request, transport.binding, rest, this.#driver.now());
    if (refusal) this.#others?.delete(number);
    else this.#listenTo(transport, number);
    this.#driver.settle();
    return refusal;
  }

  /** @param loan - The octets are there until this returns, unless it is taken. */
  received(number: number, octets: Uint8Array, loan?: Loan): void {
    const { machine, runtime } = this.#driver;
    const now = runtime.now();
    runtime.loopPoll?.received();
    machine.receive(number, octets, now, loan);
    this.#driver.settle(now);
    if (loan) machine.link.gather();
    this.#driver.sender.acknowledged();
  }

  drained(number: number): void {
    if (this.#setClogged(number, false)) this.#driver.settle();
  }

  ended(number: number, transport: Transport, error: SessionError | undefined): void {
    if (this.#others?.get(number) === transport) this.#others.delete(number);
    if (this.#current === transport) this.#current = undefined;
    this.#driver.machine.ended(number, this.#driver.now(), error);
    this.#driver.settle();
  }

  #listenTo(transport: Transport, number: number): void {
    transport.attach(new SessionSink(this, number, transport));
  }

  #of(number: number): Transport | undefined {
    if (number === this.#number && this.#current) return this.#current;
    const other = this.#others?.get(number);
    return other instanceof AbortController ? undefined : other;
  }

  #setOther(number: number, other: Transport | AbortController): void {
    this.#others ??= new Map();
    this.#others.set(number, other);
  }

  /** Only the current transport can hold the machine up. */
  #setClogged(number: number, isClogged: boolean): boolean {
    const { machine } = this.#driver;
    const isCurrent = number === machine.currentTransport;
    if (isCurrent) machine.isClogged = isClogged;
    return isCurrent;
  }

  #setAwaitingDial(isAwaiting: boolean): void {
    if (this.#isAwaitingDial === isAwaiting) return;
    this.#isAwaitingDial = isAwaiting;
    if (isAwaiting) this.#driver.runtime.awaitsDial();
    else this.#driver.runtime.dialAwaited();
  }
}

/** Where one of them tells what happens. */
class SessionSink implements TransportSink {
  readonly #transports: SessionTransports;
  readonly #number: number;
  readonly #transport: Transport;

  constructor(transports: SessionTransports, number: number, transport: Transport) {
    this.#transports = transports;
    this.#number = number;
    this.#transport = transport;
  }

  received(octets: Uint8Array): void {
    this.#transports.received(this.#number, octets);
  }

  borrowed(octets: Uint8Array, loan: Loan): void {
    this.#transports.received(this.#number, octets, loan);
  }

  drained(): void {
    this.#transports.drained(this.#number);
  }

  ended(error?: SessionError): void {
    this.#transports.ended(this.#number, this.#transport, error);
  }
}
