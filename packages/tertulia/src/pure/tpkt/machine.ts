/**
 * Transport class 0 over TCP, one connection: X.224 with the rules of RFC 1006 and RFC 2126.
 *
 * Unlike other machines, this one may be asked any number of times before it is polled: what it has to
 * send is gathered, {@link Outgoing}.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import type { Machine, Output } from "../machine.ts";
import { concatOctets, equalOctets } from "../octets.ts";
import { Outgoing } from "./outgoing.ts";
import {
  type ConnectTpdu,
  DT_HEADER_OCTETS,
  decodeTpdu,
  disconnectReasons,
  type Tpdu,
} from "./tpdu.ts";
import { TPDU_OCTETS_MAX, TpktFramer } from "./tpkt.ts";

export interface TransportOptions {
  /** TSAP selector of this side: 0 to 32 octets. */
  readonly localSelector?: Uint8Array;
  /** TSAP selector of the other side: asked for by an initiator. */
  readonly remoteSelector?: Uint8Array;
  /**
   * The TPDU size to offer, as an exponent of two: 7 for 128 octets to 13 for 8192; `undefined`
   * leaves it out, which means 65531 octets (some PLCs want that). Default 13, as everybody has it.
   */
  readonly sizeExponent?: number | undefined;
  /** Whether to ask for, or agree to, transport expedited data. Default true. */
  readonly expedited?: boolean;
  /** The largest TSDU that is put together from DT TPDUs. Default 16 MiB. */
  readonly tsduOctets?: number;
  /** A reference of 16 bits that names this connection. Default 1. */
  readonly reference?: number;
}

export type TransportRequest =
  | { readonly type: "TCONreq" }
  | { readonly type: "TCONrsp" }
  | { readonly type: "TDISreq"; readonly reason?: number };

export type TransportEvent =
  | {
      readonly type: "TCONind" | "TCONcnf";
      readonly callingSelector: Uint8Array | undefined;
      readonly calledSelector: Uint8Array | undefined;
      readonly expedited: boolean;
      readonly tpduOctets: number;
    }
  | { readonly type: "TDTind"; readonly octets: Uint8Array }
  | { readonly type: "TEXind"; readonly octets: Uint8Array }
  | { readonly type: "TDISind"; readonly reason: number; readonly error?: SessionError };

export type TransportState = "closed" | "idle" | "wait for CC" | "wait for response" | "open";

const EXPEDITED_OPTION = 0x01;
const PROTOCOL_ERROR = 133;
const NEGOTIATION_FAILED = 130;
const NORMAL = 128;

export class TransportMachine implements Machine<TransportRequest, TransportEvent> {
  readonly deadline: undefined;
  readonly #framer = new TpktFramer();
  readonly #outgoing: Outgoing<TransportEvent> = new Outgoing();
  readonly #options: TransportOptions;
  readonly #reference: number;
  #state: TransportState = "idle";
  #request: ConnectTpdu | undefined;
  #remoteReference = 0;
  #expedited = false;
  #dataOctets: number = TPDU_OCTETS_MAX - DT_HEADER_OCTETS;
  #parts: Uint8Array[] = [];
  #partOctets = 0;

  constructor(options: TransportOptions = {}) {
    this.#options = { sizeExponent: 13, expedited: true, ...options };
    this.#reference = options.reference ?? 1;
    for (const selector of [options.localSelector, options.remoteSelector]) {
      if (selector && selector.length > 32) {
        throw new SessionError("ERR_ARGUMENT", `a TSAP selector has at most 32 octets`);
      }
    }
  }

  get state(): TransportState {
    return this.#state;
  }

  /** Octets in the slab that wait for a poll. */
  get pendingOctets(): number {
    return this.#outgoing.pendingOctets;
  }

