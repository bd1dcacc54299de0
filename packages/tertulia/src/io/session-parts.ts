/**
 * What a session is made of, what it is told, and what it tells of itself.
 *
 * @module
 */

import type { SessionError } from "../pure/errors.ts";
import type { Abort } from "../pure/native/abort.ts";
import type { MessageKind } from "../pure/native/frames.ts";
import type { SessionMachineOptions } from "../pure/native/machine.ts";
import type { SessionOutcome } from "../pure/native/session-output.ts";
import type { Keeping } from "./keeping.ts";
import type { Account } from "./quotas.ts";
import type { Runtime } from "./runtime.ts";
import type { Session } from "./session.ts";
import type { Dial, Transport } from "./transport.ts";

/** Who is on the other side, as proved when the session was established. */
export interface Identity {
  /** How it was proved: `none`, `token`, `scram-sha-256`, `ed25519`, `tls`. */
  readonly method: string;
  /** The name that the method vouches for; empty for `none`. */
  readonly name: string;
  /** What else the method knows, for example the claims of a token. */
  readonly claims?: unknown;
}

/** What became of a session's link. */
export type SessionChange =
  /** The transport is gone; the session waits, and what is sent waits with it. */
  | { readonly type: "suspended"; readonly error: SessionError }
  /** An attempt to resume failed; the next begins in `retryMs`. */
  | { readonly type: "retrying"; readonly error: SessionError; readonly retryMs: number }
  /** It goes on; `replayed` messages that were sent before or during the break are on their way. */
  | {
      readonly type: "resumed";
      readonly epoch: number;
      readonly replayed: number;
      readonly suspendedMs: number;
    }
  /** It goes on over another transport; the old one was still there. */
  | { readonly type: "moved"; readonly epoch: number; readonly kind: string }
  /** The peer asks to move: we will, in about `inMs`. */
  | { readonly type: "moving"; readonly inMs: number }
  | { readonly type: "releaseRefused" }
  | { readonly type: "closed"; readonly end: SessionEnd };

/** How a session ended. */
export interface SessionEnd {
  readonly outcome: SessionOutcome;
  /** Why, unless it was released. */
  readonly error?: SessionError;
  /** What the peer said when it aborted. */
  readonly abort?: Abort;
}

/** How one message travels. All optional. */
export interface SendOptions {
  /** Default: `normal`. */
  readonly kind?: MessageKind;
  /** Name of the presentation context. Default: the first agreed one that takes the value. */
  readonly context?: string;
  /** Sends it right away, not at the end of the turn: for those who gather what they send themselves. */
  readonly isGathered?: boolean;
  /** Ends the waiting for credit. The message itself is sent all the same. */
  readonly signal?: AbortSignal;
}

/** A wait that can be given up. */
export interface SignalOptions {
  /** Ends the waiting, with the signal's own reason. Default: nothing does. */
  readonly signal?: AbortSignal;
}

/** What a session is made of; `connect` and `listen` know. */
export interface SessionParts extends Omit<SessionMachineOptions, "transport" | "isKept"> {
  readonly runtime: Runtime;
  /** The transport that it was established on; absent for one that a store has kept. */
  readonly transport: Transport | undefined;
  /** Where it is kept, if what was agreed on goes beyond `memory`. */
  readonly keeping?: Keeping | undefined;
  /** Of the peer, for one that a store has kept. */
  readonly keyFingerprint?: string | undefined;
  readonly identity: Identity;
  /** How the initiator gets its next transport; `location` is where the peer asked it to go. */
  readonly dial?: (location: string | undefined) => Dial;
  /** Whether to agree when the peer wants to end. Default: always. */
  readonly agreeToRelease?: (session: Session) => boolean | Promise<boolean>;
  readonly onClosed?: (session: Session, end: SessionEnd) => void;
  /** What its identity may have, and has. */
  readonly account?: Account | undefined;
}
