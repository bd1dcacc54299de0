/**
 * Calls that a former process of a client made, and of which this one learns the outcome.
 *
 * @module
 */

import type { RpcError } from "../pure/oncrpc/failure.ts";
import type { Outcome } from "../pure/oncrpc/once.ts";
import type { Procedure, ProgramVersion, SettledCall } from "../pure/oncrpc/program.ts";

/** What became of a call that a former process made. */
export interface RecoveredCall {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  /** The XDR of the argument. */
  readonly argument: Uint8Array;
  readonly outcome: Outcome;
  /** The XDR of the results, with the outcome `reply` and status SUCCESS. */
  readonly results: Uint8Array | undefined;
  /** With the outcome `reply` and another status. */
  readonly error: RpcError | undefined;
}

/** Octets before the credential: slot and serial, then a call message's fixed fields. */
const CREDENTIAL_AT = 12 + 24;

/** Reads the message that carried a call; how it is settled, and that its outcome is told to whom. */
export function recoveredCall(
  octets: Uint8Array,
  tell: ((call: RecoveredCall, transaction: unknown) => void) | undefined,
): {
  readonly program: ProgramVersion;
  readonly procedure: Procedure<unknown, unknown>;
  readonly settle: (settled: SettledCall, transaction: unknown) => void;
} {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const place = {
    program: view.getUint32(24),
    version: view.getUint32(28),
    procedure: view.getUint32(32),
    argument: octets.subarray(argumentAt(view)),
  };
  return {
    program: { name: "recovered", program: place.program, version: place.version },
    procedure: {
      name: "recovered",
      number: place.procedure,
      isIdempotent: false,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: () => {},
      decodeResult: (reader) => reader.rest().slice(),
    },
    settle: ({ outcome, result, error }, transaction) => {
      // What decodeResult above returned.
      const results = result as Uint8Array | undefined;
      tell?.({ ...place, outcome, results, error }, transaction);
    },
  };
}

/** Behind credential and verifier, which are each a flavor and opaque octets. */
function argumentAt(view: DataView): number {
  let at = CREDENTIAL_AT;
  for (let i = 0; i < 2; i++) at += 8 + ((view.getUint32(at + 4) + 3) & ~3);
  return at;
}
