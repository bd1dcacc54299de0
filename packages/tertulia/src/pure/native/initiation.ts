/**
 * The initiator's side of establishing a session, on one transport: CONNECT, AUTH as often as the
 * responder asks, ACCEPT or REFUSE. docs/protocol.md, section 3.
 *
 * It is asked and it answers: `start` gives the first frame, `receive` says what the octets mean,
 * `answer` gives the frame that answers a challenge.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { equalOctets } from "../octets.ts";
import { type Agreement, agree, type Proposal, writeProposal } from "./establishment.ts";
import { ACCEPT, AUTH, CONNECT, frameName, REFUSE } from "./frames.ts";
import { Handshake } from "./handshake.ts";
import { ID_OCTETS, NONCE_OCTETS } from "./keys.ts";
import { KnownProposals } from "./known-proposals.ts";
import type { Limits } from "./limits.ts";
import { Parameters, ParameterWriter } from "./parameters.ts";
import { decodeRefusal, type Refusal } from "./refusal.ts";
import { splitProof } from "./resume.ts";
import type { KeyPair, Suite } from "./suite.ts";

/** A session that both sides agreed on. */
export interface Established {
  readonly sessionId: Uint8Array;
  /** Proves possession at each resume. Never sent, never logged. */
  readonly secret: Uint8Array;
  readonly agreement: Agreement;
  readonly peer: Proposal;
  /** Octets behind the last frame of the handshake: the session's first. */
  readonly rest: Uint8Array;
}

export type InitiationStep =
  | { readonly type: "more" }
  | { readonly type: "challenge"; readonly data: Uint8Array; readonly binding: Uint8Array }
  | {
      readonly type: "established";
      readonly session: Established;
      /** What the authentication method says with the acceptance. */
      readonly data: Uint8Array | undefined;
    }
  | { readonly type: "refused"; readonly refusal: Refusal };

export interface InitiationOptions {
  readonly suite: Suite;
  readonly limits: Limits;
  readonly proposal: Proposal;
  /** The channel binding of the transport; empty where it has none. */
  readonly binding: Uint8Array;
  /** Name of the authentication method, and what it says first. */
  readonly authentication?: { readonly method: string; readonly data?: Uint8Array };
  /** What all have in common. Default: nothing. */
  readonly proposals?: KnownProposals;
}

const CLAUSE = "Tertulia 3.1";

export class Initiation {
  readonly #options: InitiationOptions;
  readonly #keys: KeyPair;
  readonly #handshake: Handshake;
  /** What both keys come to, once the responder's first frame is here. */
  #agreed: Uint8Array | undefined;

  constructor(options: InitiationOptions) {
    this.#options = options;
    this.#keys = options.suite.keyPair();
    this.#handshake = new Handshake(options.suite, options.limits, options.binding);
  }

  /** The first frame. */
  start(): Uint8Array {
    const { suite, proposal, authentication } = this.#options;
    const parameters = writeProposal(new ParameterWriter(), proposal)
      .octets("nonce", suite.random(NONCE_OCTETS))
      .octets("publicKey", this.#keys.publicKey)
      .text("authMethod", authentication?.method)
      .octets("authData", authentication?.data);
    return this.#handshake.say(CONNECT, parameters.finish());
  }

  /** @throws {ProtocolError} when the responder broke a rule. */
  receive(octets: Uint8Array): InitiationStep {
    const heard = this.#handshake.hear(octets);
    if (heard === undefined) return { type: "more" };
    const { type, body } = heard;
    switch (type) {
      case REFUSE:
        return { type: "refused", refusal: decodeRefusal(body) };
      case AUTH: {
        this.#handshake.note(AUTH, body);
        const parameters = new Parameters(body);
        this.#hearKey(parameters);
        const data = parameters.required("authData").slice();
        return { type: "challenge", data, binding: this.#binding };
      }
      case ACCEPT:
        return this.#accepted(body);
    }
    throw new ProtocolError("unexpectedFrame", CLAUSE, `${frameName(type)} as an answer`);
  }

  /** The frame that answers the challenge. */
  answer(data: Uint8Array): Uint8Array {
    return this.#handshake.say(AUTH, new ParameterWriter().octets("authData", data).finish());
  }

  /** The responder's key is in its first frame, and cannot be another one later. */
  #hearKey(parameters: Parameters): Uint8Array {
    if (this.#agreed) {
      if (parameters.octets("publicKey") === undefined) return this.#agreed;
      throw new ProtocolError("keyTwice", "Tertulia 3.1", "the responder has said its key before");
    }
    parameters.required("nonce", NONCE_OCTETS);
    this.#agreed = this.#keys.agree(parameters.required("publicKey", 32));
    if (this.#agreed === undefined) throw new ProtocolError("badPublicKey", "Tertulia 4.1");
    return this.#agreed;
  }

  #accepted(body: Uint8Array): InitiationStep {
    const { limits, proposal, proposals = new KnownProposals() } = this.#options;
    const [claim, mac] = splitProof(body);
    const { proposal: peer, parameters } = proposals.read(claim, limits.userDataOctetsMax);
    const agreed = this.#hearKey(parameters);
    const { secret, proof } = this.#handshake.conclude(agreed, claim);
    if (!equalOctets(proof, mac)) {
      throw new ProtocolError("badProof", "Tertulia 4.2", "ACCEPT is not of this handshake");
    }
    const agreement = agree(proposal, peer, "responder");
    if ("incompatible" in agreement) {
      throw new ProtocolError("incompatible", "Tertulia 3.3", agreement.incompatible);
    }
    const sessionId = parameters.required("sessionId", ID_OCTETS).slice();
    const rest = this.#handshake.rest();
    return {
      type: "established",
      session: { sessionId, secret, agreement, peer, rest },
      data: parameters.octets("authData"),
    };
  }

  get #binding(): Uint8Array {
    return this.#handshake.bindingOf(this.#handshake.digest);
  }
}
