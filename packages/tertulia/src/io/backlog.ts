/**
 * What waits for a peer that is away for long, or slow: in the session's store, up to a bound, while
 * memory has only the next piece of it.
 *
 * A session journals what fits into the credit that its peer gave, and what is beyond that waits in
 * memory. A backlog stands before a kept session and has that wait in its store. When the store has as
 * much as it may have, one of three things happens to the next message: it waits, it is refused, or the
 * oldest ones make room for it, and both sides are told exactly which.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { decodeUtf8, utf8 } from "../pure/octets.ts";
import { Gate } from "./gate.ts";
import type { Keeping } from "./keeping.ts";
import { aCount, aFunction, checkOptions, type OptionKinds, oneOf } from "./option-kinds.ts";
import type { Session } from "./session.ts";
import type { SessionDriver } from "./session-driver.ts";
import type { SendOptions } from "./session-parts.ts";
import type { SessionSender } from "./session-sender.ts";
import { HEAD_OCTETS, StoredQueue } from "./stored-queue.ts";

/**
 * How much may wait in a backlog, and what happens to a message that no longer fits. All optional.
 */
export interface BacklogOptions {
  /**
   * Octets that the session may have for its peer before more waits in the store; one message it may have
   * however long that is. Default: 256 KiB.
   */
  readonly memoryOctets?: number;
  /**
   * Octets that may wait in the store, with one for each message; a single message may however long it is.
   * Default: 64 MiB.
   */
  readonly octetsMax?: number;
  /** Messages that may, at least one: each costs some octets of memory. Default: 100,000. */
  readonly messagesMax?: number;
  /** What becomes of a message for which there is no room. Default: `block`, it waits. */
  readonly whenFull?: "block" | "refuse" | "shed";
  /** With `shed`: told at once of what was given up. */
  readonly onShed?: (gap: Gap) => void;
  /**
   * With `shed`: what the peer gets in the place of what was given up; `undefined` for nothing. Called when
   * its turn comes, with everything that was given up there. Default: nothing.
   */
  readonly gapMessage?: (gap: Gap) => unknown;
}

/** Messages that were given up: from one number to another, both among them. */
export interface Gap {
  /** Counted from 1, in the order in which they were sent through the backlog, in any process. */
  readonly from: number;
  readonly to: number;
  readonly octets: number;
}

/** There is no room for a message. Nothing was sent. */
export class BacklogFullError extends SessionError {
  override readonly name = "BacklogFullError";
  /** What waits in the store, and what may. */
  readonly octets: number;
  readonly octetsMax: number;

  constructor(octets: number, octetsMax: number) {
    super("ERR_LIMIT", `${octets} octets wait for the peer, ${octetsMax} may`);
    this.octets = octets;
    this.octetsMax = octetsMax;
  }
}

const backlogOptions: OptionKinds<BacklogOptions> = {
  memoryOctets: aCount,
  octetsMax: aCount,
  messagesMax: aCount,
  whenFull: oneOf(["block", "refuse", "shed"]),
  onShed: aFunction,
  gapMessage: aFunction,
};

/** What the store knows a backlog's place by, beside the session. */
const NOTE = "backlog";

/** What is stored of a backlog besides its messages. */
interface Place {
  /** Positions of what waits. */
  readonly start: number;
  readonly end: number;
  /** Number of the next message, and of the first one that waits. */
  readonly next: number;
  readonly first: number;
  /** What was given up before that, and the peer was not told. */
  readonly gap?: Gap;
}

/**
 * Puts a backlog before a session. From then on everything goes through it; a session that was taken up
 * again has its backlog as it was.
 *
 * @throws {SessionError} `ERR_ARGUMENT` for a session that is not kept in a store, or an option that is not
 *   known or of another kind; `ERR_STORE`.
 *
 * @example
 * const backlog = await openBacklog(session, { octetsMax: 1 << 30, whenFull: "shed" });
 * await backlog.send(reading); // resolved: it survives us, however long the peer is away
 */
export async function openBacklog(
  session: Session,
  options: BacklogOptions = {},
): Promise<Backlog> {
  checkOptions(options, backlogOptions);
  const { keeping } = session.driver;
  if (keeping === undefined) {
    throw new SessionError("ERR_ARGUMENT", "a backlog needs a session that a store keeps");
  }
  const note = await keeping.readNote(NOTE);
  const backlog = new Backlog(session, keeping, options, note && placeOf(note));
  await backlog.restore();
  return backlog;
}

/**
 * What waits for a slow or absent peer, in the session's store up to a bound; made by {@link
 * openBacklog}.
 */
