/**
 * What a node of the network is opened with.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { Endpoint } from "../pure/netbios/address.ts";
import type { CallRules } from "../pure/netbios/calling.ts";
import type { NodeType } from "../pure/netbios/name.ts";
import type { NameDatabase } from "../pure/netbios/name-database.ts";
import type { NameServerOptions } from "../pure/netbios/name-server-options.ts";
import type { NameTimers, NodeLimits } from "../pure/netbios/timers.ts";

/** The role of a name server that a node plays besides its own. */
export interface ServerRole
  extends Partial<Omit<NameServerOptions, "database" | "port" | "random">> {
  /** Where names are kept: the path of a SQLite file, or a database. Default: in memory. */
  readonly database?: string | NameDatabase;
}

/** What a node of the network is opened with. All optional. */
export interface NetbiosOptions {
  /** What is registered and told to others. Default: the first IPv4 address of this host. */
  readonly address?: string;
  /**
   * What the sockets are bound to, if that is another: `0.0.0.0` behind NAT or in a container.
   * Default: `address`.
   */
  readonly bindAddress?: string;
  /** Default: that of the interface with `address`. */
  readonly broadcastAddress?: string;
  /** Default: `"B"`; `"H"` when there is a name server. */
  readonly nodeType?: NodeType;
  /** Addresses of NBNS, asked in this order; `host:port` if not on `namePort`. */
  readonly nameServers?: readonly string[];
  /** Addresses of NBDD. Default: none; P nodes then send to each member of a group. */
  readonly distributionServers?: readonly string[];
  /** The name service everywhere. Default: 137. */
  readonly namePort?: number;
  /** Our own port of the name service. Default: `namePort`; 0 for one who only asks. */
  readonly localNamePort?: number;
  /** The datagram service everywhere. Default: 138. */
  readonly datagramPort?: number;
  /** The session service everywhere. Default: 139. */
  readonly sessionPort?: number;
  /** Our own port of the session service. Default: `sessionPort`; 0 for any that is free. */
  readonly localSessionPort?: number;
  /** Be a name server, too. Default: not. */
  readonly server?: ServerRole;
  /** Distribute datagrams to the groups of our name server. Default: `false`. */
  readonly distributes?: boolean;
  /** Whether to answer node status requests of strangers on other networks. Default: `false`. */
  readonly tellsStrangers?: boolean;
  /** Timers that differ from {@link NAME_TIMERS}. */
  readonly timers?: Partial<NameTimers>;
  /** Limits that differ from {@link NODE_LIMITS}. */
  readonly limits?: Partial<NodeLimits>;
  /** Rules of calling that differ from {@link CALL_RULES}. */
  readonly calls?: Partial<CallRules>;
  /** As in RFC 1002, or only after asking. Default: `"verify"`. */
  readonly conflictDemands?: "verify" | "obey";
}

/** @throws {SessionError} `ERR_ARGUMENT` for 0, any port that is free: nobody would find it. */
export function checkSharedPorts(ports: Pick<NetbiosOptions, "namePort" | "datagramPort">): void {
  for (const option of ["namePort", "datagramPort"] as const) {
    if (ports[option] !== 0) continue;
    throw new SessionError("ERR_ARGUMENT", `${option} 0: it is that of all nodes, 1 to 65535`);
  }
}

/** `host:port`, or a host on a default port. */
export function endpointOf(text: string, port: number): Endpoint {
  const [address = "", explicit] = text.split(":");
  return { address, port: explicit === undefined ? port : Number(explicit) };
}
