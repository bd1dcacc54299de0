/**
 * What one identity may have of a tunnel server, in all its sessions together: connections, and
 * octets a second. Who exceeds the first is refused; who exceeds the second is slowed down, as by a
 * narrower line.
 *
 * @module
 */

import type { Identity } from "../io/session-parts.ts";

/** Each is for one identity; what is absent is not limited. */
export interface TunnelQuotas {
  /** Connections at a time, of any kind. One more is refused with `limit`. */
  readonly connections?: number;
  /** Octets a second, of all connections and both directions together, in bursts of a quarter second. */
  readonly octetsPerSecond?: number;
}

/** How far ahead of its rate an identity may be. */
const BURST_MS = 250;

/** How far one identity is ahead of its rate. */
export interface TunnelDebt {
  /** Of the identity: `METHOD:NAME`. */
  readonly name: string;
  readonly aheadMs: number;
}

/** The shares of those who have a connection or a pace to keep. Give one ledger to all sessions. */
export class TunnelLedger {
  readonly #quotasOf: (identity: Identity) => TunnelQuotas | undefined;
  readonly #shares = new Map<string, Share>();
  /** Until when those without a connection are ahead: who comes anew has nothing for free. */
  readonly #paidAt = new Map<string, number>();

  constructor(quotas: TunnelQuotas | ((identity: Identity) => TunnelQuotas | undefined)) {
    this.#quotasOf = typeof quotas === "function" ? quotas : () => quotas;
  }

  /** Takes a place for one connection; `undefined` when there is none. {@link leave} gives it back. */
  enter(identity: Identity): Share | undefined {
    const name = `${identity.method}:${identity.name}`;
    const paidAt = this.#paidAt.get(name) ?? 0;
    const share = this.#shares.get(name) ?? new Share(name, this.#quotasOf(identity) ?? {}, paidAt);
    if (!share.enter()) return undefined;
    this.#shares.set(name, share);
    this.#paidAt.delete(name);
    return share;
  }

  /** Gives a share back, when its connection has ended. */
  leave(share: Share, now: number): void {
    if (share.leave() > 0) return;
    this.#shares.delete(share.name);
    this.#owe(share.name, share.paidAt, now);
  }

  /** Of everybody who is ahead, for the ledger of the process that replaces this one. */
  debts(now: number): TunnelDebt[] {
    const ahead = [...this.#shares.values()].map(({ name, paidAt }) => [name, paidAt] as const);
    return [...ahead, ...this.#paidAt]
      .map(([name, paidAt]) => ({ name, aheadMs: paidAt - now }))
      .filter(({ aheadMs }) => aheadMs > 0);
  }

  /** Takes over what {@link debts} said in the process before, before anybody enters. */
  owe(debts: readonly TunnelDebt[], now: number): void {
    for (const { name, aheadMs } of debts) this.#owe(name, now + aheadMs, now);
  }

  #owe(name: string, paidAt: number, now: number): void {
    if (paidAt > now) this.#paidAt.set(name, paidAt);
    // The two that were looked at longest ago: those who have paid go faster than others come.
    for (let looks = 0; looks < 2; looks++) {
      const [oldest] = this.#paidAt;
      if (oldest === undefined) return;
      const [other, otherPaidAt] = oldest;
      this.#paidAt.delete(other);
      if (otherPaidAt > now) this.#paidAt.set(other, otherPaidAt);
    }
  }
}

/** What one identity has. */
export class Share {
  readonly name: string;
  readonly #quotas: TunnelQuotas;
  #connections = 0;
  /** When everything that went through would have, at the rate that is allowed. */
  #paidAt: number;

  constructor(name: string, quotas: TunnelQuotas, paidAt = 0) {
    this.name = name;
    this.#quotas = quotas;
    this.#paidAt = paidAt;
  }

  get paidAt(): number {
    return this.#paidAt;
  }

  /** Whether there is a rate to keep to. */
  get hasRate(): boolean {
    return this.#quotas.octetsPerSecond !== undefined;
  }

  enter(): boolean {
    if (this.#connections >= (this.#quotas.connections ?? Number.POSITIVE_INFINITY)) return false;
    this.#connections += 1;
    return true;
  }

  leave(): number {
    this.#connections -= 1;
    return this.#connections;
  }

  /** Counts octets that went through, perhaps none; for how many ms nothing more should. */
  spend(octets: number, now: number): number {
    const { octetsPerSecond } = this.#quotas;
    if (octetsPerSecond === undefined) return 0;
    this.#paidAt = Math.max(now, this.#paidAt) + (octets * 1000) / octetsPerSecond;
    const ahead = this.#paidAt - now;
    return ahead <= BURST_MS ? 0 : ahead - BURST_MS;
  }
}
