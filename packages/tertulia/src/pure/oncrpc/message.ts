/**
 * The messages of ONC RPC version 2, RFC 5531 9: a call, and its reply in all its forms.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { NO_OCTETS } from "../octets.ts";
import type { XdrReader } from "./xdr-reader.ts";
import type { XdrWriter } from "./xdr-writer.ts";

export const RPC_VERSION = 2;
export const CALL = 0;
export const REPLY = 1;

/** RFC 5531 8.2: "the body … opaque body<400>". */
export const AUTH_BODY_MAX = 400;

/** Where each kind of authentication has its number, RFC 5531 8.2 and RFC 9289 4.1. */
export const AuthFlavor = { NONE: 0, SYS: 1, SHORT: 2, DH: 3, RPCSEC_GSS: 6, TLS: 7 } as const;

/** A credential or verifier: a flavor's number and what the flavor makes of the octets. */
export interface OpaqueAuth {
  readonly flavor: number;
  readonly body: Uint8Array;
}

export const AUTH_NONE: OpaqueAuth = { flavor: AuthFlavor.NONE, body: NO_OCTETS };

/** A call without its arguments, which follow in the octets. */
export interface CallHeader {
  readonly xid: number;
  readonly rpcVersion: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly credential: OpaqueAuth;
  readonly verifier: OpaqueAuth;
}

/** Why a credential was turned down, RFC 5531 9 `auth_stat`, in the order of their numbers. */
export const AUTH_STATUSES = [
  "AUTH_OK",
  "AUTH_BADCRED",
  "AUTH_REJECTEDCRED",
  "AUTH_BADVERF",
  "AUTH_REJECTEDVERF",
  "AUTH_TOOWEAK",
  "AUTH_INVALIDRESP",
  "AUTH_FAILED",
  "AUTH_KERB_GENERIC",
  "AUTH_TIMEEXPIRE",
  "AUTH_TKT_FILE",
  "AUTH_DECODE",
  "AUTH_NET_ADDR",
  "RPCSEC_GSS_CREDPROBLEM",
  "RPCSEC_GSS_CTXPROBLEM",
] as const;

/** Why a credential was not taken: `auth_stat`, RFC 5531 9. */
export type AuthStatus = (typeof AUTH_STATUSES)[number];

/** How a call was answered, without its results, which follow in the octets after `SUCCESS`. */
export type ReplyBody =
  | {
      readonly type: "SUCCESS" | "PROG_UNAVAIL" | "PROC_UNAVAIL" | "GARBAGE_ARGS" | "SYSTEM_ERR";
      readonly verifier: OpaqueAuth;
    }
  | {
      readonly type: "PROG_MISMATCH";
      readonly verifier: OpaqueAuth;
      readonly low: number;
      readonly high: number;
    }
  | { readonly type: "RPC_MISMATCH"; readonly low: number; readonly high: number }
  | { readonly type: "AUTH_ERROR"; readonly status: AuthStatus };

/** What a server can say instead of results. */
export type RpcStatus = Exclude<ReplyBody["type"], "SUCCESS">;

/** The accepted states by their numbers, RFC 5531 9 `accept_stat`. */
const ACCEPTED = [
  "SUCCESS",
  "PROG_UNAVAIL",
  "PROG_MISMATCH",
  "PROC_UNAVAIL",
  "GARBAGE_ARGS",
  "SYSTEM_ERR",
] as const;

/** The usual answer, made once. */
const SUCCESS: ReplyBody = { type: "SUCCESS", verifier: AUTH_NONE };

/** Writes a call up to where its credential begins; returns where the call does. */
export function encodeCallStart(
  writer: XdrWriter,
  xid: number,
  { program, version }: Pick<CallHeader, "program" | "version">,
  procedure: number,
  rpcVersion: number = RPC_VERSION,
): number {
  const at = writer.reserve(24);
  const { view } = writer;
  view.setUint32(at, xid);
  view.setUint32(at + 4, CALL);
  view.setUint32(at + 8, rpcVersion);
  view.setUint32(at + 12, program);
  view.setUint32(at + 16, version);
  view.setUint32(at + 20, procedure);
  return at;
}

