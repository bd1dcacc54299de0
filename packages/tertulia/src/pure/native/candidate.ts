/**
 * A transport that wants to become the current one of a session: how each side proves to the other,
 * on it, that it is the one who holds the session, and where it stands. The current transport, if
 * there is one, does not notice.
 *
 *     initiator          RESUME ->            <- RESUMED            CONFIRM ->
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { equalOctets, NO_OCTETS } from "../octets.ts";
import { FrameReader } from "./frame-reader.ts";
import { CONFIRM, encodeFrame, frameName, REFUSE, RESUME, RESUMED } from "./frames.ts";
import { ID_OCTETS, NONCE_OCTETS, PROOF_OCTETS, proveResume, type ResumeProof } from "./keys.ts";
import type { Limits } from "./limits.ts";
import type { Positions } from "./positions.ts";
import { decodeRefusal, type Refusal } from "./refusal.ts";
import {
  decodeResumed,
  encodeResumeClaim,
  encodeResumedClaim,
  type ResumeRequest,
  withProof,
} from "./resume.ts";
import type { Suite } from "./suite.ts";

/** What the candidates of a session have in common. */
export interface CandidateParts {
  readonly suite: Suite;
  /** The session's id and, behind it, its secret. */
  readonly keys: Uint8Array;
  readonly limits: Limits;
}

/** What the peer said on a candidate; `proved` is that it is the peer, and the candidate may go on. */
export type CandidateAnswer =
  | { readonly type: "proved" }
  | { readonly type: "refused"; readonly refusal: Refusal };

const NOWHERE: Positions = { received: [0, 0], retained: [0, 0] };

export class Candidate {
  readonly transport: number;
  /** When it is given up. */
  readonly deadline: number;
  phase: "dialing" | "resuming" | "confirming" = "dialing";
  epoch = 0;
  /** What we said that we have received: what the peer sends begins there. */
  declared: Positions = NOWHERE;
  /** Where the peer stands. */
  peer: Positions = NOWHERE;

  readonly #parts: CandidateParts;
  readonly #reader: FrameReader;
  #binding: Uint8Array = NO_OCTETS;
  /** What we said and the peer said, which the proofs cover. */
  #claim: Uint8Array = NO_OCTETS;
  #peerClaim: Uint8Array = NO_OCTETS;

  /** One that is being dialled. */
  constructor(parts: CandidateParts, transport: number, now: number) {
    this.#parts = parts;
    this.transport = transport;
    this.deadline = now + parts.limits.handshakeMs;
    this.#reader = new FrameReader(parts.limits.handshakeOctetsMax);
  }

  // The initiator.

  /** It is there: the RESUME that is to be sent on it. */
  resume(binding: Uint8Array, epoch: number, declared: Positions): Uint8Array {
    const { suite, keys } = this.#parts;
    this.phase = "resuming";
    this.#binding = binding;
    this.epoch = epoch;
    this.declared = declared;
    const nonce = suite.random(NONCE_OCTETS);
    this.#claim = encodeResumeClaim(keys.slice(0, ID_OCTETS), epoch, declared, nonce);
    return encodeFrame(RESUME, withProof(this.#claim, this.#prove("resume", this.#claim)));
  }

  /** The peer has proved itself: the CONFIRM that is to be sent, with which ours is proved. */
  confirm(): Uint8Array {
    return encodeFrame(CONFIRM, this.#prove("confirm", this.#claim, this.#peerClaim));
  }

  // The responder.

  /** It came with a RESUME. Says whether that is the peer's. */
  isResumedBy({ epoch, claim, positions, proof }: ResumeRequest, binding: Uint8Array): boolean {
    this.phase = "confirming";
    this.#binding = binding;
    this.epoch = epoch;
    this.peer = positions;
    this.#peerClaim = claim;
    return equalOctets(this.#prove("resume", claim), proof);
  }

  /** The RESUMED that is to be sent on it. */
  answer(declared: Positions): Uint8Array {
    this.declared = declared;
    this.#claim = encodeResumedClaim(this.epoch, declared, this.#parts.suite.random(NONCE_OCTETS));
    const proof = this.#prove("resumed", this.#peerClaim, this.#claim);
    return encodeFrame(RESUMED, withProof(this.#claim, proof));
  }

  // Both.

  /**
   * Takes octets of it; `undefined` when the answer is not whole yet.
   *
   * @throws {ProtocolError} `badProof`, `unexpectedFrame`, and what the decoders throw.
   */
  receive(octets: Uint8Array): CandidateAnswer | undefined {
    const reader = this.#reader;
    reader.feed(octets);
    if (!reader.next()) return undefined;
    const body = reader.body();
    if (this.phase === "resuming" && reader.type === RESUMED) return this.#resumed(body);
    if (this.phase === "resuming" && reader.type === REFUSE) {
      return { type: "refused", refusal: decodeRefusal(body) };
    }
    if (this.phase === "confirming" && reader.type === CONFIRM) return this.#confirmed(body);
    throw new ProtocolError("unexpectedFrame", "Tertulia 8.1", frameName(reader.type));
  }

  /** What came behind the answer. */
  rest(): Uint8Array {
    return this.#reader.rest();
  }

  #resumed(body: Uint8Array): CandidateAnswer {
    const { epoch, positions, claim, proof } = decodeResumed(body);
    this.peer = positions;
    this.#peerClaim = claim;
    const expected = this.#prove("resumed", this.#claim, claim);
    if (epoch !== this.epoch || !equalOctets(expected, proof)) {
      throw new ProtocolError("badProof", "Tertulia 8.2", "RESUMED is not of this session");
    }
    return { type: "proved" };
  }

  #confirmed(proof: Uint8Array): CandidateAnswer {
    const expected = this.#prove("confirm", this.#peerClaim, this.#claim);
    if (proof.length !== PROOF_OCTETS || !equalOctets(expected, proof)) {
      throw new ProtocolError("badProof", "Tertulia 8.2", "CONFIRM is not of this session");
    }
    return { type: "proved" };
  }

  #prove(proof: ResumeProof, ...frames: readonly Uint8Array[]): Uint8Array {
    const { suite, keys } = this.#parts;
    const secret = keys.slice(ID_OCTETS);
    return proveResume(suite, secret, this.epoch, proof, this.#binding, ...frames);
  }
}
