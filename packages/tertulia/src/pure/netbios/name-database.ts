/**
 * What a name server knows: who registered which name, and until when.
 *
 * @module
 */

import type { NetbiosName, NodeType } from "./name.ts";

/** One owner of a name. */
export interface Member {
  readonly address: string;
  readonly nodeType: NodeType;
  /** When the registration ends unless it is refreshed; `undefined` for never. */
  readonly expiresAt: number | undefined;
}

/** One name. Records are never changed, only replaced. */
export interface NameRecord {
  readonly name: NetbiosName;
  /** `internet` is a group whose members are kept even where other groups' are not (`<1c>`). */
  readonly kind: "unique" | "group" | "internet";
  /** Oldest first. A unique name has several if its owner has several addresses. */
  readonly members: readonly Member[];
}

/** Where a name server keeps its records, by the key of the name. */
export interface NameDatabase {
  readonly size: number;
  /** The record of a name, if there is one. */
  find(key: string): NameRecord | undefined;
  /** Keeps the record, in place of the one before. */
  put(key: string, record: NameRecord): void;
  /** Forgets the record, if there is one. */
  delete(key: string): void;
  /** Every record, in any order. */
  all(): Iterable<readonly [key: string, record: NameRecord]>;
  /** Closes it, if there is something to close. */
  [Symbol.dispose]?(): void;
}

/** Records in memory: gone with the process, and back as soon as nodes refresh their names. */
export class MemoryNameDatabase implements NameDatabase {
  readonly #records = new Map<string, NameRecord>();

  /** How many names there are. */
  get size(): number {
    return this.#records.size;
  }

  find(key: string): NameRecord | undefined {
    return this.#records.get(key);
  }

  put(key: string, record: NameRecord): void {
    this.#records.set(key, record);
  }

  delete(key: string): void {
    this.#records.delete(key);
  }

  all(): Iterable<readonly [key: string, record: NameRecord]> {
    return this.#records;
  }
}
