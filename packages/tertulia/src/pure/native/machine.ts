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
import { concatOctets, equalOctets, NO_OCTETS, Reader } from "../octets.ts";
import { AbortedError } from "./aborted.ts";
import {
  type Abort,
  type AbortReason,
  type Agreement,
  decodeAbort,
  decodeRefusal,
  decodeResumed,
  encodeAbort,
  encodeResumeClaim,
  encodeResumedClaim,
  type Refusal,
  type RefusalReason,
  type ResumeRequest,
  withProof,
} from "./establishment.ts";
import { FrameReader } from "./frame-reader.ts";
import {
  ABORT,
  CONFIRM,
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
  REFUSE,
  RELEASED,
  RESUME,
  RESUMED,
} from "./frames.ts";
import type { Established } from "./initiation.ts";
import {
  type Cursor,
  encodeState,
  type JournalEntry,
  type JournalTrim,
  type KeptEnd,
  type KeptSession,
} from "./keeper.ts";
import { ID_OCTETS, NONCE_OCTETS, PROOF_OCTETS, proveResume } from "./keys.ts";
import type { Limits } from "./limits.ts";
import { Link, type LinkChanges, type LinkListener, type Positions } from "./link.ts";
import type { Message, PresentationContext } from "./message.ts";
import { Parameters, ParameterWriter } from "./parameters.ts";
import { type ReleaseInput, type ReleaseState, releaseTable } from "./release.ts";
import type { StreamState } from "./stream.ts";
import type { Suite } from "./suite.ts";

export type Role = "initiator" | "responder";

/** How a session ended. */
export type SessionOutcome =
  | "released"
  | "aborted"
  | "expired"
  | "fenced"
  | "lost"
  /** This process let go of it. Its store has it, and it can be gone on with from there. */
  | "parked"
  | "unknown"
  | "violated";

/** What the application is told. */
export type SessionEvent =
  /** Messages wait to be taken. */
  | { readonly type: "readable" }
  /** The send with this ticket is in the journal. */
  | { readonly type: "accepted"; readonly ticket: number }
  /** The transport is gone. The session is not. */
  | { readonly type: "suspended"; readonly error: SessionError }
  /** A new transport has taken over; `replayed` messages were kept for it. */
  | {
      readonly type: "resumed";
      readonly epoch: number;
      readonly replayed: number;
      /** The old transport was still there: nobody noticed anything. */
      readonly isMove: boolean;
    }
  /** A dial, or what it led to, came to nothing; the next is after `retryMs`. */
  | { readonly type: "retrying"; readonly error: SessionError; readonly retryMs: number }
  /** The peer asks to move over to another transport, within this time. */
  | { readonly type: "moving"; readonly inMs: number; readonly location?: string }
  | { readonly type: "releaseAsked" }
  | { readonly type: "releaseRefused" }
  | { readonly type: "dialogue"; readonly octets: Uint8Array; readonly isExpedited: boolean }
  | { readonly type: "streamOpened"; readonly stream: StreamState }
  | { readonly type: "streamReadable"; readonly id: number }
  | { readonly type: "streamWritable"; readonly id: number }
  | { readonly type: "streamEnded"; readonly id: number }
  | {
      readonly type: "streamReset";
      readonly id: number;
      readonly code: number;
      /** Of one that was lost with the peer's process: octets of ours that its reader had taken. */
      readonly takenOctets: number;
    }
  | {
      readonly type: "closed";
      readonly outcome: SessionOutcome;
      readonly error?: SessionError;
      /** What the peer said of why. */
      readonly abort?: Abort;
    };

/** What the caller is to do, in this order. */
export type SessionOutput =
  | { readonly type: "send"; readonly transport: number; readonly chunks: readonly Uint8Array[] }
  /** Drop a transport: in order, after what was sent, or at once because of an error. */
  | { readonly type: "close"; readonly transport: number; readonly error?: SessionError }
  /** Open a transport, to `location` if the peer named one, and say `opened` or `ended`. */
  | { readonly type: "dial"; readonly transport: number; readonly location?: string }
  /** Have this stored, in the order of the marks, and say `stored` or `storeFailed`. */
  | { readonly type: "store"; readonly mark: number; readonly changes: MachineChanges }
  | { readonly type: "event"; readonly event: SessionEvent };

