/**
 * A stream of octets in a session, as applications have it.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { Received, StreamState } from "../pure/native/stream.ts";
import { STREAM_LOST } from "../pure/native/streams.ts";
import { type LentMemory, type Loan, letGoBuffer } from "../pure/octets.ts";
import { Consumer } from "./consumer.ts";
import { Gate } from "./gate.ts";
import { aCount, aFunction, checkGiven, octets as octetsKind, signalOf } from "./option-kinds.ts";
import type { SessionDriver } from "./session-driver.ts";
import type { SignalOptions } from "./session-parts.ts";

/** Memory that is somebody's again at once: what is kept of it is copied. */
const NOT_KEPT: LentMemory = {
  frontOctets: 0,
  keep: () => false,
  giveBack() {},
  again: () => false,
};

/** The peer reset the stream. */
export class StreamResetError extends SessionError {
  override readonly name: string = "StreamResetError";
  /** Why, in the application's own numbers. */
  readonly resetCode: number;

  constructor(resetCode: number) {
    const what = resetCode === STREAM_LOST ? "the stream was lost with its process" : "";
    super("ERR_ABORTED", what || `the peer reset the stream, code ${resetCode}`);
    this.resetCode = resetCode;
  }
}

/**
 * The process that had the other end is gone, and with it whoever wrote and read there: what goes on is
 * another stream, from wherever the application wants.
 */
export class StreamLostError extends StreamResetError {
  override readonly name: string = "StreamLostError";
  /** Octets of ours that the peer's application had taken, at least. */
  readonly takenOctets: number;

  constructor(takenOctets: number) {
    super(STREAM_LOST);
    this.takenOctets = takenOctets;
  }
}

/**
 * An ordered octet stream in both directions, with credit of its own: when its reader is slow, its
 * writer waits, and nobody else does. It survives broken links as the session does.
 *
 * Either side ends its direction with {@link end}; {@link reset} ends both at once. Iterate it to
 * read, or {@link consume} it, or take its web streams, or in Node `toDuplex(stream)`.
 */
export class SessionStream implements AsyncIterable<Uint8Array>, AsyncDisposable {
  /** What the side that opened it says it is for. Up to 1,024 octets. */
  readonly label: string;
  readonly #driver: SessionDriver;
  readonly #state: StreamState;
  readonly #forget: () => void;
  /** Why nothing more can be written, and why nothing more will be read; an end is no reason. */
  #writeError: SessionError | undefined;
  #readError: SessionError | undefined;
  #hasReadEnd = false;
  #consumer: Consumer<Uint8Array> | undefined;
  readonly #onReadable: Gate = new Gate();
  readonly #onWritable: Gate = new Gate();
  #readable: ReadableStream<Uint8Array> | undefined;
  #writable: WritableStream<Uint8Array> | undefined;

  /** Made by its session. */
  constructor(driver: SessionDriver, state: StreamState, forget: () => void) {
    this.#driver = driver;
    this.#state = state;
    this.#forget = forget;
    this.label = state.label;
  }

  /** Its number in the session: even when the initiator opened it. */
  get id(): number {
    return this.#state.id;
  }

  /**
   * Whether a process before this one has used it, whose streams were carried over
   * (`ListenOptions.carriesStreams`): what it had read does not come again.
   */
  get isCarried(): boolean {
    return this.#state.isCarried;
  }

  /** Octets written that wait for credit or for the link. */
  get pendingOctets(): number {
    return this.#state.pendingOctets;
  }

  /** Whether our direction was ended. */
  get isEnding(): boolean {
    return this.#state.isEnding;
  }

  /**
   * Writes octets, which belong to the stream from then on. Resolves when there is room for more:
   * awaiting it is backpressure.
   *
   * @param options.signal - Stops the waiting. The octets are sent all the same, unless it was aborted
   *   before.
   * @throws {SessionError} `ERR_STATE` after `end`; `ERR_ABORTED` after a reset; `ERR_LIMIT` when too
   *   much waits, because nobody awaited; `ERR_ARGUMENT` for what are no octets; why the session ended.
   */
  async write(octets: Uint8Array, options?: SignalOptions): Promise<void> {
    const signal = signalOf(options);
    signal?.throwIfAborted();
    await this.tryWrite(octets, signal);
  }

