/**
 * Ways to prove who one is, identities, and known peers: `tertulia/auth`.
 *
 * @module
 */

export { anonymous } from "./anonymous.ts";
export type {
  Authentication,
  AuthenticationPeer,
  Authenticator,
  Verification,
  VerificationStep,
  Verifier,
  Vouched,
} from "./authentication.ts";
export {
  type Ed25519Signer,
  ed25519Authenticator,
  ed25519Fingerprint,
  ed25519Verifier,
} from "./ed25519.ts";
export { drawFingerprint, fingerprintOf, formatFingerprint } from "./fingerprint.ts";
export { ensureFolder } from "./folder.ts";
export { createIdentity, identityFrom, type OwnIdentity, openIdentity } from "./identity.ts";
export { KnownPeers, PeerIdentityError } from "./known-peers.ts";
export { type ScramUser, scramAuthenticator, scramVerifier } from "./scram.ts";
export {
  type ScramCredentials,
  type ScramCredentialsOptions,
  scramCredentials,
} from "./scram-keys.ts";
export { type TlsPeer, tlsAuthenticator, tlsVerifier } from "./tls.ts";
export { type TokenOptions, tokenAuthenticator, tokenVerifier } from "./token.ts";
