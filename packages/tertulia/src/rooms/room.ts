/**
 * A room as its member has it: over a session with whoever runs the hub.
 *
 * @module
 */

import type { Session } from "../io/session.ts";
import { SessionError } from "../pure/errors.ts";
import type { Message } from "../pure/native/message.ts";
import { parseRoomEvent, type RoomEvent, type RoomMember, type RoomRequest } from "./messages.ts";

/** A room as its member has it; made by {@link joinRoom}. Iterate it for what happens there. */
export class Room implements AsyncIterable<RoomEvent> {
  readonly session: Session;
  readonly label: string;
  /** What we are called here: not what we asked for, if that was taken. */
  readonly name: string;
  /** Who was here when we came, with ourselves. */
  readonly members: readonly RoomMember[];
  readonly #messages: AsyncIterator<Message, undefined>;

  /** Made by {@link joinRoom}. */
  constructor(
    session: Session,
    messages: AsyncIterator<Message, undefined>,
    { room, name, members }: Extract<RoomEvent, { type: "joined" }>,
  ) {
    this.session = session;
    this.#messages = messages;
    this.label = room;
    this.name = name;
    this.members = members;
  }

  /**
   * Says something to all others in the room. Awaiting it is backpressure, as for `Session.send`.
   *
   * @throws {SessionError} what `Session.send` throws.
   */
  say(text: string): Promise<void> {
    return ask(this.session, { type: "say", text });
  }

  /** Asks who is here: the answer is an event of the type `members`. */
  askWho(): Promise<void> {
    return ask(this.session, { type: "who" });
  }

  /** What happens in the room. Ends with the session, and throws the error that ended it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RoomEvent, void, undefined> {
    for (;;) {
      const { value, done } = await this.#messages.next();
      if (done) return;
      yield parseRoomEvent(value.value);
    }
  }
}

/**
 * Comes into a room. The session was established with the selector {@link ROOMS_SELECTOR}, and is
 * the room's from now on; releasing it says goodbye.
 *
 * @param name - What to be called: 1 to 32 characters without spaces; so is the room's.
 * @throws {SessionError} `ERR_REFUSED` when the hub says no; why the session ended.
 *
 * @example
 * const session = await connect("tls://chat.example", { selector: ROOMS_SELECTOR });
 * const room = await joinRoom(session, "lobby", "ana");
 * for await (const event of room) if (event.type === "said") console.log(event.name, event.text);
 */
export async function joinRoom(session: Session, room: string, name: string): Promise<Room> {
  await ask(session, { type: "join", room, name });
  const messages = session[Symbol.asyncIterator]();
  const { value, done } = await messages.next();
  if (done) throw new SessionError("ERR_CLOSED", "the session ended before we were in");
  const event = parseRoomEvent(value.value);
  if (event.type === "joined") return new Room(session, messages, event);
  const message = event.type === "refused" ? event.message : `${event.type} instead of joined`;
  throw new SessionError("ERR_REFUSED", message);
}

function ask(session: Session, request: RoomRequest): Promise<void> {
  return session.send(request, { context: "json" });
}
