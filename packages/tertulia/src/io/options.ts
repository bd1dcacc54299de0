/**
 * What `connect` and `listen` have in common.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import {
  type Durability,
  defaultUnits,
  durabilities,
  type FunctionalUnit,
  functionalUnits,
  OVERLAPPED,
  type Proposal,
  peerLimitsOf,
  VERSION,
} from "../pure/native/establishment.ts";
import type { Cursor } from "../pure/native/kept-state.ts";
import { type Limits, limitsFrom } from "../pure/native/limits.ts";
import { defaultContexts, type PresentationContext } from "../pure/native/message.ts";
import { NO_OCTETS } from "../pure/octets.ts";
import type { Store } from "../stores/store.ts";
import {
  aFunction,
  aList,
  anObject,
  aString,
  type OptionKinds,
  octets,
  withMethod,
} from "./option-kinds.ts";
import type { Runtime } from "./runtime.ts";

/**
 * What `connect` and `listen` have in common. All optional; one that does not exist is
 * `ERR_ARGUMENT`.
 */
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

/** Every option of {@link SessionOptions}. */
export const sessionOptions: OptionKinds<SessionOptions> = {
  limits: anObject,
  contexts: aList,
  units: aList,
  durability: aString,
  store: withMethod("write", "a store"),
  cursorOf: aFunction,
  callingSelector: aString,
  userData: octets,
  dialogue: octets,
  runtime: anObject,
};

const AGENT = "tertulia/0.1";
const unitNames = Object.keys(functionalUnits);

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
  checkContexts(contexts);
  const { userData = NO_OCTETS, dialogue = NO_OCTETS } = options;
  if (userData.length > limits.userDataOctetsMax) {
    throw new SessionError("ERR_LIMIT", `user data of ${userData.length} octets`);
  }
  const units = options.units ?? defaultUnits;
  for (const unit of units) checkIsOneOf("units", unit, unitNames);
  const durability = options.durability ?? options.store?.durability ?? "memory";
  checkIsOneOf("durability", durability, durabilities);
  if (durability !== "memory" && options.store === undefined) {
    throw new SessionError("ERR_ARGUMENT", `durability ${durability} needs a store`);
  }
  const proposal: Proposal = {
    versions: [VERSION, VERSION],
    functionalUnits: units.reduce(
      (bits, unit) => bits | functionalUnits[unit],
      durability === "memory" ? 0 : OVERLAPPED,
    ),
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
    dialogue,
    agent: AGENT,
  };
  return { limits, contexts, proposal };
}

function checkContexts(contexts: readonly PresentationContext[]): void {
  if (contexts.length === 0) throw new SessionError("ERR_ARGUMENT", "contexts must not be empty");
  for (const context of contexts) {
    if (typeof context?.name === "string" && typeof context.encode === "function") continue;
    const message = `contexts are objects such as textContext, not ${String(context)}`;
    throw new SessionError("ERR_ARGUMENT", message);
  }
}

function checkIsOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new SessionError("ERR_ARGUMENT", `${name}: ${value} is none of ${allowed.join(", ")}`);
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
