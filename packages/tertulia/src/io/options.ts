/**
 * What `connect` and `listen` have in common.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import {
  type Durability,
  defaultUnits,
  type FunctionalUnit,
  functionalUnits,
  type Proposal,
  peerLimitsOf,
  VERSION,
} from "../pure/native/establishment.ts";
import type { Cursor } from "../pure/native/keeper.ts";
import { type Limits, limitsFrom } from "../pure/native/limits.ts";
import { defaultContexts, type PresentationContext } from "../pure/native/message.ts";
import { NO_OCTETS } from "../pure/octets.ts";
import type { Store } from "../stores/store.ts";
import type { Runtime } from "./runtime.ts";

export interface SessionOptions {
  /** Bounds that differ from the defaults. */
  readonly limits?: Partial<Limits>;
  /** Encodings, the preferred first. Default: octets, text, json. */
  readonly contexts?: readonly PresentationContext[];
  /** Functional units to propose. Default: duplex, expedited, typed, streams. */
  readonly units?: readonly FunctionalUnit[];
  /**
   * What the session is to survive. The lesser of both sides' counts, and everything but `memory`
   * needs a `store`. Default: what the store can do; without one, `memory`.
   */
  readonly durability?: Durability;
  /** Where sessions are kept beyond the process. It is not disposed of with them. Default: nowhere. */
  readonly store?: Store;
  /**
   * For a session that a store has kept: how far the application's own data say that it is, if they
   * do (see `Session.cursor`). What is before that does not come again.
   */
  readonly cursorOf?: (id: string) => Cursor | undefined | Promise<Cursor | undefined>;
  /** Which application of ours this is. Default: empty. */
  readonly callingSelector?: string;
  /** For the application on the other side; up to `limits.userDataOctetsMax`. */
  readonly userData?: Uint8Array;
  /** For the dialogue machine: its own part of the handshake. */
  readonly dialogue?: Uint8Array;
  /** Clock, timers and cryptography. Default: one for the process. */
  readonly runtime?: Runtime;
}

const AGENT = "tertulia/0.1";

/** Options with everything filled in. */
export interface Prepared {
  readonly limits: Limits;
  readonly contexts: readonly PresentationContext[];
  readonly proposal: Proposal;
}

/** @throws {SessionError} `ERR_ARGUMENT`, `ERR_LIMIT`. */
export function prepare(options: SessionOptions, calledSelector: string): Prepared {
  const limits = limitsFrom(options.limits);
  const contexts = options.contexts ?? defaultContexts;
  if (contexts.length === 0) throw new SessionError("ERR_ARGUMENT", "contexts must not be empty");
  const userData = options.userData ?? NO_OCTETS;
  if (userData.length > limits.userDataOctetsMax) {
    throw new SessionError("ERR_LIMIT", `user data of ${userData.length} octets`);
  }
  const units = options.units ?? defaultUnits;
  const durability = options.durability ?? options.store?.durability ?? "memory";
  if (durability !== "memory" && options.store === undefined) {
    throw new SessionError("ERR_ARGUMENT", `durability ${durability} needs a store`);
  }
  const proposal: Proposal = {
    versions: [VERSION, VERSION],
    functionalUnits: units.reduce((bits, unit) => bits | functionalUnits[unit], 0),
    contexts: contexts.map(({ name }) => name),
    limits: peerLimitsOf(limits),
    probeMs: limits.probeMs,
    deadMs: limits.deadMs,
    durability,
    resumeWindowMs: limits.resumeWindowMs,
    idleMs: limits.idleMs,
    absoluteMs: limits.absoluteMs,
    calledSelector,
    callingSelector: options.callingSelector ?? "",
    userData,
    dialogue: options.dialogue ?? NO_OCTETS,
    agent: AGENT,
  };
  return { limits, contexts, proposal };
}

/**
 * The agreed contexts, in the agreed order.
 *
 * @throws {SessionError} `ERR_ARGUMENT` when one is not there: that of a session a store has kept.
 */
export function agreedContexts(
  contexts: readonly PresentationContext[],
  names: readonly string[],
): PresentationContext[] {
  return names.map((name) => {
    const context = contexts.find((one) => one.name === name);
    if (context) return context;
    throw new SessionError("ERR_ARGUMENT", `the session uses the context ${name}, not given here`);
  });
}
