/**
 * A NetBIOS name server, NBNS (RFC 1001 15.1.4 and 15.2 to 15.5; RFC 1002 5.1.4).
 *
 * Secured, it asks the old owner of a name itself before it gives the name to another, and says
 * "wait" meanwhile; non-secured, it tells the claimant to ask. Broadcasts are none of its business.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { type Endpoint, NAME_SERVICE_PORT, sameEndpoint } from "./address.ts";
import { Challenges } from "./challenges.ts";
import {
  type Claim,
  claimOf,
  endNodeChallenge,
  negativeQueryResponse,
  positiveQueryResponse,
  redirectResponse,
  registrationResponse,
  releaseResponse,
} from "./messages.ts";
import { isOwnable, type NetbiosName, nameKey, suffixOf } from "./name.ts";
import type { NameRecord } from "./name-database.ts";
import {
  decodeNamePacket,
  encodeNamePacket,
  type NamePacket,
  OPCODE,
  RCODE,
} from "./name-packet.ts";
import { decide, NameRegistry, ownerEntry, secondsLeft } from "./name-registry.ts";
import type { NameServerEvent } from "./name-server-events.ts";
import {
  NAME_SERVER_LIMITS,
  type NameServerLimits,
  type NameServerOptions,
} from "./name-server-options.ts";
import { earlier, type PacketMachine, type PacketOutput, type Via } from "./packet-machine.ts";
import { answerQuery, readPlainQuery } from "./plain-query.ts";
import { NAME_TIMERS } from "./timers.ts";
import { Transactions } from "./transactions.ts";
import { truncatedTo } from "./truncation.ts";

/** Answers who asked. */
type Respond = (response: NamePacket) => void;

/** A claim of a name that another owns. */
interface Contested {
  readonly request: NamePacket;
  readonly claim: Claim;
  readonly record: NameRecord;
  readonly ttl: number;
  readonly from: Endpoint;
}

/** A name server, NBNS, without I/O. */
export class NameServer implements PacketMachine<NameServerEvent> {
  readonly #options: NameServerOptions;
  readonly #registry: NameRegistry;
  readonly #limits: NameServerLimits;
  readonly #transactions: Transactions;
  readonly #challenges: Challenges;
  readonly #outputs: PacketOutput<NameServerEvent>[] = [];
  #sweepAt: number | undefined;

