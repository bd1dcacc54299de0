/**
 * Parameters of the handshake frames: code, length and value, in any order, unknown ones ignored.
 * docs/protocol.md, section 3.2, lists them.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { Reader, utf8, varintSize, Writer } from "../octets.ts";

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

/** More than the highest code. */
const CODES = 1 + Math.max(...Object.values(codes));

/** Octets of the usual proposal with a nonce and a key, so that its writer does not have to grow. */
const USUAL_OCTETS = 256;

/** Builds a parameter list. */
export class ParameterWriter {
  readonly #writer = new Writer(USUAL_OCTETS);

  /** Adds some that were written before. */
  written(parameters: Uint8Array): this {
    this.#writer.octets(parameters);
    return this;
  }

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
    let size = 0;
    for (const value of values) size += varintSize(value);
    this.#writer.varint(codes[name]).varint(size);
    for (const value of values) this.#writer.varint(value);
    return this;
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
  readonly #octets: Uint8Array;
  /** Where the value of each code begins and ends; -1 where there is none. */
  readonly #starts: number[] = Array(CODES).fill(-1);
  readonly #ends: number[] = Array(CODES).fill(-1);

  /** @throws {ProtocolError} `truncated`, `duplicateParameter`. */
  constructor(octets: Uint8Array) {
    this.#octets = octets;
    const reader = new Reader(octets, CLAUSE);
    while (reader.remaining > 0) {
      const code = reader.varint();
      const length = reader.varint();
      const start = reader.offset;
      reader.skip(length);
      const name = names.get(code);
      if (name === undefined) continue;
      if (this.#starts[code] !== -1) {
        throw new ProtocolError("duplicateParameter", CLAUSE, name);
      }
      this.#starts[code] = start;
      this.#ends[code] = start + length;
    }
  }

  /** Whether one of these is there. */
  hasAny(these: readonly ParameterName[]): boolean {
    return these.some((name) => this.#starts[codes[name]] !== -1);
  }

  /** How many octets these take at the very beginning; `undefined` when another is among them. */
  sizeOf(these: readonly ParameterName[]): number | undefined {
    const size = Math.max(0, ...these.map((name) => this.#ends[codes[name]] ?? 0));
    const isAmong = (name: ParameterName) => {
      const start = this.#starts[codes[name]] ?? -1;
      return start !== -1 && start < size && !these.includes(name);
    };
    return [...names.values()].some(isAmong) ? undefined : size;
  }

  /** A reader of one value, if it is there. */
  reader(name: ParameterName): Reader | undefined {
    const start = this.#starts[codes[name]];
    if (start === undefined || start < 0) return undefined;
    return new Reader(this.#octets, CLAUSE, start, this.#ends[codes[name]]);
  }

  /** @param octets - How many there must be, if that is fixed. */
  octets(name: ParameterName, octets?: number): Uint8Array | undefined {
    const value = this.reader(name)?.rest();
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
    const reader = this.reader(name);
    return reader?.utf8(reader.remaining);
  }

  /** `count` numbers; further ones, which a later version may add, are ignored. */
  numbers(name: ParameterName, count: number): number[] | undefined {
    const reader = this.reader(name);
    if (reader === undefined) return undefined;
    const numbers: number[] = [];
    while (numbers.length < count) numbers.push(reader.varint());
    return numbers;
  }

  number(name: ParameterName): number | undefined {
    return this.reader(name)?.varint();
  }

  texts(name: ParameterName): string[] | undefined {
    const reader = this.reader(name);
    if (reader === undefined) return undefined;
    const texts: string[] = [];
    while (reader.remaining > 0) texts.push(reader.utf8(reader.varint()));
    return texts;
  }
}
