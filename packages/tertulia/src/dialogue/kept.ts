/**
 * A dialogue as octets, so that it can go on in another process.
 *
 * @module
 */

import { decode, encode } from "cborg";
import { SessionError } from "../pure/errors.ts";
import type { MachineSnapshot } from "../pure/iso8327/machine.ts";
import type { EventType, SessionEvent } from "../pure/iso8327/primitives.ts";
import type { Indication } from "./indication.ts";

/** All that is known of a dialogue. */
export interface DialogueSnapshot {
  readonly machine: MachineSnapshot;
  /** Indications that its user has not settled, the oldest first. */
  readonly indications: readonly Indication[];
  /** Numbers of minor points of ours that are not confirmed. */
  readonly points: readonly number[];
  /** Confirms that our requests wait for. */
  readonly unanswered: readonly EventType[];
  /** The S-CONNECT indication that is not answered yet. */
  readonly request: Indication | undefined;
  /** What our S-CONNECT was answered with. */
  readonly confirm: SessionEvent | undefined;
}

const VERSION = 1;

export function encodeDialogue(snapshot: DialogueSnapshot): Uint8Array {
  return encode({ version: VERSION, ...snapshot });
}

/** @throws {SessionError} `ERR_STORE` for what a later version wrote, or nobody. */
export function decodeDialogue(octets: Uint8Array): DialogueSnapshot {
  let kept: DialogueSnapshot & { readonly version: number };
  try {
    // `encodeDialogue` wrote it, and the store vouches for it.
    kept = decode(octets, { allowUndefined: true }) as typeof kept;
  } catch (cause) {
    throw new SessionError("ERR_STORE", "what is kept of the dialogue is no CBOR", { cause });
  }
  const { version, ...snapshot } = kept;
  if (version === VERSION) return snapshot;
  throw new SessionError("ERR_STORE", `the dialogue is of version ${version}, we know ${VERSION}`);
}
