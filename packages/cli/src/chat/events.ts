/**
 * What a chat shows and what it obeys: the same for a terminal, for pipes and for programs.
 *
 * @module
 */

import type { RoomEvent } from "tertulia/rooms";
import { type Kind, kinds } from "./way.ts";

/** What happens. With `--json`, one of these is one line of the output. */
export type ChatEvent =
  | RoomEvent
  /** Others can come in here. */
  | { readonly type: "listening"; readonly address: string; readonly key: string }
  /** The session is established; `key` is the other side's fingerprint, where it showed one. */
  | {
      readonly type: "connected";
      readonly over: string;
      readonly address: string;
      readonly key?: string;
      readonly session: string;
    }
  | { readonly type: "suspended"; readonly reason: string }
  | { readonly type: "retrying"; readonly reason: string; readonly retryMs: number }
  | {
      readonly type: "resumed";
      readonly over: string;
      readonly replayed: number;
      readonly suspendedMs: number;
    }
  | { readonly type: "moved"; readonly over: string }
  /** An answer to a command. */
  | { readonly type: "note"; readonly message: string }
  /** A line that came to nothing. */
  | { readonly type: "error"; readonly message: string }
  | { readonly type: "closed"; readonly outcome: string; readonly reason?: string };

/** What is asked of a chat. With `--json`, one of these is one line of the input. */
export type ChatCommand =
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "who" }
  | { readonly type: "break"; readonly seconds: number }
  | { readonly type: "move"; readonly to: Kind }
  | { readonly type: "help" }
  | { readonly type: "quit" }
  /** Not a command; `message` says what is wrong with it. */
  | { readonly type: "invalid"; readonly message: string };

export const help = `\
/who           who is here
/break 10      cut the link for 10 seconds, to watch the session survive
/move ws       go over to a WebSocket, and tls or tcp as well, without a pause
/quit          say goodbye (Ctrl-D does so too; Ctrl-C waits at most 3 seconds)
//text         say /text`;

const BREAK_SECONDS_MAX = 3600;

/** Reads a line that somebody typed. */
export function parseLine(line: string): ChatCommand {
  if (!line.startsWith("/")) return { type: "say", text: line };
  if (line.startsWith("//")) return { type: "say", text: line.slice(1) };
  const [word, argument] = line.slice(1).trim().split(/\s+/);
  switch (word) {
    case "who":
    case "help":
    case "quit":
      return { type: word };
    case "break":
      return breakFor(Number(argument ?? 10));
    case "move":
      return moveTo(argument);
  }
  return { type: "invalid", message: `no such command: /${word}; /help lists them` };
}

/** Reads a line that a program wrote. */
export function parseJsonLine(line: string): ChatCommand {
  const invalid = { type: "invalid", message: `not a command: ${line.slice(0, 80)}` } as const;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return invalid;
  }
  if (typeof value !== "object" || value === null) return invalid;
  const { type, text, seconds, to } = value as Readonly<Record<string, unknown>>; // its fields are unknown
  switch (type) {
    case "say":
      return typeof text === "string" ? { type, text } : invalid;
    case "who":
    case "quit":
      return { type };
    case "break":
      return breakFor(seconds);
    case "move":
      return moveTo(to);
  }
  return invalid;
}

function breakFor(seconds: unknown): ChatCommand {
  if (typeof seconds === "number" && seconds > 0 && seconds <= BREAK_SECONDS_MAX) {
    return { type: "break", seconds };
  }
  return { type: "invalid", message: `break: for how many seconds? 1 to ${BREAK_SECONDS_MAX}` };
}

function moveTo(to: unknown): ChatCommand {
  const kind = kinds.find((one) => one === to);
  if (kind) return { type: "move", to: kind };
  return { type: "invalid", message: `move: to what? ${kinds.join(", ")}` };
}
