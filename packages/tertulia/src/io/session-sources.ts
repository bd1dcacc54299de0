/**
 * Who calls a session from below: its transports, and the timer wheel. Objects of their own, so that
 * neither is there for whoever uses the session.
 *
 * @module
 */

import type { SessionError } from "../pure/errors.ts";
import type { TimerEntry } from "../pure/timer-wheel.ts";
import type { Session } from "./session.ts";
import type { Transport, TransportSink } from "./transport.ts";

/** Where a transport of a session tells what happens. */
export class SessionSink implements TransportSink {
  readonly #session: Session;
  readonly #number: number;
  readonly #transport: Transport;

  constructor(session: Session, number: number, transport: Transport) {
    this.#session = session;
    this.#number = number;
    this.#transport = transport;
  }

  received(octets: Uint8Array): void {
    this.#session.transportReceived(this.#number, octets);
  }

  drained(): void {
    this.#session.transportDrained(this.#number);
  }

  ended(error?: SessionError): void {
    this.#session.transportEnded(this.#number, this.#transport, error);
  }
}

/** A session in the timer wheel. */
export class SessionEntry implements TimerEntry {
  timerSlot = 0;
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get deadline(): number | undefined {
    return this.#session.machine.deadline;
  }

  fire(now: number): void {
    this.#session.machine.tick(now);
    this.#session.flush();
  }
}
