/**
 * Hosts of our own: network namespaces on one wire, which is a cable between two of them and a
 * bridge between more. Whatever a test does with networks, it does in these.
 *
 * Nothing is made in this host's own namespace, so all ports are free and private, and no name or
 * address meets that of another test.
 */

import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";

/** The interface of each host. */
export const INTERFACE = "eth0";

let serial = 0;

export class Hosts implements Disposable {
  readonly #prefix: string;
  readonly #network: string;
  readonly #namespaces: string[] = [];

  /**
   * Hosts 1 to `count`: 1 has the address `network`.1, and so on.
   *
   * @param network - The first three octets of all their addresses: `10.77.0`.
   */
  constructor(count: number, network: string) {
    removeAbandoned();
    serial += 1;
    this.#prefix = `${PREFIX}-${process.pid}-${serial}`;
    this.#network = network;
    for (let host = 1; host <= count; host++) this.#make(this.namespace(host));
    if (count === 2) this.#cable();
    else this.#bridge(count);
    for (let host = 1; host <= count; host++) {
      const address = [`${this.address(host)}/24`, "broadcast", `${network}.255`];
      this.ip(host, "address", "add", ...address, "dev", INTERFACE);
      this.ip(host, "link", "set", INTERFACE, "up");
    }
  }

  namespace(host: number): string {
    return `${this.#prefix}-${host}`;
  }

  address(host: number): string {
    return `${this.#network}.${host}`;
  }

  /** `ip` for one host: `ip(1, "link", "set", "eth0", "down")`. */
  ip(host: number, ...parameters: readonly string[]): void {
    run("ip", "-n", this.namespace(host), ...parameters);
  }

  /** Runs a command to its end on a host. */
  in(host: number, ...command: readonly string[]): string {
    return run("ip", "netns", "exec", this.namespace(host), ...command);
  }

  /** Starts a program on a host. The caller ends it by its pid, or it ends with the hosts. */
  spawn(host: number, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    // `ip netns exec` becomes the program: the pid is the program's own.
    return spawn("ip", ["netns", "exec", this.namespace(host), ...command], options);
  }

  /** Pulls a host's plug out of the bridge, which is there for more than two hosts. */
  pull(host: number): void {
    run("ip", "-n", this.#bridgeName, "link", "set", `p${host}`, "down");
  }

  plug(host: number): void {
    run("ip", "-n", this.#bridgeName, "link", "set", `p${host}`, "up");
  }

  /** Ends whatever still runs on the hosts, and takes them away. */
  [Symbol.dispose](): void {
    for (const name of this.#namespaces.splice(0)) remove(name);
  }

  get #bridgeName(): string {
    return `${this.#prefix}-bridge`;
  }

  #make(name: string): void {
    run("ip", "netns", "add", name);
    this.#namespaces.push(name);
    run("ip", "-n", name, "link", "set", "lo", "up");
  }

  /** Both ends see it when the other is down. */
  #cable(): void {
    const peer = ["peer", "name", INTERFACE, "netns", this.namespace(2)];
    this.ip(1, "link", "add", INTERFACE, "type", "veth", ...peer);
  }

  #bridge(count: number): void {
    const bridge = this.#bridgeName;
    this.#make(bridge);
    const at = (...parameters: readonly string[]): string => run("ip", "-n", bridge, ...parameters);
    at("link", "add", "br0", "type", "bridge", "stp_state", "0", "forward_delay", "0");
    at("link", "set", "br0", "up");
    for (let host = 1; host <= count; host++) {
      const peer = ["peer", "name", INTERFACE, "netns", this.namespace(host)];
      at("link", "add", `p${host}`, "type", "veth", ...peer);
      at("link", "set", `p${host}`, "master", "br0", "up");
    }
  }
}

const PREFIX = "tertulia-test";

/** Takes away what a run that was killed has left: the process in the name is no more. */
function removeAbandoned(): void {
  for (const line of run("ip", "netns", "list").split("\n")) {
    const [name = ""] = line.split(" ");
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) remove(name);
  }
}

function remove(name: string): void {
  try {
    // Nothing but what a test has started can be in a namespace of ours.
    for (const pid of run("ip", "netns", "pids", name).split("\n")) {
      if (pid !== "") kill(Number(pid));
    }
    run("ip", "netns", "del", name);
  } catch {
    // Another test has taken it away just now.
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function run(command: string, ...parameters: readonly string[]): string {
  return execFileSync(command, parameters, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
