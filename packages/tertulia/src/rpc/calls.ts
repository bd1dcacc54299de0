/**
 * The calls that wait for a reply.
 *
 * No timer per call: one, for the earliest deadline known, which finds the next when it runs. With
 * the usual long deadlines it runs once a minute, whatever the number of calls.
 *
 * @module
 */

import { randomInt } from "node:crypto";
import { SessionError } from "../pure/errors.ts";
import type { CallOptions, Procedure, ProgramVersion, Signal } from "../pure/oncrpc/program.ts";

/** The connection ended while the call had no reply. `code` is `ERR_CLOSED`. */
export class CallLost extends SessionError {
  override readonly name = "CallLost";
  /** Whether the server executed the call: not, when it was never sent. */
  readonly executed: "no" | "unknown";

  constructor(executed: "no" | "unknown", reason: string, cause?: unknown) {
    super(
      "ERR_CLOSED",
      executed === "no" ? `${reason}; the call was not sent` : `${reason}; the call was sent`,
      { cause },
    );
    this.executed = executed;
  }
}

/** A call that waits for its reply. The argument is kept because the call may be sent again. */
export interface PendingCall {
  readonly xid: number;
  readonly program: ProgramVersion;
  readonly procedure: Procedure<unknown, unknown>;
  readonly argument: unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly deadline: number;
  readonly signal: Signal | undefined;
  onAbort: (() => void) | undefined;
  isSent: boolean;
  /** For transports that repeat: when next, and after how long then. */
  repeatAt: number;
  repeatMs: number;
  /** How often the credential was renewed for this call. */
  refreshes: number;
}

export interface CallTableLimits {
  /** Calls without a reply. Default 65,536: each costs about 300 octets. */
  readonly callsMax: number;
}

export class CallTable {
  readonly #pending = new Map<number, PendingCall>();
  readonly #callsMax: number;
  #xid = randomInt(0x1_0000_0000);
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(callsMax: number) {
    this.#callsMax = callsMax;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** All of them, the oldest first. */
  values(): IterableIterator<PendingCall> {
    return this.#pending.values();
  }

  /** A number for a call that does not wait. */
  nextXid(): number {
    do {
      this.#xid = (this.#xid + 1) >>> 0;
    } while (this.#pending.has(this.#xid));
    return this.#xid;
  }

  /**
   * Opens an entry for a call.
   *
   * @throws what the signal is aborted with; {@link SessionError} `ERR_LIMIT` with too many calls,
   * `ERR_STATE` with what only exactly-once has.
   */
  open(
    program: ProgramVersion,
    procedure: Procedure<unknown, unknown>,
    argument: unknown,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
    timeoutMs: number,
    options: CallOptions | undefined,
  ): PendingCall {
    const signal = options?.signal;
    if (signal?.aborted) throw signal.reason;
    if (options?.settle !== undefined) {
      throw new SessionError(
        "ERR_STATE",
        "settle needs an OnceClient: there is no transaction here",
      );
    }
    if (this.#pending.size >= this.#callsMax) {
      throw new SessionError("ERR_LIMIT", `${this.#callsMax} calls wait for a reply already`);
    }
    const deadline = performance.now() + (options?.timeoutMs ?? timeoutMs);
    const call: PendingCall = {
      xid: this.nextXid(),
      program,
      procedure,
      argument,
      resolve,
      reject,
      deadline,
      signal,
      onAbort: undefined,
      isSent: false,
      repeatAt: Number.POSITIVE_INFINITY,
      repeatMs: 0,
      refreshes: 0,
    };
    if (signal !== undefined) {
      call.onAbort = () => {
        if (this.take(call.xid) === call) reject(signal.reason);
      };
      signal.addEventListener("abort", call.onAbort, { once: true });
    }
    this.#pending.set(call.xid, call);
    if (deadline < this.#timerAt) this.#wakeAt(deadline);
    return call;
  }

  /** Removes the call with that number, for whoever settles it now. */
  take(xid: number): PendingCall | undefined {
    const call = this.#pending.get(xid);
    if (call === undefined) return undefined;
    this.#pending.delete(xid);
    if (call.onAbort !== undefined) call.signal?.removeEventListener("abort", call.onAbort);
    return call;
  }

  /** The call with that number, which goes on waiting. */
  peek(xid: number): PendingCall | undefined {
    return this.#pending.get(xid);
  }

  /** Rejects all, each with an error of its own. */
  rejectAll(error: (call: PendingCall) => unknown): void {
    for (const call of [...this.#pending.values()]) {
      if (this.take(call.xid) === call) call.reject(error(call));
    }
    clearTimeout(this.#timer);
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #wakeAt(deadline: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    if (deadline === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.min(Math.max(deadline - performance.now(), 0), 0x7fff_ffff);
    this.#timer = setTimeout(() => this.#expire(), waitMs).unref();
  }

  #expire(): void {
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const call of this.#pending.values()) {
      if (call.deadline > now) {
        if (call.deadline < next) next = call.deadline;
        continue;
      }
      this.take(call.xid);
      const { name } = call.procedure;
      const sent = call.isSent ? "; it may have been executed" : "; it was not sent";
      call.reject(new SessionError("ERR_TIMEOUT", `${name}: no reply in time${sent}`));
    }
    this.#wakeAt(next);
  }
}
