/**
 * What is the same for all NetBIOS commands: how long they may wait, and what they end in.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { NetbiosError } from "../pure/netbios/errors.ts";
import { NcbError, returnCodeOf } from "./ncb-codes.ts";

/** How long a command may wait. NetBIOS counts in half seconds; here it is milliseconds. */
export interface CommandOptions {
  /** CANCEL (0x35): the command ends with 0x0B. */
  readonly signal?: AbortSignal;
  /** Default: for ever. A SEND that takes longer ends the session; a RECEIVE does not. */
  readonly timeoutMs?: number;
}

/** Runs a command with its timeout, and turns what goes wrong into a return code. */
export async function runCommand<T>(
  { signal, timeoutMs }: CommandOptions,
  resetting: AbortSignal,
  command: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const signals = [signal, timeout, resetting].filter((one) => one !== undefined);
  try {
    const any = AbortSignal.any(signals);
    any.throwIfAborted();
    return await command(any);
  } catch (cause) {
    if (signal?.aborted) throw new NcbError("commandCancelled", "", { cause });
    if (timeout?.aborted) throw new NcbError("timedOut", `${timeoutMs} ms`, { cause });
    if (cause instanceof NcbError) throw cause;
    if (cause instanceof NetbiosError || cause instanceof SessionError) {
      throw new NcbError(returnCodeOf(cause), cause.message, { cause });
    }
    throw cause;
  }
}

/** The promise, or the signal's reason if that is first. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
