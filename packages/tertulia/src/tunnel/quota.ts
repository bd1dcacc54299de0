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

/** The shares of those who have a connection or a pace to keep. Give one ledger to all sessions. */
export class TunnelLedger {
  readonly #quotasOf: (identity: Identity) => TunnelQuotas | undefined;
  readonly #shares = new Map<string, Share>();

  constructor(quotas: TunnelQuotas | ((identity: Identity) => TunnelQuotas | undefined)) {
    this.#quotasOf = typeof quotas === "function" ? quotas : () => quotas;
  }

  /** Takes a place for one connection; `undefined` when there is none. {@link leave} gives it back. */
  enter(identity: Identity): Share | undefined {
    const name = `${identity.method}:${identity.name}`;
    const share = this.#shares.get(name) ?? new Share(name, this.#quotasOf(identity) ?? {});
    if (!share.enter()) return undefined;
    this.#shares.set(name, share);
    return share;
  }

  /** Gives a share back, when its session has ended. */
  leave(share: Share): void {
    if (share.leave() === 0) this.#shares.delete(share.name);
  }
}

/** What one identity has. */
export class Share {
  readonly name: string;
  readonly #quotas: TunnelQuotas;
  #connections = 0;
  /** When everything that went through would have, at the rate that is allowed. */
  #paidAt = 0;

  constructor(name: string, quotas: TunnelQuotas) {
    this.name = name;
    this.#quotas = quotas;
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

  /** Counts octets that went through; for how many ms nothing more should. */
  spend(octets: number, now: number): number {
    const { octetsPerSecond } = this.#quotas;
    if (octetsPerSecond === undefined) return 0;
    this.#paidAt = Math.max(now, this.#paidAt) + (octets * 1000) / octetsPerSecond;
    const ahead = this.#paidAt - now;
    return ahead <= BURST_MS ? 0 : ahead - BURST_MS;
  }
}
