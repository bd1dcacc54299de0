/**
 * A conversation: between a room, the session that leads to it, and the face of its user.
 *
 * @module
 */

import type { Session, SessionChange, SessionEnd, Transport } from "tertulia";
import { formatFingerprint } from "tertulia/auth";
import type { Room } from "tertulia/rooms";
import { messageOf } from "../exit.ts";
import { type ChatCommand, type ChatEvent, help } from "./events.ts";
import type { Face } from "./face.ts";
import type { Kind } from "./way.ts";

/** What a conversation is made of. */
export interface Party {
  readonly room: Room;
  readonly face: Face;
  /** Cuts the link to the others for a while. */
  readonly cut: (forMs: number) => void;
  /** Goes over to another kind of transport; throws why not. */
  readonly move: (kind: Kind) => void;
  /** Whether the session is with a hub of our own, whose link is nothing to speak of. */
  readonly isHost: boolean;
  /** Ends it in order, and soon; the second reason is to end it now. */
  readonly stop: AbortSignal;
}

/** How long a goodbye may take that was asked for with Ctrl-C. */
const GOODBYE_MS = 3000;

/** How a conversation ended. */
export interface Conversation {
  readonly end: SessionEnd;
  /** Lines that came to nothing: what they were to say was not said. */
  readonly failures: number;
}

/** Goes on until the user or the other side has had enough. */
export async function converse(party: Party): Promise<Conversation> {
  const { room, face, stop, isHost } = party;
  const { session } = room;
  // A suspended session has nothing open that would keep the process.
  const alive = setInterval(() => {}, 1000);
  const changes = session.changes();
  if (!isHost) face.show(connected(session));
  face.show({ type: "joined", room: room.label, name: room.name, members: room.members });
  const hearing = hear(room, face);
  const watching = watch(session, changes, face, isHost);
  let failures = 0;
  const failed = (error: unknown) => {
    failures += 1;
    face.show({ type: "error", message: messageOf(error) });
  };
  try {
    const isStopped = once(stop);
    const isOver = session.closed;
    const first = await Promise.race([isOver.then(() => "closed"), obey(party, failed), isStopped]);
    if (first === "quit") await Promise.race([goodbye(session), isStopped]);
    else if (first === "stop") void goodbye(session);
    await Promise.race([isOver, once(AbortSignal.timeout(GOODBYE_MS))]);
    const { backlogOctets } = session;
    const lost = backlogOctets > 0 ? `; ${backlogOctets} octets may not have arrived` : "";
    session.abort(`left without goodbye${lost}`);
    const end = await session.closed;
    await Promise.all([hearing, watching]);
    return { end, failures };
  } finally {
    clearInterval(alive);
  }
}

/** What a transport is called in sentences. */
export function kindOf(transport: Transport | undefined): string {
  if (transport?.kind !== "websocket") return transport?.kind ?? "";
  return transport.isConfidential ? "wss" : "ws";
}

function connected(session: Session): ChatEvent {
  const { transport, keyFingerprint, id } = session;
  const key = keyFingerprint && formatFingerprint(keyFingerprint);
  const address = transport?.peer.address ?? "";
  return {
    type: "connected",
    over: kindOf(transport),
    address,
    ...(key && { key }),
    session: id,
  };
}

async function hear(room: Room, face: Face): Promise<void> {
  try {
    for await (const event of room) face.show(event);
  } catch (error) {
    // How the session ended is told elsewhere; this may also be a hub that talks nonsense.
    room.session.abort(messageOf(error));
  }
}

async function watch(
  session: Session,
  changes: AsyncIterable<SessionChange>,
  face: Face,
  isHost: boolean,
): Promise<void> {
  for await (const change of changes) {
    const event = isHost ? undefined : eventOf(change, session);
    if (event) face.show(event);
  }
}

function eventOf(change: SessionChange, session: Session): ChatEvent | undefined {
  switch (change.type) {
    case "suspended":
      return { type: "suspended", reason: change.error.message };
    case "retrying":
      return { type: "retrying", reason: change.error.message, retryMs: change.retryMs };
    case "resumed": {
      const { replayed, suspendedMs } = change;
      return { type: "resumed", over: kindOf(session.transport), replayed, suspendedMs };
    }
    case "moved":
      return { type: "moved", over: kindOf(session.transport) };
    default:
      return undefined;
  }
}

/** Does what the user wants. Resolves when the user wants to go. */
async function obey(party: Party, failed: (error: unknown) => void): Promise<"quit"> {
  for await (const command of party.face.commands()) {
    if (command.type === "quit") break;
    try {
      await follow(party, command);
    } catch (error) {
      failed(error);
    }
  }
  return "quit";
}

async function follow(
  { room, face, cut, move }: Party,
  command: Exclude<ChatCommand, { type: "quit" }>,
): Promise<void> {
  switch (command.type) {
    case "say":
      return room.say(command.text);
    case "who":
      return room.askWho();
    case "break":
      face.show({ type: "note", message: `The link is cut for ${command.seconds} s.` });
      return cut(command.seconds * 1000);
    case "move":
      return move(command.to);
    case "help":
      return face.show({ type: "note", message: `You can type\n${help}` });
    case "invalid":
      return face.show({ type: "error", message: command.message });
  }
}

/** Ends the session in order, in whatever time that takes. */
async function goodbye(session: Session): Promise<void> {
  try {
    await session.release();
  } catch {
    // The session tells how it ended; or it is ending already.
  }
}

async function once(signal: AbortSignal): Promise<"stop"> {
  const { promise, resolve } = Promise.withResolvers<"stop">();
  if (signal.aborted) resolve("stop");
  else signal.addEventListener("abort", () => resolve("stop"), { once: true });
  return promise;
}
