/**
 * What a server says instead of results, as an error: a client gets it, a handler may throw it.
 *
 * @module
 */

import { SessionError } from "../errors.ts";
import type { AuthStatus, ReplyBody, RpcStatus } from "./message.ts";

/** The clause-by-clause meaning of each status, for the message. RFC 5531 9. */
const MEANING: Readonly<Record<RpcStatus, string>> = {
  PROG_UNAVAIL: "the server does not have the program",
  PROG_MISMATCH: "the server does not have that version of the program",
  PROC_UNAVAIL: "the program does not have the procedure",
  GARBAGE_ARGS: "the server could not decode the arguments",
  SYSTEM_ERR: "the server failed",
  RPC_MISMATCH: "the server does not speak RPC version 2",
  AUTH_ERROR: "the server refused the credential",
};

/** The server answered, and not with results. `code` is `ERR_REFUSED`; `status` says which. */
export class RpcError extends SessionError {
  override readonly name = "RpcError";
  readonly status: RpcStatus;
  /** The versions that the server has, with `PROG_MISMATCH` and `RPC_MISMATCH`. */
  readonly low: number | undefined;
  readonly high: number | undefined;
  /** Why the credential was refused, with `AUTH_ERROR`. */
  readonly authStatus: AuthStatus | undefined;

  constructor(
    status: RpcStatus,
    detail: { low?: number; high?: number; authStatus?: AuthStatus; cause?: unknown } = {},
  ) {
    const { low, high, authStatus, cause } = detail;
    const more = low !== undefined ? `: it has ${low} to ${high}` : authStatus && `: ${authStatus}`;
    super("ERR_REFUSED", `${status} (RFC 5531 9): ${MEANING[status]}${more ?? ""}`, { cause });
    this.status = status;
    this.low = low;
    this.high = high;
    this.authStatus = authStatus;
  }

  /** The error that a reply stands for. */
  static of(body: Exclude<ReplyBody, { type: "SUCCESS" }>): RpcError {
    if (body.type === "AUTH_ERROR") return new RpcError("AUTH_ERROR", { authStatus: body.status });
    if (body.type === "PROG_MISMATCH" || body.type === "RPC_MISMATCH") {
      return new RpcError(body.type, { low: body.low, high: body.high });
    }
    // The types above are taken away, and SUCCESS by the parameter's type; what is left has no more fields.
    return new RpcError(body.type as RpcStatus);
  }
}
