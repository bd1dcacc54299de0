/**
 * What a name server is made with: its database, its policy and its limits.
 *
 * @module
 */

import type { NetbiosName } from "./name.ts";
import type { NameDatabase } from "./name-database.ts";
import type { NameTimers } from "./timers.ts";

/** What a name server holds at most, and for how long. */
export interface NameServerLimits {
  /** Names. Default: 100,000, about 50 MB. */
  readonly namesMax: number;
  /** Names that one address may own. Default: 4096; nodes have a dozen, and a liar has one address. */
  readonly namesPerAddressMax: number;
  /** Members of a group. Default: 1024, the oldest goes first; TCP carries 10,922 at most. */
  readonly membersMax: number;
  /** Names whose owners are being asked at once. Default: 4096. */
  readonly challengesMax: number;
  /** The shortest TTL that is granted, in seconds. Default: 300, so that refreshes do not flood. */
  readonly ttlMin: number;
  /** What is granted to a proposal of "for ever", in seconds; 0 grants it. Default: six days. */
  readonly ttlOfInfinite: number;
  /** How often expired names are looked for. Default: 60 s. */
  readonly sweepMs: number;
}

/** The limits in force where none are given. */
export const NAME_SERVER_LIMITS: NameServerLimits = {
  namesMax: 100_000,
  namesPerAddressMax: 4096,
  membersMax: 1024,
  challengesMax: 4096,
  ttlMin: 300,
  ttlOfInfinite: 518_400,
  sweepMs: 60_000,
};

/** What a name server is made with. Only its database must be given. */
export interface NameServerOptions {
  /** Where names are kept: {@link MemoryNameDatabase}, or one that outlives the process. */
  readonly database: NameDatabase;
  /** Ask the old owner ourselves. Default: `true`. RFC 1001 15.1.4.1 calls it secured. */
  readonly secured?: boolean;
  /**
   * What a query for a group says. `members`, the default, is RFC 1001 15.2.2: every owner.
   * `windows` is what Windows and Samba servers do: 255.255.255.255 for all groups but `<1c>`; such
   * groups end by time only, and a local master browser's name `<1d>` is granted but not kept.
   */
  readonly groups?: "members" | "windows";
  /** Where the owners of names answer. Default: 137. */
  readonly port?: number;
  /** Sixteen random bits. */
  readonly random: () => number;
  /** Timers that differ from {@link NAME_TIMERS}. */
  readonly timers?: Partial<NameTimers>;
  /** Limits that differ from {@link NAME_SERVER_LIMITS}. */
  readonly limits?: Partial<NameServerLimits>;
  /** The server that knows a name that we do not, if there is one (RFC 1002 4.2.15). */
  readonly redirect?: (
    name: NetbiosName,
  ) => { readonly domain: string; readonly address: string } | undefined;
  /** Tell of every registration and its end, not only of refusals and challenges. Default: `true`. */
  readonly tellsAll?: boolean;
}
