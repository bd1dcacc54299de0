/**
 * The three windows that a link has as a whole, beside one for each stream: docs/protocol.md, section 5.3.
 *
 * What is said in order, messages and SPDUs, counts in two of them, and what overtakes in the third.
 *
 * @module
 */

import type { Reader, Writer } from "../octets.ts";
import { Flow } from "./flow.ts";
import { CREDIT, writeVarints } from "./frames.ts";
import type { KeptState } from "./kept-state.ts";
import type { Limits } from "./limits.ts";
import { expeditedWindowOctets, type PeerLimits } from "./peer-limits.ts";

export class Windows {
  /** Messages and SPDUs in order. */
  readonly messages: Flow;
  /** The same, and the octets of all streams. */
  readonly session: Flow;
  /** Expedited messages and SPDUs. */
  readonly expedited: Flow;

  constructor(limits: Limits, peer: PeerLimits) {
    const session = limits.sessionWindowOctets;
    const expedited = expeditedWindowOctets(limits);
    this.messages = new Flow(limits.windowOctets, limits.windowOctetsMax, peer.messageCredit);
    this.session = new Flow(session, session, peer.sessionCredit);
    this.expedited = new Flow(expedited, expedited, peer.expeditedCredit);
  }

  // Of what is said in order.

  /** How many more octets the peer takes of us. */
  get room(): number {
    return Math.min(this.messages.room, this.session.room);
  }

  /** Whether the peer takes so much. */
  hasRoom(octets: number): boolean {
    return octets <= this.messages.room && octets <= this.session.room;
  }

  /** We send so much. */
  send(octets: number): void {
    this.messages.sent += octets;
    this.session.sent += octets;
  }

  /** So much came. @throws {ProtocolError} `creditExceeded`. */
  receive(octets: number): void {
    this.messages.receive(octets);
    this.session.receive(octets);
  }

  /** So much was taken, or, with less than nothing, is to be taken after all. */
  consume(octets: number): void {
    this.messages.consumed += octets;
    this.session.consumed += octets;
  }

  // Of all three.

  /** Octets that came and wait to be taken. */
  get waiting(): number {
    return this.session.waiting + this.expedited.waiting;
  }

  /** Whether enough was taken that the peer should be told without delay. */
  get isDue(): boolean {
    return this.messages.isDue || this.session.isDue || this.expedited.isDue;
  }

  /** Whether a CREDIT, if something is being sent anyway, is worth its octets. */
  get isWorthwhile(): boolean {
    return this.messages.isWorthwhile || this.session.isWorthwhile || this.expedited.isWorthwhile;
  }

  /** Grants what has become free. */
  writeCredit(writer: Writer, now: number, roundTripMs: number): void {
    const session = this.session.grant(now, roundTripMs);
    const messages = this.messages.grant(now, roundTripMs);
    const expedited = this.expedited.grant(now, roundTripMs);
    writeVarints(writer, CREDIT, session, messages, expedited);
  }

  receiveCredit(fields: Reader): void {
    this.session.allow(fields.varint());
    this.messages.allow(fields.varint());
    this.expedited.allow(fields.varint());
  }

  // What is kept of them.

  get sent(): KeptState["sent"] {
    return [this.messages.sent, this.session.sent, this.expedited.sent];
  }

  get received(): KeptState["counted"] {
    return [this.messages.received, this.session.received, this.expedited.received];
  }

  restoreSent([messages, session, expedited]: KeptState["sent"]): void {
    this.messages.sent = messages;
    this.session.sent = session;
    this.expedited.sent = expedited;
  }

  /** As {@link Flow.restore}. */
  restore([messages, session, expedited]: KeptState["counted"]): void {
    this.messages.restore(messages);
    this.session.restore(session);
    this.expedited.restore(expedited);
  }

  /** As {@link Flow.restored}. */
  restored(): void {
    this.messages.restored();
    this.session.restored();
    this.expedited.restored();
  }
}
