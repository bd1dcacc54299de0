/**
 * The responder's side of a transport that nobody knows yet: whether it wants a new session or goes
 * on with an old one, and the frames that answer. docs/protocol.md, section 3.
 *
 * What to answer is up to whoever runs it: authentication may take time, and sessions are looked up
 * in a store.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import type { Agreement, Proposal } from "./establishment.ts";
import { ACCEPT, AUTH, CONNECT, encodeFrame, frameName, REFUSE, RESUME } from "./frames.ts";
import { Handshake } from "./handshake.ts";
import type { Established } from "./initiation.ts";
import { NONCE_OCTETS } from "./keys.ts";
import { KnownProposals } from "./known-proposals.ts";
import type { Limits } from "./limits.ts";
import { Parameters, ParameterWriter } from "./parameters.ts";
import { encodeRefusal, type Refusal } from "./refusal.ts";
import { decodeResume, type ResumeRequest, withProof } from "./resume.ts";
import type { KeyPair, Suite } from "./suite.ts";

export type ReceptionStep =
  | { readonly type: "more" }
  /** Somebody wants a session. `method` is empty when no authentication is offered. */
  | {
      readonly type: "connect";
      readonly proposal: Proposal;
      readonly method: string;
      readonly data: Uint8Array | undefined;
    }
  /** An answer to our challenge. */
  | { readonly type: "answer"; readonly data: Uint8Array }
  | { readonly type: "resume"; readonly request: ResumeRequest };

const CLAUSE = "Tertulia 3.1";

export class Reception {
  readonly #suite: Suite;
  readonly #limits: Limits;
  readonly #proposals: KnownProposals;
  readonly #handshake: Handshake;
  /** The transcript without what the initiator said last. */
  #before: Uint8Array;
  #isChallenged = false;
  /** Ours, from the first frame that said it. */
  #keys: KeyPair | undefined;
  #connect: { readonly proposal: Proposal; readonly publicKey: Uint8Array } | undefined;

  /**
   * @param binding - The channel binding of the transport; empty where it has none.
   * @param proposals - What all have in common.
   */
  constructor(
    suite: Suite,
    limits: Limits,
    binding: Uint8Array,
    proposals: KnownProposals = new KnownProposals(),
  ) {
    this.#suite = suite;
    this.#limits = limits;
    this.#proposals = proposals;
    this.#handshake = new Handshake(suite, limits, binding);
    this.#before = this.#handshake.digest;
  }

  /** @throws {ProtocolError} when the initiator broke a rule. */
  receive(octets: Uint8Array): ReceptionStep {
    const heard = this.#handshake.hear(octets);
    if (heard === undefined) return { type: "more" };
    const { type, body } = heard;
    if (type === CONNECT && this.#connect === undefined) return this.#connected(body);
    if (type === RESUME && this.#connect === undefined) {
      return { type: "resume", request: decodeResume(body) };
    }
    if (type === AUTH && this.#isChallenged) {
      this.#isChallenged = false;
      this.#heard(AUTH, body);
      return { type: "answer", data: new Parameters(body).required("authData") };
    }
    throw new ProtocolError("unexpectedFrame", CLAUSE, `${frameName(type)} at the door`);
  }

  /** Octets behind the frame that was read last: the session's, when it was a RESUME. */
  rest(): Uint8Array {
    return this.#handshake.rest();
  }

  /** What the initiator's last answer has to be bound to: the handshake before it. */
  get binding(): Uint8Array {
    return this.#handshake.bindingOf(this.#before);
  }

  /** The frame that asks the initiator to prove who it is. */
  challenge(data: Uint8Array): Uint8Array {
    const body = this.#sayKey(new ParameterWriter()).octets("authData", data).finish();
    this.#isChallenged = true;
    return this.#handshake.say(AUTH, body);
  }

  /** What follows from the initiator's proposal and ours. */
  agree(proposal: Proposal): Agreement | { readonly incompatible: string } {
    return this.#proposals.agree(this.#proposal.proposal, proposal);
  }

  /**
   * The frame that says yes, and the session that it makes.
   *
   * @param offer - Our proposal, as `encodeProposal` writes it.
   * @param data - What the authentication method says with it.
   */
  accept(
    sessionId: Uint8Array,
    offer: Uint8Array,
    agreement: Agreement,
    data?: Uint8Array,
  ): { readonly frame: Uint8Array; readonly session: Established } {
    const { publicKey, proposal: peer } = this.#proposal;
    const claim = this.#sayKey(new ParameterWriter().written(offer))
      .octets("sessionId", sessionId)
      .octets("authData", data)
      .finish();
    const agreed = this.#keys?.agree(publicKey);
    if (agreed === undefined) throw new ProtocolError("badPublicKey", "Tertulia 4.1");
    const { secret, proof } = this.#handshake.conclude(agreed, claim);
    return {
      frame: encodeFrame(ACCEPT, withProof(claim, proof)),
      session: { sessionId, secret, agreement, peer, rest: this.rest() },
    };
  }

  /** Our nonce and key are in our first frame: what is proven behind it is proven to us, not to others. */
  #sayKey(parameters: ParameterWriter): ParameterWriter {
    if (this.#keys) return parameters;
    this.#keys = this.#suite.keyPair();
    return parameters
      .octets("nonce", this.#suite.random(NONCE_OCTETS))
      .octets("publicKey", this.#keys.publicKey);
  }

  get #proposal(): { readonly proposal: Proposal; readonly publicKey: Uint8Array } {
    if (this.#connect === undefined) throw new Error("agree and accept come after CONNECT");
    return this.#connect;
  }

  #heard(type: number, body: Uint8Array): void {
    this.#before = this.#handshake.digest;
    this.#handshake.note(type, body);
  }

  #connected(body: Uint8Array): ReceptionStep {
    this.#heard(CONNECT, body);
    const { userDataOctetsMax } = this.#limits;
    const { proposal, parameters } = this.#proposals.read(body, userDataOctetsMax);
    const publicKey = parameters.required("publicKey", 32);
    parameters.required("nonce", NONCE_OCTETS);
    this.#connect = { proposal, publicKey };
    const method = parameters.text("authMethod") ?? "";
    return { type: "connect", proposal, method, data: parameters.octets("authData") };
  }
}

/** The frame that says no. */
export function refuse(refusal: Refusal): Uint8Array {
  return encodeFrame(REFUSE, encodeRefusal(refusal));
}