/** Writes a call up to where its arguments begin. */
export function encodeCall(writer: XdrWriter, header: CallHeader): void {
  encodeCallStart(writer, header.xid, header, header.procedure, header.rpcVersion);
  encodeAuth(writer, header.credential);
  encodeAuth(writer, header.verifier);
}

/**
 * Reads a call up to where its arguments begin; xid and message type are read already.
 *
 * With another RPC version than 2 nothing after the version is read: its form is not known.
 */
export function decodeCall(reader: XdrReader, xid: number): CallHeader {
  const rpcVersion = reader.uint();
  if (rpcVersion !== RPC_VERSION) {
    return {
      xid,
      rpcVersion,
      program: 0,
      version: 0,
      procedure: 0,
      credential: AUTH_NONE,
      verifier: AUTH_NONE,
    };
  }
  const at = reader.take(12);
  const { view } = reader;
  return {
    xid,
    rpcVersion,
    program: view.getUint32(at),
    version: view.getUint32(at + 4),
    procedure: view.getUint32(at + 8),
    credential: decodeAuth(reader),
    verifier: decodeAuth(reader),
  };
}

/** Writes a reply up to where its results begin. */
export function encodeReply(writer: XdrWriter, xid: number, body: ReplyBody): void {
  writer.uint(xid);
  writer.uint(REPLY);
  if (body.type === "RPC_MISMATCH" || body.type === "AUTH_ERROR") {
    writer.uint(1);
    writer.uint(body.type === "RPC_MISMATCH" ? 0 : 1);
    if (body.type === "AUTH_ERROR") writer.uint(AUTH_STATUSES.indexOf(body.status));
  } else {
    writer.uint(0);
    encodeAuth(writer, body.verifier);
    writer.uint(ACCEPTED.indexOf(body.type));
  }
  if (body.type === "RPC_MISMATCH" || body.type === "PROG_MISMATCH") {
    writer.uint(body.low);
    writer.uint(body.high);
  }
}

/** Reads a reply up to where its results begin; xid and message type are read already. */
export function decodeReply(reader: XdrReader): ReplyBody {
  const state = reader.uint();
  if (state === 1) return decodeRejected(reader);
  if (state !== 0) throw new ProtocolError("badReplyState", "RFC 5531 9", `${state}`);
  const verifier = decodeAuth(reader);
  const status = reader.uint();
  if (status === 0) return verifier === AUTH_NONE ? SUCCESS : { type: "SUCCESS", verifier };
  const type = ACCEPTED[status];
  if (type === undefined) throw new ProtocolError("badAcceptState", "RFC 5531 9", `${status}`);
  if (type !== "PROG_MISMATCH") return { type, verifier };
  return { type, verifier, low: reader.uint(), high: reader.uint() };
}

function decodeRejected(reader: XdrReader): ReplyBody {
  const state = reader.uint();
  if (state === 0) return { type: "RPC_MISMATCH", low: reader.uint(), high: reader.uint() };
  if (state !== 1) throw new ProtocolError("badRejectState", "RFC 5531 9", `${state}`);
  const number = reader.uint();
  const status = AUTH_STATUSES[number];
  if (status === undefined) throw new ProtocolError("badAuthState", "RFC 5531 9", `${number}`);
  return { type: "AUTH_ERROR", status };
}

export function encodeAuth(writer: XdrWriter, auth: OpaqueAuth): void {
  writer.uint(auth.flavor);
  writer.opaque(auth.body, AUTH_BODY_MAX);
}

/** Reads a credential or verifier; the usual empty one costs no object. */
export function decodeAuth(reader: XdrReader): OpaqueAuth {
  const at = reader.take(8);
  const flavor = reader.view.getUint32(at);
  if (flavor === 0 && reader.view.getUint32(at + 4) === 0) return AUTH_NONE;
  reader.at = at + 4;
  return { flavor, body: reader.opaque(AUTH_BODY_MAX) };
}
