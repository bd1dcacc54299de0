/**
 * What both sides claim when a session goes on: the bodies of RESUME and RESUMED, and the proofs behind
 * them. docs/protocol.md, 8.1 and 8.2.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { concatOctets } from "../octets.ts";
import { ID_OCTETS, NONCE_OCTETS, PROOF_OCTETS } from "./keys.ts";
import { Parameters, ParameterWriter } from "./parameters.ts";
import type { Positions } from "./positions.ts";

const CLAUSE = "Tertulia 3.2";

/** A RESUME as it came: what it claims, and the proof that is still to be checked. */
export interface ResumeRequest {
  readonly sessionId: Uint8Array;
  readonly epoch: number;
  readonly positions: Positions;
  /** The body without the proof, which every proof of this resume covers. */
  readonly claim: Uint8Array;
  readonly proof: Uint8Array;
}

/** Body of RESUME without its proof. */
export function encodeResumeClaim(
  sessionId: Uint8Array,
  epoch: number,
  { received, retained }: Positions,
  nonce: Uint8Array,
): Uint8Array {
  return new ParameterWriter()
    .octets("sessionId", sessionId)
    .numbers("epoch", epoch)
    .numbers("positions", ...received, ...retained)
    .octets("nonce", nonce)
    .finish();
}

/** @throws {ProtocolError} */
export function decodeResume(body: Uint8Array): ResumeRequest {
  const [claim, proof] = splitProof(body);
  const parameters = new Parameters(claim);
  const epoch = parameters.number("epoch");
  if (epoch === undefined) throw new ProtocolError("missingParameter", CLAUSE, "epoch");
  parameters.required("nonce", NONCE_OCTETS);
  return {
    sessionId: parameters.required("sessionId", ID_OCTETS).slice(),
    epoch,
    positions: readPositions(parameters),
    claim: claim.slice(),
    proof: proof.slice(),
  };
}

/** Body of RESUMED without its proof. */
export function encodeResumedClaim(
  epoch: number,
  { received, retained }: Positions,
  nonce: Uint8Array,
): Uint8Array {
  return new ParameterWriter()
    .numbers("epoch", epoch)
    .numbers("positions", ...received, ...retained)
    .octets("nonce", nonce)
    .finish();
}

/** @throws {ProtocolError} */
export function decodeResumed(body: Uint8Array): Omit<ResumeRequest, "sessionId"> {
  const [claim, proof] = splitProof(body);
  const parameters = new Parameters(claim);
  parameters.required("nonce", NONCE_OCTETS);
  const epoch = parameters.number("epoch") ?? 0;
  return {
    epoch,
    positions: readPositions(parameters),
    claim: claim.slice(),
    proof: proof.slice(),
  };
}

/** A claim with its proof behind it: the body of ACCEPT, RESUME and RESUMED. */
export function withProof(claim: Uint8Array, proof: Uint8Array): Uint8Array {
  return concatOctets([claim, proof]);
}

/** @throws {ProtocolError} `truncated` */
export function splitProof(body: Uint8Array): [claim: Uint8Array, proof: Uint8Array] {
  if (body.length < PROOF_OCTETS) {
    throw new ProtocolError("truncated", CLAUSE, `need a proof, have ${body.length} octets`);
  }
  const end = body.length - PROOF_OCTETS;
  return [body.subarray(0, end), body.subarray(end)];
}

function readPositions(parameters: Parameters): Positions {
  const values = parameters.numbers("positions", 4);
  if (values === undefined) throw new ProtocolError("missingParameter", CLAUSE, "positions");
  const [received0 = 0, received1 = 0, retained0 = 0, retained1 = 0] = values;
  return { received: [received0, received1], retained: [retained0, retained1] };
}
