/**
 * The client's side of exactly-once: every call ends with a known outcome.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { ProtocolError, SessionError } from "../pure/errors.ts";
import { RpcError } from "../pure/oncrpc/failure.ts";
import { decodeReply, RPC_VERSION } from "../pure/oncrpc/message.ts";
import {
  CLIENT_ID_OCTETS,
  decodeWelcome,
  encodeHello,
  encodePlace,
  OnceMessage,
  OUTCOMES,
  type Outcome,
  type Welcome,
} from "../pure/oncrpc/once.ts";
import type {
  Caller,
  CallOptions,
  Procedure,
  ProgramVersion,
  Signal,
} from "../pure/oncrpc/program.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { authNone, type CallAuth } from "./auth.ts";
import { eachFrame, type OnceChannel, OnceFrames } from "./once-channel.ts";

/** A call ended without a reply, and this is what became of it. */
export class OutcomeError extends SessionError {
  override readonly name = "OutcomeError";
  readonly outcome: Exclude<Outcome, "reply">;

  constructor(outcome: Exclude<Outcome, "reply">, cause?: unknown) {
    const meaning = {
      "not executed": "the call was not executed, and never will be",
      "executed, reply lost": "the call was executed once; its reply was too large to keep",
      unknown: "the server has lost its memory: the call may have been executed",
    }[outcome];
    super(outcome === "not executed" ? "ERR_ABORTED" : "ERR_RESUME", meaning, { cause });
    this.outcome = outcome;
  }
}

/** Keeps a client's calls beyond its process, so that the next one learns what became of them. */
export interface CallStore {
  /** Who the client is, and what it had in flight; nothing at first. */
  load():
    | {
        readonly clientId: Uint8Array;
        readonly memory: Uint8Array | undefined;
        readonly slots: readonly StoredCall[];
      }
    | undefined;
  /** Keeps who the client is, and whose memory its calls are in. */
  identify(clientId: Uint8Array, memory: Uint8Array | undefined): void;
  /** Keeps a call before it is sent; `undefined` once its outcome is known: the number stays. */
  save(slot: number, serial: number, call: Uint8Array | undefined): void;
}

export interface StoredCall {
  readonly slot: number;
  readonly serial: number;
  /** The message that carries the call, if its outcome is not known. */
  readonly call: Uint8Array | undefined;
}

/** What became of a call that a former process made. */
export interface RecoveredCall {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly outcome: Outcome;
  /** The XDR of the results, with the outcome `reply` and status SUCCESS. */
  readonly results: Uint8Array | undefined;
  readonly error: RpcError | undefined;
}

export interface OnceClientOptions {
  readonly auth?: CallAuth;
  /** Calls in flight to ask for. Default 64. */
  readonly slots?: number;
  /** Calls that wait for a slot; more are refused with `ERR_LIMIT`. Default 65,536. */
  readonly waitingMax?: number;
  /** Where calls are kept for the next process. Default: nowhere. */
  readonly store?: CallStore;
  /** Told what became of the calls of the process before. */
  readonly onRecovered?: (call: RecoveredCall) => void;
  /** Waits between attempts to open a channel: first and longest. Default 50 ms and 5 s. */
  readonly firstMs?: number;
  readonly longestMs?: number;
}

interface Slot {
  readonly number: number;
  serial: number;
  call: OnceCall | undefined;
  /** The frame of the call in flight: from `start` to `end` of `octets`. */
  octets: Uint8Array | undefined;
  start: number;
  end: number;
  isSent: boolean;
}

interface OnceCall {
  readonly program: ProgramVersion;
  readonly procedure: Procedure<unknown, unknown>;
  readonly argument: unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  slot: Slot | undefined;
  cancelledBy: unknown;
  cleanUp: (() => void) | undefined;
}

/**
 * Calls exactly once, over durable sessions: over one as long as it lives, then over the next.
 *
 * A call resolves with its result, rejects with an `RpcError` (that is a reply, too), or with an
 * {@link OutcomeError} that says whether it was executed.
 *
 * @example
 * const client = new OnceClient(async () => sessionChannel(await connect("tls://bank.example:7700")));
 * const bank = new BankV1Client(client);
 */
