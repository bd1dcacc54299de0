/**
 * How a name becomes ours, stays ours, and is given back, for each type of node
 * (RFC 1001 15.2 and 15.4; RFC 1002 5.1.1.1, 5.1.2.1, 5.1.3.1 and the procedures after them).
 *
 * @module
 */

import {
  type Asker,
  askEveryone,
  askNameServer,
  askOne,
  isDefended,
  isResponse,
  ownedByUs,
  refusal,
} from "./asking.ts";
import { NetbiosError } from "./errors.ts";
import {
  overwriteRequest,
  reasonOfRcode,
  refreshRequest,
  registrationRequest,
  releaseRequest,
} from "./messages.ts";
import type { NetbiosName } from "./name.ts";
import { type NamePacket, OPCODE, RCODE } from "./name-packet.ts";
import type { Procedure, Reply } from "./transactions.ts";

/** Claims a name; returns the TTL that was granted, in seconds, 0 for ever. */
export function* claim(
  asker: Asker,
  name: NetbiosName,
  group: boolean,
  ttl: number,
): Procedure<number> {
  switch (asker.nodeType) {
    case "B":
      yield* objections(asker, name, group);
      demand(asker, name, group);
      return 0;
    case "P":
      return yield* claimFromServer(asker, name, group, ttl);
    case "M": {
      // RFC 1001 15.2.3: first the broadcast, and if nobody objects, the NBNS.
      yield* objections(asker, name, group);
      const granted = yield* claimFromServer(asker, name, group, ttl);
      demand(asker, name, group);
      return granted;
    }
    case "H":
      // Not in the RFC; as Windows does: the NBNS, and the broadcast only if there is none.
      try {
        return yield* claimFromServer(asker, name, group, ttl);
      } catch (error) {
        if (!(error instanceof NetbiosError) || error.reason !== "noNameServer") throw error;
        yield* objections(asker, name, group);
        demand(asker, name, group);
        return 0;
      }
  }
}

/** Refreshes a name with the NBNS; returns the TTL that was granted (RFC 1002 5.1.2.6). */
export function* refresh(
  asker: Asker,
  name: NetbiosName,
  group: boolean,
  ttl: number,
): Procedure<number> {
  const owned = ownedByUs(asker, name, group, ttl);
  const reply = yield* askNameServer(
    asker,
    (id) => refreshRequest(owned(id)),
    (packet) =>
      isResponse(packet, name, OPCODE.registration, OPCODE.refresh, OPCODE.refreshAlternate),
  );
  if (reply.packet.rcode !== RCODE.ok) throw refusal(reply);
  return reply.packet.answers[0]?.ttl ?? 0;
}

/** Gives a name back. Whatever the others say, it is not ours any more after it. */
export function* release(asker: Asker, name: NetbiosName, group: boolean): Procedure<void> {
  const { nodeType } = asker;
  const isReleased = nodeType === "B" || (yield* releaseFromServer(asker, name, group));
  // RFC 1001 15.4.3: an M node demands of all only if the NBNS has agreed.
  if (nodeType === "P" || (nodeType === "M" && !isReleased)) return;
  const owned = ownedByUs(asker, name, group, 0);
  yield askEveryone(
    asker,
    (id) => releaseRequest({ ...owned(id), broadcast: true }),
    () => false,
  );
}

/** Broadcasts the claim; silence is consent. */
function* objections(asker: Asker, name: NetbiosName, group: boolean): Procedure<void> {
  const owned = ownedByUs(asker, name, group, 0);
  const objection = yield askEveryone(
    asker,
    (id) => registrationRequest({ ...owned(id), broadcast: true }),
    // RFC 1002 5.1.1.1: positive responses and challenges are ignored.
    (packet) => isRegistrationResponse(packet, name) && packet.rcode !== RCODE.ok,
  );
  if (objection) {
    throw new NetbiosError(reasonOfRcode(objection.packet.rcode), `says ${objection.from.address}`);
  }
}

/** RFC 1002 5.1.1.1: the name overwrite demand, which ends a claim by broadcast. */
function demand(asker: Asker, name: NetbiosName, group: boolean): void {
  const owned = ownedByUs(asker, name, group, 0);
  asker.send((id) => overwriteRequest({ ...owned(id), broadcast: true }), asker.broadcast);
}

function* claimFromServer(
  asker: Asker,
  name: NetbiosName,
  group: boolean,
  ttl: number,
): Procedure<number> {
  const owned = ownedByUs(asker, name, group, ttl);
  const accept = (packet: NamePacket): boolean => isRegistrationResponse(packet, name);
  let reply: Reply = yield* askNameServer(asker, (id) => registrationRequest(owned(id)), accept);
  const owner = challengedOwner(reply);
  if (owner !== undefined) {
    asker.tell({ type: "challenge", name, owner });
    if (yield* isDefended(asker, name, owner)) {
      throw new NetbiosError("nameInUse", `${owner} defends it`);
    }
    // RFC 1002 5.1.2.1: the old owner is gone, so the NBNS is told to overwrite.
    const again = yield askOne(asker, reply.from, (id) => overwriteRequest(owned(id)), accept);
    if (!again) throw new NetbiosError("noNameServer", reply.from.address);
    reply = again;
  }
  if (reply.packet.rcode !== RCODE.ok) throw refusal(reply);
  return reply.packet.answers[0]?.ttl ?? 0;
}

/** The presumed owner that an END-NODE CHALLENGE names, if the reply is one. */
function challengedOwner({ packet }: Reply): string | undefined {
  if (packet.rcode !== RCODE.ok || packet.recursionAvailable) return undefined;
  const [record] = packet.answers;
  return record?.type === "NB" ? record.entries[0]?.address : undefined;
}

function* releaseFromServer(asker: Asker, name: NetbiosName, group: boolean): Procedure<boolean> {
  const owned = ownedByUs(asker, name, group, 0);
  try {
    const reply = yield* askNameServer(
      asker,
      (id) => releaseRequest(owned(id)),
      (packet) => isResponse(packet, name, OPCODE.release),
    );
    return reply.packet.rcode === RCODE.ok;
  } catch (error) {
    // No NBNS to tell: the name times out there.
    if (error instanceof NetbiosError && error.reason === "noNameServer") return false;
    throw error;
  }
}

function isRegistrationResponse(packet: NamePacket, name: NetbiosName): boolean {
  return isResponse(packet, name, OPCODE.registration, OPCODE.multihomedRegistration);
}
