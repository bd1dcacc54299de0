/**
 * What options may be: told by name and kind before anything is done with them. One that is misspelt,
 * or of another kind, must not leave a door open.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { SignalOptions } from "./session-parts.ts";

/** What an option may be. */
export interface OptionKind {
  /** Behind "must be". */
  readonly what: string;
  readonly takes: (value: unknown) => boolean;
}

/** The kind of every option of `Options`. */
export type OptionKinds<Options> = Readonly<Record<keyof Options, OptionKind>>;

export const anything: OptionKind = { what: "anything", takes: () => true };
export const aBoolean: OptionKind = {
  what: "true or false",
  takes: (value) => typeof value === "boolean",
};
export const aCount: OptionKind = { what: "a whole number", takes: isCount };
export const aFunction: OptionKind = { what: "a function", takes: isFunction };
export const aList: OptionKind = { what: "a list", takes: Array.isArray };
export const anObject: OptionKind = { what: "an object", takes: isObject };
export const aSignal: OptionKind = {
  what: "an AbortSignal",
  takes: (value) => isObject(value) && typeof value["aborted"] === "boolean",
};
export const aString: OptionKind = {
  what: "a string",
  takes: (value) => typeof value === "string",
};
export const octets: OptionKind = {
  what: "a Uint8Array",
  takes: (value) => value instanceof Uint8Array,
};

/** Something with this method; `what` is its name, with its article. */
export function withMethod(method: string, what: string): OptionKind {
  return { what, takes: (value) => isObject(value) && isFunction(value[method]) };
}

export function listOf({ what, takes }: OptionKind): OptionKind {
  return {
    what: `a list, and each in it ${what}`,
    takes: (value) => Array.isArray(value) && value.every(takes),
  };
}

/** One of these words. */
export function oneOf(words: readonly string[]): OptionKind {
  return {
    what: `one of ${words.join(", ")}`,
    takes: (value) => typeof value === "string" && words.includes(value),
  };
}

/** A function, or an object with counts of these names and nothing else. */
export function countsOrFunction(names: readonly string[]): OptionKind {
  const isKnown = ([name, count]: [string, unknown]) =>
    names.includes(name) && (count === undefined || isCount(count));
  return {
    what: `a function, or an object of whole numbers: ${names.join(", ")}`,
    takes: (value) =>
      isFunction(value) || (isObject(value) && Object.entries(value).every(isKnown)),
  };
}

/** @throws {SessionError} `ERR_ARGUMENT` for an option that does not exist, or is of another kind. */
export function checkOptions<Options>(options: unknown, kinds: OptionKinds<Options>): void {
  if (!isObject(options)) throw wrong("options", anObject, options);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(kinds, name)) {
      throw new SessionError("ERR_ARGUMENT", `no such option: ${name}`);
    }
    checkKind(name, options[name], kinds[name as keyof Options]); // it has it
  }
}

/** @throws {SessionError} `ERR_ARGUMENT` for a value of another kind; what is not given is of any. */
export function checkKind(name: string, value: unknown, kind: OptionKind): void {
  if (value !== undefined && !kind.takes(value)) throw wrong(name, kind, value);
}

/** As {@link checkKind}, of what must be given. @throws {SessionError} `ERR_ARGUMENT` */
export function checkGiven(name: string, value: unknown, kind: OptionKind): void {
  if (!kind.takes(value)) throw wrong(name, kind, value);
}

/** The signal of options that have nothing else. @throws {SessionError} `ERR_ARGUMENT` */
export function signalOf(options: SignalOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined;
  checkOptions(options, signalOptions);
  return options.signal;
}

const signalOptions: OptionKinds<SignalOptions> = { signal: aSignal };

/** Without the value where that could be a secret. */
function wrong(name: string, { what }: OptionKind, value: unknown): SessionError {
  const isPlain = typeof value === "number" || typeof value === "boolean" || value === null;
  const shown = isPlain ? String(value) : typeof value;
  return new SessionError("ERR_ARGUMENT", `${name} must be ${what}, not ${shown}`);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0; // an integer, just seen
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
