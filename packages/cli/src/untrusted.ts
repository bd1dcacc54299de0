/**
 * What to tell people of a key that is not known, or not the one it was.
 *
 * @module
 */

import { formatFingerprint, type PeerIdentityError } from "tertulia/auth";
import { callOf } from "./call.ts";
import { CommandError, exitCodes } from "./exit.ts";
import type { Home } from "./home.ts";

/**
 * An error with what to do about it.
 *
 * @param address - What the known peers call it.
 */
export function untrusted(
  { problem, message, fingerprint }: PeerIdentityError,
  address: string,
  home: Home,
): CommandError {
  const call = callOf();
  const key = fingerprint && formatFingerprint(fingerprint);
  const where = home.option;
  const advice = {
    unknown: `\
If that is right (there: ${call} identity), say so once:
    ${call} identity trust ${address} ${key}${where}
or take whatever key is there the first time with --accept-new.`,
    changed: `\
Either the other side has a new key, or somebody is in between. Ask them (there: ${call} identity).
If it is right:
    ${call} identity forget ${address}${where}
The known keys are in ${home.knownPeers.path}`,
    none: "Without TLS nobody shows a key. To talk in the clear, say so: tcp:// or ws://",
  }[problem];
  return new CommandError(exitCodes.identity, `${message}.\n${advice}`);
}
