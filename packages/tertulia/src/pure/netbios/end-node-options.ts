/**
 * What an end node is made with, and what it claims a name with.
 *
 * @module
 */

import type { Endpoint } from "./address.ts";
import type { NodeType } from "./name.ts";
import type { Statistics } from "./statistics.ts";
import type { NameTimers, NodeLimits } from "./timers.ts";

/** What an end node is made with. Its address and `random` must be given. */
export interface EndNodeOptions {
  /** Default: `"B"`. */
  readonly nodeType?: NodeType;
  /** What we register: an address that others reach us at, not necessarily one we are bound to. */
  readonly address: string;
  /** Where broadcasts go. Default: 255.255.255.255. */
  readonly broadcastAddress?: string;
  /** Asked in this order. Needed for P, M and H. Default: none. */
  readonly nameServers?: readonly Endpoint[];
  /** The port of the name service everywhere. Default: 137. */
  readonly port?: number;
  /** Sixteen random bits. */
  readonly random: () => number;
  /** Timers that differ from {@link NAME_TIMERS}. */
  readonly timers?: Partial<NameTimers>;
  /** Limits that differ from {@link NODE_LIMITS}. */
  readonly limits?: Partial<NodeLimits>;
  /** What a node status response says besides names. Default: zeros. */
  readonly statistics?: Statistics;
  /** Who may ask for our names. Default: everyone. */
  readonly answersStatusTo?: (from: Endpoint) => boolean;
  /**
   * What a NAME CONFLICT DEMAND does. `verify`, the default: we ask whether another node answers to
   * the name before we give it up, for anyone can send one. `obey`: as RFC 1002 5.1.1.5 has it.
   */
  readonly conflictDemands?: "verify" | "obey";
}

/** What to claim a name for. */
export interface ClaimOptions {
  /** Whether the name is a group's, which many may have. Default: `false`. */
  readonly group?: boolean;
  /** Seconds that we ask the NBNS for; 0 is for ever. Default: 259200, three days, as nmbd does. */
  readonly ttl?: number;
  /** The permanent node name, which a node status response marks. Default: `false`. */
  readonly permanent?: boolean;
}
