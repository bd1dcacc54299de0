/**
 * Who waits for which call: the LISTENs of a node, and what a SESSION REQUEST gets
 * (RFC 1001 16.1.1.2, RFC 1002 5.2.1.2).
 *
 * @module
 */

import { NetbiosError } from "./errors.ts";
import { type NetbiosName, nameKey, sameName } from "./name.ts";
import type { SessionRefusal } from "./session-packet.ts";

/** One LISTEN. */
export interface Listen<Target> {
  readonly called: NetbiosName;
  /** The only caller that is wanted; `undefined` for anyone. */
  readonly calling: NetbiosName | undefined;
  readonly target: Target;
}

/** What a SESSION REQUEST gets. */
export type ListenDecision<Target> =
  | { readonly type: "accept"; readonly listen: Listen<Target> }
  | { readonly type: "refuse"; readonly reason: SessionRefusal };

export class Listens<Target> {
  readonly #byCalled = new Map<string, Listen<Target>[]>();
  readonly #max: number;
  #size = 0;

  /** @param max - How many may wait at once. Default: 4096. */
  constructor(max = 4096) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** @throws {NetbiosError} `tooMany`; nothing has changed. */
  add(listen: Listen<Target>): void {
    if (this.#size >= this.#max) throw new NetbiosError("tooMany", `at most ${this.#max} LISTENs`);
    const key = nameKey(listen.called);
    const all = this.#byCalled.get(key);
    if (all) all.push(listen);
    else this.#byCalled.set(key, [listen]);
    this.#size += 1;
  }

  delete(listen: Listen<Target>): boolean {
    const key = nameKey(listen.called);
    const all = this.#byCalled.get(key);
    const at = all?.indexOf(listen) ?? -1;
    if (!all || at < 0) return false;
    all.splice(at, 1);
    if (all.length === 0) this.#byCalled.delete(key);
    this.#size -= 1;
    return true;
  }

  /** Whether somebody waits for just these calls. */
  has(called: NetbiosName, calling: NetbiosName | undefined): boolean {
    const all = this.#byCalled.get(nameKey(called)) ?? [];
    return all.some((one) =>
      one.calling && calling ? sameName(one.calling, calling) : one.calling === calling,
    );
  }

  /**
   * RFC 1002 5.2.1.2: a LISTEN for this very caller goes before one for anyone.
   *
   * @param isPresent - Whether the called name is one of ours, listened on or not.
   */
  decide(called: NetbiosName, calling: NetbiosName, isPresent: boolean): ListenDecision<Target> {
    const all = this.#byCalled.get(nameKey(called));
    if (!all) {
      const reason = isPresent ? "notListeningOnCalledName" : "calledNameNotPresent";
      return { type: "refuse", reason };
    }
    const listen =
      all.find((one) => one.calling !== undefined && sameName(one.calling, calling)) ??
      all.find((one) => one.calling === undefined);
    if (listen) return { type: "accept", listen };
    return { type: "refuse", reason: "notListeningForCallingName" };
  }
}
