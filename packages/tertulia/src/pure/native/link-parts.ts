/**
 * What the parts of a link share, and whom they tell.
 *
 * @module
 */

import type { Journal } from "./journal.ts";
import type { Keeper } from "./keeper.ts";
import type { Limits } from "./limits.ts";
import type { PeerLimits } from "./peer-limits.ts";
import type { StreamsListener } from "./streams.ts";
import type { Windows } from "./windows.ts";

/** What the link tells the session machine. */
export interface LinkListener extends StreamsListener {
  /** A frame that is not the link's: control, or of the release. */
  control(type: number, body: Uint8Array): void;
  /** The first of some messages waits. */
  readable(): void;
  /** The send with this ticket is in the journal. */
  accepted(ticket: number): void;
  dialogue(octets: Uint8Array, isExpedited: boolean): void;
}

export interface LinkParts {
  readonly isInitiator: boolean;
  readonly limits: Limits;
  readonly peer: PeerLimits;
  /** Longest body of a frame. */
  readonly segmentOctets: number;
  readonly lane0: Journal;
  readonly lane1: Journal;
  readonly windows: Windows;
  /** Present when everything has to be stored before it has an effect. */
  readonly keeper: Keeper | undefined;
  readonly listener: LinkListener;
}