/** What is to be stored at once. Octets are views that stay as they are until it is. */
export interface MachineChanges {
  readonly epoch: number;
  readonly state?: Uint8Array;
  readonly appends?: readonly JournalEntry[];
  readonly trims?: readonly JournalTrim[];
  /** The session is over: this is all there is to remember. */
  readonly end?: {
    readonly outcome: SessionOutcome;
    readonly received: readonly [number, number];
    readonly message: string;
  };
}

/** What may not be done before a mark is stored. */
interface Gate {
  readonly mark: number;
  readonly outputs: SessionOutput[];
  /** Only while this one is still the candidate. */
  readonly candidate?: Candidate;
}

/** A transport that wants to become the current one. */
interface Candidate {
  readonly transport: number;
  readonly deadline: number;
  binding: Uint8Array;
  phase: "dialing" | "resuming" | "confirming";
  epoch: number;
  /** What we said that we have received: what the peer sends begins there. */
  declared: Positions;
  claim: Uint8Array;
  /** Where the peer stands, and what it said with it. */
  peer: Positions;
  peerClaim: Uint8Array;
  reader: FrameReader;
}

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
  /** How old it is already, in ms. */
  readonly ageMs?: number;
  /** What is to be sent on the transport once the session is stored: the answer that makes it one. */
  readonly answer?: Uint8Array;
}

interface End extends KeptEnd {
  readonly outcome: SessionOutcome;
}

/** What is on its way to the store. A mark is the number of a batch. */
class Keep {
  collected = 0;
  stored = 0;
  readonly underWay: Fifo<LinkChanges> = new Fifo();
  readonly gates: Fifo<Gate> = new Fifo();
  /** Something has to be stored, though the link has nothing new. */
  isChanged = true;
  /** What was kept of the dialogue when the process began. */
  dialogue: Uint8Array | undefined;
  /** It has ended, and what is left of it is stored once the application has settled all that came. */
  rest: End | undefined;

  /** Has something done once everything until now is stored. */
  gate(outputs: SessionOutput[], candidate?: Candidate): void {
    this.gates.push({ mark: this.collected + 1, outputs, ...(candidate && { candidate }) });
  }
}

/** Batches under way to the store: one being synced, and one that the next sync takes. */
const UNDER_WAY_MAX = 2;

/** When to ask again for an end that is being stored. */
const NOT_STORED_MS = 100;

/** A tick that comes this late was held up by our own side, or by sleep: the peer is not to blame. */
const LATE_MS = 2000;
/** Octets handed to a transport at a time. */
const SEND_OCTETS = 256 * 1024;
/** How long a probe may go unanswered when there is reason to doubt. */
const DOUBT_MS = 5000;
/** How long a transport has to live for the next dial to be called the first again. */
const STABLE_MS = 10_000;

/** What a session that ended so says to whoever wants to go on with it, if not `aborted`. */
const tombstones: { readonly [O in SessionOutcome]?: RefusalReason } = {
  released: "finished",
  expired: "expired",
};

