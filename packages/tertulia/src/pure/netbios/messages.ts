/**
 * The packets of the name service, by the names that RFC 1002 4.2.2 to 4.2.18 gives them.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { Writer } from "../octets.ts";
import type { NetbiosReason } from "./errors.ts";
import type { NetbiosName } from "./name.ts";
import { flagsOf, type NamePacket, OPCODE, RCODE } from "./name-packet.ts";
import type { NameEntry, ResourceRecord, StatusName } from "./name-record.ts";
import type { Statistics } from "./statistics.ts";

const EMPTY: Omit<NamePacket, "id" | "opcode"> = {
  response: false,
  authoritative: false,
  truncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  broadcast: false,
  rcode: RCODE.ok,
  questions: [],
  answers: [],
  authority: [],
  additional: [],
};

/** What the requests that carry an owner have in common. */
export interface Owned {
  readonly id: number;
  readonly name: NetbiosName;
  readonly entry: NameEntry;
  /** Seconds; 0 is for ever. */
  readonly ttl?: number;
  readonly broadcast?: boolean;
}

/** 4.2.2. */
export function registrationRequest(owned: Owned): NamePacket {
  return ownedRequest(owned, OPCODE.registration, true);
}

/** Not in the RFC: the registration of a name that has several addresses. */
export function multihomedRegistrationRequest(owned: Owned): NamePacket {
  return ownedRequest(owned, OPCODE.multihomedRegistration, true);
}

/** 4.2.3, which is also what claims a name at last. */
export function overwriteRequest(owned: Owned): NamePacket {
  return ownedRequest(owned, OPCODE.registration, false);
}

/** 4.2.4. */
export function refreshRequest(owned: Owned): NamePacket {
  return ownedRequest(owned, OPCODE.refresh, false);
}

/** 4.2.9. */
export function releaseRequest(owned: Owned): NamePacket {
  return ownedRequest({ ...owned, ttl: 0 }, OPCODE.release, false);
}

/** 4.2.12. */
export function queryRequest(id: number, name: NetbiosName, broadcast = false): NamePacket {
  const questions = [{ name, type: "NB" as const }];
  return { ...EMPTY, id, opcode: OPCODE.query, recursionDesired: true, broadcast, questions };
}

/** 4.2.17. */
export function statusRequest(id: number, name: NetbiosName): NamePacket {
  const questions = [{ name, type: "NBSTAT" as const }];
  return { ...EMPTY, id, opcode: OPCODE.query, questions };
}

/** 4.2.5 and 4.2.6. */
export function registrationResponse(
  id: number,
  name: NetbiosName,
  entry: NameEntry,
  ttl: number,
  rcode: number = RCODE.ok,
): NamePacket {
  const answers: ResourceRecord[] = [{ type: "NB", name, ttl, entries: [entry] }];
  return { ...RESPONSE, id, opcode: OPCODE.registration, ...RECURSION, rcode, answers };
}

/** 4.2.7: RA is 0, and the entry is the presumed owner's. */
export function endNodeChallenge(id: number, name: NetbiosName, entry: NameEntry): NamePacket {
  return { ...registrationResponse(id, name, entry, 0), recursionAvailable: false };
}

/** 4.2.8: the same octets as a negative registration response with CFT_ERR. */
export function conflictDemand(id: number, name: NetbiosName): NamePacket {
  const nobody: NameEntry = { group: false, nodeType: "B", address: "0.0.0.0" };
  return registrationResponse(id, name, nobody, 0, RCODE.conflict);
}

/** 4.2.10 and 4.2.11. */
export function releaseResponse(
  id: number,
  name: NetbiosName,
  entry: NameEntry,
  rcode: number = RCODE.ok,
): NamePacket {
  const answers: ResourceRecord[] = [{ type: "NB", name, ttl: 0, entries: [entry] }];
  return { ...RESPONSE, id, opcode: OPCODE.release, recursionDesired: false, rcode, answers };
}

/** 4.2.13. */
export function positiveQueryResponse(
  id: number,
  name: NetbiosName,
  entries: readonly NameEntry[],
  ttl: number,
): NamePacket {
  const answers: ResourceRecord[] = [{ type: "NB", name, ttl, entries }];
  return { ...RESPONSE, id, opcode: OPCODE.query, ...RECURSION, answers };
}

/**
 * 4.2.14. It is drawn with ANCOUNT 0 and yet an answer; we count it, as nmbd and Windows do, for
 * a packet that contradicts itself is dropped by some.
 */
export function negativeQueryResponse(id: number, name: NetbiosName, rcode: number): NamePacket {
  const answers: ResourceRecord[] = [{ type: "NULL", name, ttl: 0, octets: new Uint8Array() }];
  return { ...RESPONSE, id, opcode: OPCODE.query, ...RECURSION, rcode, answers };
}

/** 4.2.15: ask that server. */
export function redirectResponse(
  id: number,
  name: NetbiosName,
  server: { readonly domain: string; readonly address: string },
): NamePacket {
  return {
    ...RESPONSE,
    authoritative: false,
    id,
    opcode: OPCODE.query,
    recursionDesired: true,
    questions: [{ name, type: "NB" }],
    authority: [{ type: "NS", name, ttl: 0, server: server.domain }],
    additional: [{ type: "A", name: server.domain, ttl: 0, address: server.address }],
  };
}

