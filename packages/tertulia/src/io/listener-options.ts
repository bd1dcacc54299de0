/**
 * What a listener may be told: whom it lets in, how many, and whom it tells of what.
 *
 * @module
 */

import type { Verifier } from "../auth/authentication.ts";
import type { SessionError } from "../pure/errors.ts";
import type { Proposal } from "../pure/native/establishment.ts";
import {
  aBoolean,
  aCount,
  aFunction,
  aString,
  countsOrFunction,
  listOf,
  type OptionKinds,
  withMethod,
} from "./option-kinds.ts";
import { type SessionOptions, sessionOptions } from "./options.ts";
import type { Quotas } from "./quotas.ts";
import type { Session } from "./session.ts";
import type { Identity } from "./session-parts.ts";
import type { TransportPeer } from "./transport.ts";

/**
 * What a listener may be told: whom it lets in, how many, and whom it tells of what. All optional.
 */
export interface ListenerOptions extends SessionOptions {
  /**
   * Ways to prove who one is. When there is one, one of them is demanded; `anonymous` among them lets
   * in who proves nothing. Default: none.
   */
  readonly verifiers?: readonly Verifier[];
  /** Looks at the other end of every transport before a word is said; throws to drop it. */
  readonly checkPeer?: (peer: TransportPeer) => void;
  /** Whether somebody with this identity may come in, or come back. Default: yes. */
  readonly authorize?: (identity: Identity, proposal: Proposal | undefined) => boolean;
  /** Selectors that are served. Default: any. */
  readonly selectors?: readonly string[];
  /** Whether to agree when a peer wants to end its session. Default: always. */
  readonly agreeToRelease?: (session: Session) => boolean | Promise<boolean>;
  /** Handshakes at a time; more are refused with `congestion`. Default: 1,024. */
  readonly handshakesMax?: number;
  /** Sessions at a time, also suspended ones; more are refused with `limit`. Default: 100,000. */
  readonly sessionsMax?: number;
  /** What one identity may have in all its sessions together. Default: whatever the limits allow. */
  readonly quotas?: Quotas | ((identity: Identity) => Quotas | undefined);
  /** Ended sessions that are remembered, for late comers. Default: 10,000. */
  readonly tombstonesMax?: number;
  /**
   * How long they are remembered. Default: one hour. A store forgets older ones when it is opened, and whenever
   * `tombstonesMax` more sessions have ended.
   */
  readonly tombstoneMs?: number;
  /**
   * Keeps the sessions with peers that have no store, too: they survive our process, though not the
   * peer's. Default: false, only what was agreed on.
   */
  readonly keepsAll?: boolean;
  /**
   * Goes on with streams that the process before has carried over (`session.carryStreams`): they come
   * out of `session.streams` again. Whoever takes them has to have what else that process had of them.
   * Default: false, they are lost with their process.
   */
  readonly carriesStreams?: boolean;
  /**
   * Told of a session of the store's that is damaged, and cannot go on; its peer is told `lost`.
   * Default: the listener does not open.
   */
  readonly onDamaged?: (id: string, error: SessionError) => void;
  /** Told of every transport that came to nothing, with the reason. Default: nobody is. */
  readonly onRefused?: (address: string, error: SessionError) => void;
}

/** Every option of {@link ListenerOptions}. */
export const listenerOptions: OptionKinds<ListenerOptions> = {
  ...sessionOptions,
  verifiers: listOf(withMethod("begin", "a verifier")),
  checkPeer: aFunction,
  authorize: aFunction,
  selectors: listOf(aString),
  agreeToRelease: aFunction,
  handshakesMax: aCount,
  sessionsMax: aCount,
  quotas: countsOrFunction(["sessions", "backlogOctets", "storedOctets"]),
  tombstonesMax: aCount,
  tombstoneMs: aCount,
  keepsAll: aBoolean,
  carriesStreams: aBoolean,
  onDamaged: aFunction,
  onRefused: aFunction,
};
