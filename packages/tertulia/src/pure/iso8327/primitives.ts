/**
 * Service primitives as the session machine takes and gives them, named as in the state tables:
 * X.225 Annex A; their parameters are those of X.215.
 *
 * @module
 */

import type { SessionError } from "../errors.ts";
import type { ConnectionIdentifier, LinkingInformation } from "./spdu.ts";
import type { FunctionalUnit, Token, TokenSettings } from "./units.ts";

/** How dialogue is set back: to a point, to a new number, or to any number at all. */
export type ResyncType = "restart" | "abandon" | "set";

/** What an S-CONNECT request carries. */
export interface ConnectParameters {
  /** What to propose. Default kernel and duplex. */
  readonly functionalUnits?: readonly FunctionalUnit[];
  /** The versions to offer. Default both; MMS devices take 2 only. */
  readonly versions?: readonly (1 | 2)[];
  /** References that name this connection to both users. Default: none. */
  readonly connectionIdentifier?: ConnectionIdentifier;
  /** Our session selector, up to 16 octets. Default: none. */
  readonly callingSelector?: Uint8Array;
  /** The peer's session selector, up to 16 octets. Default: none. */
  readonly calledSelector?: Uint8Array;
  /** Who starts with each token. Default: the requestor. */
  readonly tokenSettings?: TokenSettings;
  /** The serial number of the first point, where there are points and no activities. */
  readonly initialSerialNumber?: number;
  /** The same for what the acceptor sends, with symmetric synchronization. */
  readonly secondInitialSerialNumber?: number;
  /** Digits of a serial number, if not six. */
  readonly serialDigits?: number;
  /** The largest TSDU to send and to receive; 0 is no limit, and no segmenting. */
  readonly tsduMaximumSize?: { readonly sent: number; readonly received: number };
}

/** What users ask for, and how they answer. */
export type RequestType =
  | "SACTDreq"
  | "SACTDrsp"
  | "SACTEreq"
  | "SACTErsp"
  | "SACTIreq"
  | "SACTIrsp"
  | "SACTRreq"
  | "SACTSreq"
  | "SCDreq"
  | "SCDrsp"
  | "SCGreq"
  | "SCONreq"
  | "SCONrsp+"
  | "SCONrsp-"
  | "SDTreq"
  | "SEXreq"
  | "SGTreq"
  | "SPTreq"
  | "SRELreq"
  | "SRELrsp+"
  | "SRELrsp-"
  | "SRSYNreq"
  | "SRSYNrsp"
  | "SSYNMreq"
  | "SSYNMrsp"
  | "SSYNmreq"
  | "SSYNmrsp"
  | "STDreq"
  | "SUABreq"
  | "SUERreq";

/** A request or response primitive, with those of the parameters that it has. */
export interface SessionRequest extends ConnectParameters {
  readonly type: RequestType;
  readonly userData?: Uint8Array;
  readonly activityIdentifier?: Uint8Array;
  /** SACTRreq: what the activity was called, and where it stood. */
  readonly linkingInformation?: LinkingInformation;
  /** SSYNmreq: whether the peer is asked to confirm. Default true. */
  readonly explicit?: boolean;
  /** SSYNmreq: whether data after the point is kept apart from data before. Default false. */
  readonly separation?: boolean;
  /** Whether the transport connection is to be kept: SRELreq, SUABreq, SCONrsp-. */
  readonly keepTransport?: boolean;
  readonly reason?: number;
  readonly resyncType?: ResyncType;
  readonly secondResyncType?: ResyncType;
  readonly serialNumber?: number;
  readonly secondSerialNumber?: number;
  readonly tokens?: readonly Token[];
}

/** What users are told. */
export type EventType =
  | "SACTDcnf"
  | "SACTDind"
  | "SACTEcnf"
  | "SACTEind"
  | "SACTIcnf"
  | "SACTIind"
  | "SACTRind"
  | "SACTSind"
  | "SCDcnf"
  | "SCDind"
  | "SCGind"
  | "SCONcnf+"
  | "SCONcnf-"
  | "SCONind"
  | "SDTind"
  | "SEXind"
  | "SGTind"
  | "SPABind"
  | "SPERind"
  | "SPTind"
  | "SRELcnf+"
  | "SRELcnf-"
  | "SRELind"
  | "SRSYNcnf"
  | "SRSYNind"
  | "SSYNMcnf"
  | "SSYNMind"
  | "SSYNmcnf"
  | "SSYNmind"
  | "STDind"
  | "SUABind"
  | "SUERind";

/** An indication or confirm primitive, with those of the parameters that it has. */
export interface SessionEvent {
  readonly type: EventType;
  /** Shares memory with the TSDU it came in; empty when the primitive had none. */
  readonly userData: Uint8Array;
  readonly activityIdentifier?: Uint8Array;
  readonly calledSelector?: Uint8Array;
  readonly callingSelector?: Uint8Array;
  readonly connectionIdentifier?: ConnectionIdentifier;
  /** SPABind: what the peer did, or what became of the transport. */
  readonly error?: SessionError;
  readonly explicit?: boolean;
  readonly functionalUnits?: readonly FunctionalUnit[];
  readonly initialSerialNumber?: number;
  readonly linkingInformation?: LinkingInformation;
  readonly reason?: number;
  readonly resyncType?: ResyncType;
  readonly secondInitialSerialNumber?: number;
  readonly secondResyncType?: ResyncType;
  readonly secondSerialNumber?: number;
  readonly separation?: boolean;
  readonly serialNumber?: number;
  readonly tokens?: readonly Token[];
  readonly tokenSettings?: TokenSettings;
  readonly version?: 1 | 2;
}

/** S-P-ABORT and S-P-EXCEPTION reasons: X.215. */
export const abortReasons = {
  transport: 1,
  protocol: 2,
  undefined: 3,
  restriction: 4,
} as const;
