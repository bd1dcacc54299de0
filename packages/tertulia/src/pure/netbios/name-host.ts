/**
 * One host's name service: an end node, a name server, or both behind one port 137.
 *
 * Broadcasts, node status requests and names that are the node's own are the node's business;
 * everything else that comes to this host alone is the server's.
 *
 * @module
 */

import { ProtocolError, type SessionError } from "../errors.ts";
import type { Endpoint } from "./address.ts";
import type { EndNode } from "./end-node.ts";
import { decodeNamePacket, type NamePacket } from "./name-packet.ts";
import type { NameServer } from "./name-server.ts";
import type { NameServerEvent } from "./name-server-events.ts";
import type { NodeEvent } from "./node-events.ts";
import { earlier, type PacketMachine, type PacketOutput, type Via } from "./packet-machine.ts";
import { readPlainQuery } from "./plain-query.ts";

/** What happened, and whose story it is. */
export type NameHostEvent =
  | { readonly role: "node"; readonly event: NodeEvent }
  | { readonly role: "server"; readonly event: NameServerEvent };

export class NameHost implements PacketMachine<NameHostEvent> {
  readonly node: EndNode | undefined;
  readonly server: NameServer | undefined;
  readonly #complaints: PacketOutput<NameHostEvent>[] = [];

  constructor({ node, server }: { readonly node?: EndNode; readonly server?: NameServer }) {
    this.node = node;
    this.server = server;
  }

  get deadline(): number | undefined {
    return earlier(this.node?.deadline, this.server?.deadline);
  }

  /** As {@link PacketMachine.answer}: a plain query for a name of the node's or of the server's. */
  answer(octets: Uint8Array, now: number): Uint8Array | undefined {
    const key = readPlainQuery(octets);
    if (key === undefined) return undefined;
    return (
      this.node?.answerPlainQuery(octets, key) ?? this.server?.answerPlainQuery(octets, key, now)
    );
  }

  receive(octets: Uint8Array, from: Endpoint, now: number, via: Via = "udp"): void {
    try {
      this.#dispatch(decodeNamePacket(octets), from, now, via);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#complain(from, error);
    }
  }

  tick(now: number): void {
    this.node?.tick(now);
    this.server?.tick(now);
  }

  poll(): PacketOutput<NameHostEvent> | undefined {
    if (this.#complaints.length > 0) return this.#complaints.shift();
    const output = this.server?.poll();
    if (output) {
      if (output.type === "send") return output;
      return { type: "event", event: { role: "server", event: output.event } };
    }
    const other = this.node?.poll();
    if (!other || other.type === "send") return other;
    return { type: "event", event: { role: "node", event: other.event } };
  }

  #dispatch(packet: NamePacket, from: Endpoint, now: number, via: Via): void {
    const { node, server } = this;
    if (packet.response) {
      node?.receivePacket(packet, from, now, via);
      server?.receivePacket(packet, from, now, via);
    } else if (node && (!server || this.#isForNode(packet, node, from))) {
      node.receivePacket(packet, from, now, via);
    } else {
      server?.receivePacket(packet, from, now, via);
    }
  }

  #isForNode(packet: NamePacket, node: EndNode, from: Endpoint): boolean {
    const [question] = packet.questions;
    if (packet.broadcast || question?.type === "NBSTAT") return true;
    // Our own node registers with our own server like any other.
    if (!question || from.address === node.address) return false;
    const own = node.names.findActive(question.name);
    return own !== undefined && !own.group;
  }

  #complain(from: Endpoint, error: SessionError): void {
    const event = { type: "malformed", from, error } as const;
    this.#complaints.push({ type: "event", event: { role: "node", event } });
  }
}
