/**
 * Two transport connections joined back to back, in this process: for tests, and for programs whose
 * both sides live together.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { concatOctets } from "../pure/octets.ts";
import type { TransportConnection, TransportUser } from "./transport.ts";

type Message =
  | { readonly type: "data"; readonly octets: Uint8Array }
  | { readonly type: "expedited"; readonly octets: Uint8Array }
  | { readonly type: "end" };

/** The initiator's end and the responder's. What one sends arrives in a later turn. */
export function transportPair({
  expedited = false,
}: {
  readonly expedited?: boolean;
} = {}): [TransportConnection, TransportConnection] {
  const initiator = new MemoryConnection(true, expedited);
  const responder = new MemoryConnection(false, expedited);
  initiator.join(responder);
  responder.join(initiator);
  return [initiator, responder];
}

class MemoryConnection implements TransportConnection {
  readonly expedited: boolean;
  readonly isInitiator: boolean;
  readonly room: undefined;
  readonly #waiting: Message[] = [];
  #peer: MemoryConnection | undefined;
  #user: TransportUser | undefined;
  #isPaused = false;
  #isEnded = false;
  #isScheduled = false;

  constructor(isInitiator: boolean, expedited: boolean) {
    this.isInitiator = isInitiator;
    this.expedited = expedited;
  }

  join(peer: MemoryConnection): void {
    this.#peer = peer;
  }

  attach(user: TransportUser): void {
    this.#user = user;
    this.#schedule();
  }

  detach(): void {
    this.#user = undefined;
  }

  data(head: Uint8Array, octets: Uint8Array): void {
    this.#send({ type: "data", octets: concatOctets([head, octets]) });
  }

  expeditedData(octets: Uint8Array): void {
    if (!this.expedited) throw new SessionError("ERR_STATE", "no expedited flow");
    this.#send({ type: "expedited", octets });
  }

  disconnect(): void {
    if (this.#isEnded) return;
    this.#send({ type: "end" });
    this.#isEnded = true;
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) this.#schedule();
  }

  #send(message: Message): void {
    if (this.#isEnded) throw new SessionError("ERR_CLOSED", "the transport connection has ended");
    this.#peer?.take(message);
  }

  take(message: Message): void {
    if (this.#isEnded) return;
    this.#waiting.push(message);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (this.#user && !this.#isPaused && !this.#isEnded) {
      const message = this.#waiting.shift();
      if (!message) return;
      if (message.type === "data") this.#user.data(message.octets);
      else if (message.type === "expedited") this.#user.expeditedData(message.octets);
      else {
        this.#isEnded = true;
        this.#user.disconnected(undefined);
      }
    }
  }
}
