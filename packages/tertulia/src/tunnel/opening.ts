/**
 * What the two ends of a tunnel say when a stream opens: its label says where it is to go, its first
 * octet that it got there, a reset why it did not.
 *
 * The session carries a label exactly once, whatever breaks; so a target is connected to exactly once.
 *
 * @module
 */

import { StreamResetError } from "../io/stream.ts";
import { SessionError } from "../pure/errors.ts";
import { formatTarget, parseTarget, type Target } from "./spec.ts";

/** The selector of tunnels: which application at that address. */
export const TUNNEL_SELECTOR = "tunnel";

/** What a stream of a tunnel is for. */
export type Opening =
  /** Connect to the target. */
  | { readonly type: "tcp"; readonly target: Target }
  /** Exchange datagrams with the target, each behind its length (two octets). */
  | { readonly type: "udp"; readonly target: Target }
  /** Listen there, as long as this stream is open. Answered with the address listened at. */
  | { readonly type: "listen"; readonly target: Target }
  /** A connection came to a listener, which is known by the number of its stream. */
  | { readonly type: "accepted"; readonly listener: number }
  /** Connect to the target, which speaks FTP: watch what it announces. */
  | { readonly type: "ftp"; readonly target: Target }
  /** A data connection to a port that the control connection of this stream announced. */
  | { readonly type: "ftp-passive"; readonly control: number; readonly port: number }
  /** A data connection from the server, to the address that the client announced there. */
  | { readonly type: "ftp-active"; readonly control: number; readonly target: Target };

/** Why a stream came to nothing, as the code of its reset. */
export const failures = {
  general: 1,
  notAllowed: 2,
  refused: 3,
  unreachable: 4,
  unknownName: 5,
  timeout: 6,
  limit: 7,
  /** It was connected, and then the connection was reset. */
  reset: 8,
  /** The address of a remote forward is in use, or not one to listen at. */
  cannotListen: 9,
  /** Its process ended, and its session went on in another one: what every stream says then. */
  lost: 0xffff_ffff,
} as const;

/** Why a connection through a tunnel came to nothing: what the reset of its stream says. */
export type Failure = keyof typeof failures;

/** The octet that says that the target is connected. */
export const CONNECTED: Uint8Array = Uint8Array.of(0);

export function formatOpening(opening: Opening): string {
  switch (opening.type) {
    case "tcp":
    case "udp":
    case "listen":
    case "ftp":
      return `${opening.type} ${formatTarget(opening.target)}`;
    case "accepted":
      return `accepted ${opening.listener}`;
    case "ftp-passive":
      return `ftp-passive ${opening.control} ${opening.port}`;
    case "ftp-active":
      return `ftp-active ${opening.control} ${formatTarget(opening.target)}`;
  }
}

/** @throws {SessionError} `ERR_ARGUMENT` for a label that no tunnel writes. */
export function parseOpening(label: string): Opening {
  const [type, ...words] = label.split(" ");
  const [first = "", second = ""] = words;
  switch (type) {
    case "tcp":
    case "udp":
    case "listen":
    case "ftp":
      return { type, target: parseTarget(first) };
    case "accepted":
      return { type, listener: numberOf(first, label) };
    case "ftp-passive":
      return { type, control: numberOf(first, label), port: numberOf(second, label) };
    case "ftp-active":
      return { type, control: numberOf(first, label), target: parseTarget(second) };
  }
  throw new SessionError("ERR_ARGUMENT", `no opening of a tunnel: ${label}`);
}

const descriptions: Readonly<Record<Failure, string>> = {
  general: "failed on the far side",
  notAllowed: "not allowed on the far side (serve --allow)",
  refused: "the target refused the connection",
  unreachable: "the target cannot be reached from the far side",
  unknownName: "the far side does not know that name",
  timeout: "the target did not answer",
  limit: "too many connections",
  reset: "the target reset the connection",
  cannotListen: "the far side cannot listen there: it is in use, or not an address of its own",
  lost: "the far side was restarted, and the socket that it had is gone",
};

/** A failure in words, for who asked for the connection. */
export function describeFailure(failure: Failure): string {
  return descriptions[failure];
}

/** As the code of an error: the process ends, and the connection cannot go over to the next one. */
export const LOST = "LOST";

/** The failure that a system error is. */
export function failureOf(error: unknown): Failure {
  const { code } = error as { code?: string }; // system errors have one
  switch (code) {
    case "ECONNREFUSED":
      return "refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "unknownName";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
      return "unreachable";
    case "ETIMEDOUT":
      return "timeout";
    case "EMFILE":
    case "ENFILE":
      return "limit";
    case "ECONNRESET":
    case "EPIPE":
      return "reset";
    case LOST:
      return "lost";
  }
  return "general";
}

/** The failure that a reset stream tells of. Who says nothing about it has just reset it. */
export function failureOfReset(error: unknown): Failure {
  const code = error instanceof StreamResetError ? error.resetCode || failures.reset : undefined;
  const names = Object.keys(failures) as Failure[]; // its own keys
  return names.find((name) => failures[name] === code) ?? "general";
}

function numberOf(text: string, label: string): number {
  if (!/^\d{1,15}$/.test(text)) {
    throw new SessionError("ERR_ARGUMENT", `no opening of a tunnel: ${label}`);
  }
  return Number(text);
}
