/**
 * The responder's side: takes transports from anywhere, finds out what each wants, and hands over
 * the sessions that come of it. It needs no sockets of its own; `listen` gives it some.
 *
 * @module
 */

import type { Verification, Verifier, Vouched } from "../auth/authentication.ts";
import { ProtocolError, SessionError } from "../pure/errors.ts";
import {
  type Agreement,
  type Proposal,
  peerLimitsOf,
  type Refusal,
  type RefusalReason,
} from "../pure/native/establishment.ts";
import { ID_OCTETS } from "../pure/native/keys.ts";
import type { Limits } from "../pure/native/limits.ts";
import { Reception, type ReceptionStep, refuse } from "../pure/native/reception.ts";
import { hex } from "../pure/octets.ts";
import type { TimerEntry } from "../pure/timer-wheel.ts";
import { type Store, StoreError } from "../stores/store.ts";
import { keepingOf, partsOf } from "./keeping.ts";
import { agreedContexts, type Prepared, prepare, type SessionOptions } from "./options.ts";
import { Queue } from "./queue.ts";
import { type Account, Accounts, type Quotas } from "./quotas.ts";
import type { Runtime } from "./runtime.ts";
import { type Identity, Session, type SessionEnd } from "./session.ts";
import type { Transport, TransportPeer, TransportSink } from "./transport.ts";
import { asSessionError } from "./wait.ts";

export interface ListenerOptions extends SessionOptions {
  /**
   * Ways to prove who one is. When there is one, one of them is demanded; `anonymous` among them lets
   * in who proves nothing. Default: none.
   */
  readonly verifiers?: readonly Verifier[];
  /** Looks at the other end of every transport before a word is said; throws to drop it. */
  readonly checkPeer?: (peer: TransportPeer) => void;
  /** Whether somebody with this identity may come in, or come back. Default: yes. */
  readonly authorize?: (identity: Identity, proposal: Proposal | undefined) => boolean;
  /** Selectors that are served. Default: any. */
  readonly selectors?: readonly string[];
  /** Whether to agree when a peer wants to end its session. Default: always. */
  readonly agreeToRelease?: (session: Session) => boolean | Promise<boolean>;
  /** Handshakes at a time; more are refused with `congestion`. Default: 1,024. */
  readonly handshakesMax?: number;
  /** Sessions at a time, also suspended ones; more are refused with `limit`. Default: 100,000. */
  readonly sessionsMax?: number;
  /** What one identity may have in all its sessions together. Default: whatever the limits allow. */
  readonly quotas?: Quotas | ((identity: Identity) => Quotas | undefined);
  /** Ended sessions that are remembered, for late comers. Default: 10,000. */
  readonly tombstonesMax?: number;
  /** How long they are remembered. Default: one hour. */
  readonly tombstoneMs?: number;
  /**
   * Keeps the sessions with peers that have no store, too: they survive our process, though not the
   * peer's. Default: false, only what was agreed on.
   */
  readonly keepsAll?: boolean;
  /**
   * Told of a session of the store's that is damaged, and cannot go on; its peer is told `lost`.
   * Default: the listener does not open.
   */
  readonly onDamaged?: (id: string, error: SessionError) => void;
  /** Told of every transport that came to nothing, with the reason. Default: nobody is. */
  readonly onRefused?: (address: string, error: SessionError) => void;
}

/** When to try again while sessions are being loaded. */
const NOT_READY_MS = 500;
/** Sessions that are loaded at a time. */
const LOADING_MAX = 256;

/** When to try again to have more than a quota allows: somebody has to end a session first. */
const QUOTA_RETRY_MS = 10_000;

/** A refusal with the error that our side is told of. */
interface CausedRefusal extends Refusal {
  readonly cause?: SessionError;
}

/** What is left of a session that has ended. */
interface Tombstone {
  readonly refusal: Refusal;
  readonly until: number;
}

/** Takes sessions. Iterate it for the new ones. */
export class Listener implements AsyncIterable<Session>, AsyncDisposable {
  readonly #options: ListenerOptions;
  readonly #prepared: Prepared;
  readonly #runtime: Runtime;
  readonly #sessions = new Map<string, Session>();
  readonly #accounts: Accounts;
  readonly #tombstones = new Map<string, Tombstone>();
  readonly #queue = new Queue<Session>();
  readonly #doors = new Set<Door>();
  /** One for all sessions. */
  readonly #onClosed = (session: Session, end: SessionEnd): void => this.#closed(session, end);
  readonly #closers: (() => void | Promise<void>)[] = [];
  #notReadyMs = 0;
  #isClosed = false;