  request(request: TransportRequest): void {
    switch (request.type) {
      case "TCONreq": {
        if (this.#state !== "idle") throw this.#outOfTurn(request.type);
        const { localSelector, remoteSelector, sizeExponent, expedited } = this.#options;
        this.#request = {
          type: "CR",
          destinationReference: 0,
          sourceReference: this.#reference,
          classAndOptions: 0,
          ...(sizeExponent !== undefined && { sizeExponent }),
          ...(localSelector && { callingSelector: localSelector }),
          ...(remoteSelector && { calledSelector: remoteSelector }),
          ...(expedited && { additionalOptions: EXPEDITED_OPTION }),
        };
        this.#outgoing.send(this.#request);
        this.#state = "wait for CC";
        break;
      }
      case "TCONrsp":
        if (this.#state !== "wait for response") throw this.#outOfTurn(request.type);
        this.#confirm();
        break;
      case "TDISreq": {
        if (this.#state === "closed") return;
        const { reason = NORMAL } = request;
        if (this.#state !== "idle") this.#disconnect(reason);
        this.#close();
        break;
      }
    }
  }

  /**
   * T-DATA request: one TSDU, given as two parts so that a header need not be copied in front.
   *
   * @throws {SessionError} `ERR_STATE` unless the connection is open.
   */
  data(head: Uint8Array, octets: Uint8Array): void {
    if (this.#state !== "open") throw this.#outOfTurn("TDTreq");
    this.#outgoing.sendData(head, octets, this.#dataOctets);
  }

  /**
   * T-EXPEDITED-DATA request: 1 to 16 octets.
   *
   * @throws {SessionError} `ERR_STATE` unless the connection is open and has the expedited flow.
   */
  expeditedData(octets: Uint8Array): void {
    if (this.#state !== "open" || !this.#expedited) throw this.#outOfTurn("TEXreq");
    this.#outgoing.send({ type: "ED", userData: octets });
  }

  receive(octets: Uint8Array): void {
    if (this.#state === "closed") return;
    try {
      this.#framer.push(octets);
      while (this.#framer.advance()) {
        if (this.#state === "open" && this.#parts.length === 0 && this.#framer.isLastData) {
          const whole = this.#framer.view(DT_HEADER_OCTETS);
          this.#outgoing.tell({ type: "TDTind", octets: whole });
          continue;
        }
        const tpdu = this.#framer.view(0);
        this.#take(decodeTpdu(tpdu), tpdu);
        if (this.#isClosed()) return;
      }
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      this.#abort(error);
    }
  }

  receiveEnd(): void {
    if (this.#state === "closed") return;
    if (this.#state !== "idle") {
      this.#outgoing.tell({ type: "TDISind", reason: 0 });
    }
    this.#close();
  }

  tick(): void {}

  poll(): Output<TransportEvent> | undefined {
    return this.#outgoing.poll();
  }

  #take(tpdu: Tpdu, octets: Uint8Array): void {
    if (tpdu.type === "DT" && this.#state === "open") {
      this.#gather(tpdu.userData, tpdu.endOfTsdu);
      return;
    }
    switch (`${tpdu.type} in ${this.#state}`) {
      case "CR in idle":
        // The template says so: the TPDU is a CR or CC.
        this.#takeRequest(tpdu as ConnectTpdu, octets);
        break;
      case "CC in wait for CC":
        this.#takeConfirm(tpdu as ConnectTpdu);
        break;
      case "ED in open": {
        if (!this.#expedited)
          throw new ProtocolError("expeditedNotNegotiated", "RFC 1006, expedited data", "ED");
        // The same: the TPDU is an ED.
        const { userData } = tpdu as Tpdu & { type: "ED" };
        this.#outgoing.tell({ type: "TEXind", octets: userData });
        break;
      }
      default:
        if (tpdu.type === "DR" || tpdu.type === "ER") {
          const reason = tpdu.type === "DR" ? tpdu.reason : PROTOCOL_ERROR;
          const text = disconnectReasons[reason] ?? `reason ${reason}`;
          const error = new SessionError("ERR_REFUSED", `${tpdu.type} from the peer: ${text}`);
          const isRefusal = this.#state === "wait for CC";
          this.#outgoing.tell({ type: "TDISind", reason, ...(isRefusal && { error }) });
          this.#close();
          return;
        }
        throw new ProtocolError(
          "unexpectedTpdu",
          "X.224, procedures of class 0",
          `${tpdu.type} in ${this.#state}`,
        );
    }
  }

  #takeRequest(request: ConnectTpdu, octets: Uint8Array): void {
    this.#remoteReference = request.sourceReference;
    const wanted = this.#options.localSelector;
    if (wanted && request.calledSelector && !equalOctets(wanted, request.calledSelector)) {
      this.#refuse(3, `called TSAP selector unknown`);
      return;
    }
    // RFC 2126: a responder of class 0 only refuses class 2 without class 0 as an alternative.
    const preferred = request.classAndOptions >>> 4;
    const others = [...(request.alternativeClasses ?? [])].map((octet) => octet >>> 4);
    if (preferred !== 0 && !others.includes(0)) {
      this.#refuse(NEGOTIATION_FAILED, `class ${preferred} only`);
      return;
    }
    if (request.sourceReference === 0) {
      this.#outgoing.send({ type: "ER", destinationReference: 0, cause: 3, rejected: octets });
      throw new ProtocolError("zeroReference", "X.224 13.3.3", "source reference");
    }
    this.#request = request;
    this.#expedited =
      (this.#options.expedited ?? true) &&
      ((request.additionalOptions ?? 0) & EXPEDITED_OPTION) !== 0;
    this.#setSize(request);
    this.#state = "wait for response";
    this.#tell("TCONind", request);
  }

  #confirm(): void {
    const { preferredSize, calledSelector, callingSelector, sizeExponent } = this
      .#request as ConnectTpdu; // State "wait for response" means that there is one.
    this.#outgoing.send({
      type: "CC",
      destinationReference: this.#remoteReference,
      sourceReference: this.#reference,
      classAndOptions: 0,
      // RFC 2126: the CC states the size, since the two standards disagree on the default.
      ...(preferredSize !== undefined && { preferredSize }),
      ...(preferredSize === undefined &&
        sizeExponent !== undefined && { sizeExponent: this.#sizeExponent(sizeExponent) }),
      ...(callingSelector && { callingSelector }),
      ...(calledSelector && { calledSelector }),
      ...(this.#expedited && { additionalOptions: EXPEDITED_OPTION }),
    });
    this.#state = "open";
  }

  #takeConfirm(confirm: ConnectTpdu): void {
    const request = this.#request as ConnectTpdu; // State "wait for CC" means that there is one.
    this.#remoteReference = confirm.sourceReference;
    if (confirm.destinationReference !== this.#reference) {
      throw new ProtocolError(
        "mismatchedReference",
        "X.224, connection establishment",
        "destination reference of CC",
      );
    }
    if (confirm.classAndOptions >>> 4 !== 0) {
      throw new ProtocolError("classNotOffered", "X.224, connection establishment", "CC");
    }
    if (
      confirm.sizeExponent !== undefined &&
      request.sizeExponent !== undefined &&
      confirm.sizeExponent > request.sizeExponent
    ) {
      throw new ProtocolError(
        "sizeNotOffered",
        "X.224, connection establishment",
        `2^${confirm.sizeExponent}`,
      );
    }
    const offered = ((request.additionalOptions ?? 0) & EXPEDITED_OPTION) !== 0;
    this.#expedited = offered && ((confirm.additionalOptions ?? 0) & EXPEDITED_OPTION) !== 0;
    this.#setSize(confirm);
    this.#state = "open";
    this.#tell("TCONcnf", confirm);
  }

  #sizeExponent(offered: number): number {
    return Math.min(offered, this.#options.sizeExponent ?? offered);
  }

  #setSize({ preferredSize, sizeExponent }: ConnectTpdu): void {
    // X.224 13.3.4: values from 7; one that means nothing counts as absent, as in a CR.
    const isKnown = sizeExponent !== undefined && sizeExponent >= 7 && sizeExponent <= 16;
    const octets = preferredSize
      ? preferredSize * 128
      : isKnown
        ? 2 ** this.#sizeExponent(sizeExponent)
        : TPDU_OCTETS_MAX;
    this.#dataOctets = Math.min(octets, TPDU_OCTETS_MAX) - DT_HEADER_OCTETS;
  }

  #tell(type: "TCONind" | "TCONcnf", { callingSelector, calledSelector }: ConnectTpdu): void {
    this.#outgoing.tell({
      type,
      callingSelector,
      calledSelector,
      expedited: this.#expedited,
      tpduOctets: this.#dataOctets + DT_HEADER_OCTETS,
    });
  }

  #gather(octets: Uint8Array, isLast: boolean): void {
    if (octets.length === 0 && !isLast) {
      throw new ProtocolError("emptyData", "X.224 13.7", "a DT that is not the last");
    }
    const { tsduOctets = 16_777_216 } = this.#options;
    this.#partOctets += octets.length;
    if (this.#partOctets > tsduOctets) {
      throw new SessionError(
        "ERR_LIMIT",
        `a TSDU: at most ${tsduOctets}, have ${this.#partOctets}`,
      );
    }
    this.#parts.push(octets);
    if (!isLast) return;
    const whole = concatOctets(this.#parts);
    this.#parts = [];
    this.#partOctets = 0;
    this.#outgoing.tell({ type: "TDTind", octets: whole });
  }

  #refuse(reason: number, why: string): void {
    this.#disconnect(reason);
    this.#close(new SessionError("ERR_REFUSED", why));
  }

  #abort(error: SessionError): void {
    const isConnected = this.#state === "open" || this.#state === "wait for response";
    if (this.#state !== "idle") this.#disconnect(PROTOCOL_ERROR);
    if (isConnected || this.#state === "wait for CC") {
      this.#outgoing.tell({ type: "TDISind", reason: PROTOCOL_ERROR, error });
    }
    this.#close(error);
  }

  #disconnect(reason: number): void {
    this.#outgoing.send({
      type: "DR",
      destinationReference: this.#remoteReference,
      sourceReference: this.#state === "idle" ? 0 : this.#reference,
      reason,
    });
  }

  #close(error?: SessionError): void {
    this.#outgoing.close(error);
    this.#state = "closed";
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }

  #outOfTurn(type: string): SessionError {
    return new SessionError("ERR_STATE", `${type} in ${this.#state}`);
  }
}
