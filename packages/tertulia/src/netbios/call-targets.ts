/**
 * Whom a call goes to: the addresses of a name, which for a group may become more while it is called.
 *
 * @module
 */

import type { Endpoint } from "../pure/netbios/address.ts";
import { NetbiosError } from "../pure/netbios/errors.ts";
import { type NetbiosName, sameName, suffixOf } from "../pure/netbios/name.ts";
import type { NodeEvent } from "../pure/netbios/node-events.ts";
import type { NameService } from "./name-service.ts";
import type { NameFinder, Resolved } from "./session-caller.ts";

/** Members of a group that are found while it is walked through. */
interface Growing {
  readonly name: NetbiosName;
  readonly addresses: string[];
}

export class CallTargets {
  readonly #names: NameService;
  readonly #growing = new Set<Growing>();

  constructor(names: NameService) {
    this.#names = names;
  }

  /** Members of a group that answer a broadcast later join the list while it is walked through. */
  take(event: NodeEvent): void {
    if (event.type !== "alsoFound") return;
    for (const { name, addresses } of this.#growing) {
      if (!sameName(name, event.name)) continue;
      for (const { address } of event.entries) {
        if (!addresses.includes(address)) addresses.push(address);
      }
    }
  }

  /** For one call, to be disposed of at its end. */
  finder(given: Endpoint | undefined): NameFinder & Disposable {
    const mine: Growing[] = [];
    return {
      resolve: async (name, signal) => {
        if (given) return { addresses: [given.address], group: false };
        const growing = { name, addresses: [] };
        mine.push(growing);
        this.#growing.add(growing);
        return await this.#resolve(growing, signal);
      },
      report: (name, address) => this.#names.reportWrongOwner(name, address),
      realName: async (address, signal) => await this.#fileServerName(address, signal),
      [Symbol.dispose]: () => {
        for (const growing of mine) this.#growing.delete(growing);
      },
    };
  }

  async #resolve({ name, addresses }: Growing, signal: AbortSignal | undefined): Promise<Resolved> {
    const found = await this.#names.find(name, undefined, signal);
    for (const { address } of found.entries) {
      if (!addresses.includes(address)) addresses.push(address);
    }
    return { addresses, group: found.entries.some(({ group }) => group) };
  }

  async #fileServerName(
    address: string,
    signal: AbortSignal | undefined,
  ): Promise<NetbiosName | undefined> {
    try {
      const { names } = await this.#names.status({ address, port: this.#names.port }, signal);
      const server = names.find(
        ({ group, label }) => !group && suffixOf({ label, scope: "" }) === 0x20,
      );
      return server ? { label: server.label, scope: "" } : undefined;
    } catch (error) {
      if (error instanceof NetbiosError) return undefined;
      throw error;
    }
  }
}
