/**
 * How the procedures of a node ask: one broadcast, one unicast, or one name server after another.
 *
 * @module
 */

import type { Endpoint } from "./address.ts";
import { NetbiosError } from "./errors.ts";
import { entryOf } from "./local-names.ts";
import type { Owned } from "./messages.ts";
import { queryRequest, reasonOfRcode } from "./messages.ts";
import type { NetbiosName, NodeType } from "./name.ts";
import { type NamePacket, OPCODE, RCODE } from "./name-packet.ts";
import type { NodeEvent } from "./node-events.ts";
import type { NameTimers, NodeLimits } from "./timers.ts";
import type { Ask, Procedure, Reply } from "./transactions.ts";

/** What a procedure knows of its node, and can do through it. */
export interface Asker {
  readonly nodeType: NodeType;
  /** What we register as our own address. */
  readonly address: string;
  readonly broadcast: Endpoint;
  readonly nameServers: readonly Endpoint[];
  readonly timers: NameTimers;
  readonly limits: NodeLimits;
  /** Sends a packet that no answer is waited for. */
  send(packet: (id: number) => NamePacket, to: Endpoint): void;
  tell(event: NodeEvent): void;
  /** A broadcast query was answered: a second answer within CONFLICT_TIMER may be a conflict. */
  watch(name: NetbiosName, reply: Reply): void;
  /** The port that end nodes answer on: 137, unless everyone uses another. */
  readonly port: number;
}

/** Broadcasts a request BCAST_REQ_RETRY_COUNT times, until an answer is accepted. */
export function askEveryone(
  { broadcast, timers }: Asker,
  packet: Ask["packet"],
  accept: Ask["accept"],
): Ask {
  const [count, intervalMs] = [timers.broadcastRetryCount, timers.broadcastRetryMs];
  return { packet, to: broadcast, count, intervalMs, isBroadcast: true, accept };
}

/** Asks one node UCAST_REQ_RETRY_COUNT times. */
export function askOne(
  { timers }: Asker,
  to: Endpoint,
  packet: Ask["packet"],
  accept: Ask["accept"],
): Ask {
  const [count, intervalMs] = [timers.unicastRetryCount, timers.unicastRetryMs];
  return { packet, to, count, intervalMs, accept };
}

/**
 * Asks one name server after another, until one answers.
 *
 * @throws {NetbiosError} `noNameServer` when none does, or there is none.
 */
export function* askNameServer(
  asker: Asker,
  packet: Ask["packet"],
  accept: Ask["accept"],
): Procedure<Reply> {
  for (const server of asker.nameServers) {
    const reply = yield askOne(asker, server, packet, accept);
    if (reply) return reply;
  }
  const asked = asker.nameServers.map(({ address, port }) => `${address}:${port}`).join(", ");
  throw new NetbiosError("noNameServer", asked || "none is configured");
}

/** Whether a packet answers a request about this name, with one of these opcodes. */
export function isResponse(
  packet: NamePacket,
  name: NetbiosName,
  ...opcodes: readonly number[]
): boolean {
  if (!packet.response || !opcodes.includes(packet.opcode)) return false;
  const about = packet.answers[0]?.name ?? packet.questions[0]?.name;
  if (about === undefined || typeof about === "string") return false;
  return about.label === name.label && about.scope === name.scope;
}

export function isPositiveQueryResponse(packet: NamePacket, name: NetbiosName): boolean {
  return (
    isResponse(packet, name, OPCODE.query) &&
    packet.rcode === RCODE.ok &&
    packet.answers[0]?.type === "NB" &&
    packet.answers[0].entries.length > 0
  );
}

/** Turns a refusal into the error that its RCODE stands for. */
export function refusal({ packet, from }: Reply): NetbiosError {
  return new NetbiosError(reasonOfRcode(packet.rcode), `says ${from.address}`);
}

/** A request that carries us as the owner. */
export function ownedByUs(
  { nodeType, address }: Asker,
  name: NetbiosName,
  group: boolean,
  ttl: number,
): (id: number) => Owned {
  return (id) => ({ id, name, entry: entryOf(group, nodeType, address), ttl });
}

/** Whether a node defends a name: it answers a unicast query for it (RFC 1002 5.1.2.1). */
export function* isDefended(asker: Asker, name: NetbiosName, owner: string): Procedure<boolean> {
  const to = { address: owner, port: asker.port };
  const accept = (packet: NamePacket): boolean => isResponse(packet, name, OPCODE.query);
  const reply = yield askOne(asker, to, (id) => queryRequest(id, name), accept);
  return reply !== undefined && reply.packet.rcode === RCODE.ok;
}
