/**
 * Everything a peer, or an application in a hurry, can make a session hold or wait for, and how much
 * of it. Each can be set; each default says why it is what it is.
 *
 * @module
 */

import { SessionError } from "../errors.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * The least that a window may be. A sender waits for the credit of a whole segment, which is at most
 * half a window, and a receiver may keep up to half of it to itself before it grants it anew.
 */
export const WINDOW_OCTETS_MIN: number = 4 * KiB;

/** The shortest time between probes that a peer can make us agree to. */
export const PROBE_MS_MIN = 100;

/**
 * The bounds of one session: octets, counts and milliseconds. Each default is in its line, with the
 * reason.
 */
export interface Limits {
  /** Octets of one frame's body. 64 KiB: one read of a socket, and what an expedited message waits for. */
  readonly frameOctetsMax: number;
  /** Octets of one message, over all its segments. 16 MiB: larger things are streams. */
  readonly messageOctetsMax: number;
  /** Octets of one expedited message. 4 KiB: it jumps the queue because it is small. */
  readonly expeditedOctetsMax: number;
  /** Octets that may wait unread, at first: 256 KiB fills a home line at 20 ms. Per stream, and for messages. */
  readonly windowOctets: number;
  /** How far a window grows when its reader keeps up: 4 MiB fills 1 Gbit/s at 32 ms. */
  readonly windowOctetsMax: number;
  /** Octets of messages and all streams together that may wait unread. 16 MiB: four busy streams. */
  readonly sessionWindowOctets: number;
  /** Octets sent and kept until the peer has them. 16 MiB: never less than what the peer can have in flight. */
  readonly journalOctetsMax: number;
  /** Octets of messages that wait for credit before `send` says ERR_LIMIT. 16 MiB: for those who do not await. */
  readonly waitingOctetsMax: number;
  /** Streams of the peer's that may be open at once. 1,024. */
  readonly streamsMax: number;
  /** Octets of one stream's label. 1 KiB: a name, not a message. */
  readonly labelOctetsMax: number;
  /** Octets of user data in CONNECT, ACCEPT, REFUSE and ABORT. 10,240, as X.225 has it. */
  readonly userDataOctetsMax: number;
  /** Octets of a handshake frame. 24 KiB: a stranger can make us hold no more. */
  readonly handshakeOctetsMax: number;
  /** How long a handshake may take. 10 s: a slow phone's, not a slow-loris's. */
  readonly handshakeMs: number;
  /** How long a side may be silent before it is probed. 10 s: cheap, and under most NATs' 30 s. */
  readonly probeMs: number;
  /** How long a silent transport is kept. 25 s: two probes; a break loses nothing, so strict is cheap. */
  readonly deadMs: number;
  /** How long a detached session waits for its peer. 10 min: a tunnel, a lift, a reboot of the router. */
  readonly resumeWindowMs: number;
  /**
   * The same for a peer that was never heard of again after ACCEPT. 60 s: a stranger must not hold a
   * place for the whole window by saying CONNECT and hanging up.
   */
  readonly unheardMs: number;
  /** How long a session may carry nothing of the application. 0: for ever. */
  readonly idleMs: number;
  /** How long a session may live. 0: for ever. */
  readonly absoluteMs: number;
  /**
   * How long what came before the end of a session is kept for an application that settles none of it.
   * 7 days: a process that nobody has missed for so long does not come back.
   */
  readonly unreadMs: number;
  /** First and last delay between dials: 50 ms to 15 s, each drawn from 0 to twice the last (full jitter). */
  readonly backoffMs: number;
  /** The longest wait between dials. 15 s: a peer that is back is not kept waiting longer. */
  readonly backoffMsMax: number;
  /** How late an acknowledgement may be: 20 ms, so that it rides on an answer if there is one. */
  readonly acknowledgeMs: number;
  /** How long an orderly release may stand still before it becomes an abort. 30 s: a long pause. */
  readonly releaseMs: number;
}

/** The limits in force where none are given; each with its reason in {@link Limits}. */
export const defaultLimits: Limits = {
  frameOctetsMax: 64 * KiB,
  messageOctetsMax: 16 * MiB,
  expeditedOctetsMax: 4 * KiB,
  windowOctets: 256 * KiB,
  windowOctetsMax: 4 * MiB,
  sessionWindowOctets: 16 * MiB,
  journalOctetsMax: 16 * MiB,
  waitingOctetsMax: 16 * MiB,
  streamsMax: 1024,
  labelOctetsMax: KiB,
  userDataOctetsMax: 10_240,
  handshakeOctetsMax: 24 * KiB,
  handshakeMs: 10_000,
  probeMs: 10_000,
  deadMs: 25_000,
  resumeWindowMs: 600_000,
  unheardMs: 60_000,
  idleMs: 0,
  absoluteMs: 0,
  unreadMs: 7 * 24 * 3_600_000,
  backoffMs: 50,
  backoffMsMax: 15_000,
  acknowledgeMs: 20,
  releaseMs: 30_000,
};

/**
 * The defaults with some of them changed.
 *
 * @throws {SessionError} `ERR_ARGUMENT` for a limit that does not exist, is not a whole number, or
 *   contradicts another.
 */
export function limitsFrom(changes: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(defaultLimits, name)) {
      throw new SessionError("ERR_ARGUMENT", `no such limit: ${name}`);
    }
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new SessionError("ERR_ARGUMENT", `${name} must be a whole number, not ${value}`);
    }
  }
  const said = Object.entries(changes).filter(([, value]) => value !== undefined);
  // Very many sessions may share them.
  if (said.length === 0) return defaultLimits;
  const limits = { ...defaultLimits, ...Object.fromEntries(said) };
  for (const [less, more] of ordered) {
    if (limits[less] > limits[more]) {
      throw new SessionError("ERR_ARGUMENT", `${less} must not exceed ${more}`);
    }
  }
  for (const [name, least] of Object.entries(leasts)) {
    if (limits[name as keyof Limits] < least) {
      // `leasts` has no other names
      throw new SessionError("ERR_ARGUMENT", `${name} must be at least ${least}`);
    }
  }
  return limits;
}

const leasts: Partial<Limits> = {
  frameOctetsMax: 256,
  windowOctets: WINDOW_OCTETS_MIN,
  sessionWindowOctets: WINDOW_OCTETS_MIN,
  journalOctetsMax: WINDOW_OCTETS_MIN,
  handshakeOctetsMax: 1024,
  probeMs: PROBE_MS_MIN,
};

const ordered: readonly (readonly [keyof Limits, keyof Limits])[] = [
  ["expeditedOctetsMax", "frameOctetsMax"],
  ["windowOctets", "windowOctetsMax"],
  ["probeMs", "deadMs"],
  ["backoffMs", "backoffMsMax"],
];
