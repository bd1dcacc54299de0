/**
 * The return codes of NetBIOS commands, and which of our errors each stands for.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { NetbiosError, type NetbiosReason } from "../pure/netbios/errors.ts";

/** NRC_ codes by name. */
const CODES = {
  illegalBufferLength: { returnCode: 0x01, code: "ERR_LIMIT", text: "illegal buffer length" },
  timedOut: { returnCode: 0x05, code: "ERR_TIMEOUT", text: "command timed out" },
  invalidSessionNumber: {
    returnCode: 0x08,
    code: "ERR_ARGUMENT",
    text: "illegal local session number",
  },
  noResource: { returnCode: 0x09, code: "ERR_LIMIT", text: "no resource available" },
  sessionClosed: { returnCode: 0x0a, code: "ERR_CLOSED", text: "session closed" },
  commandCancelled: { returnCode: 0x0b, code: "ERR_ABORTED", text: "command cancelled" },
  duplicateLocalName: {
    returnCode: 0x0d,
    code: "ERR_STATE",
    text: "duplicate name in the local name table",
  },
  nameTableFull: { returnCode: 0x0e, code: "ERR_LIMIT", text: "name table full" },
  nameHasSessions: { returnCode: 0x0f, code: "ERR_STATE", text: "the name has active sessions" },
  sessionTableFull: { returnCode: 0x11, code: "ERR_LIMIT", text: "local session table full" },
  sessionOpenRejected: { returnCode: 0x12, code: "ERR_REFUSED", text: "session open rejected" },
  invalidNameNumber: { returnCode: 0x13, code: "ERR_ARGUMENT", text: "illegal name number" },
  noAnswer: {
    returnCode: 0x14,
    code: "ERR_REFUSED",
    text: "no answer: cannot find the name called",
  },
  invalidName: {
    returnCode: 0x15,
    code: "ERR_ARGUMENT",
    text: "name not found, or cannot be * or zero",
  },
  nameInUse: { returnCode: 0x16, code: "ERR_REFUSED", text: "name in use on a remote adapter" },
  nameDeleted: { returnCode: 0x17, code: "ERR_CLOSED", text: "name deleted" },
  sessionAborted: { returnCode: 0x18, code: "ERR_CLOSED", text: "session ended abnormally" },
  nameConflict: { returnCode: 0x19, code: "ERR_REFUSED", text: "name conflict detected" },
  system: { returnCode: 0x40, code: "ERR_REFUSED", text: "system error" },
} as const;

/** The name of a return code. */
export type NcbReason = keyof typeof CODES;

/** A NetBIOS command that failed. `returnCode` is what `ncb_retcode` held. */
export class NcbError extends SessionError {
  override readonly name = "NcbError";
  readonly returnCode: number;
  readonly reason: NcbReason;

  constructor(reason: NcbReason, detail = "", options?: ErrorOptions) {
    const { returnCode, code, text } = CODES[reason];
    const hex = `0x${returnCode.toString(16).padStart(2, "0")}`;
    super(code, `${hex} ${text}${detail && `: ${detail}`}`, options);
    this.returnCode = returnCode;
    this.reason = reason;
  }
}

/** The return code that an error of the node stands for. */
export function returnCodeOf(error: SessionError): NcbReason {
  if (error instanceof NetbiosError) return OF_REASONS[error.reason] ?? "system";
  if (error.code === "ERR_LIMIT") return "illegalBufferLength";
  return error.code === "ERR_CLOSED" || error.code === "ERR_PROTOCOL" ? "sessionAborted" : "system";
}

const OF_REASONS: Readonly<Partial<Record<NetbiosReason, NcbReason>>> = {
  nameInUse: "nameInUse",
  nameInConflict: "nameConflict",
  nameNotFound: "noAnswer",
  noNameServer: "noAnswer",
  noAnswer: "noAnswer",
  notReachable: "noAnswer",
  calledNameNotPresent: "noAnswer",
  notListeningOnCalledName: "sessionOpenRejected",
  notListeningForCallingName: "sessionOpenRejected",
  insufficientResources: "sessionOpenRejected",
  unspecified: "sessionOpenRejected",
  tooManyRetargets: "sessionOpenRejected",
  destinationNameNotPresent: "noAnswer",
  notOurName: "invalidName",
  invalidName: "invalidName",
  duplicateName: "duplicateLocalName",
  nameTableFull: "nameTableFull",
  nameDeleted: "nameDeleted",
  tooMany: "noResource",
};
