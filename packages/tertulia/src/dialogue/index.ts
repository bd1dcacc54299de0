/**
 * Dialogues: the session service of X.215 over anything that carries messages.
 *
 * @module
 */

export { DialogueAborted } from "./aborted.ts";
export * from "./activities.ts";
export * from "./checkpoints.ts";
export {
  type AcceptOptions,
  type ConnectOptions,
  Dialogue,
  type RefuseOptions,
  type ResynchronizeOptions,
} from "./dialogue.ts";
export type { Indication, IndicationType } from "./indication.ts";
export { transportPair } from "./memory.ts";
export { awaitDialogue, connectDialogue, type DialogueRequest, resumeDialogue } from "./open.ts";
export type { MinorPoint } from "./points.ts";
export type { DialogueOptions } from "./provider.ts";
export { type SessionTransportOptions, sessionTransport } from "./session-transport.ts";
export { storedActivities } from "./stored-activities.ts";
export type { DialogueKeeping, TransportConnection, TransportUser } from "./transport.ts";
