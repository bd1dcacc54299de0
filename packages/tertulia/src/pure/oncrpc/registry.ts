/**
 * Which program is where: the table behind the port mapper and rpcbind, RFC 1833 2.2.1.
 *
 * @module
 */

import { type HostPort, parseUniversalAddress } from "./universal-address.ts";

/** One version of a program at one address, as rpcbind lists it. */
export interface Registration {
  readonly program: number;
  readonly version: number;
  readonly netid: string;
  /** A universal address, or the path of a local socket. */
  readonly address: string;
  /** Who registered it: "superuser", a user's number, or "unknown". */
  readonly owner: string;
}

/** Which program is where, in memory: the table behind rpcbind. Bounded. */
export class Registry {
  readonly #entries: Registration[] = [];
  readonly #entriesMax: number;

  /** @param entriesMax - Default 4,096: a machine has dozens. */
  constructor(entriesMax = 4096) {
    this.#entriesMax = entriesMax;
  }

  /** All of them, in the order they came. */
  entries(): readonly Registration[] {
    return this.#entries;
  }

  /** Adds one; false when the triple is there with another address, the address is none, or there is no room. */
  set(registration: Registration): boolean {
    const { program, version, netid, address } = registration;
    if (netid === "" || address.length > 256 || netid.length > 64) return false;
    if (netid !== "local" && parseUniversalAddress(address) === undefined) return false;
    const known = this.#entries.find(
      (one) => one.program === program && one.version === version && one.netid === netid,
    );
    // RFC 1833 2.2.1: SET "returns FALSE" when there is a mapping; the same again does no harm.
    if (known !== undefined) return known.address === address;
    if (this.#entries.length >= this.#entriesMax) return false;
    this.#entries.push(registration);
    return true;
  }

  /**
   * Removes all of a version, or of one transport; whether there was anything.
   *
   * @param owner - Only what is of this owner goes, unless it is "superuser".
   */
  unset(program: number, version: number, netid: string, owner: string): boolean {
    let isFound = false;
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i];
      if (entry?.program !== program || entry.version !== version) continue;
      if (netid !== "" && entry.netid !== netid) continue;
      if (owner !== "superuser" && entry.owner !== owner) continue;
      this.#entries.splice(i, 1);
      isFound = true;
    }
    return isFound;
  }

  /**
   * One program's place on a transport.
   *
   * @param isExact - Whether another version's place will not do. RFC 1833 2.2.1 GETADDR: any version's
   *   address is better than none; whoever calls there learns of the versions.
   */
  find(
    program: number,
    version: number,
    netid: string,
    isExact: boolean,
  ): Registration | undefined {
    const all = this.#entries.filter((one) => one.program === program && one.netid === netid);
    return all.find((one) => one.version === version) ?? (isExact ? undefined : all[0]);
  }

  /** The same, as host and port. */
  place(program: number, version: number, netid: string): HostPort | undefined {
    const found = this.find(program, version, netid, false);
    return found && parseUniversalAddress(found.address);
  }
}
