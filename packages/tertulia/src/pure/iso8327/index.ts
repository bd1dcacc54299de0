/**
 * ISO/IEC 8327-1, X.225: the session protocol, without I/O.
 *
 * @module
 */

export {
  amendmentsWithoutSymmetric,
  amendmentsWithSymmetric,
  correctionsWithSymmetric,
} from "./amendments.ts";
export { type ConnectionOptions, refuseReasons } from "./answer.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export { SessionMachine, type SessionOptions } from "./machine.ts";
export type { SessionOutput } from "./outgoing.ts";
export { type Layout, layouts, type Parameter, type SpduType, type Unit } from "./parameters.ts";
export {
  abortReasons,
  type ConnectParameters,
  type EventType,
  type RequestType,
  type ResyncType,
  type SessionEvent,
  type SessionRequest,
} from "./primitives.ts";
export {
  type ConnectAcceptItem,
  type ConnectionIdentifier,
  type DecodeOptions,
  encodeSpdu,
  type LinkingInformation,
  type Spdu,
  type TsduMaximumSize,
} from "./spdu.ts";
export {
  type Branch,
  type Cell,
  compileTable,
  type State,
  states,
  type Table,
  type TableSource,
} from "./table.ts";
export {
  type DecodeTsduOptions,
  decodeExpeditedTsdu,
  decodeTsdu,
  encodeTsdu,
  headOf,
  processingOrder,
} from "./tsdu.ts";
export {
  bitsToSettings,
  bitsToTokens,
  bitsToUnits,
  type FunctionalUnit,
  type Token,
  type TokenSettings,
  type TokenSide,
  tokensToBits,
  unitsToBits,
} from "./units.ts";
export { withSymmetric } from "./with-symmetric.ts";
export { withoutSymmetric } from "./without-symmetric.ts";
