/**
 * How far the release of one session is, what it waits for, and since when: the table of
 * {@link releaseTable} at work on a link.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { FINISH, FINISHED, NOT_FINISHED } from "./frames.ts";
import type { Limits } from "./limits.ts";
import type { Link } from "./link.ts";
import { LATE_MS } from "./liveness.ts";
import {
  type ReleaseInput,
  type ReleaseState,
  type ReleaseTransition,
  releaseTable,
} from "./release.ts";

/** What the release needs of the link. */
export type ReleaseLink = Pick<
  Link,
  "acknowledge" | "isAcknowledged" | "isDrained" | "progress" | "resumeSending" | "sendRelease"
>;

export class Releasing {
  readonly #link: ReleaseLink;
  readonly #releaseMs: number;
  #state: ReleaseState = "open";
  /** When to look whether anything moves; 0 while nobody has to. */
  #lookAt = 0;
  /** How far the link was when it was looked last. */
  #progress = -1;

  constructor(link: ReleaseLink, { releaseMs }: Limits) {
    this.#link = link;
    this.#releaseMs = releaseMs;
  }

  get state(): ReleaseState {
    return this.#state;
  }

  /** When {@link isStuck} is to be asked, or 0. */
  get deadline(): number {
    return this.#lookAt;
  }

  /** Whether both sides have everything and have said so. Only the last acknowledgement may lack. */
  get isAgreed(): boolean {
    return this.#state === "finished" || this.#state === "crossed";
  }

  /** The application wants to end. */
  request(now: number): void {
    this.#enter("SRELreq");
    this.#lookAt ||= now + this.#releaseMs;
  }

  /**
   * The application answers the peer that wants to.
   *
   * @throws {SessionError} `ERR_STATE` when it does not.
   */
  answer(isAgreed: boolean, now: number): void {
    this.#enter(isAgreed ? "SRELrsp+" : "SRELrsp-");
    if (isAgreed) this.#lookAt ||= now + this.#releaseMs;
  }

  /**
   * Takes what the peer said. Returns what comes of it.
   *
   * @throws {ProtocolError} `unexpectedFrame`.
   */
  receive(input: ReleaseInput): ReleaseTransition {
    if (releaseTable[this.#state][input] === undefined) {
      throw new ProtocolError("unexpectedFrame", "Tertulia 9.1", `${input} in ${this.#state}`);
    }
    return this.#enter(input);
  }

  /** Moves on when what it waits for has come. Returns what comes of the last step. */
  advance(): ReleaseTransition | undefined {
    if (this.#state === "open") return undefined;
    let step: ReleaseTransition | undefined;
    if (releaseTable[this.#state].drained && this.#link.isDrained) {
      step = this.#enter("drained");
    }
    if (releaseTable[this.#state].acknowledged && this.#link.isAcknowledged) {
      step = this.#enter("acknowledged");
    }
    return step;
  }

  /** Whether nothing has moved since it was asked last. A long journal on a slow line takes its time. */
  isStuck(now: number): boolean {
    if (this.#lookAt === 0 || now < this.#lookAt) return false;
    const { progress } = this.#link;
    if (progress === this.#progress && now < this.#lookAt + LATE_MS) return true;
    this.#progress = progress;
    this.#lookAt = now + this.#releaseMs;
    return false;
  }

  /** The peer is there again, on another transport: it has its time anew. */
  resumed(now: number): void {
    if (this.#lookAt) this.#lookAt = now + this.#releaseMs;
  }

  /** Begins where the stored session was. */
  restore(state: ReleaseState, now: number): void {
    this.#state = state;
    if (state !== "open") this.#lookAt = now + this.#releaseMs;
  }

  /** The session has ended without one. */
  stop(): void {
    if (this.#state === "open") this.#state = "released";
  }

  /** The only place where the state changes by an input. */
  #enter(input: ReleaseInput): ReleaseTransition {
    const transition = releaseTable[this.#state][input];
    if (transition === undefined) {
      throw new SessionError("ERR_STATE", `${input} in ${this.#state}`);
    }
    const { send, tell, to } = transition;
    this.#state = to;
    if (send === "FINISH") this.#link.sendRelease(FINISH);
    if (send === "FINISHED") this.#link.sendRelease(FINISHED);
    if (send === "NOT_FINISHED") this.#link.sendRelease(NOT_FINISHED);
    if (tell === "releaseRefused") {
      this.#lookAt = 0;
      this.#link.resumeSending();
    }
    // The peer waits for this acknowledgement, and for nothing else.
    if (this.isAgreed) this.#link.acknowledge();
    return transition;
  }
}
