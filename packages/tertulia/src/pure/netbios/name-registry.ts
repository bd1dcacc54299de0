/**
 * The names that a name server has registered: who owns them and until when, how many each address
 * may own, and what is said of them.
 *
 * @module
 */

import type { Claim } from "./messages.ts";
import { type NetbiosName, nameKey, suffixOf } from "./name.ts";
import type { Member, NameDatabase, NameRecord } from "./name-database.ts";
import type { NameEntry } from "./name-record.ts";
import type { NameServerEvent } from "./name-server-events.ts";
import type { NameServerLimits } from "./name-server-options.ts";

export interface NameRegistryOptions {
  readonly database: NameDatabase;
  readonly limits: NameServerLimits;
  /** As {@link NameServerOptions}. */
  readonly groups: "members" | "windows";
  /** Told of every registration and its end; not at all if nobody wants to know. */
  readonly tell: ((event: NameServerEvent) => void) | undefined;
}

export class NameRegistry {
  readonly #options: NameRegistryOptions;
  readonly #database: NameDatabase;
  /** How many names an address owns. */
  readonly #nameCounts = new Map<string, number>();

  constructor(options: NameRegistryOptions) {
    this.#options = options;
    this.#database = options.database;
    for (const [, { members }] of options.database.all()) {
      for (const { address } of members) this.#count(address, 1);
    }
  }

  get size(): number {
    return this.#database.size;
  }

  /** The record of a name without what has expired, which it forgets. */
  live(key: string, now: number): NameRecord | undefined {
    let record = this.#database.find(key);
    if (!record) return undefined;
    for (const { address, expiresAt } of record.members) {
      if (expiresAt === undefined || expiresAt > now) continue;
      record = this.forget(key, record, address, "expired");
      if (!record) return undefined;
    }
    return record;
  }

  /** The record of a name as it is kept. */
  find(key: string): NameRecord | undefined {
    return this.#database.find(key);
  }

  /** Forgets what has expired. */
  sweep(now: number): void {
    for (const [key] of this.#database.all()) this.live(key, now);
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
      if (addresses.size >= this.#options.limits.membersMax) break;
    }
    return [...addresses];
  }

  /** Adds or renews an owner; `false` if that would go beyond a limit. */
  keep(
    key: string,
    { name, entry }: Claim,
    record: NameRecord | undefined,
    ttl: number,
    now: number,
    isAnotherAddress = false,
  ): boolean {
    const known = record?.members.some(({ address }) => address === entry.address) ?? false;
    if (!known) {
      if (!record && this.#database.size >= this.#options.limits.namesMax) return false;
      const count = this.#nameCounts.get(entry.address) ?? 0;
      if (count >= this.#options.limits.namesPerAddressMax) return false;
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
      const dropped = others.splice(0, others.length + 1 - this.#options.limits.membersMax);
      for (const { address } of dropped) this.#count(address, -1);
      this.#database.put(key, { ...record, members: [...others, member] });
    }
    const type = known && !isAnotherAddress ? "refreshed" : "registered";
    this.#options.tell?.({ type, name, entry, ttl });
    return true;
  }

  /** Gives a name to another owner; `false`, and it stays whose it is, beyond a limit. */
  replace(key: string, claim: Claim, ttl: number, now: number): boolean {
    const record = this.#database.find(key);
    const { address: owner } = claim.entry;
    const isOwner = record?.members.some(({ address }) => address === owner) ?? false;
    const count = this.#nameCounts.get(owner) ?? 0;
    if (!isOwner && count >= this.#options.limits.namesPerAddressMax) return false;
    if (record) {
      for (const { address } of record.members) this.#count(address, -1);
      this.#database.delete(key);
    }
    return this.keep(key, claim, undefined, ttl, now);
  }

  /** Takes an owner out of a record; what is left of it. */
  forget(
    key: string,
    record: NameRecord,
    address: string,
    type: "released" | "expired",
  ): NameRecord | undefined {
    const members = record.members.filter((member) => member.address !== address);
    if (members.length < record.members.length) this.#count(address, -1);
    this.#options.tell?.({ type, name: record.name, address });
    if (members.length === 0) {
      this.#database.delete(key);
      return undefined;
    }
    const left = { ...record, members };
    this.#database.put(key, left);
    return left;
  }

  /** What a query for a name is answered with. */
  entriesOf(record: NameRecord): NameEntry[] {
    const single = this.singleEntry(record);
    if (single) return [single];
    return record.members.map((member) => ({
      group: record.kind !== "unique",
      ...ownerEntry(member),
    }));
  }

  /** What a record says if it says one thing only. */
  singleEntry({ kind, members }: NameRecord): NameEntry | undefined {
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

  #count(address: string, change: number): void {
    const count = (this.#nameCounts.get(address) ?? 0) + change;
    if (count > 0) this.#nameCounts.set(address, count);
    else this.#nameCounts.delete(address);
  }
}

/**
 * RFC 1002 5.1.4.1: a group is not challenged, its members fade out; who has the name already gets
 * it again; a group is joined; anything else is the old owner's to say.
 */
export function decide(
  record: NameRecord | undefined,
  entry: NameEntry,
): "grant" | "inUse" | "challenge" {
  if (!record) return "grant";
  const isGroup = record.kind !== "unique";
  if (isGroup) return entry.group ? "grant" : "inUse";
  const isOwner = record.members.some(({ address }) => address === entry.address);
  return isOwner && !entry.group ? "grant" : "challenge";
}

function memberOf({ address, nodeType }: NameEntry, ttl: number, now: number): Member {
  return { address, nodeType, expiresAt: ttl === 0 ? undefined : now + ttl * 1000 };
}

export function ownerEntry({ address, nodeType }: Member): Omit<NameEntry, "group"> {
  return { nodeType, address };
}

/** What is left of a registration. */
export function secondsLeft({ expiresAt }: Member, now: number): number {
  return expiresAt === undefined ? 0 : Math.max(1, Math.ceil((expiresAt - now) / 1000));
}
