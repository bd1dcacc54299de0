/**
 * The responder's side of the command: a listener with a hub of rooms behind it.
 *
 * @module
 */

import {
  type BoundListener,
  establish,
  type Limits,
  type ListenOptions,
  listen,
  memoryPair,
  nodeRuntime,
  type Quotas,
  type Session,
  SessionError,
} from "tertulia";
import { anonymous, ed25519Verifier, type OwnIdentity } from "tertulia/auth";
import { ROOMS_SELECTOR, type RoomChange, RoomHub } from "tertulia/rooms";
import type { Store } from "tertulia/stores";
import { serveTunnel, TUNNEL_SELECTOR, type TunnelServerOptions } from "tertulia/tunnel";

export interface HouseOptions {
  /** `HOST:PORT`, `PORT`, or `unix:PATH`. */
  readonly address: string;
  readonly identity: OwnIdentity;
  /** Fingerprints of those who may come in. Default: anybody. */
  readonly admit?: readonly string[];
  /** The rooms that there are. Default: any. */
  readonly rooms?: readonly string[];
  readonly tlsOnly?: boolean;
  /** Serves tunnels, as far as the rules in it allow. Default: none. */
  readonly tunnels?: TunnelServerOptions;
  /** Where its sessions and their rooms survive the process. Default: nowhere. */
  readonly store?: Store;
  /** Goes on with streams that the node before carried over. Default: they are lost. */
  readonly carriesStreams?: boolean;
  /** What one identity may have. Default: whatever the limits allow. */
  readonly quotas?: Quotas;
  /** Bounds of its sessions that differ from the defaults. */
  readonly limits?: Partial<Limits>;
  /** What it listens with, when that is there already. */
  readonly socket?: ListenOptions["socket"];
  readonly onChange?: (change: RoomChange) => void;
  readonly onRefused?: (address: string, error: SessionError) => void;
}

/** Over how long those that are kept are asked to come back, for each: 1,000 a second are no storm. */
const SPREAD_MS = 1;
/** And at the most: nobody is to wait long. */
const SPREAD_MS_MAX = 2000;
/** The octets of one message: some pages of text. */
const MESSAGE_OCTETS_MAX = 64 * 1024;

export class House {
  readonly listener: BoundListener;
  readonly hub: RoomHub;
  readonly #tunnels: TunnelServerOptions | undefined;
  readonly #cut: { until: number };
  readonly #served: Promise<void>;

  private constructor(
    listener: BoundListener,
    hub: RoomHub,
    tunnels: TunnelServerOptions | undefined,
    cut: { until: number },
  ) {
    this.listener = listener;
    this.hub = hub;
    this.#tunnels = tunnels;
    this.#cut = cut;
    this.#served = this.#serve();
  }

  /** @throws {SessionError} as `listen`. */
  static async open(options: HouseOptions): Promise<House> {
    const {
      address,
      identity,
      admit,
      rooms,
      tlsOnly = false,
      tunnels,
      store,
      carriesStreams = false,
      quotas,
      limits,
      socket,
      onChange,
      onRefused,
    } = options;
    const hub = new RoomHub({ ...(rooms && { rooms }), ...(onChange && { onChange }) });
    const cut = { until: 0 };
    const anybody = [ed25519Verifier((key) => ({ name: key })), anonymous];
    const listener = await listen(listenAddress(address), {
      tls: identity.tls,
      requireTls: tlsOnly,
      verifiers: admit ? [ed25519Verifier(admit)] : anybody,
      selectors: tunnels ? [ROOMS_SELECTOR, TUNNEL_SELECTOR] : [ROOMS_SELECTOR],
      limits: { messageOctetsMax: MESSAGE_OCTETS_MAX, ...limits },
      ...(quotas && { quotas }),
      ...(socket && { socket }),
      ...(store && { store, keepsAll: true, carriesStreams }),
      checkPeer({ address: from }) {
        if (from === MEMORY || performance.now() >= cut.until) return;
        throw new SessionError("ERR_CLOSED", "the link is cut for now");
      },
      ...(onRefused && { onRefused }),
    });
    tunnels?.handover?.dropOthers(listener.sessions);
    await hub.restore([...listener.sessions.values()]);
    return new House(listener, hub, tunnels, cut);
  }

  get address(): string {
    return this.listener.address;
  }

  /** A session of our own with the hub, as everybody else has one. */
  session(identity: OwnIdentity, authenticate: EstablishAuthenticator): Promise<Session> {
    const dial = async () => {
      const [ours, theirs] = memoryPair();
      this.listener.receive(theirs);
      return ours;
    };
    const authenticator = authenticate(identity);
    return establish(() => dial, nodeRuntime(), { selector: ROOMS_SELECTOR, authenticator });
  }

  /** Breaks every link to others, and lets nobody come back for a while. */
  cut(forMs: number): void {
    this.#cut.until = performance.now() + forMs;
    for (const session of this.listener.sessions.values()) {
      if (session.transport?.kind !== MEMORY) session.breakTransport();
    }
  }

  /**
   * Says goodbye to everybody who is there; whoever does not answer in time is left behind. With a store
   * it lets go of them: they go on when it is opened again, each at a moment of its own.
   */
  async close(graceMs: number): Promise<void> {
    const kept = [...this.listener.sessions.values()].filter(({ isKept }) => isKept);
    const spreadMs = Math.min(SPREAD_MS_MAX, kept.length * SPREAD_MS);
    for (const session of kept) session.goAway(0, spreadMs);
    const signal = AbortSignal.timeout(graceMs);
    const sessions = [...this.listener.sessions.values()].filter(({ isKept }) => !isKept);
    await Promise.allSettled(
      sessions.map((session) => session.state === "connected" && session.release({ signal })),
    );
    await this.listener[Symbol.asyncDispose]();
    await this.#served;
  }

  async #serve(): Promise<void> {
    const members: Promise<void>[] = [];
    for await (const session of this.listener) {
      const isTunnel = session.peer.calledSelector === TUNNEL_SELECTOR;
      if (isTunnel && this.#tunnels) members.push(serveTunnel(session, this.#tunnels));
      else members.push(this.hub.serve(session));
    }
    await Promise.all(members);
  }
}

const MEMORY = "memory";

type EstablishAuthenticator = (
  identity: OwnIdentity,
) => NonNullable<NonNullable<Parameters<typeof establish>[2]>["authenticator"]>;

/** A port alone is one of this machine only; `*` is all addresses. */
function listenAddress(address: string): string {
  if (/^\d+$/.test(address)) return `tcp://127.0.0.1:${address}`;
  if (address.startsWith("*:")) return `tcp://[::]${address.slice(1)}`;
  return address.includes("://") || address.startsWith("unix:") ? address : `tcp://${address}`;
}
