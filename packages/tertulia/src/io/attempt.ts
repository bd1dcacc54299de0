/**
 * The initiator's handshake on one transport, and what it comes to.
 *
 * @module
 */

import type { Authentication, Authenticator } from "../auth/authentication.ts";
import { SessionError } from "../pure/errors.ts";
import {
  type Established,
  Initiation,
  type InitiationOptions,
  type InitiationStep,
} from "../pure/native/initiation.ts";
import type { Refusal } from "../pure/native/refusal.ts";
import { concatOctets } from "../pure/octets.ts";
import type { TimerEntry } from "../pure/timer-wheel.ts";
import { EARLY_OCTETS_MAX } from "./delivery.ts";
import type { Prepared } from "./options.ts";
import type { Runtime } from "./runtime.ts";
import type { Transport, TransportSink } from "./transport.ts";
import { raced } from "./wait.ts";

/** The answer no, as an error with what the peer said. */
export class RefusedError extends SessionError {
  override readonly name = "RefusedError";
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    const { reason, message } = refusal;
    super("ERR_REFUSED", `refused: ${reason}${message ? `: ${message}` : ""}`);
    this.refusal = refusal;
  }
}

/**
 * One attempt to get a session: the handshake on its transport, the time that it may take, and who may
 * end it earlier. Where nobody has to prove who they are nothing in it waits but for the peer.
 */
export class Attempt implements TransportSink, TimerEntry {
  timerSlot = 0;
  deadline: number | undefined;
  readonly #runtime: Runtime;
  readonly #handshakeMs: number;
  readonly #controller = new AbortController();
  readonly #given: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#fail(this.#given?.reason);
  #transport: Transport | undefined;
  #authentication: Authentication | undefined;
  #initiation: Initiation | undefined;
  /** Nothing is looked at meanwhile: an answer is being made, or there is nothing to wait for. */
  #isBusy = true;
  /** What came meanwhile. */
  #chunks: Uint8Array[] = [];
  #chunkOctets = 0;
  #failure: { readonly reason: unknown } | undefined;
  #outcome: PromiseWithResolvers<Established> | undefined;

  constructor(runtime: Runtime, handshakeMs: number, given: AbortSignal | undefined) {
    this.#runtime = runtime;
    this.#handshakeMs = handshakeMs;
    this.#given = given;
    this.deadline = runtime.now() + handshakeMs;
    if (given?.aborted) this.#onAbort();
    else given?.addEventListener("abort", this.#onAbort);
    runtime.schedule(this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when the responder has said yes, and rejects when it, time or anybody says no. */
  async handshake(
    transport: Transport,
    { limits, proposal }: Prepared,
    authenticator: Authenticator | undefined,
  ): Promise<Established> {
    const { binding, peer, isConfidential } = transport;
    transport.attach(this);
    let authentication: InitiationOptions["authentication"];
    if (authenticator) {
      this.#authentication = authenticator.begin({ ...peer, isConfidential });
      const data = await raced(Promise.resolve(this.#authentication.first()), this.signal);
      authentication = { method: authenticator.method, ...(data && { data }) };
    }
    const { suite, proposals } = this.#runtime;
    const initiation = new Initiation({
      suite,
      limits,
      proposal,
      binding,
      proposals,
      ...(authentication && { authentication }),
    });
    this.#transport = transport;
    this.#initiation = initiation;
    this.#outcome = Promise.withResolvers();
    transport.write([initiation.start()]);
    this.#goOn();
    return this.#outcome.promise;
  }

  /** What came behind the handshake, of which `rest` was read already. */
  takeAll(rest: Uint8Array): Uint8Array {
    if (this.#chunkOctets > EARLY_OCTETS_MAX) throw this.#failure?.reason;
    return this.#chunks.length === 0 ? rest : concatOctets([rest, ...this.#chunks.splice(0)]);
  }

  /** Nobody waits for it any more. */
  end(): void {
    this.#given?.removeEventListener("abort", this.#onAbort);
    this.#runtime.unschedule(this);
  }

  fire(): void {
    this.#fail(new SessionError("ERR_TIMEOUT", `no session within ${this.#handshakeMs} ms`));
  }

  received(octets: Uint8Array): void {
    if (!this.#isBusy) return this.#look(octets);
    this.#chunkOctets += octets.length;
    if (this.#chunkOctets <= EARLY_OCTETS_MAX) this.#chunks.push(octets);
    else this.#fail(new SessionError("ERR_LIMIT", `${this.#chunkOctets} octets of handshake`));
  }

  drained(): void {}

  ended(error?: SessionError): void {
    const hungUp = "the peer hung up during the handshake";
    this.#failure ??= { reason: error ?? new SessionError("ERR_CLOSED", hungUp) };
    // What it said before, and an answer is being made to, may be why.
    if (!this.#isBusy) this.#refuse(this.#failure.reason);
  }

  /** Looks at what has come, and will come. */
  #goOn(): void {
    this.#isBusy = false;
    while (!this.#isBusy) {
      const octets = this.#chunks.shift();
      if (octets === undefined) break;
      this.#look(octets);
    }
    if (!this.#isBusy && this.#failure) this.#refuse(this.#failure.reason);
  }

  #look(octets: Uint8Array): void {
    try {
      const step = this.#initiation?.receive(octets);
      if (step) this.#step(step);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #step(step: InitiationStep): void {
    switch (step.type) {
      case "more":
        return;
      case "challenge":
        this.#isBusy = true;
        this.#answer(step.data, step.binding).catch((error) => this.#refuse(error));
        return;
      case "refused":
        return this.#refuse(new RefusedError(step.refusal));
      case "established":
        this.#authentication?.finish?.(step.data);
        this.#isBusy = true;
        this.#outcome?.resolve(step.session);
    }
  }

  async #answer(data: Uint8Array, binding: Uint8Array): Promise<void> {
    if (this.#authentication === undefined) {
      throw new SessionError("ERR_REFUSED", "the responder asks who we are");
    }
    const answer = Promise.resolve(this.#authentication.answer(data, binding));
    const octets = await raced(answer, this.signal);
    if (this.#initiation) this.#transport?.write([this.#initiation.answer(octets)]);
    this.#goOn();
  }

  /** It comes to nothing, whatever else may come. */
  #refuse(reason: unknown): void {
    this.#isBusy = true;
    this.#outcome?.reject(reason);
  }

  /** Nothing more is waited for, for this reason. */
  #fail(reason: unknown): void {
    this.deadline = undefined;
    this.#failure ??= { reason };
    this.#controller.abort(reason);
    if (!this.#isBusy) this.#refuse(reason);
  }
}
