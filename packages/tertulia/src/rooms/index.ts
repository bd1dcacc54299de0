/**
 * Rooms where people talk, over sessions: `tertulia/rooms`.
 *
 * @module
 */

export { type RoomChange, RoomHub, type RoomHubOptions } from "./hub.ts";
export {
  isName,
  ROOMS_SELECTOR,
  type RoomEvent,
  type RoomMember,
  type RoomRequest,
} from "./messages.ts";
export { joinRoom, Room } from "./room.ts";
