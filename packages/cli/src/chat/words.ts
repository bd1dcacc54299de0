/**
 * What happens in a chat, in words for people.
 *
 * @module
 */

import type { RoomMember } from "tertulia/rooms";
import { harmless } from "../harmless.ts";
import type { ChatEvent } from "./events.ts";

/** Whether it was said by somebody, and not about the room or the link. */
export function isTalk(event: ChatEvent): boolean {
  return event.type === "said" || event.type === "members";
}

/** A sentence, or `undefined` for what only the status line shows. */
export function wordsOf(event: ChatEvent): string | undefined {
  switch (event.type) {
    case "said":
      return `${event.name}: ${harmless(event.text)}`;
    case "joined": {
      const others = event.members.map(({ name }) => name).filter((name) => name !== event.name);
      const company = others.length > 0 ? `with ${others.join(", ")}` : "alone so far";
      return `* You are ${event.name} in ${event.room}, ${company}. /help says what else you can do.`;
    }
    case "arrived":
      return `* ${describe(event.member)} is here.`;
    case "left":
      return `* ${event.name} left${event.reason ? ` (${harmless(event.reason)})` : ""}.`;
    case "link":
      return event.state === "suspended"
        ? `* ${event.name} is cut off. What you say is kept for them.`
        : `* ${event.name} is back.`;
    case "members":
      return event.members
        .map((member) => `* ${describe(member)}${member.state === "suspended" ? ", cut off" : ""}`)
        .join("\n");
    case "missed":
      return `* You were away for too long: ${event.count} messages did not reach you.`;
    case "note":
      // Ours: it may have lines.
      return `* ${event.message}`;
    case "refused":
    case "error":
      return `* ${harmless(event.message)}`;
    case "listening":
      return `* Listening on ${event.address}. Your key is ${event.key}`;
    case "connected":
      return `* Connected to ${event.address} over ${event.over}${event.key ? `, key ${event.key}` : ""}.`;
    case "suspended":
      return `* The link broke (${harmless(event.reason)}). Go on: what you type is kept.`;
    case "resumed":
      return `* Resumed over ${event.over} after ${seconds(event.suspendedMs)}, ${event.replayed} replayed.`;
    case "moved":
      return `* Moved: connected over ${event.over} now.`;
    case "closed":
      return event.reason
        ? `* The session is over: ${harmless(event.reason)}.`
        : "* Goodbye. Everything that was said has arrived.";
    case "retrying":
      return undefined;
  }
}

/** `4 s`, `0.3 s`. */
export function seconds(ms: number): string {
  return ms < 950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

function describe({ name, key }: RoomMember): string {
  return key ? `${name} (${key})` : name;
}
