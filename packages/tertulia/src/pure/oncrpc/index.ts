/**
 * XDR and what code made by `tertulia rpc generate` is built on: `tertulia/xdr`.
 *
 * @module
 */

export { ProtocolError, SessionError } from "../errors.ts";
export { FakeCaller } from "./fake.ts";
export { XDR_LIMITS, type XdrLimits } from "./limits.ts";
export {
  type Caller,
  type CallOptions,
  NO_REPLY,
  type PeerAddress,
  type Procedure,
  type ProgramVersion,
  type ServedProcedure,
  type ServedProgram,
  type ServerCall,
  type Signal,
  serve,
  serveProcedure,
} from "./program.ts";
export { badEnum, badUnion, XdrReader } from "./xdr-reader.ts";
export {
  checkHyper,
  checkInt,
  checkRange,
  checkSize,
  checkUhyper,
  checkUint,
  refuse,
  XdrWriter,
} from "./xdr-writer.ts";
