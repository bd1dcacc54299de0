/**
 * The calls of an exactly-once client: each in a slot until its outcome is known, or waiting for one.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { RpcError } from "../pure/oncrpc/failure.ts";
import { encodePlace, OnceMessage, OUTCOMES, serialAfter } from "../pure/oncrpc/once.ts";
import type { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import type { CallAuth } from "./auth.ts";
import type { CallJournal } from "./call-journal.ts";
import type { CallChange } from "./call-store.ts";
import {
  effectOf,
  encodeOnceCall,
  failureOf,
  type OnceCall,
  type Settlement,
  type Slot,
  settlementOf,
  tellSettlement,
} from "./once-call.ts";
import type { OnceFrames } from "./once-channel.ts";
import { OnceSlots } from "./once-slots.ts";
import { OutcomeError } from "./outcome-error.ts";
import { type RecoveredCall, recoveredCall } from "./recovered-call.ts";

/** What the calls of a client go by. */
export interface OnceCallsParts {
  readonly auth: CallAuth;
  readonly frames: OnceFrames;
  /** Where calls are kept for the next process, if anywhere. */
  readonly journal: CallJournal | undefined;
  /** Calls that wait for a slot. */
  readonly waitingMax: number;
}

export class OnceCalls {
  readonly #auth: CallAuth;
  readonly #frames: OnceFrames;
  readonly #journal: CallJournal | undefined;
  readonly #slots: OnceSlots;
  /** Whether the server has greeted, so that calls can be sent. */
  isReady = false;
  #isOver = false;

  constructor({ auth, frames, journal, waitingMax }: OnceCallsParts) {
    this.#auth = auth;
    this.#frames = frames;
    this.#journal = journal;
    this.#slots = new OnceSlots(waitingMax);
  }

  /** Calls in flight or waiting for a slot. */
  get inFlight(): number {
    return this.#slots.inFlight;
  }

  get slots(): number {
    return this.#slots.all.length;
  }

  /** Sends a call, or has it wait. @throws {SessionError} `ERR_LIMIT` when too many wait already. */
  add(call: OnceCall): void {
    const slot = this.isReady ? this.#slots.take() : undefined;
    if (slot !== undefined) this.#start(call, slot);
    else this.#slots.wait(call);
  }

  /** Takes a call back that waits; asks the server not to execute one that is sent. */
  cancel(call: OnceCall, reason: unknown): void {
    if (this.#slots.waiting.delete(call)) {
      call.cleanUp?.();
      call.reject(new OutcomeError("not executed", reason));
      return;
    }
    call.cancelledBy = reason;
    if (call.slot?.call === call && this.isReady) this.#sendCancel(call.slot);
  }

  /** The server takes so many at a time: sends again what it may not have, and what waits. */
  greeted(slots: number): void {
    this.#slots.grow(slots);
    this.isReady = true;
    for (const slot of this.#slots.all) {
      if (slot.octets === undefined) continue;
      slot.isSent = true;
      this.#frames.send(slot.octets, slot.start, slot.end);
      if (slot.call?.cancelledBy !== undefined) this.#sendCancel(slot);
    }
    this.#startWaiting();
  }