const NOWHERE: Positions = { received: [0, 0], retained: [0, 0] };

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
  #release: ReleaseState = "open";
  #outcome: SessionOutcome = "aborted";
  #releaseBy = 0;
  #releaseMark = -1;
  #transport: number | undefined;
  #candidate: Candidate | undefined;
  #nextTransport: number;
  #epoch = 0;
  /** The highest epoch that anybody with a good proof asked for. */
  #claimed = 0;

  // Keepalive.
  #heardAt: number;
  /** Whether anything came behind the handshake: then the peer is more than a stranger's CONNECT. */
  #isHeard = false;
  #pingId = 0;
  #pingAt = 0;
  /** When an unanswered probe means death; 0 while none is out. */
  #deadAt = 0;
  /** The probe of the peer's that is to be answered: only the last, however many it sends. */
  #pongId: number | undefined;

  // Suspension and dialling.
  #attachedAt: number;
  #expiresAt = 0;
  #dialAt = 0;
  #dials = 0;
  #location: string | undefined;
  /** Waits for the next transport. */
  #goAwayFrame: Uint8Array | undefined;

  #endsAt: number;
  #idleAt: number;
  #idleMark = 0;

  constructor(options: SessionMachineOptions, now: number) {
    const { role, established, limits, contexts, suite, transport } = options;
    this.role = role;
    this.agreement = established.agreement;
    this.#keys = concatOctets([established.sessionId, established.secret]);
    this.#limits = limits;
    this.#suite = suite;
    this.#transport = transport;
    this.#nextTransport = transport + 1;
    this.#heardAt = now;
    this.#attachedAt = now;
    const { absoluteMs } = this.agreement;
    this.#endsAt = absoluteMs && Math.max(1, now + absoluteMs - (options.ageMs ?? 0));
    this.#idleAt = this.agreement.idleMs && now + this.agreement.idleMs;
    const peer = this.agreement.peer;
    const keep = options.isKept ? new Keep() : undefined;
    this.#keep = keep;
    this.link = new Link(role === "initiator", limits, peer, contexts, this, keep !== undefined);
    if (options.answer) keep?.gate([{ type: "send", transport, chunks: [options.answer] }]);
    if (keep && options.kept) this.#restore(keep, options.kept, now, options.cursor);
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
    return this.#release;
  }

  // What the application asks for.

  /** @throws {SessionError} `ERR_CLOSED`, `ERR_STATE` after a release was asked, `ERR_LIMIT`. */
  send(type: number, octets: Uint8Array): number {
    if (this.#release !== "open") this.#checkSend();
    return this.link.send(type, octets);
  }

  /** As {@link send}, past everything that waits. */
  sendExpedited(type: number, octets: Uint8Array): number {
    if (this.#release !== "open") this.#checkSend();
    return this.link.sendExpedited(type, octets);
  }

  take(): Message | undefined {
    return this.link.take();
  }

  /**
   * Ends the session once both sides have said everything.
   *
   * @throws {SessionError} `ERR_CLOSED`.
   */
  requestRelease(now: number): void {
    this.#checkOpen();
    this.#enter("SRELreq");
    this.#releaseBy ||= now + this.#limits.releaseMs;
    this.#advance();
  }

  /**
   * Answers the peer that asked to end.
   *
   * @throws {SessionError} `ERR_CLOSED`, `ERR_STATE` when it did not ask.
   */
  answerRelease(isAgreed: boolean, now: number): void {
    this.#checkOpen();
    this.#enter(isAgreed ? "SRELrsp+" : "SRELrsp-");
    if (isAgreed) this.#releaseBy ||= now + this.#limits.releaseMs;
    this.#advance();
  }

  /** Ends the session now. The peer is told if it can be. */
  abort(reason: AbortReason, message: string, userData?: Uint8Array): void {
    if (this.#state === "closed") return;
    // Both have everything and have said so: there is nothing left to abort.
    if (this.#isAgreed) return this.#close("released");
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
    if (this.role !== "initiator") {
      throw new SessionError("ERR_STATE", "only the initiator dials; ask it with goAway");
    }
    if (location !== undefined) this.#location = location;
    if (this.#state !== "closed" && this.#candidate === undefined) this.#dialAt = now;
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
      this.#deadAt = now + Math.min(DOUBT_MS, this.#graceMs);
    } else if (this.#state === "suspended" && this.#candidate === undefined) {
      this.#dials = 0;
      if (this.role === "initiator") this.#dialAt = now;
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
    return (this.#keep?.underWay.length ?? 0) < UNDER_WAY_MAX;
  }

  /** The application is done with what it took; returns the mark that will say so. */
  commit(now: number): number {
    this.link.settle(now);
    this.link.settleLost();
    if (this.#keep) this.#keep.isChanged = this.#state !== "closed" || this.hasRest;
    return this.nextMark;
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
    const { gates } = keep;
    for (let gate = gates.peek(); gate && gate.mark <= mark; gate = gates.peek()) {
      gates.shift();
      if (gate.candidate && gate.candidate !== this.#candidate) continue;
      for (const output of gate.outputs) this.#outputs.push(output);
    }
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
    candidate.phase = "resuming";
    candidate.binding = binding;
    this.#epoch += 1;
    candidate.epoch = this.#epoch;
    candidate.declared = this.link.positions;
    const nonce = this.#suite.random(NONCE_OCTETS);
    const { declared, epoch } = candidate;
    candidate.claim = encodeResumeClaim(this.sessionId, epoch, declared, nonce);
    const proof = this.#prove(candidate, "resume", candidate.claim);
    this.#sendKept(candidate, encodeFrame(RESUME, withProof(candidate.claim, proof)));
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
    const { epoch, claim, positions } = request;
    const candidate: Candidate = {
      transport,
      deadline: now + this.#limits.handshakeMs,
      binding,
      phase: "confirming",
      epoch,
      declared: NOWHERE,
      claim: NO_OCTETS,
      peer: positions,
      peerClaim: claim,
      reader: new FrameReader(this.#limits.handshakeOctetsMax),
    };
    if (!equalOctets(this.#prove(candidate, "resume", claim), request.proof)) {
      return { reason: "badProof", isPersistent: true };
    }
    if (this.#state === "closed") {
      // That it is over is not said before it is stored: the peer would forget, and a crash remember.
      if (!this.#keep?.gates.length) return this.#refusal;
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
    candidate.declared = this.link.positions;
    const nonce = this.#suite.random(NONCE_OCTETS);
    candidate.claim = encodeResumedClaim(epoch, candidate.declared, nonce);
    const proof = this.#prove(candidate, "resumed", claim, candidate.claim);
    this.#sendKept(candidate, encodeFrame(RESUMED, withProof(candidate.claim, proof)));
    if (rest.length > 0) this.receive(transport, rest, now);
    return undefined;
  }

  /** Takes octets of a transport. Octets of one that is neither current nor candidate are ignored. */
  receive(transport: number, octets: Uint8Array, now: number): void {
    if (transport === this.#transport) {
      this.#heardAt = now;
      this.#isHeard = true;
      this.#deadAt = 0;
      try {
        this.link.receive(octets, now);
      } catch (error) {
        this.#violated(asProtocolError(error));
      }
      this.#advance();
    } else if (transport === this.#candidate?.transport) {
      const candidate = this.#candidate;
      try {
        this.#receiveCandidate(candidate, octets, now);
      } catch (error) {
        // The old transport, if there is one, has nothing to do with it.
        this.#retry(now, asProtocolError(error));
      }
    }
  }

  /** Lets time pass. Calling it early does nothing. */
  tick(now: number): void {
    if (this.#state === "closed") return;
    if (this.#endsAt && now >= this.#endsAt) return this.abort("lifetime", "its time is over");
    if (this.#idleAt && now >= this.#idleAt && this.#isIdle(now)) {
      return this.abort("idle", `nothing was said for ${this.agreement.idleMs} ms`);
    }
    if (this.#candidate && now >= this.#candidate.deadline) {
      this.#retry(now, new SessionError("ERR_TIMEOUT", "the handshake took too long"));
    }
    if (this.#state === "connected") this.#tickConnected(now);
    else this.#tickSuspended(now);
    if (this.#dialAt && now >= this.#dialAt) this.#dial(now);
  }

  /** When `tick` is due, or `undefined` for never. */
  get deadline(): number | undefined {
    if (this.#state === "closed") return this.hasRest ? this.link.settleAt || undefined : undefined;
    let next = Number.POSITIVE_INFINITY;
    const at = (time: number) => {
      if (time > 0 && time < next) next = time;
    };
    at(this.#endsAt);
    at(this.#idleAt);
    at(this.#dialAt);
    at(this.#candidate?.deadline ?? 0);
    const keep = this.#keep;
    if (keep && keep.underWay.length < UNDER_WAY_MAX) at(this.link.settleAt);
    if (this.#state === "connected") {
      at(this.#deadAt || this.#heardAt + this.agreement.probeMs);
      // What a clogged transport does not take is not waited for.
      if (!this.isClogged) at(this.link.deadline);
      at(this.#releaseBy);
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
      const changes = this.#outputs.shift() ?? this.#collect(keep, now);
      if (changes) return changes;
      // Until it is stored for the first time there is no session that could say anything.
      if (keep.stored === 0) return undefined;
    }
    if (this.#transport === undefined || this.isClogged) return undefined;
    this.#advance();
    const chunks: Uint8Array[] = [];
    if (this.#pongId !== undefined) {
      chunks.push(encodeVarints(PONG, this.#pongId));
      this.#pongId = undefined;
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
        this.#pongId = fields.varint();
        this.link.relax();
        return;
      case PONG:
        if (fields.varint() === this.#pingId && this.#pingAt > 0) {
          this.link.roundTripMs = this.#heardAt - this.#pingAt;
          this.#pingAt = 0;
        }
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
        return this.#enterByPeer("RELEASED");
      case FINISH:
        return this.#enterByPeer("FINISH");
      case FINISHED:
        return this.#enterByPeer("FINISHED");
      case NOT_FINISHED:
        return this.#enterByPeer("NOT_FINISHED");
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
    const { rest } = keep;
    if (this.#state === "closed" && rest === undefined) return undefined;
    if (keep.underWay.length >= UNDER_WAY_MAX) return undefined;
    if (rest && this.link.isSettled) return this.#bury(keep, rest);
    const link = this.link.collect(now, keep.isChanged);
    if (link === undefined) return undefined;
    keep.isChanged = false;
    keep.underWay.push(link);
    const snapshot = this.snapshotDialogue ? this.snapshotDialogue() : keep.dialogue;
    const dialogue = { ...link.state.dialogue, snapshot };
    const state = encodeState({ ...link.state, release: this.#release, end: rest, dialogue });
    const { appends, trims } = link;
    const changes = { epoch: this.#spoken, state, appends, trims };
    return { type: "store", mark: ++keep.collected, changes };
  }

  /** Leaves only a tombstone of the session. */
  #bury(keep: Keep, { outcome, message }: End): SessionOutput {
    keep.rest = undefined;
    keep.isChanged = false;
    const end = { outcome, received: this.link.positions.received, message };
    const changes = { epoch: this.#spoken, end };
    return { type: "store", mark: ++keep.collected, changes };
  }

  /** The highest epoch that anything was said of, which a restart must not say again. */
  get #spoken(): number {
    return Math.max(this.#epoch, this.#claimed);
  }

  /** Begins where the stored session was. */
  #restore(keep: Keep, kept: KeptSession, now: number, cursor: Cursor | undefined): void {
    this.#transport = undefined;
    this.#state = "suspended";
    this.#epoch = kept.epoch;
    this.#claimed = kept.epoch;
    this.#release = kept.state.release;
    keep.dialogue = kept.state.dialogue.snapshot;
    keep.collected = 1;
    keep.stored = 1;
    keep.isChanged = false;
    this.#expiresAt = now + this.agreement.resumeWindowMs;
    if (this.role === "initiator") this.#dialAt = now;
    if (this.#release !== "open") this.#releaseBy = now + this.#limits.releaseMs;
    this.#guard(() => this.link.restore(kept, now, isFinishing(this.#release), cursor));
    if (kept.state.end) return this.#restoreRest(keep, kept.state.end);
    if (kept.state.release === "asked") this.#tell({ type: "releaseAsked" });
    if (this.#isAgreed && this.role === "responder") this.#close("released");
  }

  /** It had ended: what came before that is still to be had. */
  #restoreRest(keep: Keep, rest: KeptEnd): void {
    // Whoever wrote it was one of us.
    const { outcome, message } = rest as End;
    keep.rest = { outcome, message };
    this.#state = "closed";
    this.#outcome = outcome;
    this.#dialAt = 0;
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
    if (isEnding && keep.gates.length === 0) return;
    keep.underWay.clear();
    keep.rest = undefined;
    let transport = this.#transport;
    for (let gate = keep.gates.shift(); gate; gate = keep.gates.shift()) {
      // That it has ended is not stored: for whoever goes on with it, it has not.
      for (const output of gate.outputs) {
        if (isEnding && output.type === "close") transport = output.transport;
      }
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
    if (this.#release !== "asked") {
      throw new SessionError("ERR_STATE", "send after the release was asked for");
    }
  }

  #tickConnected(now: number): void {
    if (this.#releaseBy && now >= this.#releaseBy && this.#isReleaseStuck(now)) {
      return this.abort("releaseTimeout", `no release within ${this.#limits.releaseMs} ms`);
    }
    const dueAt = this.#deadAt || this.#heardAt + this.agreement.probeMs;
    if (now < dueAt) return;
    // What came while we slept, or were held up, is not read yet: ask again before we judge.
    const isOurFault = now - dueAt > LATE_MS;
    if (this.#deadAt === 0 || isOurFault) {
      this.#ping(now);
      this.#deadAt = Math.max(this.#heardAt + this.agreement.deadMs, now + this.#graceMs);
      return;
    }
    const silentMs = Math.round(now - this.#heardAt);
    const error = new SessionError("ERR_TIMEOUT", `nothing heard for ${silentMs} ms`);
    if (this.#transport !== undefined) this.#drop(this.#transport, error);
    this.#suspend(now, error);
  }

  /** Whether nothing has moved since it was asked last. A long journal on a slow line takes its time. */
  #isReleaseStuck(now: number): boolean {
    const { progress } = this.link;
    if (progress === this.#releaseMark && now < this.#releaseBy + LATE_MS) return true;
    this.#releaseMark = progress;
    this.#releaseBy = now + this.#limits.releaseMs;
    return false;
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

  #isIdle(now: number): boolean {
    const [sent0, sent1] = this.link.ends;
    const [received0, received1] = this.link.positions.received;
    const mark = sent0 + sent1 + received0 + received1;
    if (mark === this.#idleMark) return true;
    this.#idleMark = mark;
    this.#idleAt = now + this.agreement.idleMs;
    return false;
  }

  /** How long an answer to a probe may take. */
  get #graceMs(): number {
    return Math.max(1000, this.agreement.deadMs - this.agreement.probeMs);
  }

  #ping(now: number): void {
    if (this.#transport === undefined) return;
    this.#pingId += 1;
    this.#pingAt = now;
    this.link.relax();
    this.#sendTo(this.#transport, encodeVarints(PING, this.#pingId));
  }

  #suspend(now: number, error: SessionError): void {
    this.#transport = undefined;
    this.isClogged = false;
    this.#pongId = undefined;
    this.link.detach();
    if (this.#state !== "connected") return;
    // Nobody has anything left to say; the initiator, if it does not know yet, comes back and is told.
    if (this.#isAgreed && this.role === "responder") return this.#close("released");
    this.#state = "suspended";
    this.#expiresAt = now + this.#windowMs;
    this.#deadAt = 0;
    this.#pingAt = 0;
    this.#tell({ type: "suspended", error });
    if (this.role === "initiator" && this.#candidate === undefined) {
      // A transport that breaks as soon as it is there is dialled less and less often.
      if (now - this.#attachedAt >= STABLE_MS) this.#dials = 0;
      // A peer that has asked us to come anew at some moment of our own is going away: not all at once.
      this.#dialAt = Math.max(this.#dialAt, now + this.#backoffMs());
    }
  }

  #dial(now: number): void {
    this.#dialAt = 0;
    if (this.#candidate) return;
    this.#dials += 1;
    const transport = this.#nextTransport++;
    this.#candidate = {
      transport,
      deadline: now + this.#limits.handshakeMs,
      binding: NO_OCTETS,
      phase: "dialing",
      epoch: 0,
      declared: NOWHERE,
      claim: NO_OCTETS,
      peer: NOWHERE,
      peerClaim: NO_OCTETS,
      reader: new FrameReader(this.#limits.handshakeOctetsMax),
    };
    const location = this.#location;
    this.#outputs.push({ type: "dial", transport, ...(location !== undefined && { location }) });
  }

  /** The candidate came to nothing. */
  #retry(now: number, error: SessionError, retryMs = 0): void {
    this.#dropCandidate(error);
    this.#advance();
    if (this.role !== "initiator" || this.#state === "closed") return;
    // A wrong new address must not keep us from the old one.
    if (this.#dials > 2) this.#location = undefined;
    if (this.#state === "suspended" && now >= this.#expiresAt) {
      return this.#expire();
    }
    const delayMs = Math.max(retryMs, this.#backoffMs());
    this.#dialAt = now + delayMs;
    this.#tell({ type: "retrying", error, retryMs: Math.round(delayMs) });
  }

  /** Full jitter: anything up to twice what it was last time, so that a crowd does not come at once. */
  #backoffMs(): number {
    const { backoffMs, backoffMsMax } = this.#limits;
    const most = Math.min(backoffMsMax, backoffMs * 2 ** Math.min(this.#dials, 30));
    return 1 + most * this.#fraction();
  }

  #fraction(): number {
    return new Reader(this.#suite.random(4), "").u32() / 2 ** 32;
  }

  #dropCandidate(error?: SessionError): void {
    const candidate = this.#candidate;
    if (candidate === undefined) return;
    this.#candidate = undefined;
    this.link.unhold();
    this.#drop(candidate.transport, error);
  }

  #receiveCandidate(candidate: Candidate, octets: Uint8Array, now: number): void {
    const { reader } = candidate;
    reader.feed(octets);
    if (!reader.next()) return;
    const body = reader.body();
    if (candidate.phase === "resuming" && reader.type === RESUMED) {
      return this.#resumed(candidate, body, now);
    }
    if (candidate.phase === "resuming" && reader.type === REFUSE) {
      return this.#refused(decodeRefusal(body), now);
    }
    if (candidate.phase === "confirming" && reader.type === CONFIRM) {
      return this.#confirmed(candidate, body, now);
    }
    throw new ProtocolError("unexpectedFrame", "Tertulia 8.1", frameName(reader.type));
  }

  #resumed(candidate: Candidate, body: Uint8Array, now: number): void {
    const { epoch, positions, claim, proof } = decodeResumed(body);
    candidate.peer = positions;
    candidate.peerClaim = claim;
    const expected = this.#prove(candidate, "resumed", candidate.claim, claim);
    if (epoch !== candidate.epoch || !equalOctets(expected, proof)) {
      throw new ProtocolError("badProof", "Tertulia 8.2", "RESUMED is not of this session");
    }
    const wrong = this.link.checkPositions(positions);
    if (wrong !== undefined) {
      return this.#close("lost", new ProtocolError("badPositions", "Tertulia 8.3", wrong));
    }
    const confirmation = this.#prove(candidate, "confirm", candidate.claim, claim);
    this.#sendTo(candidate.transport, encodeFrame(CONFIRM, confirmation));
    this.#attach(candidate, now);
  }

  #confirmed(candidate: Candidate, proof: Uint8Array, now: number): void {
    const expected = this.#prove(candidate, "confirm", candidate.peerClaim, candidate.claim);
    if (proof.length !== PROOF_OCTETS || !equalOctets(expected, proof)) {
      throw new ProtocolError("badProof", "Tertulia 8.2", "CONFIRM is not of this session");
    }
    this.#attach(candidate, now);
  }

  /** The candidate has proved itself: it takes over. */
  #attach(candidate: Candidate, now: number): void {
    const { transport, peer, declared, epoch } = candidate;
    const old = this.#transport;
    const isMove = this.#state === "connected";
    const rest = candidate.reader.rest();
    this.#candidate = undefined;
    this.#epoch = epoch;
    this.#dialAt = 0;
    this.#attachedAt = now;
    this.#transport = transport;
    this.isClogged = false;
    this.#pongId = undefined;
    this.#state = "connected";
    this.#heardAt = now;
    this.#isHeard = true;
    this.#deadAt = 0;
    if (this.#releaseBy) this.#releaseBy = now + this.#limits.releaseMs;
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
    const { reason, message, retryMs, location, received, epoch } = refusal;
    const said = message ? `: ${message}` : "";
    if (this.#state === "connected") {
      // Where we wanted to go they do not want us. Here we are, and nobody said otherwise.
      if (refusal.isPersistent) this.#location = undefined;
      const error = new SessionError("ERR_REFUSED", `${reason}${said}`);
      return this.#retry(now, error, retryMs);
    }
    switch (reason) {
      case "finished":
        if (this.#release !== "answered" && this.#release !== "crossing" && !this.#isAgreed) break;
        return this.#close("released");
      case "aborted":
        return this.#close("aborted", new SessionError("ERR_ABORTED", `the peer aborted${said}`));
      case "fenced": {
        if (!refusal.isPersistent) break;
        const error = new SessionError("ERR_RESUME", `fenced by epoch ${epoch}`);
        return this.#close("fenced", error);
      }
      case "expired": {
        const had = received ? `; the peer had ${received[0]} octets of lane 0` : "";
        return this.#close("expired", new SessionError("ERR_RESUME", `expired${had}${said}`));
      }
      case "lost":
        return this.#close("lost", new SessionError("ERR_RESUME", `lost${said}`));
      case "unknownSession":
        return this.#close(
          "unknown",
          new SessionError("ERR_RESUME", "the peer knows no such session"),
        );
      case "moved":
        this.#location = location;
        return this.#retry(now, new SessionError("ERR_REFUSED", `moved to ${location}`));
    }
    const error = new SessionError("ERR_REFUSED", `${reason}${said}`);
    if (refusal.isPersistent) this.#close("unknown", error);
    else this.#retry(now, error, retryMs);
  }

  #goingAway(parameters: Parameters): void {
    const [afterMs = 0, jitterMs = 0] = parameters.numbers("retryMs", 2) ?? [];
    const location = parameters.text("location");
    const inMs = Math.round(afterMs + jitterMs * this.#fraction());
    this.#tell({ type: "moving", inMs, ...(location !== undefined && { location }) });
    if (this.role !== "initiator" || this.#candidate) return;
    if (location !== undefined) this.#location = location;
    this.#dialAt = this.#heardAt + Math.max(1, inMs);
  }

  #expire(): void {
    const error = new SessionError("ERR_RESUME", `expired: not resumed in ${this.#windowMs} ms`);
    this.#close("expired", error);
  }

  /** Moves the release on when what it waits for has come. */
  #advance(): void {
    if (this.#state === "closed" || this.#release === "open") return;
    const { drained } = releaseTable[this.#release];
    if (drained && this.link.isDrained) this.#enter("drained");
    const { acknowledged } = releaseTable[this.#release];
    if (acknowledged && this.link.isAcknowledged) this.#enter("acknowledged");
  }

  #enterByPeer(input: ReleaseInput): void {
    if (releaseTable[this.#release][input] === undefined) {
      throw new ProtocolError("unexpectedFrame", "Tertulia 9.1", `${input} in ${this.#release}`);
    }
    this.#enter(input);
  }

  /** The only place where the state of the release changes. */
  #enter(input: ReleaseInput): void {
    const transition = releaseTable[this.#release][input];
    if (transition === undefined) {
      throw new SessionError("ERR_STATE", `${input} in ${this.#release}`);
    }
    const { send, tell, to } = transition;
    this.#release = to;
    if (send === "FINISH") this.link.sendRelease(FINISH);
    if (send === "FINISHED") this.link.sendRelease(FINISHED);
    if (send === "NOT_FINISHED") this.link.sendRelease(NOT_FINISHED);
    if (tell === "releaseAsked") this.#tell({ type: "releaseAsked" });
    if (tell === "releaseRefused") {
      this.#releaseBy = 0;
      this.link.resumeSending();
      this.#tell({ type: "releaseRefused" });
    }
    // The peer waits for this acknowledgement, and for nothing else.
    if (this.#isAgreed) this.link.acknowledge();
    if (to === "released") {
      this.#close("released", undefined, { isFarewell: send === "RELEASED" });
    }
  }

  /** Whether both sides have everything and have said so. Only the last acknowledgement may lack. */
  get #isAgreed(): boolean {
    return this.#release === "finished" || this.#release === "crossed";
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
    // Whatever became of the transport, or of the peer: both had said that all is said and received.
    const outcome = this.#isAgreed ? "released" : how;
    const error = outcome === "released" ? undefined : why;
    this.#outcome = outcome;
    this.#dialAt = 0;
    if (this.#release === "open") this.#release = "released";
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
    if (hasNoRest || this.link.isSettled) this.#outputs.push(this.#bury(keep, rest));
    else {
      // What came is acknowledged: it stays until the application has settled it.
      keep.rest = rest;
      keep.isChanged = true;
    }
  }

  /** What whoever comes to a session that has ended is told. */
  get #refusal(): Refusal {
    const reason = tombstones[this.#outcome] ?? "aborted";
    return { reason, isPersistent: true, received: this.link.positions.received };
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

  #prove(
    { epoch, binding }: Candidate,
    proof: "resume" | "resumed" | "confirm",
    ...frames: readonly Uint8Array[]
  ): Uint8Array {
    return proveResume(this.#suite, this.#keys.slice(ID_OCTETS), epoch, proof, binding, ...frames);
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

/** Whether FINISH or FINISHED was sent: nothing may follow it. */
function isFinishing(release: ReleaseState): boolean {
  return !["open", "draining", "asked", "answering"].includes(release);
}

/** Whatever a decoder throws is the peer's fault; anything else is ours, and goes on up. */
function asProtocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  throw error;
}
