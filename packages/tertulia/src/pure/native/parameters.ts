/**
 * Parameters of the handshake frames: code, length and value, in any order, unknown ones ignored.
 * docs/protocol.md, section 3.2, lists them.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { Reader, utf8, Writer } from "../octets.ts";

const CLAUSE = "Tertulia 3.2";

/** The codes. One that is not here is ignored by its receiver. */
export const codes = {
  versions: 1,
  nonce: 2,
  publicKey: 3,
  functionalUnits: 4,
  contexts: 5,
  octetsMax: 6,
  credit: 7,
  streamsMax: 8,
  keepalive: 9,
  durability: 10,
  life: 11,
  tokens: 12,
  calledSelector: 13,
  callingSelector: 14,
  userData: 15,
  authMethod: 16,
  authData: 17,
  dialogue: 18,
  agent: 19,
  sessionId: 20,
  retryMs: 21,
  positions: 22,
  location: 23,
  message: 24,
  isPersistent: 25,
  epoch: 26,
} as const;

export type ParameterName = keyof typeof codes;

const names = new Map<number, ParameterName>(
  Object.entries(codes).map(([name, code]) => [code, name as ParameterName]), // keys of `codes`
);

/** Builds a parameter list. */
export class ParameterWriter {
  readonly #writer = new Writer();

  octets(name: ParameterName, value: Uint8Array | undefined): this {
    if (value !== undefined) {
      this.#writer.varint(codes[name]).varint(value.length).octets(value);
    }
    return this;
  }

  text(name: ParameterName, value: string | undefined): this {
    return this.octets(name, value === undefined ? undefined : utf8(value));
  }

  numbers(name: ParameterName, ...values: readonly number[]): this {
    const list = new Writer();
    for (const value of values) list.varint(value);
    return this.octets(name, list.finish());
  }

  texts(name: ParameterName, values: readonly string[]): this {
    const list = new Writer();
    for (const value of values) {
      const octets = utf8(value);
      list.varint(octets.length).octets(octets);
    }
    return this.octets(name, list.finish());
  }

  finish(): Uint8Array {
    return this.#writer.finish();
  }
}

/** A parameter list as it came. What it returns shares memory with the frame. */
export class Parameters {
  readonly #values: ReadonlyMap<ParameterName, Uint8Array>;

  /** @throws {ProtocolError} `truncated`, `duplicateParameter`. */
  constructor(octets: Uint8Array) {
    const reader = new Reader(octets, CLAUSE);
    const values = new Map<ParameterName, Uint8Array>();
    while (reader.remaining > 0) {
      const name = names.get(reader.varint());
      const value = reader.octets(reader.varint());
      if (name === undefined) continue;
      if (values.has(name)) throw new ProtocolError("duplicateParameter", CLAUSE, name);
      values.set(name, value);
    }
    this.#values = values;
  }

  /** @param octets - How many there must be, if that is fixed. */
  octets(name: ParameterName, octets?: number): Uint8Array | undefined {
    const value = this.#values.get(name);
    if (value !== undefined && octets !== undefined && value.length !== octets) {
      const detail = `${name}: need ${octets} octets, have ${value.length}`;
      throw new ProtocolError("badParameter", CLAUSE, detail);
    }
    return value;
  }

  /** As {@link octets}, but it must be there. */
  required(name: ParameterName, octets?: number): Uint8Array {
    const value = this.octets(name, octets);
    if (value === undefined) throw new ProtocolError("missingParameter", CLAUSE, name);
    return value;
  }

  text(name: ParameterName): string | undefined {
    const value = this.#values.get(name);
    return value && new Reader(value, CLAUSE).utf8(value.length);
  }

  /** `count` numbers; further ones, which a later version may add, are ignored. */
  numbers(name: ParameterName, count: number): number[] | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const reader = new Reader(value, CLAUSE);
    return Array.from({ length: count }, () => reader.varint());
  }

  number(name: ParameterName): number | undefined {
    return this.numbers(name, 1)?.[0];
  }

  texts(name: ParameterName): string[] | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const reader = new Reader(value, CLAUSE);
    const texts: string[] = [];
    while (reader.remaining > 0) texts.push(reader.utf8(reader.varint()));
    return texts;
  }
}
