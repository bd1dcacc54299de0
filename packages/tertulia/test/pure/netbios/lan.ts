/**
 * A network without a network: machines by address, a clock that jumps to the next deadline, one
 * millisecond from node to node, broadcasts to everyone on the same port, and what all were told.
 */

import { type Endpoint, NAME_SERVICE_PORT } from "../../../src/pure/netbios/address.ts";
import { EndNode } from "../../../src/pure/netbios/end-node.ts";
import type { EndNodeOptions } from "../../../src/pure/netbios/end-node-options.ts";
import { kindOf } from "../../../src/pure/netbios/messages.ts";
import { formatName } from "../../../src/pure/netbios/name.ts";
import { MemoryNameDatabase } from "../../../src/pure/netbios/name-database.ts";
import { decodeNamePacket } from "../../../src/pure/netbios/name-packet.ts";
import { NameServer } from "../../../src/pure/netbios/name-server.ts";
import type { NameServerOptions } from "../../../src/pure/netbios/name-server-options.ts";
import type { NodeEvent } from "../../../src/pure/netbios/node-events.ts";
import type { PacketMachine, Via } from "../../../src/pure/netbios/packet-machine.ts";

export const BROADCAST = "10.77.0.255";

interface Flight {
  readonly at: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly octets: Uint8Array;
  readonly via: Via;
}

/** What is told at a node: a short text, or nothing for what a test does not care about. */
type Story = (event: unknown) => string | undefined;

interface Host {
  readonly machine: PacketMachine<unknown>;
  readonly story: Story;
}

export class Lan {
  now: number = 0;
  readonly told: string[] = [];
  /** Every packet, as `10.77.0.1 > 10.77.0.2 NAME QUERY REQUEST`. */
  readonly wire: string[] = [];
  /** Every event of a node, by address. */
  readonly events: Map<string, unknown[]> = new Map();
  /** Packets that a test takes out of the air. */
  isLost: (from: Endpoint, to: Endpoint, octets: Uint8Array, via: Via) => boolean = () => false;
  readonly #hosts = new Map<string, Host>();
  #flights: Flight[] = [];
  #seed = 1;

  /** Random numbers that are the same every time. */
  readonly random = (): number => {
    this.#seed = (this.#seed * 1103515245 + 12345) & 0x7fffffff;
    return this.#seed >> 8;
  };

  add(address: string, machine: PacketMachine<unknown>, story: Story = () => undefined): void {
    this.#hosts.set(address, { machine, story });
    this.events.set(address, []);
  }

  remove(address: string): void {
    this.#hosts.delete(address);
  }

  node(address: string, options: Partial<EndNodeOptions> = {}): EndNode {
    const { random } = this;
    const node = new EndNode({ address, broadcastAddress: BROADCAST, random, ...options });
    this.add(address, node, (event) => nodeStory(event as NodeEvent));
    return node;
  }

  server(address: string, options: Partial<NameServerOptions> = {}): NameServer {
    const { random } = this;
    const server = new NameServer({ database: new MemoryNameDatabase(), random, ...options });
    this.add(address, server, (event) => {
      const { type } = event as { type: string };
      return type === "registered" || type === "refreshed" ? undefined : type;
    });
    return server;
  }

  /** A packet from nowhere. */
  inject(octets: Uint8Array, from: string, to: string, port: number = NAME_SERVICE_PORT): void {
    this.#fly(octets, { address: from, port }, { address: to, port: NAME_SERVICE_PORT }, "udp");
  }

  /** Lets everything happen until nothing is in the air and no timer is due before `until`. */
  settle(until: number = this.now + 60_000): void {
    for (;;) {
      this.#drain();
      let next = Number.POSITIVE_INFINITY;
      for (const { at } of this.#flights) next = Math.min(next, at);
      for (const { machine } of this.#hosts.values()) {
        next = Math.min(next, machine.deadline ?? Number.POSITIVE_INFINITY);
      }
      if (next > until) break;
      this.now = Math.max(this.now, next);
      const due = this.#flights.filter(({ at }) => at <= this.now);
      this.#flights = this.#flights.filter(({ at }) => at > this.now);
      for (const { from, to, octets, via } of due) this.#land(octets, from, to, via);
      for (const { machine } of this.#hosts.values()) {
        if ((machine.deadline ?? Number.POSITIVE_INFINITY) <= this.now) machine.tick(this.now);
        this.#drain();
      }
    }
    this.now = Math.max(this.now, until);
  }

  /** The texts told since the last call. */
  takeTold(): string[] {
    return this.told.splice(0);
  }

  #land(octets: Uint8Array, from: Endpoint, to: Endpoint, via: Via): void {
    for (const [address, { machine }] of [...this.#hosts]) {
      if (to.address !== address && to.address !== BROADCAST) continue;
      machine.receive(octets, from, this.now, via);
      this.#drain();
    }
  }

  #drain(): void {
    for (const [address, { machine, story }] of this.#hosts) {
      for (let output = machine.poll(); output; output = machine.poll()) {
        if (output.type === "send") {
          this.#fly(output.octets, { address, port: NAME_SERVICE_PORT }, output.to, output.via);
          continue;
        }
        this.events.get(address)?.push(output.event);
        const text = story(output.event);
        if (text !== undefined) this.told.push(`${address.slice(8)}.${text}`);
      }
    }
  }

  #fly(octets: Uint8Array, from: Endpoint, to: Endpoint, via: Via): void {
    const kind = kindOf(decodeNamePacket(octets));
    this.wire.push(`${from.address} > ${to.address} ${kind}${via === "tcp" ? " (TCP)" : ""}`);
    if (this.isLost(from, to, octets, via)) return;
    this.#flights.push({ at: this.now + 1, from, to, octets, via });
  }
}

/** What a user of a node would say has happened. */
function nodeStory(event: NodeEvent): string {
  switch (event.type) {
    case "done": {
      const { result } = event;
      if (result.type === "found") {
        const addresses = result.entries.map(({ address }) => address).join(",");
        const more = result.truncated ? " and more" : "";
        return `found ${formatName(result.name)} at ${addresses}${more}`;
      }
      if (result.type === "status") return `status of ${result.names.length}`;
      if (result.type === "claimed") return `claimed ${formatName(result.name)} for ${result.ttl}`;
      return `released ${formatName(result.name)}`;
    }
    case "failed":
      return `failed ${(event.error as { reason?: string }).reason}`;
    case "wack":
      return `wack ${event.waitMs}`;
    case "redirected":
      return `redirected to ${event.to}`;
    case "challenge":
      return `challenge ${event.owner}`;
    case "defended":
    case "conflict":
    case "falseConflict":
    case "lost":
    case "notRefreshed":
    case "truncated":
      return `${event.type} ${formatName(event.name)}`;
    case "refreshed":
      return `refreshed ${formatName(event.name)} for ${event.ttl}`;
    case "conflictDemanded":
      return `conflictDemanded of ${event.of.address}`;
    case "alsoFound":
      return `also found at ${event.from.address}`;
    case "malformed":
      return `malformed ${(event.error as { violation?: string }).violation}`;
  }
}
