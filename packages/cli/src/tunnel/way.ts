/**
 * A session with a node's tunnel service.
 *
 * @module
 */

import { establish, type Limits, nodeRuntime, type Session, SessionError } from "tertulia";
import { ed25519Authenticator, PeerIdentityError } from "tertulia/auth";
import { TUNNEL_SELECTOR } from "tertulia/tunnel";
import { addressKey, Way } from "../chat/way.ts";
import type { Home } from "../home.ts";
import { untrusted } from "../untrusted.ts";
import { reasonOf } from "./reasons.ts";

const LIMITS: Partial<Limits> = {
  // Many connections share it: what one that stalls may hold must be a small part of it.
  sessionWindowOctets: 64 * 1024 * 1024,
  // People type into it: who comes to another network should not wait for half a minute.
  probeMs: 3000,
  deadMs: 8000,
  backoffMsMax: 2000,
};

/**
 * Establishes it, and shows who we are. Nobody is asked: a key has to be known, or `acceptNew`.
 *
 * @throws {SessionError} as `connect`; {PeerIdentityError} when the key there is not one to trust.
 */
export async function tunnelSession(
  address: string,
  home: Home,
  acceptNew: boolean,
  signal?: AbortSignal,
): Promise<Session> {
  const identity = await home.identity();
  const { knownPeers } = home;
  const way = new Way(address, { knownPeers, ownFingerprint: identity.fingerprint, acceptNew });
  return await establish(way.dialTo, nodeRuntime(), {
    selector: TUNNEL_SELECTOR,
    authenticator: ed25519Authenticator(identity),
    checkPeer: way.checkPeer,
    ...(signal && { signal }),
    limits: LIMITS,
  });
}

/** As {@link tunnelSession}, and says in words for whoever typed the address why there is none. */
export async function firstSession(
  ...[address, home, ...others]: Parameters<typeof tunnelSession>
): Promise<Session> {
  try {
    return await tunnelSession(address, home, ...others);
  } catch (error) {
    if (error instanceof PeerIdentityError) throw untrusted(error, addressKey(address), home);
    throw explained(error, address);
  }
}

function explained(error: unknown, address: string): unknown {
  if (!(error instanceof SessionError)) return error;
  const isNoTunnel = error.code === "ERR_REFUSED" && error.message.includes("selectorUnknown");
  const how = "it has to be started with what may be reached: tertulia serve --allow HOST:PORT";
  const why = isNoTunnel ? `serves no tunnels; ${how}` : reasonOf(error);
  return new SessionError(error.code, `${address}${isNoTunnel ? " " : ": "}${why}`, {
    cause: error,
  });
}
