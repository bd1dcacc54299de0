/**
 * The end of a session in order: asking the peer for it, and answering one that asks.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { SessionDriver } from "./session-driver.ts";
import type { SessionParts } from "./session-parts.ts";
import { asSessionError, raced } from "./wait.ts";

/** As `Session.release`. */
export async function release(
  driver: SessionDriver,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  // What a handler is not done with is not settled.
  if (!driver.reader.isBusy) driver.settleTaken();
  driver.machine.requestRelease(driver.now());
  driver.settle();
  const changes = driver.changes();
  try {
    while (driver.end === undefined) {
      const { value, done } = await raced(changes.next(), signal);
      if (done) break;
      if (value.type === "releaseRefused") {
        throw new SessionError("ERR_REFUSED", "the peer has more to say");
      }
    }
  } finally {
    void changes.return?.();
  }
  if (driver.end?.error) throw driver.end.error;
}

/** The peer has said everything and wants to end. An application that cannot say whether it may, may not. */
export async function answerRelease(
  driver: SessionDriver,
  agreeToRelease: SessionParts["agreeToRelease"],
): Promise<void> {
  let isAgreed = true;
  try {
    isAgreed = (await agreeToRelease?.(driver.session)) ?? true;
  } catch (error) {
    const { message } = asSessionError(error);
    return driver.session.abort(`agreeToRelease failed: ${message}`);
  }
  // The session may have ended meanwhile, or somebody else may have answered.
  if (driver.end || driver.machine.releaseState !== "asked") return;
  driver.machine.answerRelease(isAgreed, driver.now());
  driver.settle();
}
