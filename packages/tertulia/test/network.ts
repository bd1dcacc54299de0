/**
 * Two hosts of our own with a wire between them, which can be cut, made to lose everything in
 * silence, and whose near end can get another address.
 */

import type { ChildProcess, SpawnOptions } from "node:child_process";
import { Hosts, INTERFACE } from "./hosts.ts";

export type Side = "near" | "far";

/** The far host's address. It stays; the certificates of the tests are for it. */
export const FAR_ADDRESS = "10.79.0.2";

const HOST_OF: Readonly<Record<Side, number>> = { near: 1, far: 2 };

export class TestNetwork implements Disposable {
  readonly #hosts = new Hosts(2, "10.79.0");
  /** The last octet of the near host's address. */
  #near = 1;

  get nearAddress(): string {
    return this.#hosts.address(this.#near);
  }

  /** Runs a command to its end on one of the hosts. */
  in(side: Side, ...command: readonly string[]): string {
    return this.#hosts.in(HOST_OF[side], ...command);
  }

  /** Starts a program on one of the hosts. The caller ends it, by its pid. */
  spawn(side: Side, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return this.#hosts.spawn(HOST_OF[side], command, options);
  }

  /** The wire is pulled: both hosts see it. */
  cut(): void {
    this.#hosts.ip(HOST_OF.near, "link", "set", INTERFACE, "down");
  }

  heal(): void {
    this.#hosts.ip(HOST_OF.near, "link", "set", INTERFACE, "up");
  }

  /** Everything goes to a station that is not there, and nobody is told: a half-open link. */
  silence(): void {
    const nowhere = ["lladdr", "02:00:00:00:00:99", "dev", INTERFACE, "nud", "permanent"];
    this.#hosts.ip(HOST_OF.near, "neigh", "replace", FAR_ADDRESS, ...nowhere);
    this.#hosts.ip(HOST_OF.far, "neigh", "replace", this.nearAddress, ...nowhere);
  }

  unsilence(): void {
    this.#hosts.ip(HOST_OF.near, "neigh", "del", FAR_ADDRESS, "dev", INTERFACE);
    this.#hosts.ip(HOST_OF.far, "neigh", "del", this.nearAddress, "dev", INTERFACE);
  }

  /** The near host comes to another network: what it had open goes nowhere. */
  changeAddress(): void {
    const old = this.nearAddress;
    this.#near = this.#near === 1 ? 11 : this.#near + 1;
    // The old one first: a second one of the same network would go with it.
    this.#hosts.ip(HOST_OF.near, "address", "del", `${old}/24`, "dev", INTERFACE);
    const now = [`${this.nearAddress}/24`, "broadcast", "10.79.0.255"];
    this.#hosts.ip(HOST_OF.near, "address", "add", ...now, "dev", INTERFACE);
  }

  [Symbol.dispose](): void {
    this.#hosts[Symbol.dispose]();
  }
}
