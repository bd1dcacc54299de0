/**
 * The way to the other side: which transports to open, whose key must be at their end, and the
 * demonstration of a broken link.
 *
 * @module
 */

import {
  DEFAULT_PORT,
  type Dial,
  dialerOf,
  parseAddress,
  SessionError,
  type TransportPeer,
} from "tertulia";
import { type KnownPeers, PeerIdentityError } from "tertulia/auth";

/** What `/move` can be told. */
export const kinds = ["tls", "ws", "tcp"] as const;
export type Kind = (typeof kinds)[number];

export interface WayOptions {
  readonly knownPeers: KnownPeers;
  /** Our own key: whoever shows it is a program of ours. */
  readonly ownFingerprint: string;
  /** Write down unknown keys without asking. */
  readonly acceptNew: boolean;
}

export class Way {
  /** Where it leads, in full. */
  readonly target: string;
  /** What the known peers call it. */
  readonly key: string;
  readonly #options: WayOptions;
  /** Whether transports that show no key will do: only because somebody said so. */
  #isClearAllowed: boolean;
  #cutUntil = 0;

  /** @param address - As people write it; without a scheme it is TLS. */
  constructor(address: string, options: WayOptions) {
    this.target = withScheme(address);
    this.key = addressKey(address);
    this.#options = options;
    this.#isClearAllowed = !/^(tls|wss):/.test(this.target);
  }

  get isClear(): boolean {
    return this.#isClearAllowed && !this.target.startsWith("unix:");
  }

  /** For `establish`. */
  readonly dialTo = (location: string | undefined): Dial => {
    // Who listens is known by key: names in certificates say nothing between peers.
    const dial = dialerOf(location ?? this.target, { tls: { rejectUnauthorized: false } });
    return (signal) => {
      const leftMs = this.#cutUntil - performance.now();
      if (leftMs <= 0) return dial(signal);
      const left = Math.ceil(leftMs / 1000);
      return Promise.reject(new SessionError("ERR_CLOSED", `cut by /break for ${left} s more`));
    };
  };

  /** For `establish`: whether somebody gave up on keys. */
  readonly allowsNoKey = (): boolean => this.#isClearAllowed;

  /** For `establish`: whether the other end of a transport is who it was. */
  readonly checkPeer = async ({ keyFingerprint, isAuthorized }: TransportPeer): Promise<void> => {
    const { knownPeers, ownFingerprint, acceptNew } = this.#options;
    if (keyFingerprint === undefined && this.#isClearAllowed) return;
    if (keyFingerprint === ownFingerprint) return;
    // Behind a reverse proxy the key is the proxy's, and another with each certificate: what browsers
    // go by, the name in a certificate that the system trusts, is what there is.
    if (isAuthorized && this.target.startsWith("wss:")) return;
    try {
      await knownPeers.check(this.key, keyFingerprint);
    } catch (error) {
      const isNew = error instanceof PeerIdentityError && error.problem === "unknown";
      if (!isNew || !acceptNew) throw error;
      await knownPeers.remember(this.key, error.fingerprint);
    }
  };

  /** Lets every dial fail for a while. */
  cut(forMs: number): void {
    this.#cutUntil = performance.now() + forMs;
  }

  /** The same place over another kind of transport. `tcp` gives up on privacy, as was asked. */
  over(kind: Kind): string {
    if (this.target.startsWith("unix:")) {
      throw new SessionError("ERR_ARGUMENT", "a Unix socket has no other transports");
    }
    if (kind === "tcp") this.#isClearAllowed = true;
    if (kind !== "ws") return `${kind}://${this.key}`;
    return `${this.isClear ? "ws" : "wss"}://${this.key}`;
  }
}

/** `HOST:PORT` of an address, or the path of a Unix socket. */
export function addressKey(address: string): string {
  const parsed = parseAddress(withScheme(address));
  switch (parsed.type) {
    case "unix":
      return parsed.path;
    case "websocket": {
      const { hostname, port, protocol } = new URL(parsed.url);
      return `${hostname}:${port || (protocol === "wss:" ? 443 : 80)}`;
    }
    default: {
      const { host, port = DEFAULT_PORT } = parsed;
      return `${host.includes(":") ? `[${host}]` : host}:${port}`;
    }
  }
}

function withScheme(address: string): string {
  return address.includes("://") || address.startsWith("unix:") ? address : `tls://${address}`;
}
