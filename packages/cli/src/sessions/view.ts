/**
 * A session as its operator sees it, live or in a store, and which of them are asked for.
 *
 * @module
 */

import type { Session } from "tertulia";
import { formatFingerprint } from "tertulia/auth";
import type { SessionSummary } from "tertulia/stores";
import { fit } from "../fit.ts";
import { harmlessLine } from "../harmless.ts";

export interface SessionView {
  readonly id: string;
  readonly role: "initiator" | "responder";
  /** `method:name`; who proved nothing is `none:`. */
  readonly identity: string;
  /** `stored`: nobody has it open. */
  readonly state: "connected" | "suspended" | "closed" | "stored";
  /** In ms since 1970. */
  readonly createdAt: number;
  readonly epoch: number;
  /** Octets that the peer does not have yet, and that the application has not taken. */
  readonly sentOctets: number;
  readonly receivedOctets: number;
  /** Of one that is live. */
  readonly live?: {
    /** The process that has it. */
    readonly pid: number;
    /** Kind of transport and the peer's address; empty while there is none. */
    readonly over: string;
    readonly address: string;
    readonly selector: string;
    readonly agent: string;
    readonly durability: string;
    /** Whether this side keeps it in a store. */
    readonly isKept: boolean;
    /** The key that the peer showed over TLS, in hex. */
    readonly key?: string;
  };
}

export interface SessionFilter {
  /** Text that the identity contains, in programs' form or in people's. */
  readonly identity?: string;
  readonly state?: string;
  /** At least so old, in ms. */
  readonly ageMs?: number;
  /** At least so many octets that wait, in both directions. */
  readonly backlogOctets?: number;
}

export function viewOf(session: Session): SessionView {
  const { identity, transport, agreement, peer, machine, keyFingerprint } = session;
  return {
    id: session.id,
    role: machine.role,
    identity: `${identity.method}:${identity.name}`,
    state: session.state,
    createdAt: session.createdAt,
    epoch: machine.epoch,
    sentOctets: session.backlogOctets,
    receivedOctets: machine.link.unreadOctets,
    live: {
      pid: process.pid,
      over: transport?.kind ?? "",
      address: transport?.peer.address ?? "",
      selector: peer.calledSelector,
      agent: peer.agent,
      durability: agreement.durability,
      isKept: session.isKept,
      ...(keyFingerprint !== undefined && { key: keyFingerprint }),
    },
  };
}

export function storedView(summary: SessionSummary): SessionView {
  const { updatedAt: _, ...rest } = summary;
  return { ...rest, state: "stored" };
}

export function isWanted(view: SessionView, filter: SessionFilter, now: number): boolean {
  const { identity, state, ageMs, backlogOctets } = filter;
  if (identity !== undefined) {
    const names = [view.identity, readable(view.identity)];
    if (!names.some((name) => name.includes(identity))) return false;
  }
  if (state !== undefined && view.state !== state) return false;
  if (ageMs !== undefined && now - view.createdAt < ageMs) return false;
  return backlogOctets === undefined || view.sentOctets + view.receivedOctets >= backlogOctets;
}

/** How much of an id or an identity is shown where there is little room. */
const ID_LENGTH = 8;
const IDENTITY_LENGTH = 16;

/**
 * For people, one line.
 *
 * @param columns - What it has room for: first it is shortened, then what matters least is left out.
 *   The beginning of an id is enough for `show` and `end`.
 */
export function lineOf(view: SessionView, now: number, columns: number = Infinity): string {
  const { id, identity, epoch, sentOctets, receivedOctets, live } = view;
  const where = live?.address ? `${live.over} ${live.address}` : "";
  const state = view.state.padEnd(9);
  const who = harmlessLine(readable(identity));
  const age = `${seconds(now - view.createdAt)} old`;
  const rest = `to send, ${receivedOctets} to read`;
  const backlog = `${sentOctets} ${rest}`;
  const short = [id.slice(0, ID_LENGTH), state, shortened(who, IDENTITY_LENGTH), age];
  const lines = [
    [id, state, who, age, `epoch ${epoch}`, `${sentOctets} octets ${rest}`, where],
    [...short, `epoch ${epoch}`, backlog, where],
    [...short, backlog, where],
    [...short, backlog],
    short,
  ].map((parts) => parts.filter((part) => part !== "").join("  "));
  return lines.find((line) => line.length <= columns) ?? fit(lines.at(-1) ?? "", columns);
}

/** Its beginning and its end: keys begin alike. */
function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor(length / 4);
  return `${text.slice(0, length - 1 - tail)}…${text.slice(-tail)}`;
}

/** For people, one property a line. */
export function pageOf(view: SessionView): string {
  const { live, ...rest } = view;
  const createdAt = new Date(view.createdAt).toISOString();
  const identity = readable(view.identity);
  const key = live?.key && { key: formatFingerprint(live.key) };
  const properties = { ...rest, identity, createdAt, ...live, ...key };
  return Object.entries(properties)
    .map(([name, value]) => `${name.padEnd(16)}${harmlessLine(String(value))}\n`)
    .join("");
}

/** A key as people know it: `SHA256:…`. */
function readable(identity: string): string {
  const [, key] = /^ed25519:([0-9a-f]{64})$/.exec(identity) ?? [];
  return key ? formatFingerprint(key) : identity;
}

function seconds(ms: number): string {
  const whole = Math.max(0, Math.round(ms / 1000));
  if (whole < 120) return `${whole} s`;
  return whole < 7200 ? `${Math.round(whole / 60)} min` : `${Math.round(whole / 3600)} h`;
}
