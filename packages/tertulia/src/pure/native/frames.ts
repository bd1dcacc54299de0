/**
 * The frames of the Tertulia protocol, version 1: docs/protocol.md, section 2.
 *
 * A frame is its type (one octet), the length of its body (a varint) and its body. The type says
 * which lane counts it: lane 0 carries what is said in order, lane 1 what overtakes, and control
 * frames are on neither, because they only state what is so now.
 *
 * @module
 */

import { concatOctets, varintSize, Writer } from "../octets.ts";

/** Control: not counted, not kept, stated anew after a resume. */
export const CONNECT = 0x01;
export const AUTH = 0x02;
export const ACCEPT = 0x03;
export const REFUSE = 0x04;
export const RESUME = 0x05;
export const RESUMED = 0x06;
export const CONFIRM = 0x07;
export const ACK = 0x08;
export const CREDIT = 0x09;
export const STREAM_CREDIT = 0x0a;
export const PING = 0x0b;
export const PONG = 0x0c;
export const GOAWAY = 0x0d;
export const ABORT = 0x0e;
export const FENCED = 0x0f;
export const RELEASED = 0x10;
export const STORED = 0x11;

/** Counted on lane 0. */
export const OPEN = 0x20;
export const DATA = 0x21;
export const END = 0x22;
export const RESET = 0x23;
export const DIALOGUE = 0x24;
export const FINISH = 0x28;
export const FINISHED = 0x29;
export const NOT_FINISHED = 0x2a;

/** Counted on lane 1. */
export const DIALOGUE_EXPEDITED = 0x30;

/**
 * A message, or a segment of one: `01 kk m ccc`, the kind, whether more segments follow, and the
 * presentation context.
 */
export const MESSAGE = 0x40;
/** More segments of this message follow. */
export const MORE = 0x08;

/** With this bit a receiver that does not know the frame skips it; without it, the session ends. */
export const OPTIONAL = 0x80;

/** How a message travels. The order is that of the two bits in its frame's type. */
export const messageKinds = ["normal", "typed", "expedited", "capability"] as const;

/**
 * How a message travels: `normal` in its turn, `typed` outside the turn, `expedited` past what waits,
 * `capability` between activities (X.215 names).
 */
export type MessageKind = (typeof messageKinds)[number];

/** The type of a message's frame. */
export function messageFrame(kind: MessageKind, context: number): number {
  return MESSAGE | (messageKinds.indexOf(kind) << 4) | context;
}

/** The lane that counts a frame of this type; `undefined` for control frames. */
export function laneOf(type: number): 0 | 1 | undefined {
  const plain = type & ~OPTIONAL;
  if (plain < 0x20) return undefined;
  if (plain < 0x40) return plain < 0x30 ? 0 : 1;
  return (plain & 0x30) === 0x20 ? 1 : 0;
}

const names = new Map<number, string>([
  [CONNECT, "CONNECT"],
  [AUTH, "AUTH"],
  [ACCEPT, "ACCEPT"],
  [REFUSE, "REFUSE"],
  [RESUME, "RESUME"],
  [RESUMED, "RESUMED"],
  [CONFIRM, "CONFIRM"],
  [ACK, "ACK"],
  [CREDIT, "CREDIT"],
  [STREAM_CREDIT, "STREAM_CREDIT"],
  [PING, "PING"],
  [PONG, "PONG"],
  [GOAWAY, "GOAWAY"],
  [ABORT, "ABORT"],
  [FENCED, "FENCED"],
  [RELEASED, "RELEASED"],
  [STORED, "STORED"],
  [OPEN, "OPEN"],
  [DATA, "DATA"],
  [END, "END"],
  [RESET, "RESET"],
  [DIALOGUE, "DIALOGUE"],
  [FINISH, "FINISH"],
  [FINISHED, "FINISHED"],
  [NOT_FINISHED, "NOT_FINISHED"],
  [DIALOGUE_EXPEDITED, "DIALOGUE_EXPEDITED"],
]);

/** A frame's name, for errors and logs. */
export function frameName(type: number): string {
  const known = names.get(type);
  if (known !== undefined) return known;
  const isMessage = type >= MESSAGE && type < OPTIONAL;
  return isMessage ? "MESSAGE" : `0x${type.toString(16).padStart(2, "0")}`;
}

/** A whole frame, copied: for control frames, which are few. */
export function encodeFrame(type: number, body: Uint8Array): Uint8Array {
  const header = new Writer(1 + varintSize(body.length)).u8(type).varint(body.length);
  return concatOctets([header.finish(), body]);
}

/** A control frame whose body is varints. */
export function encodeVarints(type: number, ...values: readonly number[]): Uint8Array {
  const body = new Writer();
  for (const value of values) body.varint(value);
  return encodeFrame(type, body.finish());
}

/** Writes a control frame of a few varints: its body is shorter than 128 octets. */
export function writeVarints(writer: Writer, type: number, ...values: readonly number[]): void {
  let size = 0;
  for (const value of values) size += varintSize(value);
  writer.u8(type).u8(size);
  for (const value of values) writer.varint(value);
}
