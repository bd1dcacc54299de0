/**
 * Session service packets: a type, a 17-bit length, and what follows (RFC 1002 4.3).
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { NO_OCTETS, Reader, Writer } from "../octets.ts";
import { readAddress, writeAddress } from "./address.ts";
import type { NetbiosName } from "./name.ts";
import { NAME_WIRE_OCTETS_MAX } from "./name.ts";
import { readName, type Strictness, writeName } from "./name-wire.ts";

/** RFC 1002 4.3.1: TYPE. */
export const SESSION_TYPE = {
  message: 0x00,
  request: 0x81,
  positive: 0x82,
  negative: 0x83,
  retarget: 0x84,
  keepAlive: 0x85,
} as const;

/** RFC 1002 4.3.4: why a session request is refused. */
export const SESSION_ERROR_CODES = {
  notListeningOnCalledName: 0x80,
  notListeningForCallingName: 0x81,
  calledNameNotPresent: 0x82,
  insufficientResources: 0x83,
  unspecified: 0x8f,
} as const;

export type SessionRefusal = keyof typeof SESSION_ERROR_CODES;

/** A packet of the session service, decoded: RFC 1002 4.3. */
export type SessionPacket =
  | { readonly type: "message"; readonly userData: Uint8Array }
  | { readonly type: "request"; readonly called: NetbiosName; readonly calling: NetbiosName }
  | { readonly type: "positive" }
  | { readonly type: "negative"; readonly errorCode: number }
  | { readonly type: "retarget"; readonly address: string; readonly port: number }
  | { readonly type: "keepAlive" };

/** RFC 1002 4.3.1: LENGTH has 16 bits, and one more in FLAGS. */
export const MESSAGE_OCTETS_MAX = 0x1ffff;
export const SESSION_HEADER_OCTETS = 4;

/** A packet as octets. @throws {RangeError} never: a message that is too long is the caller's check. */
export function encodeSessionPacket(packet: SessionPacket): Uint8Array {
  const body = encodeBody(packet);
  return new Writer()
    .octets(sessionHeader(SESSION_TYPE[packet.type], body.length))
    .octets(body)
    .finish();
}

/** The four octets before a packet's body. */
export function sessionHeader(type: number, length: number): Uint8Array {
  return Uint8Array.of(type, (length >> 16) & 1, (length >> 8) & 255, length & 255);
}

/**
 * The packet that a header and its body are.
 *
 * @param body - As many octets as the header says. Kept: a message's user data is a view of it.
 * @throws {ProtocolError} for an unknown type, or a body that is not of this type.
 */
export function decodeSessionPacket(
  type: number,
  body: Uint8Array,
  { strict = false }: Strictness = {},
): SessionPacket {
  const reader = new Reader(body, "RFC 1002 4.3");
  switch (type) {
    case SESSION_TYPE.message:
      return { type: "message", userData: body };
    case SESSION_TYPE.request: {
      const called = readName(body, 0, false);
      const calling = readName(body, called.end, false);
      checkEnd(strict, body.length - calling.end, "RFC 1002 4.3.2");
      return { type: "request", called: called.value, calling: calling.value };
    }
    case SESSION_TYPE.positive:
      checkEnd(strict, body.length, "RFC 1002 4.3.3");
      return { type: "positive" };
    case SESSION_TYPE.negative: {
      const errorCode = reader.u8();
      checkEnd(strict, reader.remaining, "RFC 1002 4.3.4");
      return { type: "negative", errorCode };
    }
    case SESSION_TYPE.retarget: {
      const address = readAddress(reader);
      const port = reader.u16();
      checkEnd(strict, reader.remaining, "RFC 1002 4.3.5");
      return { type: "retarget", address, port };
    }
    case SESSION_TYPE.keepAlive:
      checkEnd(strict, body.length, "RFC 1002 4.3.7");
      return { type: "keepAlive" };
    default:
      throw new ProtocolError("unknownSessionType", "RFC 1002 4.3.1", describeType(type));
  }
}

/** The longest body that a type may have: checked before anything is kept for it. */
export function bodyOctetsMax(type: number): number | undefined {
  return BODY_OCTETS_MAX.get(type);
}

/** The reason that an error code stands for. A code that the RFC does not know is unspecified. */
export function reasonOfErrorCode(errorCode: number): SessionRefusal {
  for (const [reason, code] of Object.entries(SESSION_ERROR_CODES)) {
    // The keys of the table are the reasons.
    if (code === errorCode) return reason as SessionRefusal;
  }
  return "unspecified";
}

/** A type octet that is not one, with what people usually connect here by mistake. */
export function describeType(type: number): string {
  const shown = `0x${type.toString(16).padStart(2, "0")}`;
  if (type === 0x16) return `${shown}: this looks like TLS`;
  if (type >= 0x41 && type <= 0x5a) {
    return `${shown}: this looks like HTTP or other text, beginning with "${String.fromCharCode(type)}"`;
  }
  return shown;
}

const BODY_OCTETS_MAX: ReadonlyMap<number, number> = new Map([
  [SESSION_TYPE.message, MESSAGE_OCTETS_MAX],
  [SESSION_TYPE.request, 2 * NAME_WIRE_OCTETS_MAX],
  [SESSION_TYPE.positive, 0],
  [SESSION_TYPE.negative, 1],
  [SESSION_TYPE.retarget, 6],
  [SESSION_TYPE.keepAlive, 0],
]);

function encodeBody(packet: SessionPacket): Uint8Array {
  switch (packet.type) {
    case "message":
      return packet.userData;
    case "request":
      return writeName(writeName(new Writer(), packet.called), packet.calling).finish();
    case "negative":
      return Uint8Array.of(packet.errorCode);
    case "retarget":
      return writeAddress(new Writer(), packet.address).u16(packet.port).finish();
    case "positive":
    case "keepAlive":
      return NO_OCTETS;
  }
}

function checkEnd(strict: boolean, left: number, clause: string): void {
  if (strict && left > 0) throw new ProtocolError("trailingOctets", clause, `${left}`);
}
