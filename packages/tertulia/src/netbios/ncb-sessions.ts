/**
 * The local session table of the NetBIOS commands: sessions by their numbers, and who receives what.
 *
 * A message satisfies one RECEIVE, or one RECEIVE ANY if no RECEIVE waits for that session.
 *
 * @module
 */

import { formatName } from "../pure/netbios/name.ts";
import { NcbError } from "./ncb-codes.ts";
import { untilAborted } from "./ncb-command.ts";
import { ANY_NAME, freeNumber } from "./ncb-numbers.ts";
import type { NetbiosSession } from "./session.ts";

/** What RECEIVE gives. */
export interface NcbReceived {
  readonly sessionNumber: number;
  readonly userData: Uint8Array;
  /** 0x06, message incomplete: the rest comes with the next RECEIVE. */
  readonly isIncomplete: boolean;
}

/** What SESSION STATUS tells of a session. */
export interface NcbSessionStatus {
  readonly sessionNumber: number;
  readonly nameNumber: number;
  readonly local: string;
  readonly remote: string;
  readonly receivesPending: number;
  readonly sendsPending: number;
}

interface Open {
  readonly number: number;
  readonly session: NetbiosSession;
  readonly nameNumber: number;
  receivesPending: number;
  sendsPending: number;
  /** The next message, which all wait for and one takes. It outlives who has given up on it. */
  next: Promise<Uint8Array | undefined> | undefined;
}

export class NcbSessions {
  readonly #open = new Map<number, Open>();
  /** Who waits for a message of any session is to know of new sessions. */
  readonly #arrivals = new Set<() => void>();
  #last = 0;

  /** A number for a session that is about to be opened. @throws {NcbError} `sessionTableFull`. */
  reserve(): number {
    this.#last = freeNumber(this.#open, this.#last, 1, "sessionTableFull");
    return this.#last;
  }

  add(number: number, session: NetbiosSession, nameNumber: number): number {
    const counts = { receivesPending: 0, sendsPending: 0, next: undefined };
    this.#open.set(number, { number, session, nameNumber, ...counts });
    for (const arrived of this.#arrivals) arrived();
    this.#arrivals.clear();
    return number;
  }

  /** Takes a session out of the table. @throws {NcbError} `invalidSessionNumber`. */
  remove(number: number): NetbiosSession {
    const { session } = this.#find(number);
    this.#open.delete(number);
    return session;
  }

  hasSessionsOf(nameNumber: number): boolean {
    return [...this.#open.values()].some((open) => open.nameNumber === nameNumber);
  }

  /** Ends all sessions. */
  clear(): void {
    for (const { session } of this.#open.values()) session.abort();
    this.#open.clear();
    this.#last = 0;
  }

  /** The sessions of a name, or all. */
  status(nameNumber: number | undefined): readonly NcbSessionStatus[] {
    return [...this.#open.values()]
      .filter((open) => nameNumber === undefined || open.nameNumber === nameNumber)
      .map(({ number, session, nameNumber: of, receivesPending, sendsPending }) => ({
        sessionNumber: number,
        nameNumber: of,
        local: formatName(session.local),
        remote: formatName(session.remote),
        receivesPending,
        sendsPending,
      }));
  }

  /** Whatever ends it but success ends the session. */
  async send(number: number, userData: Uint8Array, signal: AbortSignal): Promise<void> {
    const open = this.#find(number);
    open.sendsPending += 1;
    try {
      await untilAborted(open.session.send(userData), signal);
    } catch (error) {
      this.#drop(open);
      throw error;
    } finally {
      open.sendsPending -= 1;
    }
  }

  async receive(
    number: number,
    octetsMax: number | undefined,
    signal: AbortSignal,
  ): Promise<NcbReceived> {
    const open = this.#find(number);
    open.receivesPending += 1;
    try {
      for (;;) {
        const next = nextOf(open);
        const message = await this.#orDrop(open, untilAborted(next, signal), signal);
        if (this.#take(open, next)) return this.#received(open, message, octetsMax);
        if (!this.#isOpen(open)) throw new NcbError("sessionClosed", `session ${number}`);
      }
    } finally {
      open.receivesPending -= 1;
    }
  }

  async receiveAny(
    nameNumber: number,
    octetsMax: number | undefined,
    signal: AbortSignal,
  ): Promise<NcbReceived> {
    for (;;) {
      signal.throwIfAborted();
      const { promise: arrived, resolve } = Promise.withResolvers<undefined>();
      const wake = (): void => resolve(undefined);
      this.#arrivals.add(wake);
      const waits = [...this.#open.values()]
        .filter((open) => nameNumber === ANY_NAME || open.nameNumber === nameNumber)
        .map(async (open) => {
          const next = nextOf(open);
          return { open, next, message: await this.#orDrop(open, next, signal) };
        });
      try {
        const first = await untilAborted(Promise.race([...waits, arrived]), signal);
        // A RECEIVE for this very session goes first; then we wait for what comes after.
        if (!first || !this.#isOpen(first.open) || first.open.receivesPending > 0) continue;
        if (!this.#take(first.open, first.next)) continue;
        return this.#received(first.open, first.message, octetsMax);
      } finally {
        this.#arrivals.delete(wake);
        // Of those that lost the race, nobody hears any more.
        for (const wait of waits) wait.catch(() => {});
      }
    }
  }

  /** Whether a message is still to be had; whoever asks first has it. */
  #take(open: Open, next: Promise<unknown>): boolean {
    if (open.next !== next) return false;
    open.next = undefined;
    return true;
  }

  #isOpen(open: Open): boolean {
    return this.#open.get(open.number) === open;
  }

  /** A session whose connection is lost leaves the table. */
  async #orDrop<T>(open: Open, promise: Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      if (!signal.aborted) this.#drop(open);
      throw error;
    }
  }

  /** Ends a session, unless it has left the table already: its number may be another's by now. */
  #drop(open: Open): void {
    if (this.#isOpen(open)) this.#open.delete(open.number);
    open.session.abort();
  }

  #received(
    { number, session }: Open,
    message: Uint8Array | undefined,
    octetsMax = Number.POSITIVE_INFINITY,
  ): NcbReceived {
    if (message === undefined) {
      // 0x0A: the other side has hung up.
      this.#open.delete(number);
      session.abort();
      throw new NcbError("sessionClosed", `session ${number}`);
    }
    const isIncomplete = message.length > octetsMax;
    if (isIncomplete) session.unreceive(message.subarray(octetsMax));
    const userData = isIncomplete ? message.subarray(0, octetsMax) : message;
    return { sessionNumber: number, userData, isIncomplete };
  }

  #find(number: number): Open {
    const open = this.#open.get(number);
    if (open) return open;
    throw new NcbError("invalidSessionNumber", `${number}`);
  }
}

function nextOf(open: Open): Promise<Uint8Array | undefined> {
  if (open.next) return open.next;
  open.next = open.session.receive();
  // Whoever receives next hears of it.
  open.next.catch(() => {});
  return open.next;
}
