/**
 * The responder's side: takes transports from anywhere, finds out what each wants, and hands over
 * the sessions that come of it. It needs no sockets of its own; `listen` gives it some.
 *
 * @module
 */

import type { Verifier } from "../auth/authentication.ts";
import type { SessionError } from "../pure/errors.ts";
import {
  type Agreement,
  encodeProposal,
  type Proposal,
  peerLimitsOf,
} from "../pure/native/establishment.ts";
import { ID_OCTETS } from "../pure/native/keys.ts";
import type { Limits } from "../pure/native/limits.ts";
import type { Reception, ReceptionStep } from "../pure/native/reception.ts";
import { notStored, type Refusal } from "../pure/native/refusal.ts";
import { hex } from "../pure/octets.ts";
import { type Store, StoreError } from "../stores/store.ts";
import { type CausedRefusal, Door, type Doorkeeper } from "./door.ts";
import { keepingOf, partsOf } from "./keeping.ts";
import { type ListenerOptions, listenerOptions } from "./listener-options.ts";
import { checkOptions } from "./option-kinds.ts";
import { agreedContexts, type Prepared, prepare } from "./options.ts";
import { Queue } from "./queue.ts";
import { type Account, Accounts } from "./quotas.ts";
import type { Runtime } from "./runtime.ts";
import { Session } from "./session.ts";
import type { Identity, SessionEnd } from "./session-parts.ts";
import { forgetOld, TOMBSTONE_MS, Tombstones } from "./tombstones.ts";
import type { Transport } from "./transport.ts";
import { asSessionError, raced } from "./wait.ts";

/** When to try again while sessions are being loaded. */
const NOT_READY_MS = 500;
/** The same when some were let go of: the process that will go on with them has yet to be started. */
const PARKED_MS = 2000;
/** How long a listener that closes waits for a store to take what its sessions have sent. */
const PARK_MS = 5000;
/** Sessions that are loaded at a time. */
const LOADING_MAX = 256;

/** Ended sessions that are remembered. */
const TOMBSTONES_MAX = 10_000;

/** When to try again to have more than a quota allows: somebody has to end a session first. */
const QUOTA_RETRY_MS = 10_000;

/** Takes sessions. Iterate it for the new ones. */
export class Listener implements AsyncIterable<Session>, AsyncDisposable, Doorkeeper {
  readonly #options: ListenerOptions;
  readonly #prepared: Prepared;
  /** What it proposes to whoever has the usual limits. */
  readonly #offer: Uint8Array;
  readonly #runtime: Runtime;
  readonly #sessions = new Map<string, Session>();
  readonly #accounts: Accounts;
  readonly #tombstones: Tombstones;
  readonly #queue = new Queue<Session>();
  readonly #doors = new Set<Door>();
  /** One for all sessions. */
  readonly #onClosed = (session: Session, end: SessionEnd): void => this.#closed(session, end);
  readonly #closers: (() => void | Promise<void>)[] = [];
  /** Sessions that have ended since the store was last told to forget old ones. */
  #endedLately = 0;
  #notReadyMs = 0;
  /** All sessions of the store are here. */
  #isRestored: boolean;
  #isClosed = false;

