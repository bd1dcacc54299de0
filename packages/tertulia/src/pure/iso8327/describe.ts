/**
 * Primitives of abort and resynchronization for the user, with the parameters that X.215 gives them.
 *
 * @module
 */

import { abortReasons, type ResyncType, type SessionEvent } from "./primitives.ts";
import type { Incoming } from "./spm.ts";
import { isSymmetric, type Variables } from "./variables.ts";

const resyncTypes: readonly ResyncType[] = ["restart", "abandon", "set"];

/** S-P-ABORT, and why. */
export function describeAbort({ spdu, error }: Incoming, userData: Uint8Array): SessionEvent {
  const bits = spdu?.transportDisconnect ?? 0;
  const reason = !spdu
    ? abortReasons.transport
    : (bits & 4) !== 0
      ? abortReasons.protocol
      : (bits & 16) !== 0
        ? abortReasons.restriction
        : abortReasons.undefined;
  return { type: "SPABind", userData, reason, ...(error && { error }) };
}

/** S-RESYNCHRONIZE, with its types and numbers for one flow or for two. */
export function describeResync(
  type: "SRSYNind" | "SRSYNcnf",
  { resync, settings, serialNumber }: Incoming,
  v: Variables,
  userData: Uint8Array,
): SessionEvent {
  const tokenSettings = settings ?? {};
  const nameOf = (flow: string) => resyncTypes["ras".indexOf(flow)];
  if (!isSymmetric(v)) {
    const first = nameOf(resync?.s ?? "no");
    const number = serialNumber ?? 0;
    return {
      type,
      userData,
      tokenSettings,
      serialNumber: number,
      ...(first && type === "SRSYNind" && { resyncType: first }),
    };
  }
  const { s, r, snb, rnb } = resync ?? { s: "no", r: "no", snb: 0, rnb: 0 };
  // The first number is that of the flow from the requestor.
  const [one, oneNumber, two, twoNumber] =
    type === "SRSYNind" ? [r, rnb, s, snb] : [s, snb, r, rnb];
  const firstType = nameOf(one);
  const secondType = nameOf(two);
  return {
    type,
    userData,
    tokenSettings,
    ...(firstType && { resyncType: firstType, serialNumber: oneNumber }),
    ...(secondType && { secondResyncType: secondType, secondSerialNumber: twoNumber }),
  };
}
