/**
 * Two transports joined back to back in one process.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { concatOctets, NO_OCTETS } from "../pure/octets.ts";
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
  #sink: TransportSink | undefined;
  #early: (Uint8Array | { readonly error: SessionError | undefined })[] = [];
  #hasEnded = false;

  attach(sink: TransportSink): void {
    this.#sink = sink;
    const early = this.#early;
    this.#early = [];
    for (const item of early) this.#deliver(item);
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
  deliver(item: Uint8Array | { readonly error: SessionError | undefined }): void {
    if (this.#sink && this.#early.length === 0) this.#deliver(item);
    else this.#early.push(item);
  }

  #deliver(item: Uint8Array | { readonly error: SessionError | undefined }): void {
    if (this.#hasEnded) return;
    if (item instanceof Uint8Array) {
      this.#sink?.received(item);
      return;
    }
    this.#hasEnded = true;
    this.#sink?.ended(item.error);
  }

  #finish(error: SessionError | undefined): void {
    if (this.#hasEnded) return;
    queueMicrotask(() => {
      this.other?.deliver({ error });
      this.deliver({ error });
    });
  }
}
