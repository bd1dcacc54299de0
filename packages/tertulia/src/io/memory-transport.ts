/**
 * Two transports joined back to back in one process.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { concatOctets, NO_OCTETS } from "../pure/octets.ts";
import { Delivery } from "./delivery.ts";
import type { Transport, TransportSink } from "./transport.ts";

/** A pair: what goes into one comes out of the other, a turn later. */
export function memoryPair(): [Transport, Transport] {
  const one = new MemoryTransport();
  const other = new MemoryTransport();
  one.other = other;
  other.other = one;
  return [one, other];
}

class MemoryTransport implements Transport {
  readonly kind = "memory";
  readonly isConfidential = true;
  readonly binding: Uint8Array = NO_OCTETS;
  readonly peer = { address: "memory" };
  other: MemoryTransport | undefined;
  readonly #delivery = new Delivery();
  #hasEnded = false;

  attach(sink: TransportSink): void {
    this.#delivery.attach(sink);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#hasEnded) return true;
    // A copy: the writer may use its slabs again as soon as the peer has said that it has them.
    const octets = concatOctets(chunks);
    queueMicrotask(() => this.other?.deliver(octets));
    return true;
  }

  end(): void {
    this.#finish(undefined);
  }

  abort(): void {
    this.#finish(new SessionError("ERR_CLOSED", "the transport was dropped"));
  }

  /** The other side wrote, or ended. */
  deliver(octets: Uint8Array): void {
    try {
      this.#delivery.received(octets);
    } catch (error) {
      if (this.#delivery.isAttached) throw error; // the sink's own affair
      this.abort();
    }
  }

  /** Either side ended it. */
  over(error: SessionError | undefined): void {
    this.#hasEnded = true;
    this.#delivery.ended(error);
  }

  #finish(error: SessionError | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    queueMicrotask(() => {
      this.other?.over(error);
      this.over(error);
    });
  }
}
