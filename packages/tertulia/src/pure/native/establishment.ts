/**
 * What each side proposes when a session begins, in CONNECT and ACCEPT, and what follows from both:
 * docs/protocol.md, 3.2 and 3.3.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { NO_OCTETS, type Reader } from "../octets.ts";
import { type Limits, PROBE_MS_MIN, WINDOW_OCTETS_MIN } from "./limits.ts";
import { type ParameterName, type Parameters, ParameterWriter } from "./parameters.ts";
import { expeditedWindowOctets, MESSAGE_COST, type PeerLimits } from "./peer-limits.ts";

/** The one version there is. */
export const VERSION = 1;

/** Functional units, with X.225's bits where it has them (PI 20). */
export const functionalUnits = {
  halfDuplex: 0x0001,
  duplex: 0x0002,
  expedited: 0x0004,
  minorSynchronize: 0x0008,
  majorSynchronize: 0x0010,
  resynchronize: 0x0020,
  activity: 0x0040,
  negotiatedRelease: 0x0080,
  capability: 0x0100,
  exceptions: 0x0200,
  typed: 0x0400,
  symmetricSynchronize: 0x0800,
  streams: 0x10000,
} as const;

/**
 * What a session can do, in the words of X.215; both sides have to want it. On the wire bits:
 * docs/protocol.md, 3.3.
 */
export type FunctionalUnit = keyof typeof functionalUnits;

/**
 * Besides: what is sent need not be stored before, its sender says when it is (Tertulia 5.5). Proposed by
 * whoever has a store, and of use where more than `memory` is agreed on.
 */
export const OVERLAPPED = 0x20000;

/** Whether both sides transmit what their stores do not have yet. */
export function isOverlapping({ durability, functionalUnits }: Agreement): boolean {
  return durability !== "memory" && (functionalUnits & OVERLAPPED) !== 0;
}

/** What a session has when nobody asks for more: plain data in both directions, and streams. */
export const defaultUnits: readonly FunctionalUnit[] = ["duplex", "expedited", "typed", "streams"];

/** From the least to the most that survives. */
export const durabilities = ["memory", "disk", "replicated"] as const;

/** What an acknowledgement is worth: see the README's table. */
export type Durability = (typeof durabilities)[number];

/** What one side offers. */
export interface Proposal {
  /** Versions it speaks, lowest and highest. */
  readonly versions: readonly [number, number];
  readonly functionalUnits: number;
  /** Names of presentation contexts, the preferred first. At most eight are agreed on. */
  readonly contexts: readonly string[];
  readonly limits: PeerLimits;
  readonly probeMs: number;
  readonly deadMs: number;
  readonly durability: Durability;
  readonly resumeWindowMs: number;
  readonly idleMs: number;
  readonly absoluteMs: number;
  /** Which application at that address. */
  readonly calledSelector: string;
  readonly callingSelector: string;
  readonly userData: Uint8Array;
  /** For the dialogue machine: the parameters of its own connection. */
  readonly dialogue: Uint8Array;
  /** Name and version of the software, for people. */
  readonly agent: string;
}

/** What both sides agreed on: the same on both, but for the limits, which are the peer's. */
export interface Agreement {
  readonly version: number;
  readonly functionalUnits: number;
  readonly contexts: readonly string[];
  readonly peer: PeerLimits;
  readonly probeMs: number;
  readonly deadMs: number;
  readonly durability: Durability;
  readonly resumeWindowMs: number;
  readonly idleMs: number;
  readonly absoluteMs: number;
}

const CLAUSE = "Tertulia 3.2";

/** Octets of the name and version of the software: a line for people. */
const AGENT_OCTETS_MAX = 256;

/** What a side with these limits grants at first. */
export function peerLimitsOf(limits: Limits): PeerLimits {
  return {
    frameOctetsMax: limits.frameOctetsMax,
    messageOctetsMax: limits.messageOctetsMax,
    expeditedOctetsMax: limits.expeditedOctetsMax,
    sessionCredit: limits.sessionWindowOctets,
    messageCredit: limits.windowOctets,
    expeditedCredit: expeditedWindowOctets(limits),
    streamCredit: limits.windowOctets,
    streamsMax: limits.streamsMax,
  };
}

/** Adds a proposal to the parameters of CONNECT or ACCEPT. */
export function writeProposal(writer: ParameterWriter, proposal: Proposal): ParameterWriter {
  const { limits } = proposal;
  return writer
    .numbers("versions", ...proposal.versions)
    .numbers("functionalUnits", proposal.functionalUnits)
    .texts("contexts", proposal.contexts)
    .numbers("octetsMax", limits.frameOctetsMax, limits.messageOctetsMax, limits.expeditedOctetsMax)
    .numbers(
      "credit",
      limits.sessionCredit,
      limits.messageCredit,
      limits.expeditedCredit,
      limits.streamCredit,
    )
    .numbers("streamsMax", limits.streamsMax)
    .numbers("keepalive", proposal.probeMs, proposal.deadMs)
    .numbers("durability", durabilities.indexOf(proposal.durability))
    .numbers("life", proposal.resumeWindowMs, proposal.idleMs, proposal.absoluteMs)
    .text("calledSelector", proposal.calledSelector || undefined)
    .text("callingSelector", proposal.callingSelector || undefined)
    .octets("userData", notEmpty(proposal.userData))
    .octets("dialogue", notEmpty(proposal.dialogue))
    .text("agent", proposal.agent || undefined);
}

/** The parameters of a proposal, for who makes the same one again and again. */
export function encodeProposal(proposal: Proposal): Uint8Array {
  return writeProposal(new ParameterWriter(), proposal).finish();
}