  /** @throws {SessionError} `ERR_ARGUMENT` for options that do not exist, or contradict each other. */
  constructor(runtime: Runtime, options: ListenerOptions = {}) {
    checkOptions(options, listenerOptions);
    this.#runtime = runtime;
    this.#options = options;
    this.#prepared = prepare(options, "");
    this.#offer = encodeProposal(this.#prepared.proposal);
    this.#accounts = new Accounts(options.quotas);
    this.#tombstones = new Tombstones(options.tombstonesMax ?? TOMBSTONES_MAX);
    this.#isRestored = options.store === undefined;
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
    // What is kept goes on when its store is opened again. All of it is let go of in one turn: an
    // application that passes messages on from one to another finds both there, or neither.
    const kept = sessions.filter(({ isKept }) => isKept);
    const stored = Promise.allSettled(kept.map((session) => session.stored()));
    await raced(stored, AbortSignal.timeout(PARK_MS)).catch(() => {});
    for (const session of kept) session.parkNow();
    await Promise.all(this.#closers.map((close) => close()));
  }

  /**
   * Takes up the sessions that the store has kept, and hands them over with the new ones. Until it has
   * them all, whoever comes back to one that is not there yet is asked to try again.
   *
   * @throws {StoreError} `damaged`, unless there is an `onDamaged`; `failed`.
   */
  async restore(): Promise<void> {
    const { store, tombstoneMs = TOMBSTONE_MS } = this.#options;
    if (store === undefined) return;
    await this.#forgetOld(store).catch((error: unknown) => {
      // Then what is old stays for now. Whether anybody waits for room is for who writes to say.
      if (!(error instanceof StoreError) || error.failure !== "full") throw error;
    });
    for await (const { id, outcome, received, message, endedAt } of store.tombstones()) {
      const now = this.#runtime.now();
      const until = now + endedAt + tombstoneMs - Date.now();
      this.#tombstones.bury(id, { outcome, received, message, until }, now);
    }
    let ids: string[] = [];
    for await (const { id, role, isDamaged } of store.sessions()) {
      // Of one that is damaged it is not known whose it is: to load it tells that it is.
      if (role !== "responder" && !isDamaged) continue;
      // In parallel, but not all of them: a store may hold more than fits into memory at once.
      if (ids.push(id) < LOADING_MAX) continue;
      await Promise.all(ids.map((one) => this.#load(store, one)));
      ids = [];
    }
    await Promise.all(ids.map((one) => this.#load(store, one)));
    this.#isRestored = true;
    if (this.#notReadyMs !== PARKED_MS) this.#notReadyMs = 0;
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
      const until = Number.POSITIVE_INFINITY;
      const { message } = error;
      const burial = { outcome: "lost", received: [0, 0], message, until } as const;
      this.#tombstones.bury(id, burial, this.#runtime.now());
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
    // What it has already is not known yet.
    if (account && !this.#isRestored) {
      return { reason: "notReady", isPersistent: false, retryMs: NOT_READY_MS };
    }
    const { store, keepsAll = false } = this.#options;
    const isKept = store !== undefined && (keepsAll || agreement.durability !== "memory");
    if (isKept && store.isBlocked) return notStored;
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
      const ended = this.#tombstones.find(id, this.#runtime.now());
      if (ended) return ended;
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
    return session.driver.transports.resume(transport, request, rest);
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
    const offer = proposal === this.#prepared.proposal ? this.#offer : encodeProposal(proposal);
    const { frame, session: established } = reception.accept(sessionId, offer, agreement, data);
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
    // Its time ran out while no process had it: all there is to do is to tell its peer.
    if (session.machine.state === "closed" && !session.machine.hasRest) return;
    this.#queue.push(session);
  }

  #closed(session: Session, { outcome, error }: SessionEnd): void {
    this.#sessions.delete(session.id);
    if (outcome === "parked") {
      // It is not over: its store has it, and from now on we do not know all that there are.
      this.#notReadyMs = PARKED_MS;
      return;
    }
    const { tombstoneMs = TOMBSTONE_MS, tombstonesMax = TOMBSTONES_MAX, store } = this.#options;
    const { received } = session.machine.link.positions;
    const now = this.#runtime.now();
    const until = now + tombstoneMs;
    const message = error?.message ?? "";
    this.#tombstones.bury(session.id, { outcome, received, message, until }, now);
    this.#endedLately += 1;
    if (store === undefined || this.#endedLately < tombstonesMax) return;
    // A store that cannot says so to who writes: the old ones wait for the next time.
    void this.#forgetOld(store).catch(() => {});
  }

  #forgetOld(store: Store): Promise<void> {
    this.#endedLately = 0;
    return forgetOld(store, this.#options.tombstoneMs);
  }
}

/** The same with other limits, which the peer is told of. */
function limitedTo(limits: Limits | undefined, prepared: Prepared): Prepared {
  if (limits === undefined || limits === prepared.limits) return prepared;
  return { ...prepared, limits, proposal: { ...prepared.proposal, limits: peerLimitsOf(limits) } };
}
