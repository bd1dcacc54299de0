/**
 * An abort, ours or the peer's, as an error that says which.
 *
 * @module
 */

import { SessionError } from "../errors.ts";
import type { AbortReason } from "./abort.ts";

/**
 * A side gave up. Match on `reason`: `idle` and `lifetime` when the session's time was over, `operator`
 * when somebody has ended it, `limit`, `shutdown`, `user` for the application, …
 */
export class AbortedError extends SessionError {
  override readonly name = "AbortedError";
  readonly reason: AbortReason;

  constructor(reason: AbortReason, message: string) {
    super("ERR_ABORTED", message);
    this.reason = reason;
  }
}
