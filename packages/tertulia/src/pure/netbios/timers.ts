/**
 * The timers, counts and limits of the name service (RFC 1002 6), each of which can be set.
 *
 * @module
 */

/** RFC 1002 6, "DEFINED CONSTANTS AND VARIABLES". */
export interface NameTimers {
  /** BCAST_REQ_RETRY_TIMEOUT. Default: 250 ms. Windows waits 750. */
  readonly broadcastRetryMs: number;
  /** BCAST_REQ_RETRY_COUNT: how often a broadcast request is sent. Default: 3. */
  readonly broadcastRetryCount: number;
  /** UCAST_REQ_RETRY_TIMEOUT. Default: 5 s. Windows waits 1.5. */
  readonly unicastRetryMs: number;
  /** UCAST_REQ_RETRY_COUNT: how often a unicast request is sent. Default: 3. */
  readonly unicastRetryCount: number;
  /** CONFLICT_TIMER: how long a second answer to a broadcast query is still listened for. 1 s. */
  readonly conflictMs: number;
  /**
   * The longest that a WACK may make us wait. Default: 60 s, what nmbd asks for; a liar could ask
   * for 136 years.
   */
  readonly wackMsMax: number;
  /** What part of a name's TTL passes before it is refreshed. Default: 0.5, so that one may fail. */
  readonly refreshFraction: number;
}

/** The timers in force where none are given: those of RFC 1002 6. */
export const NAME_TIMERS: NameTimers = {
  broadcastRetryMs: 250,
  broadcastRetryCount: 3,
  unicastRetryMs: 5000,
  unicastRetryCount: 3,
  conflictMs: 1000,
  wackMsMax: 60_000,
  refreshFraction: 0.5,
};

/** What a node holds at most for others and for its own user. */
export interface NodeLimits {
  /** Names of our own. Default: 254, what the NetBIOS interface can number (RFC 1001 5.2). */
  readonly namesMax: number;
  /** Requests that may be outstanding. Default: 1024 of the 65,536 transaction ids. */
  readonly requestsMax: number;
  /** How many name servers in a row may redirect a query. Default: 8. */
  readonly redirectsMax: number;
}

/** The limits in force where none are given. */
export const NODE_LIMITS: NodeLimits = { namesMax: 254, requestsMax: 1024, redirectsMax: 8 };
