/**
 * Whether the peer on a transport is still there: when it was heard, and the probe that it has not
 * answered yet. Made for each transport, and gone with it.
 *
 * @module
 */

/** A look that comes this late was held up by our own side, or by sleep: the peer is not to blame. */
export const LATE_MS = 2000;
/** How long a probe may go unanswered when there is reason to doubt. */
export const DOUBT_MS = 5000;

export interface LivenessLimits {
  /** Silence after which the peer is asked. */
  readonly probeMs: number;
  /** Silence after which it is given up. */
  readonly deadMs: number;
}

export class Liveness {
  /** When the transport became the session's. */
  readonly since: number;
  heardAt: number;
  /** The probe of the peer's that is to be answered: only the last, however many it sends. */
  pongId: number | undefined;

  readonly #limits: LivenessLimits;
  #pingId = 0;
  #pingAt = 0;
  /** When an unanswered probe means death; 0 while none is out. */
  #deadAt = 0;

  constructor(limits: LivenessLimits, now: number) {
    this.#limits = limits;
    this.since = now;
    this.heardAt = now;
  }

  heard(now: number): void {
    this.heardAt = now;
    this.#deadAt = 0;
  }

  /** A probe is sent; returns its number. */
  ping(now: number): number {
    this.#pingId += 1;
    this.#pingAt = now;
    return this.#pingId;
  }

  /** There is reason to doubt: the probe that is sent now may not take long. */
  doubt(now: number): void {
    this.#deadAt = now + Math.min(DOUBT_MS, this.#graceMs);
  }

  /** A probe was answered; how long it took, if that is the last one. */
  answered(pingId: number): number | undefined {
    if (pingId !== this.#pingId || this.#pingAt === 0) return undefined;
    const roundTripMs = this.heardAt - this.#pingAt;
    this.#pingAt = 0;
    return roundTripMs;
  }

  /** When to look whether the peer is there. */
  get dueAt(): number {
    return this.#deadAt || this.heardAt + this.#limits.probeMs;
  }

  /** Whether the peer has to be asked, or is dead. */
  look(now: number): "alive" | "ask" | "dead" {
    const { dueAt } = this;
    if (now < dueAt) return "alive";
    // What came while we slept, or were held up, is not read yet: ask again before we judge.
    const isOurFault = now - dueAt > LATE_MS;
    if (this.#deadAt > 0 && !isOurFault) return "dead";
    this.#deadAt = Math.max(this.heardAt + this.#limits.deadMs, now + this.#graceMs);
    return "ask";
  }

  /** How long an answer to a probe may take. */
  get #graceMs(): number {
    return Math.max(1000, this.#limits.deadMs - this.#limits.probeMs);
  }
}
