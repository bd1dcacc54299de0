/**
 * What can go wrong with NetBIOS, beyond octets that break the protocol.
 *
 * Every refusal that RFC 1002 has a code for has a reason of its own here, with the clause that
 * defines it; so a user sees "not listening on called name" and not "connection lost".
 *
 * @module
 */

import { SessionError } from "../errors.ts";

/** Every reason, by name: the library's code, the clause, and the sentence. */
export const REASONS = {
  // RFC 1002 4.2.6 and 4.2.14: RCODE of a negative response.
  formatError: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.2.6 FMT_ERR",
    text: "the request was invalidly formatted",
  },
  serverFailure: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.2.6 SRV_ERR",
    text: "problem with the NBNS, it cannot process names",
  },
  nameNotFound: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.2.14 NAM_ERR",
    text: "nobody has this name",
  },
  unsupportedRequest: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.2.6 IMP_ERR",
    text: "allowable only for a challenging NBNS on an update",
  },
  refusedByPolicy: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.2.6 RFS_ERR",
    text: "the server will not register this name from this host",
  },
  nameInUse: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.2.6 ACT_ERR",
    text: "the name is owned by another node",
  },
  nameInConflict: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.2.6 CFT_ERR",
    text: "the name is in conflict: more than one node owns it",
  },
  noNameServer: {
    code: "ERR_TIMEOUT",
    clause: "RFC 1001 15.2.2.2",
    text: "no answer from the NetBIOS name server",
  },
  // RFC 1002 4.3.4: error code of a negative session response.
  notListeningOnCalledName: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.3.4 code 0x80",
    text: "not listening on called name",
  },
  notListeningForCallingName: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.3.4 code 0x81",
    text: "not listening for calling name",
  },
  calledNameNotPresent: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.3.4 code 0x82",
    text: "called name not present",
  },
  insufficientResources: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.3.4 code 0x83",
    text: "called name present, but insufficient resources",
  },
  unspecified: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.3.4 code 0x8F",
    text: "unspecified error",
  },
  tooManyRetargets: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 6 SSN_RETRY_COUNT",
    text: "the call was retargeted or retried too often",
  },
  notReachable: {
    code: "ERR_REFUSED",
    clause: "RFC 1001 16.1.1",
    text: "no TCP connection to the called name",
  },
  tooManyRedirects: {
    code: "ERR_REFUSED",
    clause: "RFC 1001 15.1.5.3",
    text: "name servers redirect in a circle",
  },
  // RFC 1002 4.4.3: error code of a DATAGRAM ERROR.
  destinationNameNotPresent: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.4.3 code 0x82",
    text: "destination name not present",
  },
  invalidSourceName: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.4.3 code 0x83",
    text: "invalid source name format",
  },
  invalidDestinationName: {
    code: "ERR_REFUSED",
    clause: "RFC 1002 4.4.3 code 0x84",
    text: "invalid destination name format",
  },
  noDistributionServer: {
    code: "ERR_TIMEOUT",
    clause: "RFC 1001 17.1.1",
    text: "no NetBIOS datagram distribution server",
  },
  // RFC 1001 5: the local service.
  notOurName: {
    code: "ERR_STATE",
    clause: "RFC 1001 5.2",
    text: "the name is not in the local name table",
  },
  duplicateName: {
    code: "ERR_STATE",
    clause: "RFC 1001 5.2",
    text: "the name is already in the local name table",
  },
  nameTableFull: {
    code: "ERR_LIMIT",
    clause: "RFC 1001 5.2",
    text: "the local name table is full",
  },
  invalidName: {
    code: "ERR_ARGUMENT",
    clause: "RFC 1001 5.2",
    text: "not a name that can be owned",
  },
  tooMany: { code: "ERR_LIMIT", clause: "local limit", text: "too many requests are outstanding" },
  nameDeleted: { code: "ERR_CLOSED", clause: "RFC 1001 5.2", text: "the name was deleted" },
  noAnswer: { code: "ERR_TIMEOUT", clause: "RFC 1002 6", text: "no answer" },
} as const;

/** The name of one thing that went wrong. */
export type NetbiosReason = keyof typeof REASONS;

/** A NetBIOS request that was refused, or that nobody answered. Match on `code` or on `reason`. */
export class NetbiosError extends SessionError {
  override readonly name = "NetbiosError";
  readonly reason: NetbiosReason;
  /** Where the standard defines it. */
  readonly clause: string;

  constructor(reason: NetbiosReason, detail = "", options?: ErrorOptions) {
    const { code, clause, text } = REASONS[reason];
    super(code, `${text} (${clause})${detail && `: ${detail}`}`, options);
    this.reason = reason;
    this.clause = clause;
  }
}
