/**
 * What a session hands to its application, and how values become octets and octets values.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { decodeUtf8, utf8 } from "../octets.ts";
import type { MessageKind } from "./frames.ts";

/**
 * A presentation context: an encoding both sides know by its name. They agree on a list of up to
 * eight when the session is established.
 */
export interface PresentationContext {
  /** What the peers call it, for example `json`. */
  readonly name: string;
  /** Whether this context is the natural one for a value, when the sender names none. */
  accepts(value: unknown): boolean;
  /** The octets of a value. They are not written to afterwards. */
  encode(value: unknown): Uint8Array;
  /** The value of octets. Throws whatever it likes when they are not in this encoding. */
  decode(octets: Uint8Array): unknown;
}

/**
 * Octets as they are: a `Uint8Array`, any other view, or an `ArrayBuffer`. What arrives is a
 * `Uint8Array` that shares memory with what was received.
 */
export const octetsContext: PresentationContext = {
  name: "octets",
  accepts: (value) =>
    value instanceof Uint8Array || ArrayBuffer.isView(value) || value instanceof ArrayBuffer,
  encode(value) {
    if (value instanceof Uint8Array) return value;
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    if (!ArrayBuffer.isView(value)) throw new TypeError(`not octets but a ${typeof value}`);
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  },
  decode: (octets) => octets,
};

/** Text in UTF-8. */
export const textContext: PresentationContext = {
  name: "text",
  accepts: (value) => typeof value === "string",
  encode: (value) => utf8(String(value)),
  decode(octets) {
    const text = decodeUtf8(octets);
    if (text === undefined) throw new ProtocolError("notUtf8", "Tertulia 6.1");
    return text;
  },
};

/** JSON in UTF-8 (RFC 8259). */
export const jsonContext: PresentationContext = {
  name: "json",
  accepts: () => true,
  encode(value) {
    const text = JSON.stringify(value);
    // A function or a symbol would arrive as nothing.
    if (text === undefined && value !== undefined) throw new TypeError(`${typeof value} in JSON`);
    return utf8(text ?? "null");
  },
  decode: (octets) => JSON.parse(textContext.decode(octets) as string), // text, or it threw
};

/** What is offered when the application names no contexts. */
export const defaultContexts: readonly PresentationContext[] = [
  octetsContext,
  textContext,
  jsonContext,
];

/** A message as it arrived. */
export class Message {
  readonly kind: MessageKind;
  readonly context: PresentationContext;
  /**
   * What was sent, encoded. It may share memory with its neighbours: `slice()` it to keep a small
   * one for long.
   */
  octets: Uint8Array;

  constructor(kind: MessageKind, context: PresentationContext, octets: Uint8Array) {
    this.kind = kind;
    this.context = context;
    this.octets = octets;
  }

  /**
   * The value, decoded anew at each call.
   *
   * @throws {ProtocolError} `badValue`, or `notUtf8`, when the octets are not in the encoding of the
   *   context. The session goes on: whether to end it is the application's to say.
   */
  get value(): unknown {
    try {
      return this.context.decode(this.octets);
    } catch (cause) {
      // What a decoder says, or that the stack was too short for it, is the peer's doing.
      if (cause instanceof SessionError) throw cause;
      const detail = `${this.context.name}: ${cause instanceof Error ? cause.message : cause}`;
      throw new ProtocolError("badValue", "Tertulia 6.1", detail, { cause });
    }
  }

  /** The octets as text, in any context. */
  toString(): string {
    return String(textContext.decode(this.octets));
  }
}
