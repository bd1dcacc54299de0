/**
 * The local name table: what this node owns, claims, or has lost in a conflict (RFC 1001 15.1).
 *
 * @module
 */

import { NetbiosError } from "./errors.ts";
import { type NetbiosName, type NodeType, nameKey } from "./name.ts";
import type { NameEntry, StatusName } from "./name-record.ts";
import { earlier } from "./packet-machine.ts";

/**
 * `conflict`: another node has it too; it is not defended, not answered for, and can only be
 * deleted (RFC 1002 5.1.1.5).
 */
export type LocalNameState = "claiming" | "active" | "conflict" | "releasing";

/** One name of the node's own table, and how it stands. */
export interface LocalName {
  readonly name: NetbiosName;
  readonly group: boolean;
  readonly permanent: boolean;
  readonly state: LocalNameState;
  /** Seconds that the NBNS granted; 0 is for ever, or that no NBNS was asked. */
  readonly ttl: number;
  /** When it is to be refreshed. */
  readonly refreshAt: number | undefined;
}

export class LocalNames {
  readonly #names = new Map<string, LocalName>();
  readonly #namesMax: number;

  constructor(namesMax: number) {
    this.#namesMax = namesMax;
  }

  get size(): number {
    return this.#names.size;
  }

  find(name: NetbiosName): LocalName | undefined {
    return this.#names.get(nameKey(name));
  }

  /** The entry if it answers for its name: not while it is claimed, and not in conflict. */
  findActive(name: NetbiosName): LocalName | undefined {
    const found = this.find(name);
    return found?.state === "active" ? found : undefined;
  }

  /** When the first name is to be refreshed. */
  get refreshAt(): number | undefined {
    let first: number | undefined;
    for (const { refreshAt } of this.#names.values()) first = earlier(first, refreshAt);
    return first;
  }

  /** Every name, in the order in which they were added. */
  all(): LocalName[] {
    return [...this.#names.values()];
  }

  /** @throws {NetbiosError} `duplicateName` or `nameTableFull`; nothing has changed. */
  add(name: NetbiosName, group: boolean, permanent: boolean): void {
    const key = nameKey(name);
    if (this.#names.has(key)) throw new NetbiosError("duplicateName");
    if (this.#names.size >= this.#namesMax) {
      throw new NetbiosError("nameTableFull", `at most ${this.#namesMax}`);
    }
    const initial = { state: "claiming", ttl: 0, refreshAt: undefined } as const;
    this.#names.set(key, { name, group, permanent, ...initial });
  }

  /** Changes an entry, if it is still there. */
  change(name: NetbiosName, fields: Partial<Pick<LocalName, "state" | "ttl" | "refreshAt">>): void {
    const key = nameKey(name);
    const entry = this.#names.get(key);
    if (entry) this.#names.set(key, { ...entry, ...fields });
  }

  delete(name: NetbiosName): boolean {
    return this.#names.delete(nameKey(name));
  }

  /** What a node status response says of a scope's names (RFC 1002 4.2.18: "only" this scope's). */
  status(scope: string, nodeType: NodeType): StatusName[] {
    return this.all()
      .filter((entry) => entry.name.scope === scope && entry.state !== "claiming")
      .map(({ name, group, permanent, state }) => ({
        label: name.label,
        group,
        nodeType,
        deregistering: state === "releasing",
        conflict: state === "conflict",
        active: true,
        permanent,
      }));
  }
}

/** How a node names itself as the owner of a name. */
export function entryOf(group: boolean, nodeType: NodeType, address: string): NameEntry {
  return { group, nodeType, address };
}