  /**
   * As {@link write}, but gives a promise only when there is something to wait for.
   *
   * @throws {SessionError} as `write` rejects.
   */
  tryWrite(octets: Uint8Array, signal?: AbortSignal): Promise<void> | undefined {
    return this.#write(octets, false, signal);
  }

  /**
   * As {@link tryWrite}, and gives their memory away, which is let go of as soon as it can be: the octets
   * are gone for the caller. For what was read from a file or a socket, where waiting for the garbage
   * collector is most of what passing it on costs.
   *
   * @throws {SessionError} as `write` rejects; the octets are still the caller's then.
   */
  give(octets: Uint8Array, signal?: AbortSignal): Promise<void> | undefined {
    return this.#write(octets, true, signal);
  }

  /**
   * As {@link tryWrite}, of octets that are the caller's again when it returns, unless their memory is
   * kept: nothing is copied of much that is lent at once, where it may be.
   *
   * @throws {SessionError} as `write` rejects.
   */
  lend(octets: Uint8Array, loan: Loan, signal?: AbortSignal): Promise<void> | undefined {
    return this.#write(octets, false, signal, loan.memory ?? NOT_KEPT);
  }

  #write(
    octets: Uint8Array,
    isGiven: boolean,
    signal: AbortSignal | undefined,
    lent?: LentMemory,
  ): Promise<void> | undefined {
    checkGiven("what is written", octets, octetsKind);
    if (this.#writeError) throw this.#writeError;
    if (this.#state.isEnding) throw new SessionError("ERR_STATE", "write after end");
    this.#driver.sender.check(octets.length);
    const hasRoom = this.#driver.machine.link.writeStream(this.#state, octets, isGiven, lent);
    this.#driver.gatherStream(octets.length);
    return hasRoom ? undefined : this.#room(signal);
  }

  /** Says that we write no more. The peer reads to the end; it may go on writing. */
  end(): void {
    if (this.#writeError) return;
    this.#driver.machine.link.endStream(this.#state);
    this.#driver.markDirty();
    this.#forgetIfOver();
  }

  /**
   * Ends both directions now; what is on its way is dropped. The peer's reads and writes fail with
   * `ERR_ABORTED`.
   *
   * @param code - Why, in the application's own numbers, from 0.
   */
  reset(code = 0): void {
    checkGiven("code", code, aCount);
    if (this.#readError && this.#writeError) return;
    this.#driver.machine.link.resetStream(this.#state, code);
    this.#driver.markDirty();
    this.#fail(new SessionError("ERR_ABORTED", `the stream was reset here, code ${code}`));
  }

  /**
   * The next octets, as they came; `undefined` when the peer ended its direction.
   *
   * @throws {SessionError} `ERR_ABORTED` after a reset; why the session ended.
   */
  async read(options?: SignalOptions): Promise<Uint8Array | undefined> {
    const signal = signalOf(options);
    for (;;) {
      signal?.throwIfAborted();
      const octets = this.#driver.machine.link.readStream(this.#state);
      if (octets) this.#driver.streamRead();
      if (octets || this.#isReadToEnd()) return octets;
      await this.#onReadable.wait(signal);
    }
  }

  /**
   * Hands over the octets as they come: the next when `handler` has returned, or what it returned has
   * resolved. They are good until then, and their memory is given back: copy what is to stay. The
   * fastest way to read, and the leanest.
   *
   * Resolves when the peer ended its direction; rejects as {@link read}, and with what `handler` threw.
   * One reader at a time.
   */
  consume(
    handler: (octets: Uint8Array) => void | Promise<void>,
    options?: SignalOptions,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      checkGiven("handler", handler, aFunction);
      const signal = signalOf(options);
      signal?.throwIfAborted();
      if (this.#consumer) throw new SessionError("ERR_STATE", "somebody reads this stream already");
      const consumer = new Consumer(handler, resolve, reject);
      this.#consumer = consumer;
      if (signal) consumer.heed(signal, () => this.#consumed(consumer, signal));
      this.#handOver();
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let octets = await this.read(); octets; octets = await this.read()) yield octets;
    } finally {
      // Leaving early means that nobody will read the rest.
      if (!this.#hasReadEnd) this.reset();
    }
  }

  /** Our reading direction as a web stream, the same at each call. Cancelling it resets the stream. */
  get readable(): ReadableStream<Uint8Array> {
    this.#readable ??= new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const octets = await this.read();
          if (octets) controller.enqueue(octets);
          else controller.close();
        },
        cancel: () => this.reset(),
      },
      { highWaterMark: 0 },
    );
    return this.#readable;
  }

  /** Our writing direction as a web stream, the same at each call. Aborting it resets the stream. */
  get writable(): WritableStream<Uint8Array> {
    this.#writable ??= new WritableStream<Uint8Array>({
      write: (octets) => this.write(octets),
      close: () => this.end(),
      abort: () => this.reset(),
    });
    return this.#writable;
  }

  /** Resets it unless both sides have ended it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!(this.#state.isEnding && this.#state.isPeerEnded)) this.reset();
  }

  // For its session, which tells what the peer did.

  onReadable(): void {
    this.#handOver();
    this.#onReadable.open();
  }

  onWritable(): void {
    this.#onWritable.open();
  }

  onEnded(): void {
    this.onReadable();
    this.#forgetIfOver();
  }

  onReset(code: number, takenOctets: number): void {
    const isLost = code === STREAM_LOST;
    this.#fail(isLost ? new StreamLostError(takenOctets) : new StreamResetError(code));
  }

  /** What came can still be read; to its end, if that came too. */
  onSessionEnded(error: SessionError): void {
    this.#fail(error, this.#state.isPeerEnded);
  }

  #take(): Received | undefined {
    const received = this.#driver.machine.link.takeStream(this.#state);
    if (received) this.#driver.streamRead();
    return received;
  }

  /** There is nothing to take: whether there will not be, either. Throws why, if for no good reason. */
  #isReadToEnd(): boolean {
    if (this.#readError) throw this.#readError;
    // What is carried over is not read here, and may be unread all the same.
    if (!this.#state.isPeerEnded || this.#state.isReadable) return false;
    this.#hasReadEnd = true;
    this.#forgetIfOver();
    return true;
  }

  /** Hands octets to `consume`'s handler until it is to be waited for. */
  #handOver(): void {
    const consumer = this.#consumer;
    if (consumer === undefined || consumer.isBusy) return;
    // It may do what makes us be called again.
    consumer.isBusy = true;
    try {
      for (let received = this.#take(); received; received = this.#take()) {
        const { buffer } = received.octets;
        const handled = consumer.handler(received.octets);
        if (handled !== undefined) return this.#await(handled, received, buffer, consumer);
        letGo(received, buffer);
        if (this.#consumer !== consumer) return;
      }
      consumer.isBusy = false;
      if (this.#isReadToEnd()) this.#consumed(consumer);
    } catch (error) {
      this.#consumed(consumer, { reason: error });
    }
  }

  #await(
    handled: Promise<void>,
    received: Received,
    buffer: ArrayBufferLike,
    consumer: Consumer<Uint8Array>,
  ): void {
    handled.then(
      () => {
        letGo(received, buffer);
        consumer.isBusy = false;
        if (this.#consumer === consumer) this.#handOver();
      },
      (reason) => this.#consumed(consumer, { reason }),
    );
  }

  /** `consume` is over: normally, or because of something. */
  #consumed(consumer: Consumer<Uint8Array>, why?: { readonly reason: unknown }): void {
    if (this.#consumer !== consumer) return;
    this.#consumer = undefined;
    consumer.end(why);
  }

  async #room(signal: AbortSignal | undefined): Promise<void> {
    while (this.#state.isBlocked) {
      await this.#onWritable.wait(signal);
      if (this.#writeError) throw this.#writeError;
    }
  }

  #fail(error: SessionError, isReadToEnd = false): void {
    this.#writeError ??= error;
    if (!isReadToEnd) this.#readError ??= error;
    this.onReadable();
    this.#onWritable.open();
    this.#forget();
  }

  #forgetIfOver(): void {
    if (this.#state.isEnding && this.#state.isPeerEnded && !this.#state.isReadable) this.#forget();
  }
}

/** Gives the memory back: at once, or to whose it is. */
function letGo({ lent }: Received, buffer: ArrayBufferLike): void {
  if (lent) lent.giveBack();
  else letGoBuffer(buffer);
}
