/** A tunnel with both its ends in this process, over a real port, and a link that can be cut. */

import {
  type BoundListener,
  connect,
  type ListenOptions,
  listen,
  type Session,
} from "../../src/index.ts";
import {
  type AuditEntry,
  openTunnel,
  parseRule,
  serveTunnel,
  TUNNEL_SELECTOR,
  type Tunnel,
  type TunnelOptions,
  type TunnelServerOptions,
} from "../../src/tunnel/index.ts";

export interface TunnelPair extends AsyncDisposable {
  readonly tunnel: Tunnel;
  readonly session: Session;
  readonly listener: BoundListener;
  readonly audit: readonly AuditEntry[];
  /** What the near end told. */
  readonly log: readonly string[];
}

/** What the far end is to do otherwise than usual. */
export interface ServingOptions extends Partial<TunnelServerOptions> {
  readonly listening?: ListenOptions;
}

export async function tunnelPair(
  options: TunnelOptions,
  allow: readonly string[] = ["any:127.0.0.1:*", "any:localhost:*"],
  { listening = {}, ...serving }: ServingOptions = {},
): Promise<TunnelPair> {
  const audit: AuditEntry[] = [];
  const log: string[] = [];
  const listener = await listen("tcp://127.0.0.1:0", {
    selectors: [TUNNEL_SELECTOR],
    ...listening,
  });
  void (async () => {
    for await (const session of listener) {
      void serveTunnel(session, {
        allow: allow.map(parseRule),
        audit: (entry) => audit.push(entry),
        connectMs: 2000,
        ...serving,
      });
    }
  })();
  const session = await connect(listener.address, { selector: TUNNEL_SELECTOR });
  const tunnel = await openTunnel({ ...options, log: (text) => log.push(text) });
  void tunnel.use(session);
  return {
    tunnel,
    session,
    listener,
    audit,
    log,
    async [Symbol.asyncDispose]() {
      await tunnel[Symbol.asyncDispose]();
      await session[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
    },
  };
}