/** 4.2.16: wait, the answer to this request takes `ttl` seconds. */
export function wackResponse(request: NamePacket, name: NetbiosName, ttl: number): NamePacket {
  const octets = new Writer().u16(flagsOf(request)).finish();
  const answers: ResourceRecord[] = [{ type: "NULL", name, ttl, octets }];
  return { ...RESPONSE, id: request.id, opcode: OPCODE.wack, recursionDesired: false, answers };
}

/** 4.2.18. */
export function statusResponse(
  id: number,
  name: NetbiosName,
  names: readonly StatusName[],
  statistics: Statistics,
): NamePacket {
  const answers: ResourceRecord[] = [{ type: "NBSTAT", name, ttl: 0, names, statistics }];
  return { ...RESPONSE, id, opcode: OPCODE.query, recursionDesired: false, answers };
}

/** Who a request wants to own which name, and for how long. */
export interface Claim {
  readonly name: NetbiosName;
  readonly entry: NameEntry;
  readonly ttl: number;
}

/**
 * What a registration, overwrite, refresh or release request says.
 *
 * @throws {ProtocolError} when it lacks its one question, or its one NB record with one owner.
 */
export function claimOf(packet: NamePacket): Claim {
  const [question] = packet.questions;
  const [record] = packet.additional;
  if (!question || record?.type !== "NB" || packet.additional.length !== 1) {
    throw new ProtocolError("claimRecords", "RFC 1002 4.2.2", "need a question and an NB record");
  }
  const [entry] = record.entries;
  if (!entry || record.entries.length !== 1) {
    const have = record.entries.length;
    throw new ProtocolError("claimEntries", "RFC 1002 4.2.2", `need 1 owner, have ${have}`);
  }
  return { name: question.name, entry, ttl: record.ttl };
}

/** What kind of packet it is, by the name of its section in RFC 1002. */
export function kindOf(packet: NamePacket): string {
  const { opcode, response, rcode, answers, recursionDesired } = packet;
  const sign = rcode === RCODE.ok ? "POSITIVE" : "NEGATIVE";
  switch (opcode) {
    case OPCODE.query: {
      const type = packet.questions[0]?.type ?? answers[0]?.type;
      if (type === "NBSTAT") return response ? "NODE STATUS RESPONSE" : "NODE STATUS REQUEST";
      if (!response) return "NAME QUERY REQUEST";
      if (packet.authority.length > 0) return "REDIRECT NAME QUERY RESPONSE";
      return `${sign} NAME QUERY RESPONSE`;
    }
    case OPCODE.registration:
      if (!response) {
        return recursionDesired ? "NAME REGISTRATION REQUEST" : "NAME OVERWRITE REQUEST";
      }
      if (rcode === RCODE.conflict) return "NAME CONFLICT DEMAND";
      if (rcode === RCODE.ok && !packet.recursionAvailable) {
        return "END-NODE CHALLENGE REGISTRATION RESPONSE";
      }
      return `${sign} NAME REGISTRATION RESPONSE`;
    case OPCODE.multihomedRegistration:
      return response
        ? `${sign} NAME REGISTRATION RESPONSE`
        : "MULTI-HOMED NAME REGISTRATION REQUEST";
    case OPCODE.release:
      return response ? `${sign} NAME RELEASE RESPONSE` : "NAME RELEASE REQUEST";
    case OPCODE.wack:
      return "WAIT FOR ACKNOWLEDGEMENT RESPONSE";
    case OPCODE.refresh:
    case OPCODE.refreshAlternate:
      return response ? `${sign} NAME REFRESH RESPONSE` : "NAME REFRESH REQUEST";
    default:
      return `OPCODE ${opcode} ${response ? "RESPONSE" : "REQUEST"}`;
  }
}

/** The reason that the RCODE of a refusal stands for (4.2.6, 4.2.14). */
export function reasonOfRcode(rcode: number): NetbiosReason {
  return REASONS_OF_RCODES[rcode] ?? "serverFailure";
}

const REASONS_OF_RCODES: readonly NetbiosReason[] = [
  "serverFailure",
  "formatError",
  "serverFailure",
  "nameNotFound",
  "unsupportedRequest",
  "refusedByPolicy",
  "nameInUse",
  "nameInConflict",
];

/** R, AA and RD, which all responses but three have. */
const RESPONSE = { ...EMPTY, response: true, authoritative: true, recursionDesired: true };
const RECURSION = { recursionAvailable: true };

function ownedRequest(
  { id, name, entry, ttl = 0, broadcast = false }: Owned,
  opcode: number,
  recursionDesired: boolean,
): NamePacket {
  const questions = [{ name, type: "NB" as const }];
  const additional: ResourceRecord[] = [{ type: "NB", name, ttl, entries: [entry] }];
  return { ...EMPTY, id, opcode, recursionDesired, broadcast, questions, additional };
}
