/**
 * Dialogues: the session service of X.215 over anything that carries messages.
 *
 * @module
 */

export * from "./activities.ts";
export * from "./checkpoints.ts";
export {
  type AcceptOptions,
  awaitDialogue,
  type ConnectOptions,
  connectDialogue,
  Dialogue,
  DialogueAborted,
  type DialogueOptions,
  type DialogueRequest,
  type MinorPoint,
  type RefuseOptions,
  type ResynchronizeOptions,
  resumeDialogue,
} from "./dialogue.ts";
export type { Indication, IndicationType } from "./indication.ts";
export { transportPair } from "./memory.ts";
export { type SessionTransportOptions, sessionTransport } from "./session-transport.ts";
export { storedActivities } from "./stored-activities.ts";
export type { DialogueKeeping, TransportConnection, TransportUser } from "./transport.ts";
