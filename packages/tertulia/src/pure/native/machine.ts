/**
 * The session machine: one session over the transports it has had, has, and tries to get.
 *
 * Below it is the {@link Link}, which keeps order over them; this is the life of it: which transport
 * is the current one, how the next proves itself before it takes over, when a silent one is given up,
 * and how the session ends. Both roles are here. Only the initiator dials; only the responder is
 * resumed. Transports are known by numbers that the caller makes or is given.
 *
 * For the caller: after each call, `poll` until it is `undefined`; `tick` when `deadline` has come.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import { concatOctets, type Loan, NO_OCTETS, Reader } from "../octets.ts";
import { type Abort, type AbortReason, decodeAbort, encodeAbort } from "./abort.ts";
import { AbortedError } from "./aborted.ts";
import { Candidate, type CandidateParts } from "./candidate.ts";
import { Dialling, fraction } from "./dialling.ts";
import { type Agreement, isOverlapping } from "./establishment.ts";
import {
  ABORT,
  encodeFrame,
  encodeVarints,
  FENCED,
  FINISH,
  FINISHED,
  frameName,
  GOAWAY,
  NOT_FINISHED,
  PING,
  PONG,
  RELEASED,
} from "./frames.ts";
import type { Established } from "./initiation.ts";
import { type End, Keep } from "./keep.ts";
import type { Cursor, KeptEnd, KeptSession } from "./kept-state.ts";
import { ID_OCTETS } from "./keys.ts";
import { Lifetime } from "./lifetime.ts";
import type { Limits } from "./limits.ts";
import { Link } from "./link.ts";
import type { LinkListener } from "./link-parts.ts";
import { DOUBT_MS, LATE_MS, Liveness } from "./liveness.ts";
import type { Message, PresentationContext } from "./message.ts";
import { Parameters, ParameterWriter } from "./parameters.ts";
import { refuse } from "./reception.ts";
import { notStored, type Refusal, refusalError, refusalOf } from "./refusal.ts";
import type { ReleaseState, ReleaseTransition } from "./release.ts";
import { Releasing } from "./releasing.ts";
import type { ResumeRequest } from "./resume.ts";
import type { SessionEvent, SessionOutcome, SessionOutput } from "./session-output.ts";
import type { StreamState } from "./stream.ts";
import type { Suite } from "./suite.ts";
import { DAMAGED_MAX, judge, soundsDamaged } from "./verdict.ts";

export type Role = "initiator" | "responder";

export interface SessionMachineOptions {
  readonly role: Role;
  readonly established: Established;
  readonly limits: Limits;
  /** The agreed contexts, in the agreed order. */
  readonly contexts: readonly PresentationContext[];
  readonly suite: Suite;
  /** The transport that it was established on; for one that was stored, the number of the next. */
  readonly transport: number;
  /** Everything is stored before it has an effect: for durabilities beyond `memory`. */
  readonly isKept?: boolean;
  /** What was stored of it: it begins suspended. */
  readonly kept?: KeptSession;
  /** How far the application's own data say that it is, for a session that was stored. */
  readonly cursor?: Cursor;
  /** How old it is already, in ms, and how long nothing has become of it, for one that was stored. */
  readonly ageMs?: number;
  readonly quietMs?: number;
  /** Whether to go on with the streams that the process before carried over. Default: they are lost. */
  readonly carriesStreams?: boolean;
  /** What is to be sent on the transport once the session is stored: the answer that makes it one. */
  readonly answer?: Uint8Array;
}

/** When to ask again for an end that is being stored. */
const NOT_STORED_MS = 100;

/** Octets handed to a transport at a time. */
const SEND_OCTETS = 256 * 1024;

export class SessionMachine implements LinkListener {
  readonly role: Role;
  readonly agreement: Agreement;
  readonly link: Link;
  /** The current transport does not take more for now; kept by the caller. */
  isClogged = false;
  /**
   * Gives what is to be kept of the dialogue, as of now; asked for with every batch. Without it stays
   * kept what was.
   */
  snapshotDialogue: (() => Uint8Array | undefined) | undefined;

  /** The session's id and, behind it, its secret: one array, because each costs more than they do. */
  readonly #keys: Uint8Array;
  readonly #limits: Limits;
  readonly #suite: Suite;
  readonly #outputs: Fifo<SessionOutput> = new Fifo();

  /** Present when everything is stored before it has an effect. */
  readonly #keep: Keep | undefined;
  #state: "connected" | "suspended" | "closed" = "connected";
  readonly #release: Releasing;
  #outcome: SessionOutcome = "aborted";
  #transport: number | undefined;
  #candidate: Candidate | undefined;
  #nextTransport: number;
  #epoch = 0;
  /** The highest epoch that anybody with a good proof asked for. */
  #claimed = 0;

