/**
 * How a call that is executed at most once ends without a reply.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { Outcome } from "../pure/oncrpc/once.ts";

const MEANINGS = {
  "not executed": "the call was not executed, and never will be",
  "executed, reply lost": "the call was executed once; its reply was too large to keep",
  unknown: "the server has lost its memory: the call may have been executed",
} as const;

/** A call ended without a reply, and this is what became of it. */
export class OutcomeError extends SessionError {
  override readonly name = "OutcomeError";
  readonly outcome: Exclude<Outcome, "reply">;

  constructor(outcome: Exclude<Outcome, "reply">, cause?: unknown) {
    const code = outcome === "not executed" ? "ERR_ABORTED" : "ERR_RESUME";
    super(code, MEANINGS[outcome], { cause });
    this.outcome = outcome;
  }
}
