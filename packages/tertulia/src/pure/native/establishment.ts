/**
 * What both sides say when a session begins or goes on, and what follows from it: the bodies of
 * CONNECT, AUTH, ACCEPT, REFUSE, RESUME, RESUMED, CONFIRM and ABORT. docs/protocol.md, section 3.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { concatOctets, NO_OCTETS, Reader, Writer } from "../octets.ts";
import { ID_OCTETS, NONCE_OCTETS, PROOF_OCTETS } from "./keys.ts";
import { type Limits, PROBE_MS_MIN, WINDOW_OCTETS_MIN } from "./limits.ts";
import { type ParameterName, Parameters, ParameterWriter } from "./parameters.ts";
import { expeditedWindowOctets, MESSAGE_COST, type PeerLimits } from "./peer-limits.ts";
import type { Positions } from "./positions.ts";

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

/** Why a CONNECT or RESUME was not accepted. The number is what travels. */
export const refusals = {
  user: 1,
  congestion: 2,
  unsupportedVersion: 3,
  incompatible: 4,
  selectorUnknown: 5,
  authenticationRequired: 6,
  authenticationFailed: 7,
  forbidden: 8,
  notReady: 9,
  unknownSession: 10,
  badProof: 11,
  fenced: 12,
  expired: 13,
  moved: 14,
  finished: 15,
  aborted: 16,
  lost: 17,
  protocolError: 18,
  limit: 19,
} as const;

/** Why a session was not begun, or did not go on. On the wire a number: docs/protocol.md, 3.4. */
export type RefusalReason = keyof typeof refusals;

/** The answer no, and what the peer is told with it. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** Whether trying again later makes no sense. */
  readonly isPersistent: boolean;
  /** When to try again, in ms. */
  readonly retryMs?: number;
  /** What the refusing side had received when the session ended, by lane. */
  readonly received?: readonly [number, number];
  /** Where the session is now. */
  readonly location?: string;
  /** The epoch that fences ours. */
  readonly epoch?: number;
  /** For people; not to be matched on. */
  readonly message?: string;
  /** Of the application, up to 10,240 octets. */
  readonly userData?: Uint8Array;
}

const refusalNames = new Map<number, RefusalReason>(
  Object.entries(refusals).map(([name, code]) => [code, name as RefusalReason]), // its own keys
);

/** Body of REFUSE. */
export function encodeRefusal(refusal: Refusal): Uint8Array {
  const parameters = new ParameterWriter().numbers("isPersistent", Number(refusal.isPersistent));
  if (refusal.retryMs !== undefined) parameters.numbers("retryMs", refusal.retryMs);
  if (refusal.received) parameters.numbers("positions", ...refusal.received);
  if (refusal.epoch !== undefined) parameters.numbers("epoch", refusal.epoch);
  parameters
    .text("location", refusal.location)
    .text("message", refusal.message)
    .octets("userData", refusal.userData);
  return new Writer().varint(refusals[refusal.reason]).octets(parameters.finish()).finish();
}

/** @throws {ProtocolError} */
export function decodeRefusal(body: Uint8Array): Refusal {
  const reader = new Reader(body, "Tertulia 3.4");
  const reason = refusalNames.get(reader.varint()) ?? "protocolError";
  const parameters = new Parameters(reader.rest());
  const [retryMs, epoch] = [parameters.number("retryMs"), parameters.number("epoch")];
  const positions = parameters.numbers("positions", 2);
  const [location, message] = [parameters.text("location"), parameters.text("message")];
  const userData = parameters.octets("userData")?.slice();
  return {
    reason,
    isPersistent: parameters.number("isPersistent") === 1,
    ...(retryMs !== undefined && { retryMs }),
    ...(epoch !== undefined && { epoch }),
    ...(positions && { received: [positions[0] ?? 0, positions[1] ?? 0] as const }),
    ...(location !== undefined && { location }),
    ...(message !== undefined && { message }),
    ...(userData && { userData }),
  };
}

/** A RESUME as it came: what it claims, and the proof that is still to be checked. */
export interface ResumeRequest {
  readonly sessionId: Uint8Array;
  readonly epoch: number;
  readonly positions: Positions;
  /** The body without the proof, which every proof of this resume covers. */
  readonly claim: Uint8Array;
  readonly proof: Uint8Array;
}

/** Body of RESUME without its proof. */
export function encodeResumeClaim(
  sessionId: Uint8Array,
  epoch: number,
  { received, retained }: Positions,
  nonce: Uint8Array,
): Uint8Array {
  return new ParameterWriter()
    .octets("sessionId", sessionId)
    .numbers("epoch", epoch)
    .numbers("positions", ...received, ...retained)
    .octets("nonce", nonce)
    .finish();
}