  /** Of the current transport. */
  #live: Liveness | undefined;
  /** Whether anything came behind the handshake: then the peer is more than a stranger's CONNECT. */
  #isHeard = false;
  /** How often a RESUME was refused as a damaged one is, since the last that was not. */
  #damaged = 0;

  /** When a suspended session is given up. */
  #expiresAt = 0;
  /** Of the initiator: only it dials. */
  readonly #dialling: Dialling | undefined;
  /** Waits for the next transport. */
  #goAwayFrame: Uint8Array | undefined;

  readonly #lifetime: Lifetime;
  /** It has ended, and when what the application has not settled is given up; 0 for not at all. */
  #restUntil = 0;

  constructor(options: SessionMachineOptions, now: number) {
    const { role, established, limits, contexts, suite, transport } = options;
    this.role = role;
    this.agreement = established.agreement;
    this.#keys = concatOctets([established.sessionId, established.secret]);
    this.#limits = limits;
    this.#suite = suite;
    this.#dialling = role === "initiator" ? new Dialling(limits, suite) : undefined;
    this.#transport = transport;
    this.#nextTransport = transport + 1;
    this.#live = new Liveness(this.agreement, now);
    const { ageMs = 0, quietMs = 0 } = options;
    this.#lifetime = new Lifetime(this.agreement, now, ageMs, quietMs);
    const peer = this.agreement.peer;
    const keep = options.isKept ? new Keep() : undefined;
    this.#keep = keep;
    const keeps = keep && (isOverlapping(this.agreement) ? "overlapping" : "waiting");
    this.link = new Link(role === "initiator", limits, peer, contexts, this, keeps);
    this.#release = new Releasing(this.link, limits);
    if (options.answer) keep?.gate([{ type: "send", transport, chunks: [options.answer] }]);
    if (keep && options.kept) this.#restore(keep, options.kept, now, options);
    else if (established.rest.length > 0) this.receive(transport, established.rest, now);
  }

  get sessionId(): Uint8Array {
    return this.#keys.slice(0, ID_OCTETS);
  }

  get state(): "connected" | "suspended" | "closed" {
    return this.#state;
  }

  /** How many transports it has had, not counting the first. */
  get epoch(): number {
    return this.#epoch;
  }

  get currentTransport(): number | undefined {
    return this.#transport;
  }

  get releaseState(): ReleaseState {
    return this.#release.state;
  }

  // What the application asks for.

