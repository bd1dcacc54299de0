/**
 * What a user proposes with S-CONNECT, and what it cannot: X.225 6.3 and 8.3.1.
 *
 * @module
 */

import { SessionError } from "../errors.ts";
import { NO_OCTETS } from "../octets.ts";
import type { SessionRequest } from "./primitives.ts";
import { FU, unitsToBits } from "./units.ts";

/** X.225 7: version 1 is not suitable for more octets of user data. */
export const V1_USER_DATA_MAX = 512;

/**
 * @param connectOctets - How much user data there may be.
 * @throws {SessionError} `ERR_ARGUMENT`, `ERR_LIMIT`.
 */
export function checkProposal(request: SessionRequest, connectOctets: number): void {
  const units = unitsOf(request);
  const rules: readonly (readonly [broken: boolean, rule: string])[] = [
    [(units & (FU.HD | FU.FD)) === 0, "half-duplex or duplex has to be proposed"],
    [(units & FU.CD) !== 0 && (units & FU.ACT) === 0, "capability needs activity"],
    [(units & FU.EXCEP) !== 0 && (units & FU.HD) === 0, "exceptions need half-duplex"],
    [
      (units & FU.DS) !== 0 && (units & (FU.SY | FU.SS)) === 0,
      "data-separation needs minor or symmetric",
    ],
  ];
  for (const [broken, rule] of rules) {
    if (broken) throw new SessionError("ERR_ARGUMENT", `X.225 6.3: ${rule}`);
  }
  for (const [name, octets, max] of [
    ["callingSelector", request.callingSelector, 16],
    ["calledSelector", request.calledSelector, 16],
    ["callingReference", request.connectionIdentifier?.callingReference, 64],
    ["commonReference", request.connectionIdentifier?.commonReference, 64],
    ["additionalReference", request.connectionIdentifier?.additionalReference, 4],
  ] as const) {
    if (octets && octets.length > max) {
      throw new SessionError("ERR_ARGUMENT", `${name}: at most ${max} octets`);
    }
  }
  const size = request.userData?.length ?? 0;
  if (size > connectOctets) {
    throw new SessionError("ERR_LIMIT", `user data: at most ${connectOctets}, have ${size}`);
  }
  // X.225 7: version 1 is not suitable for more than 512 octets.
  if (size > V1_USER_DATA_MAX && (offeredVersions(request) & 2) === 0) {
    throw new SessionError("ERR_LIMIT", "user data above 512 octets needs version 2");
  }
}

/** The versions to offer, as bits: only the second when the user data need it. */
export function offeredVersions({
  versions = [1, 2],
  userData = NO_OCTETS,
}: SessionRequest): number {
  const bits = versions.reduce<number>((sum, version) => sum | version, 0);
  return userData.length > V1_USER_DATA_MAX ? bits & 2 : bits;
}

/** The functional units that a user names; duplex when it names none. */
export function unitsOf(request: SessionRequest | undefined): number {
  return unitsToBits(request?.functionalUnits ?? ["duplex"]);
}
