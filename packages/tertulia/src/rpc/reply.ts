/**
 * Replies, RFC 5531 9, and where they go.
 *
 * @module
 */

import { RpcError } from "../pure/oncrpc/failure.ts";
import { encodeReply, type OpaqueAuth, type ReplyBody } from "../pure/oncrpc/message.ts";
import type { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";

/** Where the reply to one call goes. */
export interface ReplyTarget {
  begin(): XdrWriter;
  commit(): void;
  cancel(): void;
}

/** A reply without results. */
export function reply(target: ReplyTarget, xid: number, body: ReplyBody): void {
  encodeReply(target.begin(), xid, body);
  target.commit();
}

/** The six words of the usual reply. */
export function encodeSuccess(writer: XdrWriter, xid: number): void {
  const at = writer.reserve(24);
  const { view } = writer;
  view.setUint32(at, xid);
  view.setUint32(at + 4, 1);
  view.setUint32(at + 8, 0);
  view.setUint32(at + 12, 0);
  view.setUint32(at + 16, 0);
  view.setUint32(at + 20, 0);
}

/** What a handler's error is on the wire: the status that it names, else SYSTEM_ERR. */
export function encodeFailure(
  writer: XdrWriter,
  xid: number,
  failure: unknown,
  verifier: OpaqueAuth,
): void {
  if (!(failure instanceof RpcError)) {
    encodeReply(writer, xid, { type: "SYSTEM_ERR", verifier });
    return;
  }
  const { status, low = 0, high = 0, authStatus = "AUTH_FAILED" } = failure;
  encodeReply(
    writer,
    xid,
    status === "AUTH_ERROR"
      ? { type: status, status: authStatus }
      : status === "RPC_MISMATCH"
        ? { type: status, low, high }
        : { type: status, verifier, low, high },
  );
}
