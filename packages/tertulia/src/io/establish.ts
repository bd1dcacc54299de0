/**
 * The initiator's way to a session: a transport, the handshake on it, and how to get the next one.
 *
 * @module
 */

import type { Authenticator } from "../auth/authentication.ts";
import { SessionError } from "../pure/errors.ts";
import { type Store, StoreError } from "../stores/store.ts";
import { Attempt } from "./attempt.ts";
import { keepingOf, partsOf, readStored } from "./keeping.ts";
import {
  aCount,
  aFunction,
  aSignal,
  aString,
  type OptionKinds,
  withMethod,
} from "./option-kinds.ts";
import { agreedContexts, prepare, type SessionOptions, sessionOptions } from "./options.ts";
import type { Runtime } from "./runtime.ts";
import { Session } from "./session.ts";
import { forgetOld } from "./tombstones.ts";
import type { Dial, Transport, TransportPeer } from "./transport.ts";

/** What the initiator of a session may be told, whatever the transport. All optional. */
export interface EstablishOptions extends SessionOptions {
  /** Which application at that address. Default: empty, the only one. */
  readonly selector?: string;
  /** Proves who we are. Default: nothing. */
  readonly authenticator?: Authenticator;
  /** Looks at the other end of every transport, the first and all later ones; throws to refuse it. */
  readonly checkPeer?: (peer: TransportPeer) => void | Promise<void>;
  /**
   * Whether a transport whose end shows no key may follow one that showed one, for instance TCP after
   * TLS. Default: never.
   */
  readonly allowsNoKey?: () => boolean;
  /** Whether to agree when the peer wants to end. Default: always. */
  readonly agreeToRelease?: (session: Session) => boolean | Promise<boolean>;
  /**
   * How long the store remembers how a session ended. Default: one hour. Whoever begins a session or takes one up
   * has it forget older ones, also those of a listener with the same store: that one's `tombstoneMs` then belongs
   * here too.
   */
  readonly tombstoneMs?: number;
  /** Ends the attempt; the session, once established, no longer listens to it. */
  readonly signal?: AbortSignal;
}

/** Every option of {@link EstablishOptions}. */
export const establishOptions: OptionKinds<EstablishOptions> = {
  ...sessionOptions,
  selector: aString,
  authenticator: withMethod("begin", "an authenticator"),
  checkPeer: aFunction,
  allowsNoKey: aFunction,
  agreeToRelease: aFunction,
  tombstoneMs: aCount,
  signal: aSignal,
};

/**
 * Establishes a session over what `dialTo` opens, and again over what it opens after each break.
 *
 * @param dialTo - The dial for a location that the peer named, or for where we were told to go.
 * @throws {SessionError} `ERR_REFUSED`, `ERR_TIMEOUT`, `ERR_CLOSED`, `ERR_PROTOCOL`, `ERR_ARGUMENT`.
 */
export async function establish(
  dialTo: (location: string | undefined) => Dial,
  runtime: Runtime,
  options: EstablishOptions = {},
): Promise<Session> {
  const prepared = prepare(options, options.selector ?? "");
  const { limits, contexts } = prepared;
  const attempt = new Attempt(runtime, limits.handshakeMs, options.signal);
  const dial = samePeer(dialTo, options);
  let transport: Transport | undefined;
  try {
    transport = await dial(undefined)(attempt.signal);
    const established = await attempt.handshake(transport, prepared, options.authenticator);
    const { keyFingerprint } = transport.peer;
    const identity = { method: keyFingerprint ? "tls" : "none", name: keyFingerprint ?? "" };
    const session = new Session({
      role: "initiator",
      established: { ...established, rest: attempt.takeAll(established.rest) },
      limits,
      contexts: agreedContexts(contexts, established.agreement.contexts),
      suite: runtime.suite,
      runtime,
      transport,
      identity,
      dial,
      keeping: keepingOf(options.store, "initiator", {
        established,
        limits,
        identity,
        keyFingerprint,
      }),
      ...(options.agreeToRelease && { agreeToRelease: options.agreeToRelease }),
    });
    // Until our store has it, it is not one that survives.
    if (session.isKept) await session.stored();
    forgetLazily(options);
    return session;
  } catch (error) {
    transport?.abort();
    throw error;
  } finally {
    attempt.end();
  }
}

/**
 * Goes on with a session that a store has kept: it is suspended, and dials.
 *
 * @throws {SessionError} `ERR_STORE` when the store has no such session of an initiator's, or a damaged
 *   one; `ERR_ARGUMENT`.
 */
export async function reestablish(
  dialTo: (location: string | undefined) => Dial,
  runtime: Runtime,
  id: string,
  options: EstablishOptions & { readonly store: Store },
): Promise<Session> {
  const { store } = options;
  const stored = await store.load(id);
  if (stored?.record.role !== "initiator") {
    throw new StoreError("unknown", `the store has no session ${id} to go on with from here`);
  }
  const cursor = await options.cursorOf?.(id);
  const { keyFingerprint } = readStored(stored).establishment;
  forgetLazily(options);
  return new Session({
    ...partsOf(stored, runtime, options, cursor),
    dial: samePeer(dialTo, options, keyFingerprint),
  });
}

/** Each session that begins leaves one tombstone, so this bounds them, and needs no timer. */
function forgetLazily({ store, tombstoneMs }: EstablishOptions): void {
  // A store that cannot says so to who writes: the old ones wait for the next time.
  if (store) void forgetOld(store, tombstoneMs).catch(() => {});
}

/**
 * Every transport must lead to the same peer as the first did: a key that was shown once has to be
 * shown again, so that a session that began under TLS never goes on in the clear.
 */
function samePeer(
  dialTo: (location: string | undefined) => Dial,
  { checkPeer, allowsNoKey }: EstablishOptions,
  known?: string,
): (location: string | undefined) => Dial {
  let first = known;
  return (location) => async (signal) => {
    const transport = await dialTo(location)(signal);
    const { keyFingerprint } = transport.peer;
    try {
      const isAllowed = keyFingerprint === undefined && allowsNoKey?.() === true;
      if (first !== undefined && first !== keyFingerprint && !isAllowed) {
        const shown =
          keyFingerprint === undefined ? "no key, where there was one" : "another key than";
        throw new SessionError("ERR_REFUSED", `${shown} before, at ${transport.peer.address}`);
      }
      if (checkPeer) await checkPeer(transport.peer);
      first ??= keyFingerprint;
      return transport;
    } catch (error) {
      transport.abort();
      throw error;
    }
  };
}
