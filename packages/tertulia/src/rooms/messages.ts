/**
 * What members and their hub say to each other: JSON messages, one room for each session.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";

/** Which application at an address the rooms are. */
export const ROOMS_SELECTOR = "rooms";

/** What a member says to its hub. */
export type RoomRequest =
  /** Comes into a room, out of the one it was in. */
  | { readonly type: "join"; readonly room: string; readonly name: string }
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "who" };

/** Somebody in a room. */
export interface RoomMember {
  readonly name: string;
  /** Suspended: the link is broken, and what is said waits for them. */
  readonly state: "connected" | "suspended";
  /** The fingerprint of the key that they proved to hold, as people write it: `SHA256:…`. */
  readonly key?: string;
}

/** What a hub says to a member. */
export type RoomEvent =
  /** We are in; the name is another than asked for when that was taken. */
  | {
      readonly type: "joined";
      readonly room: string;
      readonly name: string;
      readonly members: readonly RoomMember[];
    }
  | { readonly type: "arrived"; readonly member: RoomMember }
  /** `reason` unless they said goodbye. */
  | { readonly type: "left"; readonly name: string; readonly reason?: string }
  | { readonly type: "said"; readonly name: string; readonly text: string }
  /** Somebody's link broke, or is there again. */
  | { readonly type: "link"; readonly name: string; readonly state: RoomMember["state"] }
  | { readonly type: "members"; readonly members: readonly RoomMember[] }
  /** We were too slow, or away for too long: so many messages are not coming. */
  | { readonly type: "missed"; readonly count: number }
  | { readonly type: "refused"; readonly message: string };

/** Names of rooms and people: 1 to 32 characters, no spaces, nothing that a terminal obeys. */
export function isName(text: unknown): text is string {
  return typeof text === "string" && /^[^\s\p{C}]{1,32}$/u.test(text);
}

/**
 * What a stranger sent, as a request.
 *
 * @throws {SessionError} `ERR_PROTOCOL`
 */
export function parseRoomRequest(value: unknown): RoomRequest {
  const { type, room, name, text } = fieldsOf(value);
  if (type === "join" && isName(room) && isName(name)) return { type, room, name };
  if (type === "say" && typeof text === "string") return { type, text };
  if (type === "who") return { type };
  throw new SessionError("ERR_PROTOCOL", "not a request of a room's member");
}

/**
 * What a hub sent.
 *
 * @throws {SessionError} `ERR_PROTOCOL`
 */
export function parseRoomEvent(value: unknown): RoomEvent {
  const fields = fieldsOf(value);
  const { type, room, name, text, reason, count, message, state } = fields;
  switch (type) {
    case "joined":
      if (isName(room) && isName(name)) return { type, room, name, members: membersOf(fields) };
      break;
    case "arrived":
      return { type, member: memberOf(fields["member"]) };
    case "left":
      if (isName(name)) return { type, name, ...(typeof reason === "string" && { reason }) };
      break;
    case "said":
      if (isName(name) && typeof text === "string") return { type, name, text };
      break;
    case "link":
      if (isName(name) && (state === "connected" || state === "suspended")) {
        return { type, name, state };
      }
      break;
    case "members":
      return { type, members: membersOf(fields) };
    case "missed":
      if (typeof count === "number") return { type, count };
      break;
    case "refused":
      if (typeof message === "string") return { type, message };
      break;
  }
  throw new SessionError("ERR_PROTOCOL", "not an event of a room");
}

function membersOf({ members }: Readonly<Record<string, unknown>>): RoomMember[] {
  if (Array.isArray(members)) return members.map(memberOf);
  throw new SessionError("ERR_PROTOCOL", "not the members of a room");
}

function memberOf(value: unknown): RoomMember {
  const { name, state, key } = fieldsOf(value);
  if (isName(name) && (state === "connected" || state === "suspended")) {
    return { name, state, ...(isKey(key) && { key }) };
  }
  throw new SessionError("ERR_PROTOCOL", "not a member of a room");
}

function isKey(value: unknown): value is string {
  return typeof value === "string" && /^SHA256:[A-Za-z0-9+/]{43}$/.test(value);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>; // its fields are unknown
  throw new SessionError("ERR_PROTOCOL", "not an object");
}