  /** @throws {SessionError} `ERR_ARGUMENT` for options that contradict each other. */
  constructor(runtime: Runtime, options: ListenerOptions = {}) {
    this.#runtime = runtime;
    this.#options = options;
    this.#prepared = prepare(options, "");
    this.#accounts = new Accounts(options.quotas);
    if (options.store) this.#notReadyMs = NOT_READY_MS;
  }

  /** The sessions that live, also suspended ones, by their id. */
  get sessions(): ReadonlyMap<string, Session> {
    return this.#sessions;
  }

  /** Says that sessions are still being loaded: who resumes is told to try again after this time. 0: ready. */
  set notReadyMs(retryMs: number) {
    this.#notReadyMs = retryMs;
  }

  /** Takes a transport that came in. */
  receive(transport: Transport): void {
    try {
      this.#options.checkPeer?.(transport.peer);
    } catch (error) {
      transport.abort();
      return this.refused(transport.peer.address, asSessionError(error));
    }
    const door = new Door(this, transport);
    if (this.#isClosed) return door.refuse({ reason: "congestion", isPersistent: false });
    if (this.#doors.size >= (this.#options.handshakesMax ?? 1024)) {
      const message = `${this.#doors.size} handshakes are under way`;
      return door.refuse({ reason: "congestion", isPersistent: false, retryMs: 1000, message });
    }
    this.#doors.add(door);
    door.open(this.#runtime, this.#prepared.limits.handshakeMs);
  }

  [Symbol.asyncIterator](): AsyncIterator<Session, undefined> {
    return this.#queue[Symbol.asyncIterator]();
  }

  /**
   * Asks every initiator to move elsewhere, or just to come anew, each at a moment of its own.
   *
   * @param jitterMs - Over how long they are spread.
   */
  drain(jitterMs: number, location?: string): void {
    for (const session of this.#sessions.values()) session.goAway(0, jitterMs, location);
  }

  /** Has something closed with the listener. */
  onClose(close: () => void | Promise<void>): void {
    this.#closers.push(close);
  }

  /** Takes no more, and ends the sessions there are. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.end();
    for (const door of this.#doors) door.refuse({ reason: "congestion", isPersistent: false });
    const sessions = [...this.#sessions.values()];
    for (const session of sessions) {
      if (!session.isKept) session.abort("the listener closes", "shutdown");
    }
    // What is kept goes on when its store is opened again.
    await Promise.all(sessions.map((session) => session.isKept && session.park()));
    await Promise.all(this.#closers.map((close) => close()));
  }

  /**
   * Takes up the sessions that the store has kept, and hands them over with the new ones. Until it has
   * them all, whoever comes back to one that is not there yet is asked to try again.
   *
   * @throws {StoreError} `damaged`, unless there is an `onDamaged`; `failed`.
   */
  async restore(): Promise<void> {
    const { store, tombstoneMs = 3_600_000 } = this.#options;
    if (store === undefined) return;
    await store.forget(Date.now() - tombstoneMs);
    for await (const { id, outcome, received, message, endedAt } of store.tombstones()) {
      const untilMs = endedAt + tombstoneMs - Date.now();
      this.#bury(id, outcome, received, message, this.#runtime.now() + untilMs);
    }
    let ids: string[] = [];
    for await (const { id, role } of store.sessions()) {
      if (role !== "responder") continue;
      // In parallel, but not all of them: a store may hold more than fits into memory at once.
      if (ids.push(id) < LOADING_MAX) continue;
      await Promise.all(ids.map((one) => this.#load(store, one)));
      ids = [];
    }
    await Promise.all(ids.map((one) => this.#load(store, one)));
    this.#notReadyMs = 0;
  }

  async #load(store: Store, id: string): Promise<void> {
    const { onDamaged, cursorOf } = this.#options;
    try {
      const cursor = await cursorOf?.(id);
      const stored = await store.load(id);
      if (stored === undefined || this.#isClosed) return;
      const parts = partsOf(stored, this.#runtime, { ...this.#options, store }, cursor);
      const account = this.#accounts.of(parts.identity);
      const session = new Session({ ...parts, onClosed: this.#onClosed, account });
      this.#add(session, account, parts.limits);
    } catch (error) {
      const isDamage = error instanceof StoreError && error.failure === "damaged";
      if (!isDamage || onDamaged === undefined) throw error;
      onDamaged(id, error);
      this.#bury(id, "lost", [0, 0], error.message, Number.POSITIVE_INFINITY);
    }
  }

  // For the doors.

  get reception(): Pick<Prepared, "limits"> & { readonly runtime: Runtime } {
    return { limits: this.#prepared.limits, runtime: this.#runtime };
  }

  /** A handshake is over, however. */
  handshakeDone(door: Door): void {
    this.#doors.delete(door);
  }

  refused(address: string, error: SessionError): void {
    this.#options.onRefused?.(address, error);
  }

  /** What speaks against this proposal, if anything. */
  check(proposal: Proposal): Refusal | undefined {
    const { selectors, sessionsMax = 100_000 } = this.#options;
    if (selectors && !selectors.includes(proposal.calledSelector)) {
      const message = `there is no ${proposal.calledSelector || "default application"} here`;
      return { reason: "selectorUnknown", isPersistent: true, message };
    }
    if (this.#sessions.size >= sessionsMax) {
      const message = `${sessionsMax} sessions are enough`;
      return { reason: "limit", isPersistent: false, retryMs: 10_000, message };
    }
    return undefined;
  }

  /** The verifier for a method, empty for none; `undefined` when none is demanded; a refusal when it is not served. */
  verifier(method: string): Verifier | undefined | Refusal {
    const verifiers = this.#options.verifiers ?? [];
    const verifier = verifiers.find((one) => one.method === (method || "none"));
    if (verifier || verifiers.length === 0) return verifier;
    const message = `one of: ${verifiers.map((one) => one.method).join(", ")}`;
    return { reason: "authenticationRequired", isPersistent: true, message };
  }

  /** Makes a session of an accepted proposal. */
  admit(
    reception: Reception,
    transport: Transport,
    proposal: Proposal,
    identity: Identity,
    data: Uint8Array | undefined,
  ): CausedRefusal | undefined {
    if (!this.#isAuthorized(identity, proposal)) return { reason: "forbidden", isPersistent: true };
    const agreement = reception.agree(this.#prepared.proposal);
    if ("incompatible" in agreement) {
      return { reason: "incompatible", isPersistent: true, message: agreement.incompatible };
    }
    const account = this.#accounts.of(identity);
    const { store, keepsAll = false } = this.#options;
    const isKept = store !== undefined && (keepsAll || agreement.durability !== "memory");
    const cause = account?.refusal(isKept);
    if (cause) {
      const { message } = cause;
      return { reason: "limit", isPersistent: false, retryMs: QUOTA_RETRY_MS, message, cause };
    }
    const prepared = limitedTo(account?.limitsOf(this.#prepared.limits, isKept), this.#prepared);
    this.#establish(reception, transport, agreement, identity, data, prepared, account);
    return undefined;
  }

  /** Finds the session of a RESUME. */
  resume(
    transport: Transport,
    request: Extract<ReceptionStep, { type: "resume" }>["request"],
    rest: Uint8Array,
  ): Refusal | undefined {
    const id = hex(request.sessionId);
    const session = this.#sessions.get(id);
    if (session === undefined) {
      const tombstone = this.#tombstones.get(id);
      if (tombstone && tombstone.until > this.#runtime.now()) return tombstone.refusal;
      if (this.#notReadyMs > 0) {
        return { reason: "notReady", isPersistent: false, retryMs: this.#notReadyMs };
      }
      return { reason: "unknownSession", isPersistent: true };
    }
    const { identity } = session;
    if (identity.method === "tls" && transport.peer.keyFingerprint !== session.keyFingerprint) {
      return { reason: "forbidden", isPersistent: true, message: "another key than before" };
    }
    if (!this.#isAuthorized(identity, undefined)) {
      return { reason: "forbidden", isPersistent: true };
    }
    return session.resume(transport, request, rest);
  }

  /** An application that cannot say whether somebody may come in lets nobody in. */
  #isAuthorized(identity: Identity, proposal: Proposal | undefined): boolean {
    try {
      return this.#options.authorize?.(identity, proposal) ?? true;
    } catch (error) {
      this.refused(identity.name, asSessionError(error));
      return false;
    }
  }

  #establish(
    reception: Reception,
    transport: Transport,
    agreement: Agreement,
    identity: Identity,
    data: Uint8Array | undefined,
    { limits, contexts, proposal }: Prepared,
    account: Account | undefined,
  ): void {
    const { suite } = this.#runtime;
    const sessionId = suite.random(ID_OCTETS);
    const { frame, session: established } = reception.accept(sessionId, proposal, agreement, data);
    const { keyFingerprint } = transport.peer;
    const { store, keepsAll } = this.#options;
    const establishment = { established, limits, identity, keyFingerprint };
    const keeping = keepingOf(store, "responder", establishment, keepsAll);
    if (keeping === undefined) transport.write([frame]);
    const session = new Session({
      role: "responder",
      established,
      limits,
      contexts: agreedContexts(contexts, agreement.contexts),
      suite,
      runtime: this.#runtime,
      transport,
      identity,
      // Nobody is told that there is a session before the store has it.
      ...(keeping && { keeping, answer: frame }),
      onClosed: this.#onClosed,
      account,
      ...(this.#options.agreeToRelease && { agreeToRelease: this.#options.agreeToRelease }),
    });
    this.#add(session, account, limits);
  }

  #add(session: Session, account: Account | undefined, limits: Limits): void {
    // One that has ended may still have what came before.
    if (session.end && !session.machine.hasRest) return;
    if (!session.end) this.#sessions.set(session.id, session);
    if (!session.end && account) {
      const windowOctets = session.isKept ? limits.sessionWindowOctets : 0;
      this.#accounts.opened(account, windowOctets);
      void session.closed.then(() => this.#accounts.closed(account, windowOctets));
    }
    this.#queue.push(session);
  }

  #closed(session: Session, { outcome, error }: SessionEnd): void {
    this.#sessions.delete(session.id);
    // It is not over: its store has it.
    if (outcome === "parked") return;
    const { received } = session.machine.link.positions;
    const until = this.#runtime.now() + (this.#options.tombstoneMs ?? 3_600_000);
    this.#bury(session.id, outcome, received, error?.message ?? "", until);
  }

  #bury(
    id: string,
    outcome: string,
    received: readonly [number, number],
    message: string,
    until: number,
  ): void {
    // A store may know outcomes of a later version.
    const reason = tombstoneReasons[outcome as SessionEnd["outcome"]] ?? "aborted";
    const refusal = { reason, isPersistent: true, received, ...(message && { message }) };
    const now = this.#runtime.now();
    const { tombstonesMax = 10_000 } = this.#options;
    for (const [oldest, tombstone] of this.#tombstones) {
      // The oldest come first: the order is that of insertion, and all live equally long.
      if (tombstone.until > now && this.#tombstones.size < tombstonesMax) break;
      this.#tombstones.delete(oldest);
    }
    if (tombstonesMax > 0) this.#tombstones.set(id, { refusal, until });
  }
}

/** The same with other limits, which the peer is told of. */
function limitedTo(limits: Limits | undefined, prepared: Prepared): Prepared {
  if (limits === undefined || limits === prepared.limits) return prepared;
  return { ...prepared, limits, proposal: { ...prepared.proposal, limits: peerLimitsOf(limits) } };
}

const tombstoneReasons: Readonly<Partial<Record<SessionEnd["outcome"], Refusal["reason"]>>> = {
  released: "finished",
  expired: "expired",
  lost: "lost",
};

/** One transport on its way in. */
class Door implements TransportSink, TimerEntry {
  timerSlot = 0;
  deadline: number | undefined;
  readonly #listener: Listener;
  readonly #transport: Transport;
  readonly #reception: Reception;
  #runtime: Runtime | undefined;
  #verification: Verification | undefined;
  #proposal: Proposal | undefined;
  #method = "none";
  #isBusy = false;
  #isDone = false;

  constructor(listener: Listener, transport: Transport) {
    this.#listener = listener;
    this.#transport = transport;
    const { limits, runtime } = listener.reception;
    this.#reception = new Reception(runtime.suite, limits, transport.binding);
  }

  open(runtime: Runtime, handshakeMs: number): void {
    this.#runtime = runtime;
    this.deadline = runtime.now() + handshakeMs;
    runtime.schedule(this);
    this.#transport.attach(this);
  }

  fire(): void {
    if (this.#isDone) return;
    this.#fail(new SessionError("ERR_TIMEOUT", "the handshake took too long"));
  }

  received(octets: Uint8Array): void {
    if (this.#isDone) return;
    if (this.#isBusy) {
      // An initiator waits for our answer: it has nothing to say in between.
      return this.#fail(new ProtocolError("unexpectedFrame", "Tertulia 3.1", "before our answer"));
    }
    try {
      this.#step(this.#reception.receive(octets));
    } catch (error) {
      this.#fail(asSessionError(error));
    }
  }

  drained(): void {}

  ended(error?: SessionError): void {
    if (this.#isDone) return;
    this.#done();
    const reason = error ?? new SessionError("ERR_CLOSED", "it hung up during the handshake");
    this.#listener.refused(this.#transport.peer.address, reason);
  }

  refuse(refusal: Refusal, cause?: SessionError): void {
    this.#done();
    const { reason, message } = refusal;
    const said = `${reason}${message ? `: ${message}` : ""}`;
    const error = cause ?? new SessionError("ERR_REFUSED", said);
    this.#listener.refused(this.#transport.peer.address, error);
    this.#transport.attach(NOBODY);
    this.#transport.write([refuse(refusal)]);
    this.#transport.end();
  }

  #step(step: ReceptionStep): void {
    switch (step.type) {
      case "more":
        return;
      case "resume": {
        this.#done();
        const rest = this.#reception.rest();
        const refusal = this.#listener.resume(this.#transport, step.request, rest);
        if (refusal) this.refuse(refusal);
        return;
      }
      case "connect": {
        this.#proposal = step.proposal;
        const refusal = this.#listener.check(step.proposal);
        if (refusal) return this.refuse(refusal);
        const verifier = this.#listener.verifier(step.method);
        if (verifier === undefined) return this.#admit({ name: "" }, undefined);
        if ("reason" in verifier) return this.refuse(verifier);
        this.#method = verifier.method;
        const { peer, isConfidential } = this.#transport;
        this.#verification = verifier.begin({ ...peer, isConfidential });
        return this.#verify(step.data);
      }
      case "answer":
        return this.#verify(step.data);
    }
  }

  #verify(data: Uint8Array | undefined): void {
    this.#isBusy = true;
    // Also when the method is done and what comes after it fails: the transport must not stay.
    this.#ask(data).catch((error) => this.#fail(asSessionError(error), "authenticationFailed"));
  }

  async #ask(data: Uint8Array | undefined): Promise<void> {
    const step = await this.#verification?.next(data?.slice(), this.#reception.binding);
    this.#isBusy = false;
    if (this.#isDone || step === undefined) return;
    switch (step.type) {
      case "challenge":
        this.#transport.write([this.#reception.challenge(step.data)]);
        return;
      case "accepted":
        return this.#admit(step.vouched, step.data);
      case "refused": {
        const { message } = step;
        return this.refuse({ reason: "authenticationFailed", isPersistent: true, message });
      }
    }
  }

  #admit({ name, claims }: Vouched, data: Uint8Array | undefined): void {
    const identity = { method: this.#method, name, ...(claims !== undefined && { claims }) };
    this.#done();
    const proposal = this.#proposal as Proposal; // CONNECT came before
    const refusal = this.#listener.admit(
      this.#reception,
      this.#transport,
      proposal,
      identity,
      data,
    );
    if (refusal) this.refuse(refusal, refusal.cause);
  }

  #fail(error: SessionError, otherwise: RefusalReason = "congestion"): void {
    const isProtocol = error instanceof ProtocolError;
    const reason = isProtocol ? "protocolError" : otherwise;
    const isPersistent = reason !== "congestion";
    this.refuse({ reason, isPersistent, message: error.message }, error);
  }

  #done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.deadline = undefined;
    this.#runtime?.unschedule(this);
    this.#listener.handshakeDone(this);
  }
}

const NOBODY: TransportSink = { received() {}, drained() {}, ended() {} };
