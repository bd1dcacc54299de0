/**
 * Proposals of peers, read once: most peers of a process are the same program with the same options, so
 * what one proposes is usually, octet for octet, what the one before it did. Their sessions then share
 * what came of it, too.
 *
 * @module
 */

import { beginsWith } from "../octets.ts";
import { type Agreement, agree, type Proposal, readProposal } from "./establishment.ts";
import { type ParameterName, Parameters } from "./parameters.ts";

/** The parameters of CONNECT and ACCEPT that make a proposal. */
const names: readonly ParameterName[] = [
  "versions",
  "functionalUnits",
  "contexts",
  "octetsMax",
  "credit",
  "streamsMax",
  "keepalive",
  "durability",
  "life",
  "calledSelector",
  "callingSelector",
  "userData",
  "dialogue",
  "agent",
];

/** Octets of a proposal that is worth being remembered: the usual one has 150. */
const OCTETS_MAX = 1024;

/** What a frame proposes, and what else is in it. */
export interface ReadProposal {
  readonly proposal: Proposal;
  /** All other parameters, at least. */
  readonly parameters: Parameters;
}

/** Remembers the last one, and what was agreed on with it. */
export class KnownProposals {
  #last: { readonly octets: Uint8Array; readonly proposal: Proposal } | undefined;
  #agreed:
    | { readonly initiator: Proposal; readonly responder: Proposal; readonly agreement: Agreement }
    | undefined;

  /**
   * Reads the body of CONNECT, or of ACCEPT without its proof.
   *
   * @throws {ProtocolError} As {@link Parameters} and {@link readProposal}.
   */
  read(body: Uint8Array, userDataOctetsMax: number): ReadProposal {
    const last = this.#last;
    if (last && beginsWith(body, last.octets)) {
      const parameters = new Parameters(body.subarray(last.octets.length));
      // One that goes on proposing is another one, or says something twice.
      if (!parameters.hasAny(names)) return { proposal: last.proposal, parameters };
    }
    const parameters = new Parameters(body);
    const proposal = readProposal(parameters, userDataOctetsMax);
    this.#remember(body, parameters, proposal);
    return { proposal, parameters };
  }

  /** As the function of this name, for a responder. */
  agree(initiator: Proposal, responder: Proposal): Agreement | { readonly incompatible: string } {
    const known = this.#agreed;
    if (known?.initiator === initiator && known.responder === responder) return known.agreement;
    const agreement = agree(initiator, responder, "initiator");
    if (!("incompatible" in agreement)) this.#agreed = { initiator, responder, agreement };
    return agreement;
  }

  #remember(body: Uint8Array, parameters: Parameters, proposal: Proposal): void {
    const { userData, dialogue } = proposal;
    // What the application says is this session's alone.
    if (userData.length > 0 || dialogue.length > 0) return;
    const size = parameters.sizeOf(names);
    if (size === undefined || size > OCTETS_MAX) return;
    this.#last = { octets: body.slice(0, size), proposal };
  }
}
