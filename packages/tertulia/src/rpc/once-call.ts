/**
 * One call of a client that calls exactly once: the slot it is in, and how it ends.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../pure/errors.ts";
import { RpcError } from "../pure/oncrpc/failure.ts";
import { decodeReply, encodeCallStart } from "../pure/oncrpc/message.ts";
import type { Outcome } from "../pure/oncrpc/once.ts";
import type { CallOptions, Procedure, ProgramVersion } from "../pure/oncrpc/program.ts";
import type { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import type { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import type { CallAuth } from "./auth.ts";
import { deadline } from "./deadline.ts";
import { OutcomeError } from "./outcome-error.ts";

export interface Slot {
  readonly number: number;
  serial: number;
  call: OnceCall | undefined;
  /** The frame of the call in flight: from `start` to `end` of `octets`. */
  octets: Uint8Array | undefined;
  start: number;
  end: number;
  isSent: boolean;
}

export interface OnceCall {
  readonly program: ProgramVersion;
  readonly procedure: Procedure<unknown, unknown>;
  readonly argument: unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly settle: CallOptions["settle"];
  slot: Slot | undefined;
  cancelledBy: unknown;
  cleanUp: (() => void) | undefined;
}

/** A call's outcome, with the result or what its promise rejects with. */
export interface Settlement {
  readonly outcome: Outcome;
  readonly result: unknown;
  readonly error: unknown;
}

/** Writes the RPC message of a call, RFC 5531 9; its number is that of its slot. */
export function encodeOnceCall(
  writer: XdrWriter,
  xid: number,
  { program, procedure, argument }: OnceCall,
  auth: CallAuth,
): void {
  auth.seal(writer, encodeCallStart(writer, xid, program, procedure.number));
  procedure.encodeArgument(writer, argument);
}

/** What a REPLY says. */
export function settlementOf(
  reader: XdrReader,
  call: OnceCall,
  outcome: Outcome | undefined,
): Settlement {
  try {
    if (outcome === "reply") {
      return { outcome, result: resultOf(reader, call), error: undefined };
    }
    if (outcome === undefined) {
      throw new ProtocolError("badOutcome", "docs/design/exactly-once.md");
    }
    return { outcome, result: undefined, error: new OutcomeError(outcome, call.cancelledBy) };
  } catch (error) {
    // A refusal is a reply, too; results that cannot be read are as good as lost.
    const isReply = error instanceof RpcError;
    return { outcome: isReply ? "reply" : "executed, reply lost", result: undefined, error };
  }
}

function resultOf(reader: XdrReader, call: OnceCall): unknown {
  reader.take(8);
  const body = decodeReply(reader);
  if (body.type !== "SUCCESS") throw RpcError.of(body);
  const result = call.procedure.decodeResult(reader);
  reader.finish();
  return result;
}

/** Tells the caller; `failure` is what came in between, of his own effect or of the store. */
export function tellSettlement(
  call: OnceCall,
  { result, error }: Settlement,
  failure: unknown,
): void {
  if (failure !== undefined) call.reject(failure);
  else if (error !== undefined) call.reject(error);
  else call.resolve(result);
}

/** The caller's own part of the transaction that forgets the call. */
export function effectOf(
  settle: NonNullable<CallOptions["settle"]>,
  { outcome, result, error }: Settlement,
): (transaction: unknown) => void {
  const settled = { outcome, result, error: error instanceof RpcError ? error : undefined };
  return (transaction) => settle(settled, transaction);
}

/** What an effect throws that has no transaction. */
export function failureOf(effect: (transaction: unknown) => void): unknown {
  try {
    effect(undefined);
    return undefined;
  } catch (error) {
    return error ?? new Error("threw nothing");
  }
}

/** Has `cancel` called with the reason, by signal or by deadline, until the call is cleaned up. */
export function watchCall(
  call: OnceCall,
  { signal, timeoutMs }: CallOptions,
  cancel: (reason: unknown) => void,
): void {
  const onAbort = (): void => cancel(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = deadline(timeoutMs, () =>
    cancel(new SessionError("ERR_TIMEOUT", "no reply in time")),
  );
  call.cleanUp = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
}
