/**
 * What one identity may have of a listener, in all its sessions together.
 *
 * Everybody who proves nothing is one identity: quotas for strangers are for all of them at once.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { type Limits, WINDOW_OCTETS_MIN } from "../pure/native/limits.ts";
import type { Identity } from "./session-parts.ts";

/** Each is for one identity; what is absent is not limited. */
export interface Quotas {
  /** Sessions at a time, also suspended ones. One more is refused with `limit`. */
  readonly sessions?: number;
  /**
   * Octets that are sent and that the peer does not have yet. A `send` beyond it throws a
   * {@link QuotaError}, so that one who does not read holds so much and no more.
   */
  readonly backlogOctets?: number;
  /**
   * Octets that the store may have to keep, in both directions: the backlog, and what the sessions let
   * their peers send unread. A session gets no larger a receive window than fits, and none is let in when
   * nothing fits; a `send` beyond it throws.
   */
  readonly storedOctets?: number;
}

/** An identity would have more than its quota. Nothing was sent, and nobody let in. */
export class QuotaError extends SessionError {
  override readonly name = "QuotaError";
  readonly quota: keyof Quotas;
  /** As `method:name`. */
  readonly identity: string;
  /** How much there may be, and how much there would be. */
  readonly limit: number;
  readonly wanted: number;

  constructor(quota: keyof Quotas, identity: string, limit: number, wanted: number) {
    super("ERR_LIMIT", `quota of ${quota} for ${identity}: ${limit}, wanted ${wanted}`);
    this.quota = quota;
    this.identity = identity;
    this.limit = limit;
    this.wanted = wanted;
  }
}

/** What a session tells its identity's account. */
export class Account {
  readonly identity: string;
  readonly #quotas: Quotas;
  #sessions = 0;
  #backlogOctets = 0;
  /** What kept sessions let their peers send. */
  #windowOctets = 0;

  constructor(identity: string, quotas: Quotas) {
    this.identity = identity;
    this.#quotas = quotas;
  }

  get sessions(): number {
    return this.#sessions;
  }

  /** Why no further session may begin, if none may. */
  refusal(isKept: boolean): QuotaError | undefined {
    const { sessions = Number.POSITIVE_INFINITY } = this.#quotas;
    if (this.#sessions >= sessions) {
      return new QuotaError("sessions", this.identity, sessions, this.#sessions + 1);
    }
    if (!isKept || this.#storedRoom >= WINDOW_OCTETS_MIN) return undefined;
    const { storedOctets = 0 } = this.#quotas;
    const wanted = this.#windowOctets + this.#backlogOctets + WINDOW_OCTETS_MIN;
    return new QuotaError("storedOctets", this.identity, storedOctets, wanted);
  }

  /** The limits of one more session: half of what is left is for what it receives. */
  limitsOf(limits: Limits, isKept: boolean): Limits {
    const half = Math.max(WINDOW_OCTETS_MIN, Math.floor(this.#storedRoom / 2));
    if (!isKept || half >= limits.sessionWindowOctets) return limits;
    return {
      ...limits,
      sessionWindowOctets: half,
      windowOctets: Math.min(limits.windowOctets, half),
      windowOctetsMax: Math.min(limits.windowOctetsMax, half),
    };
  }

  /** Before something is sent. @throws {QuotaError} */
  check(octets: number, isKept: boolean): void {
    const { backlogOctets = Number.POSITIVE_INFINITY, storedOctets = 0 } = this.#quotas;
    const wanted = this.#backlogOctets + octets;
    if (wanted > backlogOctets) {
      throw new QuotaError("backlogOctets", this.identity, backlogOctets, wanted);
    }
    if (isKept && octets > this.#storedRoom) {
      const all = this.#windowOctets + wanted;
      throw new QuotaError("storedOctets", this.identity, storedOctets, all);
    }
  }

  /** @param windowOctets - Of a kept session; 0 of others. */
  opened(windowOctets: number): void {
    this.#sessions += 1;
    this.#windowOctets += windowOctets;
  }

  closed(windowOctets: number): void {
    this.#sessions -= 1;
    this.#windowOctets -= windowOctets;
  }

  /** The backlog of one of the sessions has changed by so much. */
  changed(octets: number): void {
    this.#backlogOctets += octets;
  }

  get #storedRoom(): number {
    const { storedOctets = Number.POSITIVE_INFINITY } = this.#quotas;
    return storedOctets - this.#windowOctets - this.#backlogOctets;
  }
}

/** The accounts of those who have a session. */
export class Accounts {
  readonly #quotasOf: ((identity: Identity) => Quotas | undefined) | undefined;
  readonly #accounts = new Map<string, Account>();

  constructor(quotas: Quotas | ((identity: Identity) => Quotas | undefined) | undefined) {
    this.#quotasOf = typeof quotas === "function" ? quotas : quotas && (() => quotas);
  }

  /** The account of an identity that has quotas. */
  of(identity: Identity): Account | undefined {
    const name = `${identity.method}:${identity.name}`;
    const account = this.#accounts.get(name);
    if (account) return account;
    const quotas = this.#quotasOf?.(identity);
    return quotas && new Account(name, quotas);
  }

  opened(account: Account, windowOctets: number): void {
    account.opened(windowOctets);
    this.#accounts.set(account.identity, account);
  }

  closed(account: Account, windowOctets: number): void {
    account.closed(windowOctets);
    if (account.sessions === 0) this.#accounts.delete(account.identity);
  }
}
