/**
 * Two hosts of our own: network namespaces with a wire between them, which can be cut, made to lose
 * everything in silence, and whose near end can get another address.
 */

import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";

export type Side = "near" | "far";

/** The far host's address. It stays. */
export const FAR_ADDRESS = "10.91.7.2";

export class TestNetwork implements Disposable {
  readonly #name: string;
  #near = 1;

  /** @param name - Up to six letters: two tests with different names do not meet. */
  constructor(name: string) {
    this.#name = name;
    // A run that was killed leaves them behind.
    this[Symbol.dispose]();
    this.#run("ip", "netns", "add", this.namespace("near"));
    this.#run("ip", "netns", "add", this.namespace("far"));
    const [near, far] = [this.namespace("near"), this.namespace("far")];
    this.#run("ip", "link", "add", "w0", "netns", near, "type", "veth", "peer", "w0", "netns", far);
    this.in("far", "ip", "addr", "add", `${FAR_ADDRESS}/24`, "dev", "w0");
    this.in("near", "ip", "addr", "add", this.nearAddress.concat("/24"), "dev", "w0");
    for (const side of ["near", "far"] as const) {
      this.in(side, "ip", "link", "set", "lo", "up");
      this.in(side, "ip", "link", "set", "w0", "up");
    }
  }

  namespace(side: Side): string {
    return `t${this.#name}-${side}`;
  }

  get nearAddress(): string {
    return `10.91.7.${10 + this.#near}`;
  }

  /** Runs a command to its end on one of the hosts. */
  in(side: Side, ...command: readonly string[]): string {
    return this.#run("ip", "netns", "exec", this.namespace(side), ...command);
  }

  /** Starts a program on one of the hosts. The caller ends it, by its pid. */
  spawn(side: Side, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    // `ip netns exec` becomes the program: the pid is the program's own.
    return spawn("ip", ["netns", "exec", this.namespace(side), ...command], options);
  }

  /** The wire is pulled: both hosts see it. */
  cut(): void {
    this.in("near", "ip", "link", "set", "w0", "down");
  }

  heal(): void {
    this.in("near", "ip", "link", "set", "w0", "up");
  }

  /** Everything is lost, and nobody is told: a half-open link. */
  silence(): void {
    this.in("far", "ip", "route", "add", "blackhole", `${this.nearAddress}/32`);
  }

  unsilence(): void {
    this.in("far", "ip", "route", "del", "blackhole", `${this.nearAddress}/32`);
  }

  /** The near host comes to another network: what it had open goes nowhere. */
  changeAddress(): void {
    const old = this.nearAddress;
    this.#near += 1;
    // The old one first: a second one of the same network would go with it.
    this.in("near", "ip", "addr", "del", `${old}/24`, "dev", "w0");
    this.in("near", "ip", "addr", "add", `${this.nearAddress}/24`, "dev", "w0");
  }

  [Symbol.dispose](): void {
    for (const side of ["near", "far"] as const) {
      try {
        // Whatever our programs have started in there: nothing else can be in a namespace of ours.
        for (const pid of this.#run("ip", "netns", "pids", this.namespace(side)).split("\n")) {
          if (pid !== "") process.kill(Number(pid), "SIGKILL");
        }
        this.#run("ip", "netns", "del", this.namespace(side));
      } catch {
        // It was not made.
      }
    }
  }

  #run(command: string, ...parameters: readonly string[]): string {
    return execFileSync(command, parameters, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}
