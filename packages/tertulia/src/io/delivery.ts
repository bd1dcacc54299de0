/**
 * Hands what a transport receives to its sink of now: keeps what comes before there is one, keeps
 * the order when one sink takes over from another, and tells each of the end once.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { Loan } from "../pure/octets.ts";
import type { TransportSink } from "./transport.ts";

/** Octets kept for the first sink. 1 MiB: a peer has no credit yet, so it is a handshake at most. */
export const EARLY_OCTETS_MAX: number = 1024 * 1024;

export class Delivery {
  #sink: TransportSink | undefined;
  #told: TransportSink | undefined;
  #early: Uint8Array[] | undefined;
  #earlyOctets = 0;
  #ending: { readonly error?: SessionError } | undefined;

  /** Whether the transport is over. */
  get hasEnded(): boolean {
    return this.#ending !== undefined;
  }

  /** Whether somebody wants what comes. */
  get isAttached(): boolean {
    return this.#sink !== undefined;
  }

  attach(sink: TransportSink): void {
    this.#sink = sink;
    // A sink may put another in its place while it is called: the loop is over what is left.
    for (let octets = this.#early?.shift(); octets; octets = this.#early?.shift()) {
      this.#sink.received(octets);
    }
    this.#early = undefined;
    this.#tell();
  }

  /**
   * @throws {SessionError} `ERR_LIMIT` when too much came before there was a sink: the transport ends
   *   then.
   */
  received(octets: Uint8Array): void {
    if (this.#ending) return;
    if (this.#sink && this.#early === undefined) return this.#sink.received(octets);
    this.#earlyOctets += octets.length;
    if (this.#earlyOctets > EARLY_OCTETS_MAX) {
      throw new SessionError("ERR_LIMIT", `${this.#earlyOctets} octets before anybody wanted them`);
    }
    this.#early ??= [];
    this.#early.push(octets);
  }

  /** The same, of octets that are there until it returns, unless the loan is taken. */
  borrowed(octets: Uint8Array, loan: Loan): void {
    const sink = this.#early === undefined && !this.#ending ? this.#sink : undefined;
    if (sink?.borrowed) sink.borrowed(octets, loan);
    else this.received(octets.slice());
  }

  drained(): void {
    if (!this.#ending) this.#sink?.drained();
  }

  /** It is over. Whoever is attached later is told then; a second end is not one. */
  ended(error?: SessionError): void {
    if (this.#ending) return;
    this.#ending = error ? { error } : {};
    if (this.#early === undefined) this.#tell();
  }

  #tell(): void {
    if (this.#ending === undefined || this.#told === this.#sink) return;
    this.#told = this.#sink;
    this.#sink?.ended(this.#ending.error);
  }
}