export class Backlog {
  readonly session: Session;
  readonly #driver: SessionDriver;
  readonly #sender: SessionSender;
  readonly #keeping: Keeping;
  readonly #options: Required<Omit<BacklogOptions, "onShed" | "gapMessage">> &
    Pick<BacklogOptions, "onShed" | "gapMessage">;
  readonly #queue: StoredQueue;
  #next: number;
  #first: number;
  #gap: Gap | undefined;
  #isMoving = false;
  /** Octets of messages that wait for room in the backlog itself. */
  #blockedOctets = 0;
  /** Them, in their order. */
  readonly #blocked: object[] = [];
  readonly #room: Gate = new Gate();

  /** Use {@link openBacklog}. */
  constructor(session: Session, keeping: Keeping, options: BacklogOptions, place?: Place) {
    this.session = session;
    this.#driver = session.driver;
    this.#sender = session.driver.sender;
    this.#keeping = keeping;
    this.#options = {
      memoryOctets: 256 * 1024,
      octetsMax: 64 * 1024 * 1024,
      messagesMax: 100_000,
      whenFull: "block",
      ...options,
    };
    this.#queue = new StoredQueue(keeping, place?.start ?? 0, place?.end ?? 0);
    this.#next = place?.next ?? 1;
    this.#first = place?.first ?? 1;
    this.#gap = place?.gap;
  }

  /** Octets that wait in the store. */
  get octets(): number {
    return this.#queue.octets;
  }

  /** Messages that wait there. */
  get messages(): number {
    return this.#queue.length;
  }

  /** The number that the next message will have. */
  get nextNumber(): number {
    return this.#next;
  }

  /**
   * Sends a message behind everything that waits. Settles when the store has it.
   *
   * @throws {SessionError} as `Session.send`; `BacklogFullError` (`ERR_LIMIT`) when there is no room and it
   *   is to be refused, or when too much waits for room because nobody awaits.
   */
  send(value: unknown, options?: SendOptions): Promise<void> {
    try {
      options?.signal?.throwIfAborted();
      const { type, octets } = this.#sender.encode(value, options);
      this.#sender.check(octets.length);
      const size = octets.length + HEAD_OCTETS;
      const isBehind = this.#blocked.length > 0 || this.#isClogged;
      if (!isBehind && this.#makesRoom(size)) return this.#accept(type, octets);
      // One may wait for room however long it is.
      const isTooMuch = this.#blockedOctets + size > this.#options.memoryOctets;
      if (isTooMuch && this.#blocked.length > 0) throw this.#full;
      return quiet(this.#acceptLater(type, octets, options?.signal));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Resolves when nothing waits here any more: all is the session's, which may be released. */
  async drained(): Promise<void> {
    while (this.messages > 0 || this.#gap) {
      if (this.session.end) throw this.session.end.error ?? ended();
      await this.#driver.changed();
    }
  }

  /** For `openBacklog`: how long each of the messages is that wait. */
  async restore(): Promise<void> {
    await this.#queue.restore();
    this.#sender.setApart(this.octets);
    void this.#watch();
  }

  /** Whether a message may go past the store: nothing waits, and the session has room. */
  #isDirect(size: number): boolean {
    return this.messages === 0 && this.#gap === undefined && this.#canMove(size);
  }

  #canMove(size: number): boolean {
    const { link, releaseState } = this.session.machine;
    // Behind the end nothing is said.
    if (releaseState !== "open" && releaseState !== "asked") return false;
    const { backlogOctets } = link;
    const isShort = backlogOctets === 0 || backlogOctets < this.#options.memoryOctets;
    return isShort && link.outbox.takesAtOnce(size);
  }

  #hasRoom(size: number): boolean {
    const { octetsMax, messagesMax } = this.#options;
    // One message may wait however long it is.
    return this.messages === 0 || (this.octets + size <= octetsMax && this.messages < messagesMax);
  }

  /**
   * Whether there is room for a message whose turn it is, once the policy has had its way; false: it waits.
   *
   * @throws {BacklogFullError} when it is refused.
   */
  #makesRoom(size: number): boolean {
    if (this.#hasRoom(size)) return true;
    const { whenFull } = this.#options;
    if (whenFull === "refuse") throw this.#full;
    if (whenFull === "shed") this.#shed(size);
    return whenFull === "shed";
  }

  get #full(): BacklogFullError {
    return new BacklogFullError(this.octets, this.#options.octetsMax);
  }

  /** More than memory should have is on its way to the store. */
  get #isClogged(): boolean {
    return this.#queue.unstoredOctets > this.#options.memoryOctets;
  }

  /** Takes a message, settles when it is stored. */
  #accept(type: number, octets: Uint8Array): Promise<void> {
    this.#next += 1;
    if (!this.#isDirect(octets.length)) return quiet(this.#append(type, octets));
    this.#first = this.#next;
    this.#note();
    return this.#sender.sendEncoded(type, octets);
  }

  /** The same once there is room, and those before it have had theirs. */
  async #acceptLater(
    type: number,
    octets: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const size = octets.length + HEAD_OCTETS;
    const turn = {};
    this.#blocked.push(turn);
    this.#blockedOctets += size;
    const isBefore = () => this.#blocked[0] !== turn || this.#isClogged || !this.#makesRoom(size);
    try {
      while (isBefore()) {
        await this.#room.wait(signal);
        this.#sender.check(octets.length);
      }
    } finally {
      this.#blocked.splice(this.#blocked.indexOf(turn), 1);
      this.#blockedOctets -= size;
      this.#room.open();
    }
    await this.#accept(type, octets);
  }

  /** Gives up the oldest until there is room. */
  #shed(size: number): void {
    const from = this.#first;
    let octets = 0;
    while (!this.#hasRoom(size)) octets += this.#drop() - HEAD_OCTETS;
    const gap = { from, to: this.#first - 1, octets };
    this.#gap = this.#gap
      ? { from: this.#gap.from, to: gap.to, octets: this.#gap.octets + octets }
      : gap;
    this.#options.onShed?.(gap);
  }

  /** Takes the first that waits out; returns its octets. */
  #drop(): number {
    this.#first += 1;
    return this.#queue.shift();
  }

  #append(type: number, octets: Uint8Array): Promise<void> {
    const end = this.#queue.push(type, octets);
    this.#note();
    return this.#driver.keepMore(this.#keeping).then(() => {
      this.#queue.stored(end);
      this.#room.open();
      void this.#move();
    });
  }

  /** Has the place stored with what has changed it. */
  #note(): void {
    const place: Place = {
      start: this.#queue.start,
      end: this.#queue.end,
      next: this.#next,
      first: this.#first,
      ...(this.#gap && { gap: this.#gap }),
    };
    this.#keeping.note(utf8(JSON.stringify(place)), NOTE);
    this.#sender.setApart(this.octets);
  }

  /** Moves on whenever the session has done something. */
  async #watch(): Promise<void> {
    while (!this.session.end) {
      if (this.messages > 0 || this.#gap) await this.#move();
      await this.#driver.changed();
      this.#room.open();
    }
    this.#room.open();
  }

  /** Gives the session what waits, as far as it takes it. Out of here and into it are one batch. */
  async #move(): Promise<void> {
    if (this.#isMoving) return;
    this.#isMoving = true;
    try {
      for (;;) {
        if (!this.#tellGap()) return;
        const size = this.#queue.firstOctets;
        if (size === undefined || !this.#canMove(size - HEAD_OCTETS)) return;
        if (!this.#queue.first && !(await this.#queue.read())) return;
        const entry = this.#queue.first;
        // While it was read, the oldest may have been given up, and the session may have ended.
        if (entry === undefined || this.#gap) continue;
        if (this.session.end || !this.#canMove(entry.length - HEAD_OCTETS)) return;
        this.#drop();
        this.#note();
        this.#give(entry[0] as number, entry.subarray(HEAD_OCTETS)); // no entry is empty
      }
    } catch (error) {
      // A store from which nothing can be read keeps nothing either.
      this.session.abort(`the backlog: ${error instanceof Error ? error.message : error}`);
    } finally {
      this.#isMoving = false;
    }
  }

  /** Puts into the place of what was given up what the peer is to know of it. False: not now. */
  #tellGap(): boolean {
    const gap = this.#gap;
    if (gap === undefined) return true;
    const value = this.#options.gapMessage?.(gap);
    const message = value === undefined ? undefined : this.#sender.encode(value);
    if (message && !this.#canMove(message.octets.length)) return false;
    this.#gap = undefined;
    this.#note();
    if (message) this.#give(message.type, message.octets);
    else this.#driver.keepMore(this.#keeping).catch(() => {});
    return true;
  }

  #give(type: number, octets: Uint8Array): void {
    // Whoever sent it was told that the store has it.
    this.#sender.sendEncoded(type, octets).catch(() => {});
  }
}

/** Not everybody who sends waits: that is theirs to decide. */
function quiet(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}

function placeOf(octets: Uint8Array): Place {
  return JSON.parse(decodeUtf8(octets) ?? "") as Place; // `#note` wrote it
}

function ended(): SessionError {
  return new SessionError("ERR_CLOSED", "the session has ended");
}
