/**
 * What a dialogue tells its user, in the words of X.215.
 *
 * @module
 */

import type { EventType, SessionEvent } from "../pure/iso8327/primitives.ts";

/** Indication primitives: what the peer did. Confirms are what promises resolve with. */
export type IndicationType =
  | "S-ACTIVITY-DISCARD"
  | "S-ACTIVITY-END"
  | "S-ACTIVITY-INTERRUPT"
  | "S-ACTIVITY-RESUME"
  | "S-ACTIVITY-START"
  | "S-CAPABILITY-DATA"
  | "S-CONNECT"
  | "S-CONTROL-GIVE"
  | "S-DATA"
  | "S-EXPEDITED-DATA"
  | "S-P-EXCEPTION-REPORT"
  | "S-RELEASE"
  | "S-RESYNCHRONIZE"
  | "S-SYNC-MAJOR"
  | "S-SYNC-MINOR"
  | "S-TOKEN-GIVE"
  | "S-TOKEN-PLEASE"
  | "S-TYPED-DATA"
  | "S-U-EXCEPTION-REPORT";

/**
 * An indication, with those of the parameters of X.215 that it has. Those that ask for an answer say
 * so in the name of the answering method: `S-SYNC-MAJOR` wants `respondSyncMajor`.
 */
export interface Indication extends Omit<SessionEvent, "type"> {
  readonly type: IndicationType;
}

/** The indications among the events of the machine. What is absent is a confirm, or an end. */
export const indicationTypes: Readonly<Partial<Record<EventType, IndicationType>>> = {
  SACTDind: "S-ACTIVITY-DISCARD",
  SACTEind: "S-ACTIVITY-END",
  SACTIind: "S-ACTIVITY-INTERRUPT",
  SACTRind: "S-ACTIVITY-RESUME",
  SACTSind: "S-ACTIVITY-START",
  SCDind: "S-CAPABILITY-DATA",
  SCONind: "S-CONNECT",
  SCGind: "S-CONTROL-GIVE",
  SDTind: "S-DATA",
  SEXind: "S-EXPEDITED-DATA",
  SPERind: "S-P-EXCEPTION-REPORT",
  SRELind: "S-RELEASE",
  SRSYNind: "S-RESYNCHRONIZE",
  SSYNMind: "S-SYNC-MAJOR",
  SSYNmind: "S-SYNC-MINOR",
  SGTind: "S-TOKEN-GIVE",
  SPTind: "S-TOKEN-PLEASE",
  STDind: "S-TYPED-DATA",
  SUERind: "S-U-EXCEPTION-REPORT",
};
