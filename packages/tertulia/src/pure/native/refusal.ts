/**
 * The answer no to CONNECT or RESUME: the body of REFUSE. docs/protocol.md, 3.4.
 *
 * @module
 */

import { SessionError } from "../errors.ts";
import { Reader, Writer } from "../octets.ts";
import { Parameters, ParameterWriter } from "./parameters.ts";
import type { SessionOutcome } from "./session-output.ts";

/** Why a CONNECT or RESUME was not accepted. The number is what travels. */
export const refusals = {
  user: 1,
  congestion: 2,
  unsupportedVersion: 3,
  incompatible: 4,
  selectorUnknown: 5,
  authenticationRequired: 6,
  authenticationFailed: 7,
  forbidden: 8,
  notReady: 9,
  unknownSession: 10,
  badProof: 11,
  fenced: 12,
  expired: 13,
  moved: 14,
  finished: 15,
  aborted: 16,
  lost: 17,
  protocolError: 18,
  limit: 19,
} as const;

/** Why a session was not begun, or did not go on. On the wire a number: docs/protocol.md, 3.4. */
export type RefusalReason = keyof typeof refusals;

/** The answer no, and what the peer is told with it. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** Whether trying again later makes no sense. */
  readonly isPersistent: boolean;
  /** When to try again, in ms. */
  readonly retryMs?: number;
  /** What the refusing side had received when the session ended, by lane. */
  readonly received?: readonly [number, number];
  /** Where the session is now. */
  readonly location?: string;
  /** The epoch that fences ours. */
  readonly epoch?: number;
  /** For people; not to be matched on. */
  readonly message?: string;
  /** Of the application, up to 10,240 octets. */
  readonly userData?: Uint8Array;
}

/** Its peer has yet to hear that there is a session, and there is none. Why is nobody's business. */
export const notStored: Refusal = {
  reason: "congestion",
  isPersistent: false,
  retryMs: 2000,
  message: "what there is of a session cannot be stored now",
};

const refusalNames = new Map<number, RefusalReason>(
  Object.entries(refusals).map(([name, code]) => [code, name as RefusalReason]), // its own keys
);

/** Body of REFUSE. */
export function encodeRefusal(refusal: Refusal): Uint8Array {
  const parameters = new ParameterWriter().numbers("isPersistent", Number(refusal.isPersistent));
  if (refusal.retryMs !== undefined) parameters.numbers("retryMs", refusal.retryMs);
  if (refusal.received) parameters.numbers("positions", ...refusal.received);
  if (refusal.epoch !== undefined) parameters.numbers("epoch", refusal.epoch);
  parameters
    .text("location", refusal.location)
    .text("message", refusal.message)
    .octets("userData", refusal.userData);
  return new Writer().varint(refusals[refusal.reason]).octets(parameters.finish()).finish();
}

/** @throws {ProtocolError} */
export function decodeRefusal(body: Uint8Array): Refusal {
  const reader = new Reader(body, "Tertulia 3.4");
  const reason = refusalNames.get(reader.varint()) ?? "protocolError";
  const parameters = new Parameters(reader.rest());
  const [retryMs, epoch] = [parameters.number("retryMs"), parameters.number("epoch")];
  const positions = parameters.numbers("positions", 2);
  const [location, message] = [parameters.text("location"), parameters.text("message")];
  const userData = parameters.octets("userData")?.slice();
  return {
    reason,
    isPersistent: parameters.number("isPersistent") === 1,
    ...(retryMs !== undefined && { retryMs }),
    ...(epoch !== undefined && { epoch }),
    ...(positions && { received: [positions[0] ?? 0, positions[1] ?? 0] as const }),
    ...(location !== undefined && { location }),
    ...(message !== undefined && { message }),
    ...(userData && { userData }),
  };
}

/** A refusal as an error, with what the peer said. */
export function refusalError({ reason, message }: Refusal): SessionError {
  return new SessionError("ERR_REFUSED", message ? `${reason}: ${message}` : reason);
}

/** What a session that ended so says to whoever wants to go on with it, if not `aborted`. */
const tombstones: { readonly [O in SessionOutcome]?: RefusalReason } = {
  released: "finished",
  expired: "expired",
};

/** What whoever comes to a session that has ended is told. */
export function refusalOf(outcome: SessionOutcome, received: readonly [number, number]): Refusal {
  return { reason: tombstones[outcome] ?? "aborted", isPersistent: true, received };
}