/** @throws {ProtocolError} */
export function decodeResume(body: Uint8Array): ResumeRequest {
  const [claim, proof] = splitProof(body);
  const parameters = new Parameters(claim);
  const epoch = parameters.number("epoch");
  if (epoch === undefined) throw new ProtocolError("missingParameter", CLAUSE, "epoch");
  parameters.required("nonce", NONCE_OCTETS);
  return {
    sessionId: parameters.required("sessionId", ID_OCTETS).slice(),
    epoch,
    positions: readPositions(parameters),
    claim: claim.slice(),
    proof: proof.slice(),
  };
}

/** Body of RESUMED without its proof. */
export function encodeResumedClaim(
  epoch: number,
  { received, retained }: Positions,
  nonce: Uint8Array,
): Uint8Array {
  return new ParameterWriter()
    .numbers("epoch", epoch)
    .numbers("positions", ...received, ...retained)
    .octets("nonce", nonce)
    .finish();
}

/** @throws {ProtocolError} */
export function decodeResumed(body: Uint8Array): Omit<ResumeRequest, "sessionId"> {
  const [claim, proof] = splitProof(body);
  const parameters = new Parameters(claim);
  parameters.required("nonce", NONCE_OCTETS);
  const epoch = parameters.number("epoch") ?? 0;
  return {
    epoch,
    positions: readPositions(parameters),
    claim: claim.slice(),
    proof: proof.slice(),
  };
}

/** A claim with its proof behind it: the body of ACCEPT, RESUME and RESUMED. */
export function withProof(claim: Uint8Array, proof: Uint8Array): Uint8Array {
  return concatOctets([claim, proof]);
}

/** @throws {ProtocolError} `truncated` */
export function splitProof(body: Uint8Array): [claim: Uint8Array, proof: Uint8Array] {
  if (body.length < PROOF_OCTETS) {
    throw new ProtocolError("truncated", CLAUSE, `need a proof, have ${body.length} octets`);
  }
  const end = body.length - PROOF_OCTETS;
  return [body.subarray(0, end), body.subarray(end)];
}

function readPositions(parameters: Parameters): Positions {
  const values = parameters.numbers("positions", 4);
  if (values === undefined) throw new ProtocolError("missingParameter", CLAUSE, "positions");
  const [received0 = 0, received1 = 0, retained0 = 0, retained1 = 0] = values;
  return { received: [received0, received1], retained: [retained0, retained1] };
}

/** Why a session was aborted, and by whom. The number is what travels. */
export const aborts = {
  user: 1,
  protocolError: 2,
  limit: 3,
  idle: 4,
  lifetime: 5,
  releaseTimeout: 6,
  shutdown: 7,
  operator: 8,
} as const;

/** Why a session was ended at once. On the wire a number: docs/protocol.md, 9.3. */
export type AbortReason = keyof typeof aborts;

/** Every reason of an abort. */
export const abortReasons: readonly AbortReason[] = Object.keys(aborts) as AbortReason[]; // its own keys

/** Body of ABORT. */
export interface Abort {
  readonly reason: AbortReason;
  /** What the aborting side has received, by lane: what is known to be delivered. */
  readonly received: readonly [number, number];
  /** For people; not to be matched on. */
  readonly message?: string;
  /** Of the application, up to 10,240 octets. */
  readonly userData?: Uint8Array;
}

const abortNames = new Map<number, AbortReason>(
  Object.entries(aborts).map(([name, code]) => [code, name as AbortReason]), // its own keys
);

export function encodeAbort({ reason, received, message, userData }: Abort): Uint8Array {
  const parameters = new ParameterWriter()
    .numbers("positions", ...received)
    .text("message", message)
    .octets("userData", userData);
  return new Writer().varint(aborts[reason]).octets(parameters.finish()).finish();
}

/** @throws {ProtocolError} */
export function decodeAbort(body: Uint8Array): Abort {
  const reader = new Reader(body, "Tertulia 9.3");
  const reason = abortNames.get(reader.varint()) ?? "user";
  const parameters = new Parameters(reader.rest());
  const [lane0 = 0, lane1 = 0] = parameters.numbers("positions", 2) ?? [];
  const message = parameters.text("message");
  const userData = parameters.octets("userData")?.slice();
  return {
    reason,
    received: [lane0, lane1],
    ...(message !== undefined && { message }),
    ...(userData && { userData }),
  };
}
