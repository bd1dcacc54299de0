/**
 * Proving who one is with the certificate of one's side of TLS: the transport has done the proof,
 * and this says whom it vouches for.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { AuthenticationPeer, Authenticator, Verifier, Vouched } from "./authentication.ts";

/** The method's name on the wire. */
export const TLS_METHOD = "tls";

/**
 * Points the responder to our certificate, which `connect` was given with `tls: { key, cert }`.
 *
 * @returns an authenticator that throws `ERR_STATE` over a transport that is not confidential.
 */
export const tlsAuthenticator: Authenticator = {
  method: TLS_METHOD,
  begin: ({ isConfidential }) => ({
    first() {
      if (isConfidential) return undefined;
      throw new SessionError("ERR_STATE", "a certificate needs TLS");
    },
    answer() {
      throw new SessionError("ERR_REFUSED", "the responder asks for more than the certificate");
    },
  }),
};

/**
 * Takes TLS client certificates. The listener needs `tls: { requestCert: true, … }`; with
 * `rejectUnauthorized: false` besides, certificates that no authority signed reach `allow`.
 *
 * A session that was established this way is resumed only by the holder of the same key.
 *
 * @param allow - Says who the holder is, or `undefined` when they may not come in. Default: whoever
 *   has a certificate of an authority we trust, by its common name. The name is the fingerprint of
 *   the key where the certificate has none.
 */
export function tlsVerifier(allow: (peer: TlsPeer) => Vouched | undefined = byAuthority): Verifier {
  return {
    method: TLS_METHOD,
    begin: (peer) => ({
      next() {
        const { keyFingerprint } = peer;
        if (keyFingerprint === undefined) {
          return { type: "refused", message: "no TLS client certificate came" };
        }
        const vouched = allow({ ...peer, keyFingerprint });
        if (vouched) return { type: "accepted", vouched };
        return { type: "refused", message: "this certificate is not known here" };
      },
    }),
  };
}

/** The other end of a TLS transport that showed a certificate. */
export interface TlsPeer extends AuthenticationPeer {
  readonly keyFingerprint: string;
}

function byAuthority(peer: TlsPeer): Vouched | undefined {
  if (!peer.isAuthorized) return undefined;
  return { name: peer.commonName ?? peer.keyFingerprint };
}
