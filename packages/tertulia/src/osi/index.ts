/**
 * OSI over TCP: transport connections, dialogues on them, associations above, and captures of all.
 *
 * @module
 */

export * from "../dialogue/index.ts";
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