/** @throws {ProtocolError} `missingParameter`, `badParameter`, `truncated`. */
export function readProposal(parameters: Parameters, userDataOctetsMax: number): Proposal {
  const need = (name: ParameterName): Reader => {
    const reader = parameters.reader(name);
    if (reader === undefined) throw new ProtocolError("missingParameter", CLAUSE, name);
    return reader;
  };
  const versions = need("versions");
  const lowest = versions.varint();
  const highest = versions.varint();
  const octetsMax = need("octetsMax");
  const frameOctetsMax = octetsMax.varint();
  const messageOctetsMax = octetsMax.varint();
  const expeditedOctetsMax = octetsMax.varint();
  const credit = need("credit");
  const sessionCredit = credit.varint();
  const messageCredit = credit.varint();
  const expeditedCredit = credit.varint();
  const streamCredit = credit.varint();
  const keepalive = need("keepalive");
  const probeMs = keepalive.varint();
  const deadMs = keepalive.varint();
  const life = need("life");
  const resumeWindowMs = life.varint();
  const idleMs = life.varint();
  const absoluteMs = life.varint();
  const durability = durabilities[need("durability").varint()];
  const userData = parameters.octets("userData") ?? NO_OCTETS;
  if (frameOctetsMax < 256) bad("octetsMax", `frames of ${frameOctetsMax} octets are too short`);
  const expeditedMax = Math.min(expeditedOctetsMax, frameOctetsMax);
  if (Math.min(messageCredit, sessionCredit) < WINDOW_OCTETS_MIN) {
    bad("credit", `need ${WINDOW_OCTETS_MIN}, have ${Math.min(messageCredit, sessionCredit)}`);
  }
  // As with messages: up to half of it may be kept back before it is granted anew.
  if (expeditedCredit < 2 * (expeditedMax + MESSAGE_COST)) {
    bad("credit", `need two expedited messages of ${expeditedMax}, have ${expeditedCredit}`);
  }
  if (probeMs < PROBE_MS_MIN) bad("keepalive", `probes every ${probeMs} ms`);
  if (durability === undefined) bad("durability", "unknown");
  if (userData.length > userDataOctetsMax) {
    bad("userData", `${userData.length} octets, limit ${userDataOctetsMax}`);
  }
  const agentOctets = parameters.reader("agent")?.remaining ?? 0;
  if (agentOctets > AGENT_OCTETS_MAX) {
    bad("agent", `${agentOctets} octets, limit ${AGENT_OCTETS_MAX}`);
  }
  return {
    versions: [lowest, highest],
    functionalUnits: need("functionalUnits").varint(),
    contexts: parameters.texts("contexts") ?? [],
    limits: {
      frameOctetsMax,
      messageOctetsMax,
      expeditedOctetsMax: expeditedMax,
      sessionCredit,
      messageCredit,
      expeditedCredit,
      streamCredit,
      streamsMax: need("streamsMax").varint(),
    },
    probeMs,
    deadMs,
    durability: durability as Durability, // `bad` has thrown
    resumeWindowMs,
    idleMs,
    absoluteMs,
    calledSelector: parameters.text("calledSelector") ?? "",
    callingSelector: parameters.text("callingSelector") ?? "",
    userData: kept(userData),
    dialogue: kept(parameters.octets("dialogue") ?? NO_OCTETS),
    agent: parameters.text("agent") ?? "",
  };
}

function bad(name: ParameterName, detail: string): never {
  throw new ProtocolError("badParameter", CLAUSE, `${name}: ${detail}`);
}

/** A copy; of nothing, what all have in common: an array of no octets still takes 200. */
function kept(octets: Uint8Array): Uint8Array {
  return octets.length > 0 ? octets.slice() : NO_OCTETS;
}

function notEmpty(octets: Uint8Array): Uint8Array | undefined {
  return octets.length > 0 ? octets : undefined;
}

/**
 * What follows from two proposals, computed by both sides alike; or why nothing does.
 *
 * @param peer - Whose limits bind us.
 */
export function agree(
  initiator: Proposal,
  responder: Proposal,
  peer: "initiator" | "responder",
): Agreement | { readonly incompatible: string } {
  const version = Math.min(initiator.versions[1], responder.versions[1]);
  if (version < Math.max(initiator.versions[0], responder.versions[0])) {
    const range = (p: Proposal) => p.versions.join(" to ");
    return { incompatible: `version: ${range(initiator)} here, ${range(responder)} there` };
  }
  const contexts = initiator.contexts.filter((c) => responder.contexts.includes(c)).slice(0, 8);
  if (contexts.length === 0) {
    const names = (p: Proposal) => p.contexts.join(" ") || "none";
    const [ours, theirs] = [names(initiator), names(responder)];
    return { incompatible: `presentation contexts: ${ours} here, ${theirs} there` };
  }
  const level = (p: Proposal) => durabilities.indexOf(p.durability);
  return {
    version,
    functionalUnits: initiator.functionalUnits & responder.functionalUnits,
    contexts,
    peer: (peer === "initiator" ? initiator : responder).limits,
    probeMs: Math.min(initiator.probeMs, responder.probeMs),
    deadMs: Math.min(initiator.deadMs, responder.deadMs),
    durability: durabilities[Math.min(level(initiator), level(responder))] as Durability, // in range
    resumeWindowMs: Math.min(initiator.resumeWindowMs, responder.resumeWindowMs),
    idleMs: shorter(initiator.idleMs, responder.idleMs),
    absoluteMs: shorter(initiator.absoluteMs, responder.absoluteMs),
  };
}

/** The shorter of two times of which 0 means none. */
function shorter(one: number, other: number): number {
  if (one === 0 || other === 0) return one + other;
  return Math.min(one, other);
}
