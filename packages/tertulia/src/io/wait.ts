/**
 * Waiting that can be ended.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";

/** The promise, unless the signal comes first: then its reason. */
export function raced<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? promise : racedWith(promise, signal);
}

async function racedWith<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    // Nobody waits for it any more, so what it may come to is nobody's error.
    promise.catch(() => {});
    throw signal.reason;
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** An error of ours as it is; anything else wrapped, with what it was as the cause. */
export function asSessionError(error: unknown): SessionError {
  if (error instanceof SessionError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new SessionError("ERR_CLOSED", message, { cause: error });
}
