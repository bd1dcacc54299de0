/**
 * Handshakes over real sockets, and what came of them.
 *
 * @module
 */

import type { Authenticator, Verifier } from "../../src/auth/authentication.ts";
import { createIdentity } from "../../src/auth/identity.ts";
import { RefusedError } from "../../src/io/attempt.ts";
import { type ConnectOptions, connect } from "../../src/io/connect.ts";
import { type ListenOptions, listen } from "../../src/io/listen.ts";
import type { Identity } from "../../src/io/session-parts.ts";
import { SessionError } from "../../src/pure/errors.ts";

export interface Handshake {
  readonly verifiers: readonly Verifier[];
  readonly authenticator?: Authenticator | undefined;
  /** Default: tls. */
  readonly over?: "tcp" | "tls";
  readonly listener?: ListenOptions;
  readonly initiator?: ConnectOptions;
}

const identity = createIdentity();

/** Who the responder takes the initiator for. Throws what `connect` throws. */
export async function identified(handshake: Handshake): Promise<Identity> {
  const { verifiers, authenticator, over = "tls" } = handshake;
  const tls = { ...identity.tls, ...handshake.listener?.tls };
  await using listener = await listen("tcp://127.0.0.1:0", {
    verifiers,
    ...handshake.listener,
    tls,
  });
  await using session = await connect(`${over}://${listener.address}`, {
    ...(authenticator && { authenticator }),
    ...handshake.initiator,
    tls: { rejectUnauthorized: false, ...handshake.initiator?.tls },
  });
  const [accepted] = listener.sessions.values();
  if (!accepted) throw new Error(`no session beside ${session.id}`);
  return accepted.identity;
}

/** Why it came to nothing: the code, and what the responder said or we. */
export async function refusal(handshake: Handshake): Promise<string> {
  try {
    const { name } = await identified(handshake);
    return `accepted ${name}`;
  } catch (error) {
    if (error instanceof RefusedError) return `${error.code} ${error.message}`;
    if (error instanceof SessionError) return `${error.code} here: ${error.message}`;
    throw error;
  }
}

/** Says again what another authenticator said in its first handshake. */
export function replaying(authenticator: Authenticator): Authenticator {
  let recorded: Uint8Array | undefined;
  return {
    method: authenticator.method,
    begin(peer) {
      const real = authenticator.begin(peer);
      return {
        first: () => real.first(),
        async answer(challenge, binding) {
          recorded ??= await real.answer(challenge, binding);
          return recorded;
        },
      };
    },
  };
}
