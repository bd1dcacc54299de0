/**
 * From the values of an application to octets: which of the agreed contexts takes a value, and what that
 * makes of it.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { PresentationContext } from "../pure/native/message.ts";

/**
 * Which context a value goes by: that of this name, or the first one that takes it.
 *
 * @throws {SessionError} `ERR_ARGUMENT` when there is none.
 */
export function contextIndex(
  contexts: readonly PresentationContext[],
  value: unknown,
  name: string | undefined,
): number {
  for (let index = 0; index < contexts.length; index++) {
    const context = contexts[index] as PresentationContext; // just counted
    if (name === undefined ? context.accepts(value) : context.name === name) return index;
  }
  if (name !== undefined) {
    throw new SessionError("ERR_ARGUMENT", `context ${name} was not agreed on`);
  }
  const names = contexts.map((context) => context.name).join(", ");
  throw new SessionError("ERR_ARGUMENT", `no agreed context (${names}) takes a ${typeof value}`);
}

/** The octets of a value. @throws {SessionError} `ERR_ARGUMENT` when the context makes none of it. */
export function encodeIn(context: PresentationContext, value: unknown): Uint8Array {
  let octets: Uint8Array;
  try {
    octets = context.encode(value);
  } catch (error) {
    throw new SessionError("ERR_ARGUMENT", `not a value of ${context.name}`, { cause: error });
  }
  if (octets instanceof Uint8Array) return octets; // nothing else may get into the link
  throw new SessionError("ERR_ARGUMENT", `the context ${context.name} made no Uint8Array of it`);
}