  /** Settles the call that a reply is for. */
  reply(reader: XdrReader): void {
    const number = reader.uint();
    const serial = reader.uint();
    const outcome = OUTCOMES[reader.uint()];
    const slot = this.#slots.all[number];
    // An answer that was given twice, because the call was sent twice.
    if (slot?.call === undefined || serial !== slot.serial) return;
    const { call } = slot;
    slot.call = undefined;
    slot.octets = undefined;
    slot.isSent = false;
    call.cleanUp?.();
    this.#settle(slot, call, settlementOf(reader, call, outcome));
    this.#slots.release(slot);
    if (this.#slots.waiting.size > 0) this.#startWaiting();
  }

  /** Settles what the server cannot remember, and begins to count anew. */
  forgotten(): void {
    for (const slot of this.#slots.all) {
      const { call, isSent, number } = slot;
      const isFresh = slot.serial === 0;
      slot.serial = 0;
      if (call === undefined) {
        if (!isFresh) this.#journal?.add(ended(number), ignore);
        continue;
      }
      slot.call = undefined;
      slot.octets = undefined;
      call.slot = undefined;
      if (isSent) {
        call.cleanUp?.();
        const error = new OutcomeError("unknown");
        this.#settle(slot, call, { outcome: "unknown", result: undefined, error });
      } else {
        this.#journal?.add(ended(number), ignore);
        this.#slots.waiting.add(call);
      }
      this.#slots.release(slot);
    }
  }

  /** Takes up a slot of a former process. Resolves when the outcome of its call, if it had one, is told. */
  recover(
    number: number,
    serial: number,
    octets: Uint8Array | undefined,
    tell: ((call: RecoveredCall, transaction: unknown) => void) | undefined,
  ): Promise<void> | undefined {
    this.#slots.grow(number + 1);
    const slot = this.#slots.all[number];
    if (slot === undefined) return undefined;
    slot.serial = serial;
    if (octets === undefined) return undefined;
    this.#slots.occupy(slot);
    slot.octets = octets;
    slot.end = octets.length;
    slot.isSent = true;
    return new Promise<void>((resolve, reject) => {
      slot.call = {
        ...recoveredCall(octets, tell),
        argument: undefined,
        resolve: () => resolve(),
        reject: (error) => {
          // A refusal and an outcome without a reply have been told.
          const isTold = error instanceof RpcError || error instanceof OutcomeError;
          if (isTold && !this.#isOver) resolve();
          else reject(error);
        },
        slot,
        cancelledBy: undefined,
        cleanUp: undefined,
      };
    });
  }

  /** Rejects all calls: `unknown` those that were sent, `not executed` the others. */
  rejectAll(reason: SessionError): void {
    this.isReady = false;
    this.#isOver = true;
    this.#slots.rejectAll(reason);
  }

  #start(call: OnceCall, slot: Slot): void {
    const writer = this.#frames.begin();
    const serial = serialAfter(slot.serial);
    encodePlace(writer, OnceMessage.CALL, slot.number, serial);
    try {
      encodeOnceCall(writer, slot.number, call, this.#auth);
      if (!this.#frames.fits) {
        const { messageOctetsMax } = this.#frames;
        throw new SessionError("ERR_LIMIT", `the server takes ${messageOctetsMax} octets at most`);
      }
    } catch (error) {
      this.#frames.cancel();
      this.#slots.release(slot);
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
    call.slot = slot;
    if (this.#journal === undefined) slot.isSent = true;
    else {
      slot.isSent = false;
      const kept = octets.subarray(start, end);
      this.#journal.add({ slot: slot.number, serial, call: kept, effect: undefined }, (error) => {
        slot.isSent = error === undefined;
      });
    }
    this.#frames.end();
  }

  #startWaiting(): void {
    for (const call of this.#slots.waiting) {
      const slot = this.isReady ? this.#slots.take() : undefined;
      if (slot === undefined) return;
      this.#slots.waiting.delete(call);
      this.#start(call, slot);
    }
  }

  /** Tells the caller what became of his call: at once, or when that is kept. */
  #settle({ number, serial }: Slot, call: OnceCall, settlement: Settlement): void {
    const effect = call.settle && effectOf(call.settle, settlement);
    const tell = (failure: unknown): void => tellSettlement(call, settlement, failure);
    if (this.#journal !== undefined) {
      this.#journal.add({ slot: number, serial, call: undefined, effect }, tell);
    } else tell(effect && failureOf(effect));
  }

  /** Asks that a call not be executed, if it has not been begun; its outcome is told as any other. */
  #sendCancel(slot: Slot): void {
    encodePlace(this.#frames.begin(), OnceMessage.CANCEL, slot.number, slot.serial);
    this.#frames.end();
  }
}

/** That a slot has no call, and begins anew. */
function ended(slot: number): CallChange {
  return { slot, serial: 0, call: undefined, effect: undefined };
}

function ignore(): void {}
