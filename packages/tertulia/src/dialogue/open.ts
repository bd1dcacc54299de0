/**
 * How a dialogue begins: asked for, waited for, or gone on with.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { type ConnectOptions, Dialogue } from "./dialogue.ts";
import type { Indication } from "./indication.ts";
import type { DialogueOptions } from "./provider.ts";
import type { TransportConnection } from "./transport.ts";

/**
 * Asks for a dialogue on a transport connection that this side initiated.
 *
 * @throws {SessionError} `ERR_REFUSED` when the peer says no; {@link DialogueAborted} when it aborts.
 */
export async function connectDialogue(
  transport: TransportConnection,
  parameters: ConnectOptions = {},
  options: DialogueOptions = {},
): Promise<Dialogue> {
  const dialogue = new Dialogue(transport, options);
  await dialogue.connect(parameters);
  return dialogue;
}

/** Waits for the peer to ask for a dialogue on a transport connection that it initiated. */
export async function awaitDialogue(
  transport: TransportConnection,
  options: DialogueOptions = {},
): Promise<DialogueRequest> {
  const dialogue = new Dialogue(transport, options);
  return { dialogue, indication: await dialogue.asked() };
}

/**
 * Goes on with the dialogue that a session of a store carried before this process began: tokens,
 * points and activity are where they were. Indications that were not settled come again: an indication
 * is settled by the next request or response of ours, or by asking for the next one.
 *
 * @param options - As before the restart.
 * @throws {SessionError} `ERR_STATE` when there was none, `ERR_STORE` when a later version wrote it.
 */
export function resumeDialogue(
  transport: TransportConnection,
  options: DialogueOptions = {},
): Dialogue {
  if (transport.keeping?.kept) return new Dialogue(transport, options);
  throw new SessionError("ERR_STATE", "no dialogue was kept");
}

/** What {@link awaitDialogue} found: answer it with `dialogue.accept` or `dialogue.refuse`. */
export interface DialogueRequest {
  readonly dialogue: Dialogue;
  /** The S-CONNECT indication. */
  readonly indication: Indication;
}
