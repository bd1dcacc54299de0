/**
 * Whether a stored session can go on: a store knows that each entry is whole, and only who reads the
 * state knows how far the entries have to reach.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { checkJournals, decodeState } from "../pure/native/kept-state.ts";
import type { StoredSession } from "./store.ts";

/** What a stored session has lost, in words; `undefined` when it has everything that it needs. */
export function lossOf({ epoch, state, entries }: StoredSession): string | undefined {
  if (state === undefined) return undefined;
  try {
    checkJournals({ epoch, state: decodeState(state), entries });
    return undefined;
  } catch (error) {
    if (error instanceof SessionError) return error.message;
    throw error;
  }
}
