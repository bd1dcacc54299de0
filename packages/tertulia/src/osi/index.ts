/**
 * OSI over TCP: transport connections, and dialogues on them.
 *
 * @module
 */

export * from "../dialogue/activities.ts";
export * from "../dialogue/checkpoints.ts";
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
} from "../dialogue/dialogue.ts";
export type { Indication, IndicationType } from "../dialogue/indication.ts";
export { transportPair } from "../dialogue/memory.ts";
export type { TransportConnection, TransportUser } from "../dialogue/transport.ts";
export {
  type Aare,
  type Aarq,
  type Abrt,
  ACSE_SYNTAX,
  type Apdu,
  decodeApdu,
  type Entity,
  encodeApdu,
  type Release,
  type UserInformation,
} from "./acse.ts";
export * from "./associate.ts";
export * from "./capture.ts";
export {
  type CotpClientOptions,
  type CotpConnection,
  type CotpOptions,
  type CotpServer,
  type CotpServerOptions,
  connectCotp,
  listenCotp,
  OSI_PORT,
} from "./cotp.ts";
export * from "./decode.ts";
export * from "./presentation.ts";