  /** @throws {SessionError} `ERR_CLOSED`, `ERR_STATE` after a release was asked, `ERR_LIMIT`. */
  send(type: number, octets: Uint8Array): number {
    if (this.#release.state !== "open") this.#checkSend();
    return this.link.outbox.send(type, octets);
  }

  /** As {@link send}, past everything that waits. */
  sendExpedited(type: number, octets: Uint8Array): number {
    if (this.#release.state !== "open") this.#checkSend();
    return this.link.outbox.sendExpedited(type, octets);
  }

  take(): Message | undefined {
    return this.link.inbox.take();
  }

  /**
   * Ends the session once both sides have said everything.
   *
   * @throws {SessionError} `ERR_CLOSED`.
   */
  requestRelease(now: number): void {
    this.#checkOpen();
    this.#release.request(now);
    this.#advance();
  }

  /**
   * Answers the peer that asked to end.
   *
   * @throws {SessionError} `ERR_CLOSED`, `ERR_STATE` when it did not ask.
   */
  answerRelease(isAgreed: boolean, now: number): void {
    this.#checkOpen();
    this.#release.answer(isAgreed, now);
    this.#advance();
  }

  /** Ends the session now. The peer is told if it can be. */
  abort(reason: AbortReason, message: string, userData?: Uint8Array): void {
    if (this.#state === "closed") return;
    // Both have everything and have said so: there is nothing left to abort.
    if (this.#release.isAgreed) return this.#close("released");
    this.#sendAbort(reason, message, userData);
    // Whoever aborts does not ask for what came.
    this.#close("aborted", new AbortedError(reason, message), { hasNoRest: true });
  }

  /**
   * Goes over to a new transport while the old one lives, or at once when there is none.
   *
   * @throws {SessionError} `ERR_STATE` for a responder.
   */
  migrate(now: number, location?: string): void {
    const dialling = this.#dialling;
    if (dialling === undefined) {
      throw new SessionError("ERR_STATE", "only the initiator dials; ask it with goAway");
    }
    if (location !== undefined) dialling.goTo(location);
    if (this.#state !== "closed" && this.#candidate === undefined) dialling.plan(now);
  }

  /**
   * Asks the initiator to go over to a new transport, some time between `afterMs` and `jitterMs`
   * later. One that is between two transports is asked on the next.
   */
  goAway(afterMs: number, jitterMs: number, location?: string): void {
    const body = new ParameterWriter()
      .numbers("retryMs", afterMs, jitterMs)
      .text("location", location);
    const frame = encodeFrame(GOAWAY, body.finish());
    // An initiator that is on its way already reads nothing any more where it comes from.
    if (this.#transport === undefined || this.#candidate) this.#goAwayFrame = frame;
    else this.#sendTo(this.#transport, frame);
  }

  /** Something happened to the network: ask the peer at once, or dial at once. */
  probe(now: number): void {
    if (this.#state === "connected") {
      this.#ping(now);
      this.#live?.doubt(now);
    } else if (this.#state === "suspended" && this.#candidate === undefined) {
      this.#dialling?.planAnew(now);
    }
  }

  // What has to be stored first.

  /** The mark that will have everything that was asked for until now. */
  get nextMark(): number {
    const { collected = 0, isChanged = false } = this.#keep ?? {};
    return isChanged || this.link.isUncollected ? collected + 1 : collected;
  }

  /** Everything up to this mark is stored. */
  get storedMark(): number {
    return this.#keep?.stored ?? 0;
  }

  /** Whether what is to be stored is collected at once: not too much is under way. */
  get isStoreReady(): boolean {
    return this.#keep?.isReady ?? true;
  }

  /** The application is done with what it took; returns the mark that will say so. */
  commit(now: number): number {
    this.link.settle(now);
    this.link.settleLost();
    if (this.#keep) this.#keep.isChanged = this.#state !== "closed" || this.hasRest;
    return this.nextMark;
  }

  /** Something beside the link is to be stored; returns the mark that will say that it is. */
  keepMore(): number {
    if (this.#keep && this.#state !== "closed") this.#keep.isChanged = true;
    return this.nextMark;
  }

  /**
   * Leaves the streams as they are, for the process that goes on with the session when this one parks
   * it; or, if that is not to be, no more. Returns the mark that will have it stored.
   */
  carryStreams(isCarrying: boolean): number {
    this.link.carryStreams(isCarrying);
    return this.keepMore();
  }

  /** What was kept of the dialogue before this process began. */
  get keptDialogue(): Uint8Array | undefined {
    return this.#keep?.dialogue;
  }

  /** The oldest SPDU that came on a lane has had its effect on the dialogue. */
  tookSpdu(lane: 0 | 1, now: number): void {
    this.link.tookSpdu(lane, now);
  }

  /** It has ended, and stays in the store until the application has settled all that came. */
  get hasRest(): boolean {
    return this.#keep?.rest !== undefined;
  }

  /** What was to be stored up to this mark is. */
  stored(mark: number): void {
    const keep = this.#keep;
    if (keep === undefined) return;
    keep.stored = mark;
    const changes = keep.underWay.shift();
    if (changes && this.#state !== "closed") {
      this.#guard(() => this.link.stored(changes));
      this.#advance();
    }
    for (const output of keep.open(mark, this.#candidate)) this.#outputs.push(output);
  }

  /** The store could not: nothing that was acknowledged is lost, and nothing more is promised here. */
  storeFailed(error: SessionError): void {
    this.#park(error);
  }

  /** Lets go of the session without ending it: what is stored can be gone on with. */
  park(): void {
    this.#park(undefined);
  }

  // What becomes of transports.

  /** A number for a transport that came to us, which `resume` is then told of. */
  allotTransport(): number {
    return this.#nextTransport++;
  }

  /** A transport that we dialled is there. */
  opened(transport: number, binding: Uint8Array): void {
    const candidate = this.#candidate;
    if (candidate?.transport !== transport || candidate.phase !== "dialing") {
      this.#outputs.push({ type: "close", transport });
      return;
    }
    // The peer answers with where it stands, and before its answer is here it may acknowledge more
    // on the transport there is.
    this.link.hold();
    this.#epoch += 1;
    this.#sendKept(candidate, candidate.resume(binding, this.#epoch, this.link.positions));
  }

  /** A transport ended, or could not be opened. */
  ended(transport: number, now: number, error?: SessionError): void {
    const reason = error ?? new SessionError("ERR_CLOSED", "the peer's transport ended");
    if (transport === this.#transport) this.#suspend(now, reason);
    else if (transport === this.#candidate?.transport) this.#retry(now, reason);
  }

  /**
   * Somebody on a new transport claims to be the peer. Either the claim is good, and the answer is
   * in the output; or this says why not, and nothing has changed.
   */
  resume(
    transport: number,
    request: ResumeRequest,
    binding: Uint8Array,
    rest: Uint8Array,
    now: number,
  ): Refusal | undefined {
    const { epoch, positions } = request;
    const candidate = new Candidate(this.#parts, transport, now);
    if (!candidate.isResumedBy(request, binding)) {
      return { reason: "badProof", isPersistent: true };
    }
    if (this.#state === "closed") {
      // That it is over is not said before it is stored: the peer would forget, and a crash remember.
      if (!this.#keep?.isGated) return refusalOf(this.#outcome, this.link.positions.received);
      return { reason: "notReady", isPersistent: false, retryMs: NOT_STORED_MS };
    }
    if (epoch <= this.#claimed) {
      // Somebody claimed this epoch. If nobody came to hold it, a higher one is still to be had.
      return { reason: "fenced", isPersistent: epoch <= this.#epoch, epoch: this.#claimed };
    }
    const wrong = this.link.checkPositions(positions);
    if (wrong !== undefined) {
      // An old copy of the peer, perhaps: the peer itself may still come, or be here.
      const { received } = this.link.positions;
      return { reason: "lost", isPersistent: true, received, message: wrong };
    }
    this.#dropCandidate();
    this.#claimed = epoch;
    this.#candidate = candidate;
    // Only from here on is it kept what we say that we retain.
    this.link.hold();
    this.#sendKept(candidate, candidate.answer(this.link.positions));
    if (rest.length > 0) this.receive(transport, rest, now);
    return undefined;
  }

  /**
   * Takes octets of a transport. Octets of one that is neither current nor candidate are ignored.
   *
   * @param loan - They are there until this returns, unless it is taken.
   */
  receive(transport: number, octets: Uint8Array, now: number, loan?: Loan): void {
    if (transport === this.#transport) {
      this.#live?.heard(now);
      this.#isHeard = true;
      try {
        this.link.receive(octets, now, loan);
      } catch (error) {
        this.#violated(asProtocolError(error));
      }
      this.#advance();
    } else if (transport === this.#candidate?.transport) {
      const candidate = this.#candidate;
      try {
        this.#receiveCandidate(candidate, loan ? octets.slice() : octets, now);
      } catch (error) {
        // The old transport, if there is one, has nothing to do with it.
        this.#retry(now, asProtocolError(error));
      }
    }
  }

  /** Lets time pass. Calling it early does nothing. */
  tick(now: number): void {
    if (this.#state === "closed") return this.#tickRest(now);
    const over = this.#lifetime.look(now, this.link);
    if (over === "lifetime") return this.#timeOver(over, "its time is over");
    if (over) return this.#timeOver(over, `nothing was said for ${this.agreement.idleMs} ms`);
    if (this.#candidate && now >= this.#candidate.deadline) {
      this.#retry(now, new SessionError("ERR_TIMEOUT", "the handshake took too long"));
    }
    if (this.#state === "connected") this.#tickConnected(now);
    else this.#tickSuspended(now);
    if (this.#dialling?.isDue(now)) this.#dial(this.#dialling, now);
  }

  /** When `tick` is due, or `undefined` for never. */
  get deadline(): number | undefined {
    const keep = this.#keep;
    let next = Number.POSITIVE_INFINITY;
    const at = (time: number) => {
      if (time > 0 && time < next) next = time;
    };
    if (this.#state === "closed") {
      if (!this.hasRest) return undefined;
      at(this.#restUntil);
      if (keep?.isReady) at(this.link.settleAt);
      return Number.isFinite(next) ? next : undefined;
    }
    at(this.#lifetime.deadline);
    at(this.#dialling?.dueAt ?? 0);
    at(this.#candidate?.deadline ?? 0);
    if (keep?.isReady) at(this.link.settleAt);
    if (this.#state === "connected") {
      at(this.#live?.dueAt ?? 0);
      // What a clogged transport does not take is not waited for.
      if (!this.isClogged) at(this.link.deadline);
      at(this.#release.deadline);
    } else if (this.role === "responder") {
      at(this.#expiresAt);
    }
    return Number.isFinite(next) ? next : undefined;
  }

  /** The next thing to do, or `undefined` when there is nothing more. */
  poll(now: number): SessionOutput | undefined {
    const output = this.#outputs.shift();
    if (output) return output;
    const keep = this.#keep;
    if (keep !== undefined) {
      this.#advance();
      const next = this.#outputs.shift();
      if (next) return next;
      // What need not be stored first goes out first: its receiver has to store it as well.
      if (this.link.isAhead) return this.#compose(now) ?? this.#collect(keep, now);
      const changes = this.#collect(keep, now);
      if (changes) return changes;
      // Until it is stored for the first time there is no session that could say anything.
      if (keep.stored === 0) return undefined;
    }
    return this.#compose(now);
  }

  /** What there is to send now, as far as the transport takes it. */
  #compose(now: number): SessionOutput | undefined {
    if (this.#transport === undefined || this.isClogged) return undefined;
    this.#advance();
    const chunks: Uint8Array[] = [];
    const live = this.#live;
    if (live?.pongId !== undefined) {
      chunks.push(encodeVarints(PONG, live.pongId));
      live.pongId = undefined;
    }
    this.link.compose(now, SEND_OCTETS, chunks);
    if (chunks.length === 0) return undefined;
    return { type: "send", transport: this.#transport, chunks };
  }

  // LinkListener.

  control(type: number, body: Uint8Array): void {
    const fields = new Reader(body, `Tertulia 2.2 ${frameName(type)}`);
    switch (type) {
      case PING:
        if (this.#live) this.#live.pongId = fields.varint();
        this.link.relax();
        return;
      case PONG:
        this.link.roundTripMs = this.#live?.answered(fields.varint()) ?? this.link.roundTripMs;
        return;
      case GOAWAY:
        return this.#goingAway(new Parameters(body));
      case ABORT: {
        const abort = decodeAbort(body);
        const said = abort.message ? `: ${abort.message}` : "";
        const error = new AbortedError(abort.reason, `the peer: ${abort.reason}${said}`);
        return this.#close("aborted", error, { abort });
      }
      case FENCED: {
        const epoch = fields.varint();
        if (this.role === "responder" || epoch <= this.#epoch) break;
        return this.#close("fenced", new SessionError("ERR_RESUME", `fenced by epoch ${epoch}`));
      }
      case RELEASED:
        return this.#moved(this.#release.receive("RELEASED"));
      case FINISH:
        this.link.heardAll();
        return this.#moved(this.#release.receive("FINISH"));
      case FINISHED:
        this.link.heardAll();
        return this.#moved(this.#release.receive("FINISHED"));
      case NOT_FINISHED:
        return this.#moved(this.#release.receive("NOT_FINISHED"));
    }
    throw new ProtocolError("unexpectedFrame", "Tertulia 2.2", frameName(type));
  }

  readable(): void {
    this.#tell({ type: "readable" });
  }

  accepted(ticket: number): void {
    this.#tell({ type: "accepted", ticket });
  }

  dialogue(octets: Uint8Array, isExpedited: boolean): void {
    this.#tell({ type: "dialogue", octets, isExpedited });
  }

  streamOpened(stream: StreamState): void {
    this.#tell({ type: "streamOpened", stream });
  }

  streamReadable(id: number): void {
    this.#tell({ type: "streamReadable", id });
  }

  streamWritable(id: number): void {
    this.#tell({ type: "streamWritable", id });
  }

  streamEnded(id: number): void {
    this.#tell({ type: "streamEnded", id });
  }

  streamReset(id: number, code: number, takenOctets: number): void {
    this.#tell({ type: "streamReset", id, code, takenOctets });
  }

  // Private.

  /** The next batch, unless enough are under way. */
  #collect(keep: Keep, now: number): SessionOutput | undefined {
    if (this.#state === "closed" && keep.rest === undefined) return undefined;
    const dialogue = this.snapshotDialogue;
    const output = keep.collect(this.link, now, this.#spoken, this.#release.state, dialogue);
    // Whoever settles something is still at it.
    if (output && keep.rest) this.#restUntil = now + this.#limits.unreadMs;
    return output;
  }

  /** The highest epoch that anything was said of, which a restart must not say again. */
  get #spoken(): number {
    return Math.max(this.#epoch, this.#claimed);
  }

  /** Begins where the stored session was. */
  #restore(
    keep: Keep,
    kept: KeptSession,
    now: number,
    { cursor, quietMs = 0, carriesStreams }: SessionMachineOptions,
  ): void {
    this.#transport = undefined;
    this.#live = undefined;
    this.#state = "suspended";
    this.#epoch = kept.epoch;
    this.#claimed = kept.epoch;
    this.#release.restore(kept.state.release, now);
    keep.dialogue = kept.state.dialogue.snapshot;
    keep.collected = 1;
    keep.stored = 1;
    keep.isChanged = false;
    this.#expiresAt = now + this.agreement.resumeWindowMs;
    this.#dialling?.plan(now);
    this.#guard(() => this.link.restore(kept, now, cursor, carriesStreams));
    this.#lifetime.restore(this.link);
    if (kept.state.end) {
      this.#restUntil = Math.max(1, now + this.#limits.unreadMs - quietMs);
      return this.#restoreRest(keep, kept.state.end);
    }
    if (kept.state.release === "asked") this.#tell({ type: "releaseAsked" });
    if (this.#release.isAgreed && this.role === "responder") this.#close("released");
  }

  /** It had ended: what came before that is still to be had. */
  #restoreRest(keep: Keep, rest: KeptEnd): void {
    // Whoever wrote it was one of us.
    const { outcome, message } = rest as End;
    keep.rest = { outcome, message };
    this.#state = "closed";
    this.#outcome = outcome;
    this.#dialling?.cancel();
    this.#lookAtAll();
    this.link.stop();
    const why = outcome === "released" ? {} : { error: new SessionError("ERR_CLOSED", message) };
    this.#tell({ type: "closed", outcome, ...why });
  }

  /** Sends to a candidate what may not be said before its epoch is stored. */
  #sendKept(candidate: Candidate, octets: Uint8Array): void {
    const { transport } = candidate;
    if (this.#keep === undefined) return this.#sendTo(transport, octets);
    this.#keep.isChanged = true;
    this.#keep.gate([{ type: "send", transport, chunks: [octets] }], candidate);
  }

  #park(error: SessionError | undefined): void {
    // What waits for the store will not come; what it was to say is said by its state.
    const keep = this.#keep;
    if (keep === undefined) return;
    const isEnding = this.#state === "closed";
    if (error) keep.rest = undefined;
    if (isEnding && !keep.isGated) return;
    let transport = this.#transport;
    if (transport !== undefined && this.role === "responder" && keep.stored === 0) {
      this.#sendTo(transport, refuse(notStored));
    }
    for (const output of keep.drop()) {
      // That it has ended is not stored: for whoever goes on with it, it has not.
      if (isEnding && output.type === "close") transport = output.transport;
    }
    this.#state = "closed";
    this.#outcome = "parked";
    this.#transport = undefined;
    this.#dropCandidate();
    this.link.stop();
    if (transport !== undefined) this.#drop(transport);
    this.#tell({ type: "closed", outcome: "parked", ...(error && { error }) });
  }

  #checkOpen(): void {
    if (this.#state === "closed") throw new SessionError("ERR_CLOSED", "the session has ended");
  }

  #checkSend(): void {
    this.#checkOpen();
    if (this.#release.state !== "asked") {
      throw new SessionError("ERR_STATE", "send after the release was asked for");
    }
  }

  #tickConnected(now: number): void {
    if (this.#release.isStuck(now)) {
      return this.abort("releaseTimeout", `no release within ${this.#limits.releaseMs} ms`);
    }
    const live = this.#live;
    const found = live?.look(now);
    if (live === undefined || found === "alive") return;
    if (found === "ask") return this.#ping(now);
    const silentMs = Math.round(now - live.heardAt);
    const error = new SessionError("ERR_TIMEOUT", `nothing heard for ${silentMs} ms`);
    if (this.#transport !== undefined) this.#drop(this.#transport, error);
    this.#suspend(now, error);
  }

  #tickSuspended(now: number): void {
    if (this.role !== "responder" || now < this.#expiresAt) return;
    // We slept: the peer may be at the door.
    if (now > this.#expiresAt + LATE_MS) this.#expiresAt = now + DOUBT_MS;
    else this.#expire();
  }

  /** How long we wait for the peer to come back. */
  get #windowMs(): number {
    const { resumeWindowMs } = this.agreement;
    const isStranger = this.role === "responder" && !this.#isHeard;
    return isStranger ? Math.min(resumeWindowMs, this.#limits.unheardMs) : resumeWindowMs;
  }

  /** Its idle or its absolute time is over. The peer is told now, or, when it is away, when it comes. */
  #timeOver(reason: AbortReason, message: string): void {
    if (this.#state === "connected") return this.abort(reason, message);
    this.#close("expired", new SessionError("ERR_RESUME", `expired: ${message}`));
  }

  /** It has ended, and nobody asked for what came before that for too long. */
  #tickRest(now: number): void {
    const keep = this.#keep;
    if (keep?.rest === undefined || this.#restUntil === 0 || now < this.#restUntil) return;
    this.#outputs.push(keep.bury(this.link, this.#spoken, keep.rest));
  }

  #ping(now: number): void {
    if (this.#transport === undefined || this.#live === undefined) return;
    this.link.relax();
    this.#sendTo(this.#transport, encodeVarints(PING, this.#live.ping(now)));
  }

  #suspend(now: number, error: SessionError): void {
    this.#transport = undefined;
    this.isClogged = false;
    const live = this.#live;
    this.#live = undefined;
    this.link.detach();
    if (this.#state !== "connected") return;
    // Nobody has anything left to say; the initiator, if it does not know yet, comes back and is told.
    if (this.#release.isAgreed && this.role === "responder") return this.#close("released");
    this.#state = "suspended";
    this.#expiresAt = now + this.#windowMs;
    this.#tell({ type: "suspended", error });
    if (this.#candidate === undefined) this.#dialling?.lost(now, live ? now - live.since : 0);
  }

  #dial(dialling: Dialling, now: number): void {
    if (this.#candidate) return dialling.cancel();
    const transport = this.#nextTransport++;
    this.#candidate = new Candidate(this.#parts, transport, now);
    const location = dialling.begin();
    this.#outputs.push({ type: "dial", transport, ...(location !== undefined && { location }) });
  }

  /** The candidate came to nothing. */
  #retry(now: number, error: SessionError, retryMs = 0): void {
    this.#dropCandidate(error);
    this.#advance();
    if (this.#dialling === undefined || this.#state === "closed") return;
    if (this.#state === "suspended" && now >= this.#expiresAt) {
      return this.#expire();
    }
    const delayMs = this.#dialling.failed(now, retryMs);
    this.#tell({ type: "retrying", error, retryMs: Math.round(delayMs) });
  }

  #dropCandidate(error?: SessionError): void {
    const candidate = this.#candidate;
    if (candidate === undefined) return;
    this.#candidate = undefined;
    this.link.unhold();
    this.#drop(candidate.transport, error);
  }

  #receiveCandidate(candidate: Candidate, octets: Uint8Array, now: number): void {
    const answer = candidate.receive(octets);
    if (answer === undefined) return;
    if (answer.type === "refused") return this.#refused(answer.refusal, now);
    if (candidate.phase === "resuming") {
      const wrong = this.link.checkPositions(candidate.peer);
      if (wrong !== undefined) {
        return this.#close("lost", new ProtocolError("badPositions", "Tertulia 8.3", wrong));
      }
      this.#sendTo(candidate.transport, candidate.confirm());
    }
    this.#attach(candidate, now);
  }

  /** The candidate has proved itself: it takes over. */
  #attach(candidate: Candidate, now: number): void {
    const { transport, peer, declared, epoch } = candidate;
    const old = this.#transport;
    const isMove = this.#state === "connected";
    const rest = candidate.rest();
    this.#candidate = undefined;
    this.#epoch = epoch;
    this.#damaged = 0;
    this.#dialling?.cancel();
    this.#transport = transport;
    this.isClogged = false;
    this.#state = "connected";
    this.#live = new Liveness(this.agreement, now);
    this.#isHeard = true;
    this.#release.resumed(now);
    if (old !== undefined) {
      if (this.role === "responder") this.#sendTo(old, encodeVarints(FENCED, epoch));
      this.#outputs.push({ type: "close", transport: old });
    }
    const replayed = this.link.attach(peer, declared);
    if (this.#goAwayFrame) this.#sendTo(transport, this.#goAwayFrame);
    this.#goAwayFrame = undefined;
    this.#tell({ type: "resumed", epoch, replayed: isMove ? 0 : replayed, isMove });
    this.#advance();
    if (rest.length > 0) this.receive(transport, rest, now);
  }

  #refused(refusal: Refusal, now: number): void {
    if (this.#state === "connected") {
      // Where we wanted to go they do not want us. Here we are, and nobody said otherwise.
      if (refusal.isPersistent) this.#dialling?.goTo(undefined);
      return this.#retry(now, refusalError(refusal), refusal.retryMs);
    }
    if (soundsDamaged(refusal) && this.#damaged < DAMAGED_MAX) {
      // Somebody is there: the waits are not those for somebody who is not.
      if (this.#damaged === 0) this.#dialling?.answered();
      this.#damaged += 1;
      return this.#retry(now, refusalError(refusal), refusal.retryMs);
    }
    const verdict = judge(refusal, this.#release.state);
    if (verdict.type === "ended") return this.#close(verdict.outcome, verdict.error);
    if ("location" in verdict) this.#dialling?.goTo(verdict.location);
    this.#retry(now, verdict.error, verdict.retryMs);
  }

  #goingAway(parameters: Parameters): void {
    const [afterMs = 0, jitterMs = 0] = parameters.numbers("retryMs", 2) ?? [];
    const location = parameters.text("location");
    const inMs = Math.round(afterMs + jitterMs * fraction(this.#suite));
    this.#tell({ type: "moving", inMs, ...(location !== undefined && { location }) });
    const dialling = this.#dialling;
    if (dialling === undefined || this.#candidate) return;
    if (location !== undefined) dialling.goTo(location);
    dialling.plan((this.#live?.heardAt ?? 0) + Math.max(1, inMs));
  }

  #expire(): void {
    const error = new SessionError("ERR_RESUME", `expired: not resumed in ${this.#windowMs} ms`);
    this.#close("expired", error);
  }

  /** Moves the release on when what it waits for has come. */
  #advance(): void {
    if (this.#state === "closed") return;
    const transition = this.#release.advance();
    if (transition) this.#moved(transition);
  }

  #moved({ send, tell, to }: ReleaseTransition): void {
    if (tell) this.#tell({ type: tell });
    if (to === "released") {
      this.#close("released", undefined, { isFarewell: send === "RELEASED" });
    }
  }

  /** Ends the session: the only place where it does. */
  #close(
    how: SessionOutcome,
    why?: SessionError,
    {
      abort,
      isFarewell = false,
      hasNoRest = how === "fenced",
    }: { readonly abort?: Abort; readonly isFarewell?: boolean; readonly hasNoRest?: boolean } = {},
  ): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    if (!hasNoRest) this.#lookAtAll();
    // Whatever became of the transport, or of the peer: both had said that all is said and received.
    const outcome = this.#release.isAgreed ? "released" : how;
    const error = outcome === "released" ? undefined : why;
    this.#outcome = outcome;
    this.#dialling?.cancel();
    this.#release.stop();
    const transport = this.#transport;
    const last: SessionOutput[] = [];
    if (transport !== undefined) {
      const chunks: Uint8Array[] = [];
      // The acknowledgement of FINISHED is what lets the peer end as well.
      if (
        outcome === "released" &&
        this.link.compose(Number.MAX_SAFE_INTEGER, SEND_OCTETS, chunks)
      ) {
        last.push({ type: "send", transport, chunks });
      }
      if (isFarewell) {
        last.push({ type: "send", transport, chunks: [encodeFrame(RELEASED, NO_OCTETS)] });
      }
      last.push({ type: "close", transport });
      this.#transport = undefined;
    }
    this.#dropCandidate();
    this.link.stop();
    const event = { type: "closed", outcome, ...(error && { error }), ...(abort && { abort }) };
    last.push({ type: "event", event } as SessionOutput); // its fields are those of `closed`
    const keep = this.#keep;
    if (keep === undefined) {
      for (const output of last) this.#outputs.push(output);
      return;
    }
    // That it is over is stored before anybody acts on it: a crash does not bring it back.
    keep.gate(last);
    const rest = { outcome, message: error?.message ?? "" };
    if (hasNoRest || this.link.isSettled)
      this.#outputs.push(keep.bury(this.link, this.#spoken, rest));
    else {
      // What came is acknowledged: it stays until the application has settled it.
      keep.rest = rest;
      keep.isChanged = true;
    }
  }

  /** It ends, and what is stored is all there will be. */
  #lookAtAll(): void {
    try {
      this.link.lookAtAll();
    } catch {
      // What is wrong with it nobody can be told any more.
    }
  }

  /** Has stored frames looked into: what is wrong with them is the peer's doing. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#violated(asProtocolError(error));
    }
  }

  #violated(violation: ProtocolError): void {
    this.#sendAbort("protocolError", violation.message);
    this.#close("violated", violation);
  }

  #sendAbort(reason: AbortReason, message: string, userData?: Uint8Array): void {
    const { received } = this.link.positions;
    const abort = encodeAbort({ reason, received, message, ...(userData && { userData }) });
    const frame = encodeFrame(ABORT, abort);
    if (this.#transport !== undefined) this.#sendTo(this.#transport, frame);
    // A peer that has proved itself and waits for nothing any more reads there already.
    const { transport, phase } = this.#candidate ?? {};
    if (transport !== undefined && phase === "confirming") this.#sendTo(transport, frame);
  }

  get #parts(): CandidateParts {
    return { suite: this.#suite, keys: this.#keys, limits: this.#limits };
  }

  #sendTo(transport: number, octets: Uint8Array): void {
    this.#outputs.push({ type: "send", transport, chunks: [octets] });
  }

  #drop(transport: number, error?: SessionError): void {
    this.#outputs.push({ type: "close", transport, ...(error && { error }) });
  }

  #tell(event: SessionEvent): void {
    this.#outputs.push({ type: "event", event });
  }
}

/** Whatever a decoder throws is the peer's fault; anything else is ours, and goes on up. */
function asProtocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  throw error;
}
