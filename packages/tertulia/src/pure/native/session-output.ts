/**
 * What a session machine tells the application, and what it has its caller do.
 *
 * @module
 */

import type { SessionError } from "../errors.ts";
import type { Abort } from "./abort.ts";
import type { JournalEntry, JournalTrim } from "./kept-state.ts";
import type { StreamState } from "./stream.ts";

/** How a session ended. */
export type SessionOutcome =
  | "released"
  | "aborted"
  | "expired"
  | "fenced"
  | "lost"
  /** This process let go of it. Its store has it, and it can be gone on with from there. */
  | "parked"
  | "unknown"
  | "violated";

/** What the application is told. */
export type SessionEvent =
  /** Messages wait to be taken. */
  | { readonly type: "readable" }
  /** The send with this ticket is in the journal. */
  | { readonly type: "accepted"; readonly ticket: number }
  /** The transport is gone. The session is not. */
  | { readonly type: "suspended"; readonly error: SessionError }
  /** A new transport has taken over; `replayed` messages were kept for it. */
  | {
      readonly type: "resumed";
      readonly epoch: number;
      readonly replayed: number;
      /** The old transport was still there: nobody noticed anything. */
      readonly isMove: boolean;
    }
  /** A dial, or what it led to, came to nothing; the next is after `retryMs`. */
  | { readonly type: "retrying"; readonly error: SessionError; readonly retryMs: number }
  /** The peer asks to move over to another transport, within this time. */
  | { readonly type: "moving"; readonly inMs: number; readonly location?: string }
  | { readonly type: "releaseAsked" }
  | { readonly type: "releaseRefused" }
  | { readonly type: "dialogue"; readonly octets: Uint8Array; readonly isExpedited: boolean }
  | { readonly type: "streamOpened"; readonly stream: StreamState }
  | { readonly type: "streamReadable"; readonly id: number }
  | { readonly type: "streamWritable"; readonly id: number }
  | { readonly type: "streamEnded"; readonly id: number }
  | {
      readonly type: "streamReset";
      readonly id: number;
      readonly code: number;
      /** Of one that was lost with the peer's process: octets of ours that its reader had taken. */
      readonly takenOctets: number;
    }
  | {
      readonly type: "closed";
      readonly outcome: SessionOutcome;
      readonly error?: SessionError;
      /** What the peer said of why. */
      readonly abort?: Abort;
    };

/** What the caller is to do, in this order. */
export type SessionOutput =
  | { readonly type: "send"; readonly transport: number; readonly chunks: readonly Uint8Array[] }
  /** Drop a transport: in order, after what was sent, or at once because of an error. */
  | { readonly type: "close"; readonly transport: number; readonly error?: SessionError }
  /** Open a transport, to `location` if the peer named one, and say `opened` or `ended`. */
  | { readonly type: "dial"; readonly transport: number; readonly location?: string }
  /** Have this stored, in the order of the marks, and say `stored` or `storeFailed`. */
  | { readonly type: "store"; readonly mark: number; readonly changes: MachineChanges }
  | { readonly type: "event"; readonly event: SessionEvent };

/** What is to be stored at once. Octets are views that stay as they are until it is. */
export interface MachineChanges {
  readonly epoch: number;
  readonly state?: Uint8Array;
  /** As `SessionChanges.cuts` of a store. */
  readonly cuts?: readonly JournalTrim[];
  readonly appends?: readonly JournalEntry[];
  readonly trims?: readonly JournalTrim[];
  /** The session is over: this is all there is to remember. */
  readonly end?: {
    readonly outcome: SessionOutcome;
    readonly received: readonly [number, number];
    readonly message: string;
  };
}
