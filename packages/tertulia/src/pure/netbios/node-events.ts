/**
 * What an end node tells: the outcome of each request, and what happened to its names on the wire.
 *
 * @module
 */

import type { SessionError } from "../errors.ts";
import type { Endpoint } from "./address.ts";
import type { NetbiosName } from "./name.ts";
import type { NameEntry, StatusName } from "./name-record.ts";
import type { Statistics } from "./statistics.ts";

/** Who has a name. */
export interface Found {
  readonly name: NetbiosName;
  readonly entries: readonly NameEntry[];
  /** Who said so; `undefined` for our own name table. */
  readonly from: Endpoint | undefined;
  /** There are more owners than came, and TCP did not bring them either. */
  readonly truncated: boolean;
}

/** The names that a node says it has. */
export interface NodeStatus {
  readonly from: Endpoint;
  readonly names: readonly StatusName[];
  readonly statistics: Statistics;
}

/** A name that has become ours. */
export interface Claimed {
  readonly name: NetbiosName;
  readonly group: boolean;
  /** Seconds until it has to be refreshed; 0 is for ever. */
  readonly ttl: number;
}

export type NodeResult =
  | ({ readonly type: "claimed" } & Claimed)
  | ({ readonly type: "found" } & Found)
  | ({ readonly type: "status" } & NodeStatus)
  | { readonly type: "released"; readonly name: NetbiosName };

/** What an end node tells: the outcome of a request, or what happened to its names on the wire. */
export type NodeEvent =
  | { readonly type: "done"; readonly request: number; readonly result: NodeResult }
  | { readonly type: "failed"; readonly request: number; readonly error: SessionError }
  /** RFC 1002 4.2.16: the answer takes a while. */
  | { readonly type: "wack"; readonly from: Endpoint; readonly waitMs: number }
  /** RFC 1002 4.2.15: that server knows. */
  | {
      readonly type: "redirected";
      readonly name: NetbiosName;
      readonly from: string;
      readonly to: string;
    }
  /** RFC 1002 4.2.7: we are to find out ourselves whether the old owner still lives. */
  | { readonly type: "challenge"; readonly name: NetbiosName; readonly owner: string }
  /** TC: the rest is asked for over TCP. */
  | { readonly type: "truncated"; readonly name: NetbiosName; readonly from: Endpoint }
  /** We told another node that a name is ours. */
  | { readonly type: "defended"; readonly name: NetbiosName; readonly against: Endpoint }
  /** One of our names is in conflict and does not work any more. Delete it. */
  | { readonly type: "conflict"; readonly name: NetbiosName; readonly from: Endpoint }
  /** Somebody says that our name is in conflict, but nobody else answers to it. We keep it. */
  | { readonly type: "falseConflict"; readonly name: NetbiosName; readonly from: Endpoint }
  /** Another member of a group answered a broadcast query. */
  | {
      readonly type: "alsoFound";
      readonly name: NetbiosName;
      readonly entries: readonly NameEntry[];
      readonly from: Endpoint;
    }
  /** Two nodes answered to one unique name, and we told the later one. */
  | { readonly type: "conflictDemanded"; readonly name: NetbiosName; readonly of: Endpoint }
  /** The name server took a name away. */
  | { readonly type: "lost"; readonly name: NetbiosName; readonly from: Endpoint }
  | { readonly type: "refreshed"; readonly name: NetbiosName; readonly ttl: number }
  /** A refresh failed; it is tried again later. */
  | { readonly type: "notRefreshed"; readonly name: NetbiosName; readonly error: SessionError }
  /** A packet that is not one. Nothing was done with it. */
  | { readonly type: "malformed"; readonly from: Endpoint; readonly error: SessionError };
