/**
 * The end of a dialogue that nobody was asked about.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { SessionEvent } from "../pure/iso8327/primitives.ts";

/** The peer, or the provider, ended the dialogue at once. What was on its way may be lost. */
export class DialogueAborted extends SessionError {
  override readonly name = "DialogueAborted";
  /** Of S-U-ABORT: what the peer's user said. */
  readonly userData: Uint8Array;
  /** Whether it was the provider: S-P-ABORT, and not the peer's user. */
  readonly isProvider: boolean;

  constructor(event: SessionEvent) {
    const isProvider = event.type === "SPABind";
    const code = event.error?.code === "ERR_PROTOCOL" ? "ERR_PROTOCOL" : "ERR_ABORTED";
    const detail = event.error ? `: ${event.error.message}` : "";
    super(code, `S-${isProvider ? "P" : "U"}-ABORT${detail}`, { cause: event.error });
    this.userData = event.userData;
    this.isProvider = isProvider;
  }
}
