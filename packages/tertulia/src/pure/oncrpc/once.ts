/**
 * Exactly once: slots with sequence numbers, below any program, after NFSv4.1's idea (RFC 8881 2.10.6).
 *
 * A call takes a slot and the slot's next number. The server executes a number once, keeps the reply
 * until the slot's next call shows that the client has it, and can say of every call what became of it.
 * The state is as large as the slots, so that it cannot overflow; the slots are the flow control, too.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import type { XdrReader } from "./xdr-reader.ts";
import type { XdrWriter } from "./xdr-writer.ts";

/** What the first word of a message says that it is. */
export const OnceMessage = { HELLO: 0, WELCOME: 1, CALL: 2, REPLY: 3, CANCEL: 4, BYE: 5 } as const;

/** What became of a call, by its number in a REPLY. */
export const OUTCOMES = ["reply", "not executed", "executed, reply lost", "unknown"] as const;

/** What became of a call, as far as can be known. */
export type Outcome = (typeof OUTCOMES)[number];

export const ONCE_VERSION = 1;
/** Octets of a client's identity. */
export const CLIENT_ID_OCTETS = 16;
/** Slots that a client may ask for; each may hold a reply. */
export const SLOTS_MAX = 1024;

/** A client's first message on a channel. */
export interface Hello {
  readonly clientId: Uint8Array;
  readonly slots: number;
}

/** The server's answer. */
export interface Welcome {
  /** Identifies what the server remembers of this client: with another value it is nothing of before. */
  readonly memory: Uint8Array;
  /** Slots that the client may use. */
  readonly slots: number;
}

export function encodeHello(writer: XdrWriter, { clientId, slots }: Hello): void {
  writer.uint(OnceMessage.HELLO);
  writer.uint(ONCE_VERSION);
  writer.opaqueFixed(clientId, CLIENT_ID_OCTETS);
  writer.uint(slots);
}

/** The type is read already. */
export function decodeHello(reader: XdrReader): Hello {
  const version = reader.uint();
  if (version !== ONCE_VERSION) throw broken("badVersion", `${version}`);
  const clientId = reader.opaqueFixed(CLIENT_ID_OCTETS).slice();
  const slots = reader.uint();
  if (slots === 0) throw broken("noSlots", "a client asks for at least one");
  reader.finish();
  return { clientId, slots: Math.min(slots, SLOTS_MAX) };
}

export function encodeWelcome(writer: XdrWriter, { memory, slots }: Welcome): void {
  writer.uint(OnceMessage.WELCOME);
  writer.opaqueFixed(memory, CLIENT_ID_OCTETS);
  writer.uint(slots);
}

/** The type is read already. */
export function decodeWelcome(reader: XdrReader): Welcome {
  const memory = reader.opaqueFixed(CLIENT_ID_OCTETS).slice();
  const slots = reader.uint();
  reader.finish();
  if (slots === 0 || slots > SLOTS_MAX) throw broken("badSlots", `${slots}`);
  return { memory, slots };
}

/** Writes what stands in front of the RPC message in CALL and CANCEL. */
export function encodePlace(writer: XdrWriter, type: number, slot: number, serial: number): void {
  const at = writer.reserve(12);
  const { view } = writer;
  view.setUint32(at, type);
  view.setUint32(at + 4, slot);
  view.setUint32(at + 8, serial);
}

/** One of the server's slots for one client. */
export interface ServedSlot {
  /** The number of the last call that was begun. */
  serial: number;
  state: "free" | "running" | "done" | "cancelled" | "unknown";
  /** The last reply, if it is kept: from `start` to `end` of `octets`. */
  octets: Uint8Array | undefined;
  start: number;
  end: number;
}

/** What a server does with a call that came. */
export type Decision = "execute" | "wait" | "replay" | "lost" | "not executed" | "unknown";

/** The number of the call after that one in a slot. 0 is a slot's that has had none, and stays so. */
export function serialAfter(serial: number): number {
  return serial === 0xffff_ffff ? 1 : serial + 1;
}

export function freshSlot(): ServedSlot {
  return { serial: 0, state: "free", octets: undefined, start: 0, end: 0 };
}

/**
 * Decides about a call, and marks the slot when it is to be executed.
 *
 * @throws {ProtocolError} `serialMisordered` when the client goes back further than the last call, or
 * forward while that still runs: a slot has one call at a time.
 */
export function decide(slot: ServedSlot, serial: number): Decision {
  if (serial === serialAfter(slot.serial)) {
    if (slot.state === "running") throw broken("serialMisordered", `${slot.serial} still runs`);
    slot.serial = serial;
    slot.state = "running";
    slot.octets = undefined;
    return "execute";
  }
  if (serial !== slot.serial || serial === 0) {
    // Numbers go round: what is less than half a round ahead is ahead.
    if (slot.serial === 0 || ((serial - slot.serial) | 0) > 0) {
      // Numbers that we have not seen come between: this memory is older than the client's.
      slot.serial = serial;
      slot.state = "unknown";
      slot.octets = undefined;
      return "unknown";
    }
    throw broken("serialMisordered", `expected ${serialAfter(slot.serial)}, got ${serial}`);
  }
  if (slot.state === "running") return "wait";
  if (slot.state === "cancelled") return "not executed";
  if (slot.state === "unknown") return "unknown";
  return slot.octets === undefined ? "lost" : "replay";
}

/**
 * Decides about a call that the client no longer wants: it is not executed, if it has not been begun.
 */
export function decideCancel(slot: ServedSlot, serial: number): Decision {
  if (serial !== serialAfter(slot.serial)) return decide(slot, serial);
  if (slot.state === "running") throw broken("serialMisordered", `${slot.serial} still runs`);
  slot.serial = serial;
  slot.state = "cancelled";
  slot.octets = undefined;
  return "not executed";
}

function broken(violation: string, detail: string): ProtocolError {
  return new ProtocolError(violation, "docs/design/exactly-once.md", detail);
}
