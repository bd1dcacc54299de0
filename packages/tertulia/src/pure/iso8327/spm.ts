/**
 * What predicates and specific actions see of a session protocol machine: the event at hand, and the
 * few things that an action can make it do.
 *
 * @module
 */

import type { SessionError } from "../errors.ts";
import type { EventType, SessionEvent, SessionRequest } from "./primitives.ts";
import type { Resync } from "./resync.ts";
import type { Spdu } from "./spdu.ts";
import type { TokenSettings } from "./units.ts";
import type { Variables } from "./variables.ts";

/** What both sides have agreed when a connection is accepted. */
export interface Agreement {
  readonly units: number;
  readonly version: 1 | 2;
  readonly owned: number;
  readonly serialNumber: number | undefined;
  readonly secondSerialNumber: number | undefined;
  readonly serialDigits: number;
  readonly sentTsduOctets: number;
  readonly receivedTsduOctets: number;
  readonly peerTakesExtended: boolean;
}

/** An incoming event, with what predicates ask about. */
export interface Incoming {
  /** The row of the state table. */
  readonly name: string;
  readonly spdu?: Spdu;
  readonly request?: SessionRequest;
  readonly userData?: Uint8Array;
  readonly agreement?: Agreement;
  /** Why our own rules make us refuse a CONNECT: a reason code of REFUSE. */
  readonly refusal?: number;
  readonly isLast?: boolean;
  readonly overflows?: boolean;
  readonly serialNumber?: number;
  readonly secondSerialNumber?: number;
  readonly tokens?: number;
  readonly settings?: TokenSettings;
  /** What a resynchronization asks for, in our own view of the flows. */
  readonly resync?: Resync;
  /** What is left of two resynchronizations that crossed, with symmetric synchronization. */
  readonly merged?: {
    readonly pendingWins: boolean;
    readonly result: Resync;
    /** What the event asked for before that. */
    readonly asked: Resync;
  };
  /** SPABind: why. */
  readonly error?: SessionError;
}

/** The machine, as its specific actions use it. */
export interface Spm {
  readonly v: Variables;
  readonly event: Incoming;
  /** Whether the transport is to be kept after this event: a local choice. */
  keepsTransport(event: Incoming): boolean;
  /** Sends on the normal flow, with the head that the category asks for, in segments if need be. */
  send(spdu: Spdu): void;
  /** Sends on the expedited flow, which has to be there. */
  sendExpedited(spdu: Spdu): void;
  /** Sends the SPDUs of connection establishment, which are made from what was asked for. */
  sendConnect(): void;
  sendOverflow(): void;
  sendAccept(): void;
  acceptOverflow(): void;
  keepUserData(): void;
  refuse(keepTransport: boolean): void;
  abort(keepTransport: boolean): void;
  agree(): void;
  tell(type: EventType, extra?: Partial<SessionEvent>): void;
  connectTransport(): void;
  acceptTransport(): void;
  disconnectTransport(): void;
  startTimer(): void;
  stopTimer(): void;
  /** Drops what was kept for later. */
  forgetQueue(): void;
  /** Keeps the event for later. */
  queue(): void;
  /** Takes the kept events again. */
  replay(): void;
}
