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
import { isResponse } from "./asking.ts";
import {
  type Claim,
  claimOf,
  endNodeChallenge,
  negativeQueryResponse,
  positiveQueryResponse,
  queryRequest,
  redirectResponse,
  registrationResponse,
  releaseResponse,
  wackResponse,
} from "./messages.ts";
import { isOwnable, type NetbiosName, nameKey, suffixOf } from "./name.ts";
import type { Member, NameDatabase, NameRecord } from "./name-database.ts";
import {
  decodeNamePacket,
  encodeNamePacket,
  type NameEntry,
  type NamePacket,
  OPCODE,
  RCODE,
} from "./name-packet.ts";
import type { NameServerEvent } from "./name-server-events.ts";
import { earlier, type PacketMachine, type PacketOutput, type Via } from "./packet-machine.ts";
import { answerQuery, readPlainQuery } from "./plain-query.ts";
import { NAME_TIMERS, type NameTimers } from "./timers.ts";
import { type Procedure, type Reply, Transactions } from "./transactions.ts";
import { truncatedTo } from "./truncation.ts";

/** What a name server holds at most, and for how long. */
export interface NameServerLimits {
  /** Names. Default: 100,000, about 50 MB. */
  readonly namesMax: number;
  /** Names that one address may own. Default: 4096; nodes have a dozen, and a liar has one address. */
  readonly namesPerAddressMax: number;
  /** Members of a group. Default: 1024, the oldest goes first; TCP carries 10,922 at most. */
  readonly membersMax: number;
  /** Names whose owners are being asked at once. Default: 4096. */
  readonly challengesMax: number;
  /** The shortest TTL that is granted, in seconds. Default: 300, so that refreshes do not flood. */
  readonly ttlMin: number;
  /** What is granted to a proposal of "for ever", in seconds; 0 grants it. Default: six days. */
  readonly ttlOfInfinite: number;
  /** How often expired names are looked for. Default: 60 s. */
  readonly sweepMs: number;
}

export const NAME_SERVER_LIMITS: NameServerLimits = {
  namesMax: 100_000,
  namesPerAddressMax: 4096,
  membersMax: 1024,
  challengesMax: 4096,
  ttlMin: 300,
  ttlOfInfinite: 518_400,
  sweepMs: 60_000,
};

export interface NameServerOptions {
  readonly database: NameDatabase;
  /** Ask the old owner ourselves. Default: `true`. RFC 1001 15.1.4.1 calls it secured. */
  readonly secured?: boolean;
  /**
   * What a query for a group says. `members`, the default, is RFC 1001 15.2.2: every owner.
   * `windows` is what Windows and Samba servers do: 255.255.255.255 for all groups but `<1c>`; such
   * groups end by time only, and a local master browser's name `<1d>` is granted but not kept.
   */
  readonly groups?: "members" | "windows";
  /** Where the owners of names answer. Default: 137. */
  readonly port?: number;
  /** Sixteen random bits. */
  readonly random: () => number;
  readonly timers?: Partial<NameTimers>;
  readonly limits?: Partial<NameServerLimits>;
  /** The server that knows a name that we do not, if there is one (RFC 1002 4.2.15). */
  readonly redirect?: (
    name: NetbiosName,
  ) => { readonly domain: string; readonly address: string } | undefined;
  /** Tell of every registration and its end, not only of refusals and challenges. Default: `true`. */
  readonly tellsAll?: boolean;
}

/** A claim that the old owner is being asked about. */
interface Challenge {
  readonly claimant: Endpoint;
  readonly request: NamePacket;
  /** Ids of the queries that are out: should one come back to us, it is not for us to answer. */
  queryId: number;
}

export class NameServer implements PacketMachine<NameServerEvent> {
  readonly #options: NameServerOptions;
  readonly #database: NameDatabase;
  readonly #limits: NameServerLimits;
  readonly #timers: NameTimers;
  readonly #transactions: Transactions;
  readonly #challenges = new Map<string, Challenge>();
  /** How many names an address owns. */
  readonly #nameCounts = new Map<string, number>();
  readonly #outputs: PacketOutput<NameServerEvent>[] = [];
  #sweepAt: number | undefined;

  constructor(options: NameServerOptions) {
    this.#options = options;
    this.#database = options.database;
    this.#limits = { ...NAME_SERVER_LIMITS, ...options.limits };
    this.#timers = { ...NAME_TIMERS, ...options.timers };
    this.#transactions = new Transactions(
      { send: (packet, to, via) => this.#send(packet, to, via), wack: () => {} },
      {
        wackMsMax: this.#timers.wackMsMax,
        requestsMax: this.#limits.challengesMax,
        random: options.random,
      },
    );
    for (const [, { members }] of options.database.all()) {
      for (const { address } of members) this.#count(address, 1);
    }
  }

