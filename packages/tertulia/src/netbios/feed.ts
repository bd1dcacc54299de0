/**
 * Events for any number of readers, each at its own pace, none of whom can hold up the others.
 *
 * @module
 */

/** How many events wait for a reader by default; what is older is dropped, and counted. */
const CAPACITY = 1024;

interface Reader<Event> {
  readonly waiting: Event[];
  readonly capacity: number;
  wake: (() => void) | undefined;
}

export class Feed<Event> {
  readonly #readers = new Set<Reader<Event>>();
  #hasEnded = false;
  #missed = 0;

  /** Events that were dropped because a reader was too slow. */
  get missed(): number {
    return this.#missed;
  }

  get hasReaders(): boolean {
    return this.#readers.size > 0;
  }

  push(event: Event): void {
    for (const reader of this.#readers) {
      if (reader.waiting.length >= reader.capacity) {
        reader.waiting.shift();
        this.#missed += 1;
      }
      reader.waiting.push(event);
      reader.wake?.();
    }
  }

  end(): void {
    this.#hasEnded = true;
    for (const reader of this.#readers) reader.wake?.();
  }

  /** The events from now on, until the feed or the signal ends it. */
  read(signal?: AbortSignal, capacity: number = CAPACITY): AsyncIterableIterator<Event> {
    const reader: Reader<Event> = { waiting: [], capacity, wake: undefined };
    // Added here and not at the first `next`, so that nothing is missed in between.
    this.#readers.add(reader);
    return this.#iterate(reader, signal);
  }

  async *#iterate(
    reader: Reader<Event>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Event, void, undefined> {
    const wake = (): void => reader.wake?.();
    signal?.addEventListener("abort", wake, { once: true });
    try {
      while (!signal?.aborted) {
        const event = reader.waiting.shift();
        if (event !== undefined) {
          yield event;
          continue;
        }
        if (this.#hasEnded) return;
        await new Promise<void>((resolve) => {
          reader.wake = resolve;
        });
      }
    } finally {
      signal?.removeEventListener("abort", wake);
      this.#readers.delete(reader);
    }
  }
}
