/**
 * A connection while it is made: what was proposed and what is agreed on, X.225 6.3 and 7.1 to 7.4. What
 * our user proposes is in proposal.ts, what we answer a peer in answer.ts.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { concatOctets, NO_OCTETS } from "../octets.ts";
import { accepted } from "./agreement.ts";
import {
  acceptSpdu,
  answered,
  type ConnectionOptions,
  commonVersions,
  overflowAcceptSpdu,
  refusalOf,
  refuseSpdu,
} from "./answer.ts";
import { describeConnect } from "./describe.ts";
import type { Limits } from "./limits.ts";
import type { SessionEvent, SessionRequest } from "./primitives.ts";
import {
  checkProposal,
  connectSpdu,
  overflowSpdus,
  overflows,
  unitsOf,
  V1_USER_DATA_MAX,
} from "./proposal.ts";
import type { Spdu } from "./spdu.ts";
import type { Agreement, Incoming } from "./spm.ts";
import type { State } from "./table.ts";
import { FU } from "./units.ts";
import type { Variables } from "./variables.ts";

/** What a connection has been told and has settled. */
export interface ConnectionSnapshot {
  readonly request: SessionRequest | undefined;
  readonly proposal: Spdu | undefined;
  readonly overflowAnswer: Spdu | undefined;
  readonly parts: readonly Uint8Array[];
  readonly agreement: Agreement | undefined;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #limits: Limits;
  #request: SessionRequest | undefined;
  #proposal: Spdu | undefined;
  #overflowAnswer: Spdu | undefined;
  #parts: Uint8Array[] = [];
  #partOctets = 0;
  #agreement: Agreement | undefined;

  constructor(options: ConnectionOptions, limits: Limits) {
    this.#options = options;
    this.#limits = limits;
  }