  constructor(options: NameServerOptions) {
    const { database, port = NAME_SERVICE_PORT, groups = "members", tellsAll = true } = options;
    const limits = { ...NAME_SERVER_LIMITS, ...options.limits };
    const timers = { ...NAME_TIMERS, ...options.timers };
    const tell = (event: NameServerEvent): void => this.#tell(event);
    const { challengesMax } = limits;
    this.#options = options;
    this.#limits = limits;
    this.#registry = new NameRegistry({
      database,
      limits,
      groups,
      tell: tellsAll ? tell : undefined,
    });
    this.#transactions = new Transactions(
      { send: (packet, to, via) => this.#send(packet, to, via), wack: () => {} },
      { wackMsMax: timers.wackMsMax, requestsMax: challengesMax, random: options.random },
    );
    const transactions = this.#transactions;
    this.#challenges = new Challenges({ transactions, timers, port, challengesMax, tell });
  }

  /** When to call `tick`, by the clock of `now`; `undefined`: nothing waits. */
  get deadline(): number | undefined {
    return earlier(this.#transactions.deadline, this.#sweepAt);
  }

  /** Whether it has a record of a name that has not expired. */
  find(name: NetbiosName, now: number): NameRecord | undefined {
    return this.#registry.live(nameKey(name), now);
  }

  /** The addresses that own a name just now. */
  addressesOf(name: NetbiosName): string[] {
    return this.#registry.addressesOf(name);
  }

  /** Every address that owns a name of this scope; at most as many as a group may have members. */
  everyone(scope: string): string[] {
    return this.#registry.everyone(scope);
  }

  /** As {@link PacketMachine.answer}: a plain query for a name that has one owner. */
  answer(octets: Uint8Array, now: number): Uint8Array | undefined {
    const key = readPlainQuery(octets);
    return key === undefined ? undefined : this.answerPlainQuery(octets, key, now);
  }

  /** As {@link answer}, for who has read the key of the query already. */
  answerPlainQuery(octets: Uint8Array, key: string, now: number): Uint8Array | undefined {
    const record = this.#registry.find(key);
    const member = record?.members[0];
    // While an owner is being asked, the question may be our own; what has expired is a change.
    if (!record || !member || this.#challenges.size > 0) return undefined;
    if (member.expiresAt !== undefined && member.expiresAt <= now) return undefined;
    const entry = this.#registry.singleEntry(record);
    return entry && answerQuery(octets, entry, secondsLeft(member, now));
  }

  /** Takes a packet that has arrived. What is no packet is passed over. */
  receive(octets: Uint8Array, from: Endpoint, now: number, via: Via = "udp"): void {
    try {
      this.receivePacket(decodeNamePacket(octets), from, now, via);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#tell({ type: "malformed", from, error });
    }
  }

  /** As {@link receive}, for who has decoded the packet already. @throws {ProtocolError} */
  receivePacket(packet: NamePacket, from: Endpoint, now: number, via: Via = "udp"): void {
    if (packet.response) {
      this.#transactions.receive(packet, from, now);
      return;
    }
    // RFC 1002 5.1.4.1: the NBNS ignores broadcasts.
    if (packet.broadcast) return;
    this.#sweepAt ??= now + this.#limits.sweepMs;
    const reply = (response: NamePacket): void => this.#send(response, from, via);
    switch (packet.opcode) {
      case OPCODE.query:
        this.#query(packet, now, reply);
        return;
      case OPCODE.registration:
      case OPCODE.multihomedRegistration:
        this.#registration(packet, from, now, reply);
        return;
      case OPCODE.refresh:
      case OPCODE.refreshAlternate:
        this.#refresh(packet, from, now, reply);
        return;
      case OPCODE.release:
        this.#release(packet, from, now, reply);
    }
  }

  tick(now: number): void {
    this.#transactions.tick(now);
    if (this.#sweepAt === undefined || this.#sweepAt > now) return;
    this.#registry.sweep(now);
    this.#sweepAt = this.#registry.size > 0 ? now + this.#limits.sweepMs : undefined;
  }

  poll(): PacketOutput<NameServerEvent> | undefined {
    return this.#outputs.shift();
  }

  #query(packet: NamePacket, now: number, reply: Respond): void {
    const [question] = packet.questions;
    // A node status request is for the end node of this host, not for its server.
    if (question?.type !== "NB") return;
    const { id } = packet;
    const { name } = question;
    const key = nameKey(name);
    // We asked an address that turned out to be our own: no answer is what it is to get.
    if (this.#challenges.find(key)?.queryId === id) return;
    const record = this.#registry.live(key, now);
    if (record) {
      const [member] = record.members;
      const ttl = member ? secondsLeft(member, now) : 0;
      reply(positiveQueryResponse(id, name, this.#registry.entriesOf(record), ttl));
      return;
    }
    const server = this.#options.redirect?.(name);
    if (server) reply(redirectResponse(id, name, server));
    else reply(negativeQueryResponse(id, name, RCODE.nameError));
  }

  #registration(packet: NamePacket, from: Endpoint, now: number, reply: Respond): void {
    const claim = claimOf(packet);
    const { name, entry } = claim;
    const key = nameKey(name);
    const ttl = this.#grantedTtl(claim.ttl);
    const respond = (rcode: number): void => {
      if (rcode !== RCODE.ok) this.#tell({ type: "refused", name, entry, rcode, from });
      const granted = rcode === RCODE.ok ? ttl : 0;
      reply(registrationResponse(packet.id, name, entry, granted, rcode));
    };
    if (!isOwnable(name)) {
      respond(RCODE.refused);
      return;
    }
    if (name.scope.length > SCOPE_OCTETS_MAX) {
      respond(RCODE.serverFailure);
      return;
    }
    if (this.#isFleeting(name)) {
      respond(RCODE.ok);
      return;
    }

    const record = this.#registry.live(key, now);
    const decision = decide(record, entry);
    if (decision === "grant") {
      const isKept = this.#registry.keep(key, claim, record, ttl, now);
      respond(isKept ? RCODE.ok : RCODE.refused);
      return;
    }
    if (decision === "inUse" || !record) {
      respond(RCODE.active);
      return;
    }

    // Another owner: is it still there?
    const challenge = this.#challenges.find(key);
    if (challenge) {
      // RFC 1002 5.1.4.1: a repetition of the request that is being seen to.
      if (challenge.request.id === packet.id && sameEndpoint(challenge.claimant, from)) return;
      respond(RCODE.active);
      return;
    }
    const isUpdate = packet.opcode === OPCODE.registration && !packet.recursionDesired;
    if (this.#options.secured !== false) {
      if (isUpdate) respond(RCODE.unsupported);
      else if (this.#challenges.isFull) respond(RCODE.serverFailure);
      else this.#askOwners({ request: packet, claim, record, ttl, from }, now, reply, respond);
      return;
    }
    if (isUpdate) {
      const isKept = this.#registry.replace(key, claim, ttl, now);
      respond(isKept ? RCODE.ok : RCODE.refused);
      return;
    }
    const [owner] = record.members;
    if (!owner) {
      respond(RCODE.serverFailure);
      return;
    }
    const presumed = { group: record.kind !== "unique", ...ownerEntry(owner) };
    this.#tell({ type: "endNodeChallenge", name, owner: owner.address, from });
    reply(endNodeChallenge(packet.id, name, presumed));
  }

  /** RFC 1002 5.1.4.1, secured: the name changes hands if none of its owners defends it. */
  #askOwners(
    { request, claim, record, ttl, from }: Contested,
    now: number,
    reply: Respond,
    respond: (rcode: number) => void,
  ): void {
    const { name, entry } = claim;
    const key = nameKey(name);
    const challenging = { request, name, claimant: from, owners: record.members, reply };
    this.#challenges.ask(challenging, now, (defender, then) => {
      const answer = defender?.packet.answers[0];
      const isOwners =
        request.opcode === OPCODE.multihomedRegistration &&
        answer?.type === "NB" &&
        answer.entries.some(({ address }) => address === entry.address);
      if (defender && !isOwners) {
        respond(RCODE.active);
        return;
      }
      // The owner says that this address is its own as well, or nobody owns it any more.
      const current = this.#registry.live(key, then);
      const isKept =
        isOwners && current
          ? this.#registry.keep(key, claim, current, ttl, then, true)
          : this.#registry.replace(key, claim, ttl, then);
      respond(isKept ? RCODE.ok : RCODE.refused);
    });
  }

  /**
   * RFC 1002 5.1.4.1: the owner's TTL begins anew. Anyone else's refresh is a registration: of a
   * name that we have lost, or of one whose old owner may be gone.
   */
  #refresh(packet: NamePacket, from: Endpoint, now: number, reply: Respond): void {
    const { name, entry } = claimOf(packet);
    const isOthers = decide(this.#registry.live(nameKey(name), now), entry) === "challenge";
    if (isOthers && this.#options.secured === false) {
      // A node that refreshes expects no END-NODE CHALLENGE.
      this.#tell({ type: "refused", name, entry, rcode: RCODE.active, from });
      reply(registrationResponse(packet.id, name, entry, 0, RCODE.active));
      return;
    }
    this.#registration(packet, from, now, reply);
  }

  #release(packet: NamePacket, from: Endpoint, now: number, reply: Respond): void {
    const { name, entry } = claimOf(packet);
    const key = nameKey(name);
    const record = this.#registry.live(key, now);
    const respond = (rcode: number): void => reply(releaseResponse(packet.id, name, entry, rcode));
    // A name that nobody has is as released as can be.
    if (!record) {
      respond(RCODE.ok);
      return;
    }
    // Groups of which we keep no members end by time only.
    if (record.kind === "group" && this.#options.groups === "windows") {
      respond(RCODE.ok);
      return;
    }
    const owner = record.members.find(({ address }) => address === entry.address);
    if (!owner) {
      respond(record.kind === "unique" ? RCODE.active : RCODE.ok);
      return;
    }
    if (from.address === entry.address || this.#options.secured === false) {
      this.#registry.forget(key, record, entry.address, "released");
      respond(RCODE.ok);
      return;
    }
    // RFC 1002 5.1.4.1: another's word for it that the owner is gone, so the owner is asked.
    if (this.#challenges.find(key)) return;
    if (this.#challenges.isFull) {
      respond(RCODE.serverFailure);
      return;
    }
    const challenging = { request: packet, name, claimant: from, owners: [owner], reply };
    this.#challenges.ask(challenging, now, (defender, then) => {
      const current = this.#registry.live(key, then);
      if (!defender && current) this.#registry.forget(key, current, entry.address, "released");
      respond(defender ? RCODE.active : RCODE.ok);
    });
  }

  #isFleeting(name: NetbiosName): boolean {
    return this.#options.groups === "windows" && suffixOf(name) === 0x1d;
  }

  /**
   * RFC 1001 15.5.1: an NBNS may grant more than was proposed, and anything to a proposal of
   * "infinite".
   */
  #grantedTtl(proposed: number): number {
    const { ttlMin, ttlOfInfinite } = this.#limits;
    return proposed === 0 ? ttlOfInfinite : Math.max(proposed, ttlMin);
  }

  #send(packet: NamePacket, to: Endpoint, via: Via): void {
    const octets = via === "tcp" ? encodeNamePacket(packet) : truncatedTo(packet);
    this.#outputs.push({ type: "send", octets, to, via });
  }

  #tell(event: NameServerEvent): void {
    this.#outputs.push({ type: "event", event });
  }
}

/**
 * The longest scope that is registered. RFC 1002 4.1 leaves 220 octets for it; Windows and Samba
 * take 237, and whoever uses one is not to be shut out.
 */
const SCOPE_OCTETS_MAX = 237;