export class OnceClient implements Caller, AsyncDisposable {
  readonly #open: () => Promise<OnceChannel>;
  readonly #options: OnceClientOptions;
  readonly #auth: CallAuth;
  readonly #clientId: Uint8Array;
  readonly #frames: OnceFrames = new OnceFrames((octets) => {
    this.#channel?.send(octets).catch(ignore);
  });
  readonly #reader = new XdrReader(new Uint8Array());
  readonly #slots: Slot[] = [];
  readonly #free: Slot[] = [];
  readonly #waiting = new Set<OnceCall>();
  #memory: Uint8Array | undefined;
  #channel: OnceChannel | undefined;
  #isReady = false;
  #isOpening = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed: SessionError | undefined;

  /** @param open - Opens a channel: at once, and again when the one before has ended. */
  constructor(open: () => Promise<OnceChannel>, options: OnceClientOptions = {}) {
    this.#open = open;
    this.#options = options;
    this.#auth = options.auth ?? authNone;
    const stored = options.store?.load();
    this.#clientId = stored?.clientId ?? new Uint8Array(randomBytes(CLIENT_ID_OCTETS));
    this.#memory = stored?.memory;
    if (stored === undefined) options.store?.identify(this.#clientId, undefined);
    for (const { slot: number, serial, call } of stored?.slots ?? []) {
      this.#grow(number + 1);
      const slot = this.#slots[number];
      if (slot === undefined) continue;
      slot.serial = serial;
      if (call === undefined) continue;
      slot.octets = call;
      slot.end = call.length;
      slot.isSent = true;
      slot.call = this.#recovering(call);
      this.#free.splice(this.#free.indexOf(slot), 1);
    }
    this.#connect();
  }

  /** Calls in flight or waiting for a slot. */
  get inFlight(): number {
    return this.#slots.length - this.#free.length + this.#waiting.size;
  }

  call<Argument, Result>(
    program: ProgramVersion,
    procedure: Procedure<Argument, Result>,
    argument: Argument,
    options?: CallOptions,
  ): Promise<Result> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#closed !== undefined) throw new OutcomeError("not executed", this.#closed);
      if (options?.signal?.aborted) throw options.signal.reason;
      const call: OnceCall = {
        program,
        // Argument and result stay with this procedure in the entry.
        procedure: procedure as Procedure<unknown, unknown>,
        argument,
        resolve,
        reject,
        slot: undefined,
        cancelledBy: undefined,
        cleanUp: undefined,
      };
      const slot = this.#isReady ? this.#free.pop() : undefined;
      if (slot !== undefined) this.#start(call, slot);
      else {
        const { waitingMax = 65_536 } = this.#options;
        if (this.#waiting.size >= waitingMax) {
          throw new SessionError("ERR_LIMIT", `${waitingMax} calls wait for a slot already`);
        }
        this.#waiting.add(call);
      }
      if (options?.signal !== undefined || options?.timeoutMs !== undefined) {
        this.#watch(call, options.signal, options.timeoutMs);
      }
      // What decodeResult of this procedure returned is its Result.
    }) as Promise<Result>;
  }

  /**
   * Says goodbye when nothing is in flight, so that the server may forget this client, and ends.
   * With {@link Symbol.asyncDispose} the server goes on remembering.
   */
  async close(): Promise<void> {
    while (this.inFlight > 0 && this.#closed === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (this.#isReady && this.#channel !== undefined) {
      this.#frames.begin().uint(OnceMessage.BYE);
      this.#frames.end();
      this.#frames.flush();
      // The channel has taken it; a turn later it is on its way.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await this[Symbol.asyncDispose]();
  }

  /** Ends now. Calls in flight reject as `unknown`, those not sent as `not executed`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = new SessionError("ERR_CLOSED", "the client was closed");
    clearTimeout(this.#timer);
    this.#isReady = false;
    this.#channel?.close();
    for (const { call, isSent } of this.#slots) {
      if (call === undefined) continue;
      call.cleanUp?.();
      call.reject(new OutcomeError(isSent ? "unknown" : "not executed", this.#closed));
    }
    for (const call of this.#waiting) {
      call.cleanUp?.();
      call.reject(new OutcomeError("not executed", this.#closed));
    }
    this.#waiting.clear();
  }

  #connect(): void {
    if (this.#closed !== undefined || this.#isOpening) return;
    this.#isOpening = true;
    this.#open().then(
      (channel) => {
        this.#isOpening = false;
        if (this.#closed !== undefined) channel.close();
        else this.#use(channel);
      },
      () => {
        this.#isOpening = false;
        this.#later();
      },
    );
  }

  #later(): void {
    if (this.#closed !== undefined) return;
    const { firstMs = 50, longestMs = 5000 } = this.#options;
    const waitMs = Math.min(firstMs * 2 ** this.#failures, longestMs);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#connect(), waitMs * (0.5 + Math.random() / 2));
  }

  #use(channel: OnceChannel): void {
    // What was not sent on the channel before is sent again when the server has greeted.
    this.#frames.discard();
    this.#channel = channel;
    encodeHello(this.#frames.begin(), {
      clientId: this.#clientId,
      slots: Math.max(this.#slots.length, this.#options.slots ?? 64),
    });
    this.#frames.end();
    channel
      .consume((octets) => this.#receive(octets))
      .catch((error) => {
        if (error instanceof ProtocolError) channel.close();
      })
      .finally(() => {
        if (this.#channel !== channel) return;
        this.#channel = undefined;
        this.#isReady = false;
        this.#later();
      });
  }

  #receive(octets: Uint8Array): void {
    eachFrame(octets, this.#reader, this.#take);
  }

  readonly #take = (): void => {
    const reader = this.#reader;
    const type = reader.uint();
    if (type === OnceMessage.WELCOME) this.#welcome(decodeWelcome(reader));
    else if (type === OnceMessage.REPLY) this.#reply(reader);
    else throw new ProtocolError("badType", "docs/design/exactly-once.md", `${type}`);
  };

  #welcome({ memory, slots, isKnown }: Welcome): void {
    const isSame =
      this.#memory !== undefined && Buffer.compare(Buffer.from(memory), this.#memory) === 0;
    // Another memory, or one that has forgotten us: what was sent is unknown, and all counts begin anew.
    if (!(isSame && isKnown)) this.#loseMemory();
    if (!isSame) this.#options.store?.identify(this.#clientId, memory);
    this.#memory = memory;
    this.#grow(slots);
    this.#isReady = true;
    this.#failures = 0;
    for (const slot of this.#slots) {
      if (slot.octets === undefined) continue;
      slot.isSent = true;
      this.#frames.send(slot.octets, slot.start, slot.end);
      if (slot.call?.cancelledBy !== undefined) this.#sendCancel(slot);
    }
    this.#startWaiting();
  }

  /** Settles what the server cannot remember, and begins to count anew. */
  #loseMemory(): void {
    for (const slot of this.#slots) {
      const { call, isSent } = slot;
      slot.serial = 0;
      if (call === undefined) continue;
      slot.call = undefined;
      slot.octets = undefined;
      call.slot = undefined;
      if (isSent) {
        call.cleanUp?.();
        this.#options.store?.save(slot.number, 0, undefined);
        call.reject(new OutcomeError("unknown"));
      } else this.#waiting.add(call);
      this.#free.push(slot);
    }
  }

  #reply(reader: XdrReader): void {
    const number = reader.uint();
    const serial = reader.uint();
    const outcome = OUTCOMES[reader.uint()];
    const slot = this.#slots[number];
    // An answer that was given twice, because the call was sent twice.
    if (slot?.call === undefined || serial !== slot.serial) return;
    const { call } = slot;
    slot.call = undefined;
    slot.octets = undefined;
    slot.isSent = false;
    this.#options.store?.save(number, serial, undefined);
    call.cleanUp?.();
    try {
      if (outcome === "reply") call.resolve(this.#result(reader, call));
      else if (outcome === undefined) {
        throw new ProtocolError("badOutcome", "docs/design/exactly-once.md");
      } else call.reject(new OutcomeError(outcome, call.cancelledBy));
    } catch (error) {
      call.reject(error);
    }
    this.#free.push(slot);
    if (this.#waiting.size > 0) this.#startWaiting();
  }

  #result(reader: XdrReader, call: OnceCall): unknown {
    reader.take(8);
    const body = decodeReply(reader);
    if (body.type !== "SUCCESS") throw RpcError.of(body);
    const result = call.procedure.decodeResult(reader);
    reader.finish();
    return result;
  }

  #start(call: OnceCall, slot: Slot): void {
    const writer = this.#frames.begin();
    const serial = (slot.serial + 1) >>> 0;
    encodePlace(writer, OnceMessage.CALL, slot.number, serial);
    try {
      const at = writer.reserve(24);
      const { view } = writer;
      view.setUint32(at, slot.number);
      view.setUint32(at + 4, 0);
      view.setUint32(at + 8, RPC_VERSION);
      view.setUint32(at + 12, call.program.program);
      view.setUint32(at + 16, call.program.version);
      view.setUint32(at + 20, call.procedure.number);
      this.#auth.seal(writer, at);
      call.procedure.encodeArgument(writer, call.argument);
    } catch (error) {
      this.#frames.cancel();
      this.#free.push(slot);
      call.cleanUp?.();
      call.reject(error);
      return;
    }
    const { octets, at: end } = writer;
    const { start } = this.#frames;
    slot.serial = serial;
    slot.call = call;
    slot.octets = octets;
    slot.start = start;
    slot.end = end;
    slot.isSent = true;
    call.slot = slot;
    // Kept before it can be sent.
    this.#options.store?.save(slot.number, serial, octets.subarray(start, end));
    this.#frames.end();
  }

  #startWaiting(): void {
    for (const call of this.#waiting) {
      const slot = this.#isReady ? this.#free.pop() : undefined;
      if (slot === undefined) return;
      this.#waiting.delete(call);
      this.#start(call, slot);
    }
  }

  #watch(call: OnceCall, signal: Signal | undefined, timeoutMs: number | undefined): void {
    const cancel = (reason: unknown): void => {
      if (this.#waiting.delete(call)) {
        call.cleanUp?.();
        call.reject(new OutcomeError("not executed", reason));
        return;
      }
      call.cancelledBy = reason;
      if (call.slot?.call === call && this.#isReady) this.#sendCancel(call.slot);
    };
    const onAbort = (): void => cancel(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => cancel(new SessionError("ERR_TIMEOUT", "no reply in time")), timeoutMs);
    call.cleanUp = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
  }

  /** Asks that a call not be executed, if it has not been begun; its outcome is told as any other. */
  #sendCancel(slot: Slot): void {
    encodePlace(this.#frames.begin(), OnceMessage.CANCEL, slot.number, slot.serial);
    this.#frames.end();
  }

  #grow(count: number): void {
    while (this.#slots.length < count) {
      const number = this.#slots.length;
      const empty = { call: undefined, octets: undefined, start: 0, end: 0, isSent: false };
      const slot = { number, serial: 0, ...empty };
      this.#slots.push(slot);
      this.#free.push(slot);
    }
  }

  /** A call of a former process: its outcome is told, not returned. */
  #recovering(octets: Uint8Array): OnceCall {
    const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    const place = {
      program: view.getUint32(24),
      version: view.getUint32(28),
      procedure: view.getUint32(32),
    };
    const tell = (outcome: Outcome, results?: Uint8Array, error?: RpcError): void =>
      this.#options.onRecovered?.({ ...place, outcome, results, error });
    const procedure: Procedure<unknown, unknown> = {
      name: "recovered",
      number: place.procedure,
      isIdempotent: false,
      encodeArgument: (writer) => writer.raw(octets.subarray(12 + 40)),
      decodeArgument: () => undefined,
      encodeResult: () => {},
      decodeResult: (reader) => reader.rest().slice(),
    };
    return {
      program: { name: "recovered", program: place.program, version: place.version },
      procedure,
      argument: undefined,
      // What decodeResult above returns.
      resolve: (results) => tell("reply", results as Uint8Array),
      reject: (error) => {
        if (error instanceof OutcomeError) tell(error.outcome);
        else tell("reply", undefined, error instanceof RpcError ? error : undefined);
      },
      slot: undefined,
      cancelledBy: undefined,
      cleanUp: undefined,
    };
  }
}

function ignore(): void {}