  get snapshot(): ConnectionSnapshot {
    return {
      request: this.#request,
      proposal: this.#proposal,
      overflowAnswer: this.#overflowAnswer,
      parts: [...this.#parts],
      agreement: this.#agreement,
    };
  }

  restore({ request, proposal, overflowAnswer, parts, agreement }: ConnectionSnapshot): void {
    this.#request = request;
    this.#proposal = proposal;
    this.#overflowAnswer = overflowAnswer;
    this.#parts = [...parts];
    this.#partOctets = parts.reduce((sum, part) => sum + part.length, 0);
    this.#agreement = agreement;
  }

  get isAgreed(): boolean {
    return this.#agreement !== undefined;
  }

  get version(): 1 | 2 {
    if (this.#agreement) return this.#agreement.version;
    return this.#request ? 1 : this.#versionFor(this.#proposal);
  }

  get serialDigits(): number {
    return this.#agreement?.serialDigits ?? 6;
  }

  get sentTsduOctets(): number {
    return this.#agreement?.sentTsduOctets ?? 0;
  }

  get receivedTsduOctets(): number {
    return this.#agreement?.receivedTsduOctets ?? 0;
  }

  get weTakeExtended(): boolean {
    return this.#options.extendedConcatenation ?? true;
  }

  get peerTakesExtended(): boolean {
    return this.#agreement?.peerTakesExtended ?? false;
  }

  get wantsExpedited(): boolean {
    return (unitsOf(this.#request) & FU.EX) !== 0;
  }

  /** Whether the user data of our CONNECT does not fit into it. */
  get overflows(): boolean {
    return overflows(this.#request);
  }

  /** Keeps what our user asked for. */
  propose({ request }: Incoming): void {
    this.#request = request;
  }

  /** Keeps what the peer asked for. */
  proposed(connect: Spdu): void {
    this.#proposal = connect;
  }

  agree(agreement: Agreement): void {
    this.#agreement = agreement;
  }

  /** Adds to an event of connection establishment what the predicates ask about. */
  prepare(event: Incoming, v: Variables, state: State): Incoming {
    switch (event.name) {
      case "SCONreq":
        checkProposal(event.request ?? { type: "SCONreq" }, this.#limits.connectOctets);
        return { ...event, overflows: overflows(event.request) };
      case "SCONrsp+":
        return state === "STA08" ? { ...event, agreement: this.#answered(event, v) } : event;
      case "CN": {
        if (state !== "STA01C" || !event.spdu) return event;
        const refusal = refusalOf(event.spdu, this.#options, this.#limits);
        const overflows = event.spdu.dataOverflow === 1;
        return { ...event, overflows, ...(refusal !== undefined && { refusal }) };
      }
      case "CDO":
        // The last part is handed on without being kept: it counts all the same.
        this.#checkOctets(event.userData?.length ?? 0);
        return { ...event, isLast: ((event.spdu?.enclosureItem ?? 2) & 2) !== 0 };
      case "OA":
        if (event.spdu?.versionNumber !== 2) {
          throw new ProtocolError("versionNotOffered", "X.225 8.3 OA", "must be 2");
        }
        this.#overflowAnswer = event.spdu;
        return event;
      case "AC":
        return state === "STA02A" && event.spdu
          ? { ...event, agreement: this.#accepted(event.spdu, v) }
          : event;
      default:
        return event;
    }
  }

  /** X.225 8.3: what version 1 does not allow. */
  check({ type, userData = NO_OCTETS }: Spdu): void {
    if (!this.#agreement || this.#agreement.version === 2 || userData.length === 0) return;
    if (type === "DT" || type === "TD" || type === "EX") return;
    if (["GT", "GTC", "AI", "AIA", "AD", "ADA"].includes(type)) {
      throw new ProtocolError("userDataInVersion1", `X.225 8.3 ${type}`, "none allowed");
    }
    const max = type === "AB" ? 9 : V1_USER_DATA_MAX;
    if (userData.length > max) {
      const detail = `at most ${max}, have ${userData.length}`;
      throw new ProtocolError("userDataInVersion1", `X.225 8.3 ${type}`, detail);
    }
  }

  /** Keeps user data of a CONNECT until the rest of it has come. */
  keep(octets: Uint8Array): void {
    this.#checkOctets(octets.length);
    this.#partOctets += octets.length;
    this.#parts.push(octets);
  }

  #checkOctets(more: number): void {
    const { connectOctets } = this.#limits;
    if (this.#partOctets + more > connectOctets) {
      throw new SessionError("ERR_LIMIT", `user data of CONNECT: at most ${connectOctets} octets`);
    }
  }

  /** The CONNECT SPDU for what our user asked. */
  connect(hasExpedited: boolean): Spdu {
    const request = this.#request ?? { type: "SCONreq" };
    this.#proposal = connectSpdu(request, { hasExpedited, takesExtended: this.weTakeExtended });
    return this.#proposal;
  }

  /** The rest of its user data, after OVERFLOW ACCEPT. */
  overflow(): Spdu[] {
    return overflowSpdus(this.#request ?? { type: "SCONreq" }, this.#overflowAnswer);
  }

  /** OVERFLOW ACCEPT. */
  overflowAccept(): Spdu {
    return overflowAcceptSpdu(this.#proposal, this.#options);
  }

  /** ACCEPT, for an event that has an agreement. */
  accept(event: Incoming): Spdu {
    return acceptSpdu(event, this.#proposal, this.#options);
  }

  /** REFUSE, for our user or for a refusal of our own. */
  refuse(event: Incoming, keepTransport: boolean): Spdu {
    return refuseSpdu(event, keepTransport, this.#proposal, this.#options);
  }

  /** S-CONNECT indication, with all of the user data. */
  indication({ spdu, userData = NO_OCTETS }: Incoming): SessionEvent {
    const whole = this.#parts.length === 0 ? userData : concatOctets([...this.#parts, userData]);
    const proposal = this.#proposal ?? spdu;
    return describeConnect(proposal, whole, this.#versionFor(proposal));
  }

  #versionFor(proposal: Spdu | undefined): 1 | 2 {
    return proposal && (commonVersions(proposal, this.#options) & 2) !== 0 ? 2 : 1;
  }

  #answered({ request }: Incoming, { TEXP }: Variables): Agreement {
    return answered({
      proposal: this.#proposal,
      request,
      version: this.version,
      hasExpedited: TEXP,
      serialDigitsMax: this.#limits.serialDigits,
      tsduMaximumSize: this.#options.tsduMaximumSize,
    });
  }

  #accepted(accept: Spdu, { TEXP }: Variables): Agreement {
    return accepted(accept, {
      proposal: this.#proposal,
      overflowAnswer: this.#overflowAnswer,
      hasExpedited: TEXP,
    });
  }
}
