/**
 * What an end node answers to the requests of others: queries, node status requests, claims of its
 * names, and release requests of its name server (RFC 1002 5.1.1.5, 5.1.2.5).
 *
 * @module
 */

import type { Endpoint } from "./address.ts";
import { entryOf, type LocalNames } from "./local-names.ts";
import {
  claimOf,
  negativeQueryResponse,
  positiveQueryResponse,
  registrationResponse,
  statusResponse,
} from "./messages.ts";
import type { NetbiosName, NodeType } from "./name.ts";
import { type NamePacket, OPCODE, RCODE } from "./name-packet.ts";
import type { NodeEvent } from "./node-events.ts";
import type { Statistics } from "./statistics.ts";

/** Who answers. */
export interface Answering {
  readonly names: LocalNames;
  readonly nodeType: NodeType;
  readonly address: string;
  readonly nameServers: readonly Endpoint[];
  readonly statistics: Statistics;
  /** Who may ask for our names. */
  readonly answersStatusTo: (from: Endpoint) => boolean;
}

/** What a request leads to. */
export interface Answer {
  readonly response?: NamePacket;
  readonly event?: NodeEvent;
  /** A name that is ours no more. */
  readonly lost?: NetbiosName;
}

/** The answer to a request, or `undefined` if there is none. @throws {ProtocolError} */
export function answerTo(packet: NamePacket, from: Endpoint, node: Answering): Answer | undefined {
  // RFC 1002 5.1.2.5: a P node ignores broadcasts.
  if (packet.broadcast && node.nodeType === "P") return undefined;
  switch (packet.opcode) {
    case OPCODE.query:
      if (packet.questions[0]?.type === "NBSTAT") return status(packet, from, node);
      return query(packet, node);
    case OPCODE.registration:
    case OPCODE.multihomedRegistration:
    case OPCODE.refresh:
    case OPCODE.refreshAlternate:
      return defence(packet, from, node);
    case OPCODE.release:
      return releaseDemand(packet, from, node);
    default:
      return undefined;
  }
}

function query(packet: NamePacket, { names, nodeType, address }: Answering): Answer | undefined {
  const [question] = packet.questions;
  if (!question) return undefined;
  const { id, broadcast } = packet;
  const { name } = question;
  const entry = names.findActive(name);
  if (entry) {
    const owner = entryOf(entry.group, nodeType, address);
    return { response: positiveQueryResponse(id, name, [owner], entry.ttl) };
  }
  // RFC 1002 5.1.1.5, 5.1.2.5: only a unicast query is answered negatively, and not by B nodes.
  if (broadcast || nodeType === "B") return undefined;
  return { response: negativeQueryResponse(id, name, RCODE.nameError) };
}

/** RFC 1002 4.2.17: for `*`, or for a name that we have; the names of that scope. */
function status(packet: NamePacket, from: Endpoint, node: Answering): Answer | undefined {
  const [question] = packet.questions;
  if (!question || !node.answersStatusTo(from)) return undefined;
  const { label, scope } = question.name;
  const names = node.names.status(scope, node.nodeType);
  const isOurs = label.startsWith("*") ? names.length > 0 : node.names.find(question.name);
  if (!isOurs) return undefined;
  return { response: statusResponse(packet.id, question.name, names, node.statistics) };
}

/** RFC 1002 5.1.1.5: a unique name of ours is nobody else's, and a group's is not unique. */
function defence(packet: NamePacket, from: Endpoint, node: Answering): Answer | undefined {
  const { name, entry } = claimOf(packet);
  const own = node.names.findActive(name);
  if (!own || entry.address === node.address || (own.group && entry.group)) return undefined;
  return {
    response: registrationResponse(packet.id, name, entry, 0, RCODE.active),
    event: { type: "defended", name, against: from },
  };
}

/** RFC 1002 5.1.2.5: a release request from the NBNS takes the name away. */
function releaseDemand(packet: NamePacket, from: Endpoint, node: Answering): Answer | undefined {
  const { name, entry } = claimOf(packet);
  const isForUs = !packet.broadcast && node.nodeType !== "B" && entry.address === node.address;
  if (!isForUs || !node.names.findActive(name)) return undefined;
  if (!node.nameServers.some(({ address }) => address === from.address)) return undefined;
  return { lost: name, event: { type: "lost", name, from } };
}
