/**
 * The end at once: why, and the body of ABORT. docs/protocol.md, 9.3.
 *
 * @module
 */

import { Reader, Writer } from "../octets.ts";
import { Parameters, ParameterWriter } from "./parameters.ts";

/** Why a session was aborted, and by whom. The number is what travels. */
export const aborts = {
  user: 1,
  protocolError: 2,
  limit: 3,
  idle: 4,
  lifetime: 5,
  releaseTimeout: 6,
  shutdown: 7,
  operator: 8,
} as const;

/** Why a session was ended at once. On the wire a number: docs/protocol.md, 9.3. */
export type AbortReason = keyof typeof aborts;

/** Every reason of an abort. */
export const abortReasons: readonly AbortReason[] = Object.keys(aborts) as AbortReason[]; // its own keys

/** Body of ABORT. */
export interface Abort {
  readonly reason: AbortReason;
  /** What the aborting side has received, by lane: what is known to be delivered. */
  readonly received: readonly [number, number];
  /** For people; not to be matched on. */
  readonly message?: string;
  /** Of the application, up to 10,240 octets. */
  readonly userData?: Uint8Array;
}

const abortNames = new Map<number, AbortReason>(
  Object.entries(aborts).map(([name, code]) => [code, name as AbortReason]), // its own keys
);

export function encodeAbort({ reason, received, message, userData }: Abort): Uint8Array {
  const parameters = new ParameterWriter()
    .numbers("positions", ...received)
    .text("message", message)
    .octets("userData", userData);
  return new Writer().varint(aborts[reason]).octets(parameters.finish()).finish();
}

/** @throws {ProtocolError} */
export function decodeAbort(body: Uint8Array): Abort {
  const reader = new Reader(body, "Tertulia 9.3");
  const reason = abortNames.get(reader.varint()) ?? "user";
  const parameters = new Parameters(reader.rest());
  const [lane0 = 0, lane1 = 0] = parameters.numbers("positions", 2) ?? [];
  const message = parameters.text("message");
  const userData = parameters.octets("userData")?.slice();
  return {
    reason,
    received: [lane0, lane1],
    ...(message !== undefined && { message }),
    ...(userData && { userData }),
  };
}
