/**
 * How a name is found, and how a node is asked what names it has, for each type of node
 * (RFC 1001 15.3 and 15.5; RFC 1002 5.1.1.3, 5.1.2.3, 5.1.3.3).
 *
 * @module
 */

import type { Endpoint } from "./address.ts";
import {
  type Asker,
  askEveryone,
  askNameServer,
  askOne,
  isPositiveQueryResponse,
  isResponse,
  refusal,
} from "./asking.ts";
import { NetbiosError } from "./errors.ts";
import { queryRequest, statusRequest } from "./messages.ts";
import { formatName, type NetbiosName } from "./name.ts";
import { type NamePacket, OPCODE, RCODE } from "./name-packet.ts";
import type { Found, NodeStatus } from "./node-events.ts";
import type { Procedure, Reply } from "./transactions.ts";

/** Finds who has a name. @throws {NetbiosError} `nameNotFound` or `noNameServer`. */
export function* find(asker: Asker, name: NetbiosName): Procedure<Found> {
  switch (asker.nodeType) {
    case "B":
      return yield* findByBroadcast(asker, name);
    case "P":
      return yield* findByServer(asker, name);
    case "M":
      return yield* firstOf(findByBroadcast(asker, name), findByServer(asker, name));
    case "H":
      return yield* firstOf(findByServer(asker, name), findByBroadcast(asker, name));
  }
}

/** Asks one node who has a name, whatever our own type is. */
export function* findAt(asker: Asker, name: NetbiosName, at: Endpoint): Procedure<Found> {
  const accept = (packet: NamePacket): boolean => isResponse(packet, name, OPCODE.query);
  const reply = yield askOne(asker, at, (id) => queryRequest(id, name), accept);
  if (!reply) throw new NetbiosError("noAnswer", at.address);
  if (!isPositiveQueryResponse(reply.packet, name)) {
    throw reply.packet.rcode === RCODE.ok ? new NetbiosError("nameNotFound") : refusal(reply);
  }
  return yield* whole(asker, name, reply);
}

/** Asks a node for its names. @throws {NetbiosError} `noAnswer`. */
export function* status(asker: Asker, at: Endpoint, name: NetbiosName): Procedure<NodeStatus> {
  const packet = (id: number): NamePacket => statusRequest(id, name);
  const accept = (reply: NamePacket): boolean =>
    isResponse(reply, name, OPCODE.query) && reply.answers[0]?.type === "NBSTAT";
  let reply = yield askOne(asker, at, packet, accept);
  if (!reply) throw new NetbiosError("noAnswer", `${at.address} to a node status request`);
  if (reply.packet.truncated) {
    asker.tell({ type: "truncated", name, from: reply.from });
    const { unicastRetryMs: intervalMs } = asker.timers;
    const all = yield { packet, to: at, via: "tcp", count: 1, intervalMs, accept };
    reply = all ?? reply;
  }
  const [record] = reply.packet.answers;
  if (record?.type !== "NBSTAT") throw new NetbiosError("noAnswer", at.address);
  return { from: reply.from, names: record.names, statistics: record.statistics };
}

/** The first way, and if it does not find the name, the second. */
function* firstOf(first: Procedure<Found>, second: Procedure<Found>): Procedure<Found> {
  try {
    return yield* first;
  } catch (error) {
    if (!(error instanceof NetbiosError)) throw error;
    return yield* second;
  }
}

function* findByBroadcast(asker: Asker, name: NetbiosName): Procedure<Found> {
  const reply = yield askEveryone(
    asker,
    (id) => queryRequest(id, name, true),
    // RFC 1002 5.1.1.3: negative and redirect responses are ignored.
    (packet) => isPositiveQueryResponse(packet, name),
  );
  if (!reply) throw new NetbiosError("nameNotFound", `${formatName(name)}: nobody answered`);
  asker.watch(name, reply);
  return yield* whole(asker, name, reply);
}

function* findByServer(asker: Asker, name: NetbiosName): Procedure<Found> {
  const accept = (packet: NamePacket): boolean => isResponse(packet, name, OPCODE.query);
  const packet = (id: number): NamePacket => queryRequest(id, name);
  let reply = yield* askNameServer(asker, packet, accept);
  for (let redirects = 0; ; redirects++) {
    const address = redirectTarget(reply.packet);
    if (address === undefined) break;
    if (redirects >= asker.limits.redirectsMax) {
      throw new NetbiosError("tooManyRedirects", `at most ${asker.limits.redirectsMax}`);
    }
    asker.tell({ type: "redirected", name, from: reply.from.address, to: address });
    const to = { address, port: reply.from.port };
    const next = yield askOne(asker, to, packet, accept);
    if (!next) throw new NetbiosError("noNameServer", `${address}, redirected to`);
    reply = next;
  }
  if (isPositiveQueryResponse(reply.packet, name)) return yield* whole(asker, name, reply);
  throw reply.packet.rcode === RCODE.ok ? new NetbiosError("nameNotFound") : refusal(reply);
}

/** RFC 1002 4.2.15: a redirect has an NS record, and an A record with the address of that server. */
function redirectTarget(packet: NamePacket): string | undefined {
  if (packet.rcode !== RCODE.ok || packet.answers.length > 0) return undefined;
  const [server] = packet.authority;
  if (server?.type !== "NS") return undefined;
  for (const record of packet.additional) {
    if (record.type === "A" && record.name === server.server) return record.address;
  }
  return undefined;
}

/** RFC 1002 4.2.13, TC: if the owners did not fit, they are asked for again over TCP. */
function* whole(asker: Asker, name: NetbiosName, reply: Reply): Procedure<Found> {
  const { from } = reply;
  if (!reply.packet.truncated) return found(name, reply, false);
  asker.tell({ type: "truncated", name, from });
  const all = yield {
    packet: (id) => queryRequest(id, name),
    to: from,
    via: "tcp",
    count: 1,
    intervalMs: asker.timers.unicastRetryMs,
    accept: (packet) => isPositiveQueryResponse(packet, name),
  };
  return all ? found(name, all, false) : found(name, reply, true);
}

function found(name: NetbiosName, { packet, from }: Reply, truncated: boolean): Found {
  const [record] = packet.answers;
  return { name, entries: record?.type === "NB" ? record.entries : [], from, truncated };
}
