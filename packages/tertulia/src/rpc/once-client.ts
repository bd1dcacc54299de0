/**
 * The client's side of exactly-once: every call ends with a known outcome.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { type BusyPoll, busyPoll } from "../io/busy-poll.ts";
import { ProtocolError, SessionError } from "../pure/errors.ts";
import {
  CLIENT_ID_OCTETS,
  decodeWelcome,
  encodeHello,
  OnceMessage,
  type Welcome,
} from "../pure/oncrpc/once.ts";
import type { Caller, CallOptions, Procedure, ProgramVersion } from "../pure/oncrpc/program.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { authNone, type CallAuth } from "./auth.ts";
import { CallJournal } from "./call-journal.ts";
import type { CallStore } from "./call-store.ts";
import { type OnceCall, watchCall } from "./once-call.ts";
import { OnceCalls } from "./once-calls.ts";
import { eachFrame, type OnceChannel, OnceFrames } from "./once-channel.ts";
import { OnceOpening } from "./once-opening.ts";
import { OutcomeError } from "./outcome-error.ts";
import type { StreamOptions } from "./record-stream.ts";
import type { RecoveredCall } from "./recovered-call.ts";

/** How many calls an exactly-once client has in flight, and what it keeps of them. All optional. */
export interface OnceClientOptions {
  /** How calls say who they are from. Default {@link authNone}. */
  readonly auth?: CallAuth;
  /** Calls in flight to ask for. Default 64. */
  readonly slots?: number;
  /** Calls that wait for a slot; more are refused with `ERR_LIMIT`. Default 65,536. */
  readonly waitingMax?: number;
  /** Where calls are kept for the next process. Default: nowhere. */
  readonly store?: CallStore;
  /** Told what became of each call of the process before, in the transaction that forgets the call. */
  readonly onRecovered?: (call: RecoveredCall, transaction: unknown) => void;
  /** How long the process stays awake for a reply: see {@link StreamOptions}. Default 0.1; 0: never. */
  readonly pollMs?: number;
  /** Waits between attempts to open a channel: first and longest. Default 50 ms and 5 s. */
  readonly firstMs?: number;
  /** The longest wait between attempts to open a channel. Default 5 s. */
  readonly longestMs?: number;
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
  readonly #opening: OnceOpening;
  readonly #options: OnceClientOptions;
  readonly #clientId: Uint8Array;
  readonly #frames: OnceFrames;
  readonly #journal: CallJournal | undefined;
  readonly #reader = new XdrReader(new Uint8Array());
  readonly #calls: OnceCalls;
  readonly #poll: BusyPoll | undefined;
  #memory: Uint8Array | undefined;
  #channel: OnceChannel | undefined;
  #closed: SessionError | undefined;
  /**
   * Resolves when the outcome of every call of the process before is told; at once without a store.
   * Rejects with what `onRecovered` threw, or when the client ends before.
   */
  readonly recovered: Promise<void>;

  /** @param open - Opens a channel: at once, and again when the one before has ended. */
  constructor(open: () => Promise<OnceChannel>, options: OnceClientOptions = {}) {
    this.#opening = new OnceOpening(open, (channel) => this.#use(channel), options);
    this.#options = options;
    this.#poll = busyPoll(options.pollMs);
    this.#frames = new OnceFrames(
      // Calls are kept before they are sent.
      (octets) => (this.#keep() && this.#channel?.send(octets)) || SENT,
      // It is sent again over the next one.
      () => this.#channel?.close(),
      this.#poll,
    );
    const { store } = options;
    this.#journal = store === undefined ? undefined : new CallJournal(store);
    const stored = store?.load();
    this.#clientId = stored?.clientId ?? new Uint8Array(randomBytes(CLIENT_ID_OCTETS));
    this.#memory = stored?.memory;
    if (stored === undefined) store?.identify(this.#clientId, undefined);
    this.#calls = new OnceCalls({
      auth: options.auth ?? authNone,
      frames: this.#frames,
      journal: this.#journal,
      waitingMax: options.waitingMax ?? 65_536,
    });
    const recovered = stored?.slots.map(({ slot, serial, call }) =>
      this.#calls.recover(slot, serial, call, options.onRecovered),
    );
    this.recovered = Promise.all(recovered ?? []).then(ignore);
    this.recovered.catch(ignore);
    this.#opening.now();
  }

  /** Calls in flight or waiting for a slot. */
  get inFlight(): number {
    return this.#calls.inFlight;
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
        settle: options?.settle,
        slot: undefined,
        cancelledBy: undefined,
        cleanUp: undefined,
      };
      this.#calls.add(call);
      if (options?.signal !== undefined || options?.timeoutMs !== undefined) {
        watchCall(call, options, (reason) => this.#calls.cancel(call, reason));
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
    if (this.#calls.isReady && this.#channel !== undefined) {
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
    this.#end(closed());
  }

  #end(reason: SessionError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#opening.stop();
    this.#frames.discard();
    this.#channel?.close();
    this.#calls.rejectAll(reason);
  }

  #use(channel: OnceChannel): void {
    // What was not sent on the channel before is sent again when the server has greeted.
    this.#frames.discard();
    this.#channel = channel;
    this.#frames.messageOctetsMax = channel.messageOctetsMax;
    encodeHello(this.#frames.begin(), {
      clientId: this.#clientId,
      slots: Math.max(this.#calls.slots, this.#options.slots ?? 64),
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
        this.#calls.isReady = false;
        this.#opening.later();
      });
  }

  #receive(octets: Uint8Array): void {
    this.#poll?.received();
    try {
      eachFrame(octets, this.#reader, this.#take);
    } finally {
      this.#keep();
    }
  }

  /** Keeps what has gathered for the store. Without it there is no going on: the client ends. */
  #keep(): boolean {
    try {
      this.#journal?.commit();
      return true;
    } catch (error) {
      this.#end(error instanceof SessionError ? error : closed(error));
      return false;
    }
  }

  readonly #take = (): void => {
    const reader = this.#reader;
    const type = reader.uint();
    if (type === OnceMessage.WELCOME) this.#welcome(decodeWelcome(reader));
    else if (type === OnceMessage.REPLY) this.#calls.reply(reader);
    else throw new ProtocolError("badType", "docs/design/exactly-once.md", `${type}`);
  };

  #welcome({ memory, slots }: Welcome): void {
    const isSame =
      this.#memory !== undefined && Buffer.compare(Buffer.from(memory), this.#memory) === 0;
    // We are not remembered: what was sent is unknown, and all counts begin anew.
    if (!isSame) {
      this.#calls.forgotten();
      // Before it is kept that the memory is another: else a next process would take a call of the
      // former memory for one of this one.
      this.#keep();
    }
    if (this.#closed !== undefined) return;
    if (!isSame) this.#options.store?.identify(this.#clientId, memory);
    this.#memory = memory;
    this.#opening.succeeded();
    this.#calls.greeted(slots);
  }
}

/** What there is nobody for: the next channel is told. */
const SENT: Promise<void> = Promise.resolve();

function closed(cause?: unknown): SessionError {
  return new SessionError("ERR_CLOSED", "the client was closed", { cause });
}

function ignore(): void {}
