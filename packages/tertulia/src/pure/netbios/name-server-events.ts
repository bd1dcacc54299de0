/**
 * What a name server tells of its work.
 *
 * @module
 */

import type { SessionError } from "../errors.ts";
import type { Endpoint } from "./address.ts";
import type { NetbiosName } from "./name.ts";
import type { NameEntry } from "./name-record.ts";

/** What a name server tells of its work. */
export type NameServerEvent =
  | {
      readonly type: "registered" | "refreshed";
      readonly name: NetbiosName;
      readonly entry: NameEntry;
      /** Seconds that were granted; 0 is for ever. */
      readonly ttl: number;
    }
  | {
      readonly type: "released" | "expired";
      readonly name: NetbiosName;
      readonly address: string;
    }
  | {
      readonly type: "refused";
      readonly name: NetbiosName;
      readonly entry: NameEntry;
      readonly rcode: number;
      readonly from: Endpoint;
    }
  /** The old owner is asked by us, and the claimant told to wait. */
  | {
      readonly type: "challenge";
      readonly name: NetbiosName;
      readonly owner: string;
      readonly claimant: Endpoint;
    }
  | {
      readonly type: "challengeEnded";
      readonly name: NetbiosName;
      readonly claimant: Endpoint;
      readonly isDefended: boolean;
    }
  /** The claimant is told to ask the old owner itself. */
  | {
      readonly type: "endNodeChallenge";
      readonly name: NetbiosName;
      readonly owner: string;
      readonly from: Endpoint;
    }
  | { readonly type: "malformed"; readonly from: Endpoint; readonly error: SessionError };
