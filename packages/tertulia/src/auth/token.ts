/**
 * Proving who one is with a token that somebody else made: a JWT, an API key, a one-time code.
 *
 * A token is a bearer secret: whoever sees it can use it. So it travels only over a confidential
 * transport, to a peer whose certificate or key was checked, unless told otherwise.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { decodeUtf8, utf8 } from "../pure/octets.ts";
import type {
  AuthenticationPeer,
  Authenticator,
  VerificationStep,
  Verifier,
  Vouched,
} from "./authentication.ts";

/** The method's name on the wire. */
export const TOKEN_METHOD = "token";

/** Where a token may travel. */
export interface TokenOptions {
  /** Also over transports that others can read. Only for tests and for one's own machine. Default: false. */
  readonly inTheClear?: boolean;
}

/**
 * Says a token.
 *
 * @param token - Up to about 20 KiB, or a function that gets a fresh one for each new session.
 * @returns an authenticator that throws `ERR_STATE` over a transport that is not confidential.
 *
 * @example
 * const session = await connect("tls://chat.example", { authenticator: tokenAuthenticator(jwt) });
 */
export function tokenAuthenticator(
  token: string | (() => string | Promise<string>),
  { inTheClear = false }: TokenOptions = {},
): Authenticator {
  return {
    method: TOKEN_METHOD,
    begin: ({ isConfidential }) => ({
      async first() {
        if (!isConfidential && !inTheClear) {
          throw new SessionError("ERR_STATE", "a token goes over a confidential transport only");
        }
        return utf8(typeof token === "string" ? token : await token());
      },
      answer() {
        throw new SessionError("ERR_REFUSED", "the responder asks for more than the token");
      },
    }),
  };
}

/**
 * Takes tokens that `verify` vouches for.
 *
 * @param verify - Says who the bearer is, or `undefined` when the token is not good. What it throws
 *   refuses as well, and its message is told to the peer.
 *
 * @example
 * const verifier = tokenVerifier(async (token) => {
 *   const { payload } = await jwtVerify(token, keys, { audience: "chat" }); // of the package jose
 *   return payload.sub ? { name: payload.sub, claims: payload } : undefined;
 * });
 */
export function tokenVerifier(
  verify: (
    token: string,
    peer: AuthenticationPeer,
  ) => Vouched | undefined | Promise<Vouched | undefined>,
  { inTheClear = false }: TokenOptions = {},
): Verifier {
  return {
    method: TOKEN_METHOD,
    begin: (peer) => ({
      async next(data): Promise<VerificationStep> {
        if (!peer.isConfidential && !inTheClear) {
          return {
            type: "refused",
            message: "a token in the clear: others have it now, change it",
          };
        }
        const token = data && decodeUtf8(data);
        try {
          const vouched = token ? await verify(token, peer) : undefined;
          if (vouched === undefined) return { type: "refused", message: "the token is not good" };
          return { type: "accepted", vouched };
        } catch (error) {
          return { type: "refused", message: error instanceof Error ? error.message : "" };
        }
      },
    }),
  };
}
