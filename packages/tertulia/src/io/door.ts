/**
 * One transport on its way in: the handshake on it, as far as it gets before somebody says yes or no.
 *
 * @module
 */

import type { Verification, Verifier, Vouched } from "../auth/authentication.ts";
import { ProtocolError, SessionError } from "../pure/errors.ts";
import type { Proposal } from "../pure/native/establishment.ts";
import type { Limits } from "../pure/native/limits.ts";
import { Reception, type ReceptionStep, refuse } from "../pure/native/reception.ts";
import type { Refusal, RefusalReason } from "../pure/native/refusal.ts";
import type { TimerEntry } from "../pure/timer-wheel.ts";
import type { Runtime } from "./runtime.ts";
import type { Identity } from "./session-parts.ts";
import type { Transport, TransportSink } from "./transport.ts";
import { asSessionError } from "./wait.ts";

/** A refusal with the error that our side is told of. */
export interface CausedRefusal extends Refusal {
  readonly cause?: SessionError;
}

/** Who decides: the listener. */
export interface Doorkeeper {
  readonly reception: { readonly limits: Limits; readonly runtime: Runtime };
  /** A handshake is over, however. */
  handshakeDone(door: Door): void;
  /** Somebody was sent away. */
  refused(address: string, error: SessionError): void;
  /** What speaks against this proposal, if anything. */
  check(proposal: Proposal): Refusal | undefined;
  /**
   * The verifier for a method, empty for none; `undefined` when none is demanded; a refusal when it is
   * not served.
   */
  verifier(method: string): Verifier | undefined | Refusal;
  /** Makes a session of an accepted proposal. */
  admit(
    reception: Reception,
    transport: Transport,
    proposal: Proposal,
    identity: Identity,
    data: Uint8Array | undefined,
  ): CausedRefusal | undefined;
  /** Finds the session of a RESUME. */
  resume(
    transport: Transport,
    request: Extract<ReceptionStep, { type: "resume" }>["request"],
    rest: Uint8Array,
  ): Refusal | undefined;
}

/** One transport on its way in. */
export class Door implements TransportSink, TimerEntry {
  timerSlot = 0;
  deadline: number | undefined;
  readonly #listener: Doorkeeper;
  readonly #transport: Transport;
  readonly #reception: Reception;
  #runtime: Runtime | undefined;
  #verification: Verification | undefined;
  #proposal: Proposal | undefined;
  #method = "none";
  #isBusy = false;
  #isDone = false;

  constructor(listener: Doorkeeper, transport: Transport) {
    this.#listener = listener;
    this.#transport = transport;
    const { limits, runtime } = listener.reception;
    this.#reception = new Reception(runtime.suite, limits, transport.binding, runtime.proposals);
  }

  open(runtime: Runtime, handshakeMs: number): void {
    this.#runtime = runtime;
    this.deadline = runtime.now() + handshakeMs;
    this.#transport.attach(this);
    // What it wants has often come with it.
    if (!this.#isDone) runtime.schedule(this);
  }

  fire(): void {
    if (this.#isDone) return;
    this.#fail(new SessionError("ERR_TIMEOUT", "the handshake took too long"));
  }

  received(octets: Uint8Array): void {
    if (this.#isDone) return;
    if (this.#isBusy) {
      // An initiator waits for our answer: it has nothing to say in between.
      return this.#fail(new ProtocolError("unexpectedFrame", "Tertulia 3.1", "before our answer"));
    }
    try {
      this.#step(this.#reception.receive(octets));
    } catch (error) {
      this.#fail(error);
    }
  }

  drained(): void {}

  ended(error?: SessionError): void {
    if (this.#isDone) return;
    this.#done();
    const reason = error ?? new SessionError("ERR_CLOSED", "it hung up during the handshake");
    this.#listener.refused(this.#transport.peer.address, reason);
  }

  refuse(refusal: Refusal, cause?: SessionError): void {
    this.#done();
    const { reason, message } = refusal;
    const said = `${reason}${message ? `: ${message}` : ""}`;
    const error = cause ?? new SessionError("ERR_REFUSED", said);
    this.#listener.refused(this.#transport.peer.address, error);
    this.#transport.attach(NOBODY);
    this.#transport.write([refuse(refusal)]);
    this.#transport.end();
  }

  #step(step: ReceptionStep): void {
    switch (step.type) {
      case "more":
        return;
      case "resume": {
        this.#done();
        const rest = this.#reception.rest();
        const refusal = this.#listener.resume(this.#transport, step.request, rest);
        if (refusal) this.refuse(refusal);
        return;
      }
      case "connect": {
        this.#proposal = step.proposal;
        const refusal = this.#listener.check(step.proposal);
        if (refusal) return this.refuse(refusal);
        const verifier = this.#listener.verifier(step.method);
        if (verifier === undefined) return this.#admit({ name: "" }, undefined);
        if ("reason" in verifier) return this.refuse(verifier);
        this.#method = verifier.method;
        const { peer, isConfidential } = this.#transport;
        this.#verification = verifier.begin({ ...peer, isConfidential });
        return this.#verify(step.data);
      }
      case "answer":
        return this.#verify(step.data);
    }
  }

  #verify(data: Uint8Array | undefined): void {
    this.#isBusy = true;
    // Also when the method is done and what comes after it fails: the transport must not stay.
    this.#ask(data).catch((error) => this.#fail(error, "authenticationFailed"));
  }

  async #ask(data: Uint8Array | undefined): Promise<void> {
    const step = await this.#verification?.next(data?.slice(), this.#reception.binding);
    this.#isBusy = false;
    if (this.#isDone || step === undefined) return;
    switch (step.type) {
      case "challenge":
        this.#transport.write([this.#reception.challenge(step.data)]);
        return;
      case "accepted":
        return this.#admit(step.vouched, step.data);
      case "refused": {
        const { message } = step;
        return this.refuse({ reason: "authenticationFailed", isPersistent: true, message });
      }
    }
  }

  #admit({ name, claims }: Vouched, data: Uint8Array | undefined): void {
    const identity = { method: this.#method, name, ...(claims !== undefined && { claims }) };
    this.#done();
    const proposal = this.#proposal as Proposal; // CONNECT came before
    const refusal = this.#listener.admit(
      this.#reception,
      this.#transport,
      proposal,
      identity,
      data,
    );
    if (refusal) this.refuse(refusal, refusal.cause);
  }

  #fail(error: unknown, otherwise: RefusalReason = "congestion"): void {
    const isProtocol = error instanceof ProtocolError;
    const reason = isProtocol ? "protocolError" : otherwise;
    const isPersistent = reason !== "congestion";
    // What a database or a bug of the application's says is for our side only.
    const told = error instanceof SessionError ? { message: error.message } : {};
    this.refuse({ reason, isPersistent, ...told }, asSessionError(error));
  }

  #done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.deadline = undefined;
    this.#runtime?.unschedule(this);
    this.#listener.handshakeDone(this);
  }
}

const NOBODY: TransportSink = { received() {}, drained() {}, ended() {} };