  get deadline(): number | undefined {
    return earlier(this.#transactions.deadline, this.#sweepAt);
  }

  /** Whether it has a record of a name that has not expired. */
  find(name: NetbiosName, now: number): NameRecord | undefined {
    return this.#live(nameKey(name), now);
  }

  /** The addresses that own a name just now. */
  addressesOf(name: NetbiosName): string[] {
    const { members = [] } = this.#database.find(nameKey(name)) ?? {};
    return members.map(({ address }) => address);
  }

  /** Every address that owns a name of this scope; at most as many as a group may have members. */
  everyone(scope: string): string[] {
    const addresses = new Set<string>();
    for (const [, { name, members }] of this.#database.all()) {
      if (name.scope !== scope) continue;
      for (const { address } of members) addresses.add(address);
      if (addresses.size >= this.#limits.membersMax) break;
    }
    return [...addresses];
  }

  /** As {@link PacketMachine.answer}: a plain query for a name that has one owner. */
  answer(octets: Uint8Array, now: number): Uint8Array | undefined {
    const key = readPlainQuery(octets);
    return key === undefined ? undefined : this.answerPlainQuery(octets, key, now);
  }

  /** As {@link answer}, for who has read the key of the query already. */
  answerPlainQuery(octets: Uint8Array, key: string, now: number): Uint8Array | undefined {
    const record = this.#database.find(key);
    const member = record?.members[0];
    // While an owner is being asked, the question may be our own; what has expired is a change.
    if (!record || !member || this.#challenges.size > 0) return undefined;
    if (member.expiresAt !== undefined && member.expiresAt <= now) return undefined;
    const entry = this.#singleEntry(record);
    return entry && answerQuery(octets, entry, secondsLeft(member, now));
  }

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
    for (const [key] of this.#database.all()) this.#live(key, now);
    this.#sweepAt = this.#database.size > 0 ? now + this.#limits.sweepMs : undefined;
  }

  poll(): PacketOutput<NameServerEvent> | undefined {
    return this.#outputs.shift();
  }

  #query(packet: NamePacket, now: number, reply: (response: NamePacket) => void): void {
    const [question] = packet.questions;
    // A node status request is for the end node of this host, not for its server.
    if (question?.type !== "NB") return;
    const { id } = packet;
    const { name } = question;
    const key = nameKey(name);
    // We asked an address that turned out to be our own: no answer is what it is to get.
    if (this.#challenges.get(key)?.queryId === id) return;
    const record = this.#live(key, now);
    if (record) {
      const [member] = record.members;
      const ttl = member ? secondsLeft(member, now) : 0;
      reply(positiveQueryResponse(id, name, this.#entriesOf(record), ttl));
      return;
    }
    const server = this.#options.redirect?.(name);
    if (server) reply(redirectResponse(id, name, server));
    else reply(negativeQueryResponse(id, name, RCODE.nameError));
  }

  #registration(
    packet: NamePacket,
    from: Endpoint,
    now: number,
    reply: (response: NamePacket) => void,
  ): void {
    const claim = claimOf(packet);
    const { name, entry } = claim;
    const key = nameKey(name);
    const grant = (ttl: number): void =>
      reply(registrationResponse(packet.id, name, entry, ttl, RCODE.ok));
    const refuse = (rcode: number): void => {
      this.#tell({ type: "refused", name, entry, rcode, from });
      reply(registrationResponse(packet.id, name, entry, 0, rcode));
    };
    const ttl = this.#grantedTtl(claim.ttl);
    if (!isOwnable(name)) {
      refuse(RCODE.refused);
      return;
    }
    if (name.scope.length > SCOPE_OCTETS_MAX) {
      refuse(RCODE.serverFailure);
      return;
    }
    if (this.#isFleeting(name)) {
      grant(ttl);
      return;
    }

    const record = this.#live(key, now);
    const isUpdate = packet.opcode === OPCODE.registration && !packet.recursionDesired;
    const decision = decide(record, entry);
    if (decision === "inUse") {
      refuse(RCODE.active);
      return;
    }
    if (decision === "grant") {
      if (!this.#keep(key, claim, record, ttl, now)) {
        refuse(RCODE.refused);
        return;
      }
      grant(ttl);
      return;
    }

    // Another owner: is it still there?
    const owners = record ? record.members : [];
    const challenge = this.#challenges.get(key);
    if (challenge) {
      // RFC 1002 5.1.4.1: a repetition of the request that is being seen to.
      if (challenge.request.id === packet.id && sameEndpoint(challenge.claimant, from)) return;
      refuse(RCODE.active);
      return;
    }
    if (this.#options.secured === false) {
      if (isUpdate) {
        this.#replace(key, claim, ttl, now);
        grant(ttl);
        return;
      }
      const [owner] = owners;
      if (!owner) {
        refuse(RCODE.serverFailure);
        return;
      }
      const presumed = { group: record?.kind !== "unique", ...ownerEntry(owner) };
      this.#tell({ type: "endNodeChallenge", name, owner: owner.address, from });
      reply(endNodeChallenge(packet.id, name, presumed));
      return;
    }
    if (isUpdate) {
      refuse(RCODE.unsupported);
      return;
    }
    if (this.#challenges.size >= this.#limits.challengesMax) {
      refuse(RCODE.serverFailure);
      return;
    }

    this.#challenge(key, packet, name, from, owners, now, reply, (defender, then) => {
      const entries = defender?.packet.answers[0];
      const knows =
        packet.opcode === OPCODE.multihomedRegistration &&
        entries?.type === "NB" &&
        entries.entries.some(({ address }) => address === entry.address);
      if (defender && !knows) {
        refuse(RCODE.active);
        return;
      }
      // The owner says that this address is its own as well, or nobody owns it any more.
      const current = this.#live(key, then);
      if (knows && current) {
        if (!this.#keep(key, claim, current, ttl, then, true)) {
          refuse(RCODE.refused);
          return;
        }
      } else {
        this.#replace(key, claim, ttl, then);
      }
      grant(ttl);
    });
  }

  /**
   * RFC 1002 5.1.4.1: the owner's TTL begins anew. Anyone else's refresh is a registration: of a
   * name that we have lost, or of one whose old owner may be gone.
   */
  #refresh(
    packet: NamePacket,
    from: Endpoint,
    now: number,
    reply: (response: NamePacket) => void,
  ): void {
    const { name, entry } = claimOf(packet);
    const isOthers = decide(this.#live(nameKey(name), now), entry) === "challenge";
    if (isOthers && this.#options.secured === false) {
      // A node that refreshes expects no END-NODE CHALLENGE.
      this.#tell({ type: "refused", name, entry, rcode: RCODE.active, from });
      reply(registrationResponse(packet.id, name, entry, 0, RCODE.active));
      return;
    }
    this.#registration(packet, from, now, reply);
  }

  #release(
    packet: NamePacket,
    from: Endpoint,
    now: number,
    reply: (response: NamePacket) => void,
  ): void {
    const { name, entry } = claimOf(packet);
    const key = nameKey(name);
    const record = this.#live(key, now);
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
      this.#forget(key, record, entry.address, "released");
      respond(RCODE.ok);
      return;
    }
    // RFC 1002 5.1.4.1: another's word for it that the owner is gone, so the owner is asked.
    if (this.#challenges.has(key)) return;
    if (this.#challenges.size >= this.#limits.challengesMax) {
      respond(RCODE.serverFailure);
      return;
    }
    this.#challenge(key, packet, name, from, [owner], now, reply, (defender, then) => {
      const current = this.#live(key, then);
      if (!defender && current) this.#forget(key, current, entry.address, "released");
      respond(defender ? RCODE.active : RCODE.ok);
    });
  }

  /** WACK, then a query to each owner in turn; the first that defends the name ends it. */
  #challenge(
    key: string,
    request: NamePacket,
    name: NetbiosName,
    claimant: Endpoint,
    owners: readonly Member[],
    now: number,
    reply: (response: NamePacket) => void,
    settled: (defender: Reply | undefined, now: number) => void,
  ): void {
    const { unicastRetryMs: intervalMs, unicastRetryCount: count } = this.#timers;
    const challenge: Challenge = { claimant, request, queryId: -1 };
    this.#challenges.set(key, challenge);
    const waitSeconds = Math.ceil((owners.length * count * intervalMs) / 1000) + 1;
    reply(wackResponse(request, name, waitSeconds));
    const port = this.#options.port ?? NAME_SERVICE_PORT;
    const tell = (event: NameServerEvent): void => this.#tell(event);
    const ask = (function* (): Procedure<Reply | undefined> {
      for (const { address } of owners) {
        tell({ type: "challenge", name, owner: address, claimant });
        const answer = yield {
          packet: (id) => {
            challenge.queryId = id;
            return queryRequest(id, name);
          },
          to: { address, port },
          count,
          intervalMs,
          accept: (packet) => isResponse(packet, name, OPCODE.query),
        };
        if (answer?.packet.rcode === RCODE.ok) return answer;
      }
      return undefined;
    })();
    this.#transactions.run(ask, now, (outcome, then) => {
      this.#challenges.delete(key);
      // Too many requests are out: then nobody was asked, and the name stays whose it is.
      if ("error" in outcome) return;
      const isDefended = outcome.result !== undefined;
      this.#tell({ type: "challengeEnded", name, claimant, isDefended });
      settled(outcome.result, then);
    });
  }

  /** Adds or renews an owner; `false` if that would go beyond a limit. */
  #keep(
    key: string,
    { name, entry }: Claim,
    record: NameRecord | undefined,
    ttl: number,
    now: number,
    isAnotherAddress = false,
  ): boolean {
    const known = record?.members.some(({ address }) => address === entry.address) ?? false;
    if (!known) {
      if (!record && this.#database.size >= this.#limits.namesMax) return false;
      const count = this.#nameCounts.get(entry.address) ?? 0;
      if (count >= this.#limits.namesPerAddressMax) return false;
      this.#count(entry.address, 1);
    }
    const member = memberOf(entry, ttl, now);
    const kind = entry.group ? this.#groupKind(name) : "unique";
    if (!record) {
      this.#database.put(key, { name, kind, members: [member] });
    } else if (known && record.members.length === 1) {
      this.#database.put(key, { ...record, members: [member] });
    } else {
      const others = record.members.filter(({ address }) => address !== entry.address);
      const dropped = others.splice(0, others.length + 1 - this.#limits.membersMax);
      for (const { address } of dropped) this.#count(address, -1);
      this.#database.put(key, { ...record, members: [...others, member] });
    }
    if (this.#options.tellsAll !== false) {
      const type = known && !isAnotherAddress ? "refreshed" : "registered";
      this.#tell({ type, name, entry, ttl });
    }
    return true;
  }

  #replace(key: string, claim: Claim, ttl: number, now: number): void {
    const record = this.#database.find(key);
    if (record) {
      for (const { address } of record.members) this.#count(address, -1);
      this.#database.delete(key);
    }
    this.#keep(key, claim, undefined, ttl, now);
  }

  #forget(
    key: string,
    record: NameRecord,
    address: string,
    type: "released" | "expired",
  ): NameRecord | undefined {
    const members = record.members.filter((member) => member.address !== address);
    if (members.length < record.members.length) this.#count(address, -1);
    if (this.#options.tellsAll !== false) this.#tell({ type, name: record.name, address });
    if (members.length === 0) {
      this.#database.delete(key);
      return undefined;
    }
    const left = { ...record, members };
    this.#database.put(key, left);
    return left;
  }

  /** The record of a name without what has expired. */
  #live(key: string, now: number): NameRecord | undefined {
    let record = this.#database.find(key);
    if (!record) return undefined;
    for (const { address, expiresAt } of record.members) {
      if (expiresAt === undefined || expiresAt > now) continue;
      record = this.#forget(key, record, address, "expired");
      if (!record) return undefined;
    }
    return record;
  }

  #entriesOf(record: NameRecord): NameEntry[] {
    const single = this.#singleEntry(record);
    if (single) return [single];
    return record.members.map((member) => ({
      group: record.kind !== "unique",
      ...ownerEntry(member),
    }));
  }

  /** What a record says if it says one thing only. */
  #singleEntry({ kind, members }: NameRecord): NameEntry | undefined {
    const [member] = members;
    if (!member) return undefined;
    if (kind === "group" && this.#options.groups === "windows") {
      return { group: true, nodeType: member.nodeType, address: "255.255.255.255" };
    }
    return members.length === 1 ? { group: kind !== "unique", ...ownerEntry(member) } : undefined;
  }

  #groupKind(name: NetbiosName): "group" | "internet" {
    return suffixOf(name) === 0x1c ? "internet" : "group";
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

  #count(address: string, change: number): void {
    const count = (this.#nameCounts.get(address) ?? 0) + change;
    if (count > 0) this.#nameCounts.set(address, count);
    else this.#nameCounts.delete(address);
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

/**
 * RFC 1002 5.1.4.1: a group is not challenged, its members fade out; who has the name already gets
 * it again; a group is joined; anything else is the old owner's to say.
 */
function decide(record: NameRecord | undefined, entry: NameEntry): "grant" | "inUse" | "challenge" {
  if (!record) return "grant";
  const isGroup = record.kind !== "unique";
  if (isGroup) return entry.group ? "grant" : "inUse";
  const isOwner = record.members.some(({ address }) => address === entry.address);
  return isOwner && !entry.group ? "grant" : "challenge";
}

function memberOf({ address, nodeType }: NameEntry, ttl: number, now: number): Member {
  return { address, nodeType, expiresAt: ttl === 0 ? undefined : now + ttl * 1000 };
}

function ownerEntry({ address, nodeType }: Member): Omit<NameEntry, "group"> {
  return { nodeType, address };
}

function secondsLeft({ expiresAt }: Member, now: number): number {
  return expiresAt === undefined ? 0 : Math.max(1, Math.ceil((expiresAt - now) / 1000));
}
