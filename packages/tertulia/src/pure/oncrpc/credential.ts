/**
 * The credential of AUTH_SYS, RFC 5531 appendix A: who the caller says he is. Nobody checks it.
 *
 * @module
 */

import { AuthFlavor, type OpaqueAuth } from "./message.ts";
import { XdrReader } from "./xdr-reader.ts";
import { XdrWriter } from "./xdr-writer.ts";

/** A Unix identity as the caller claims it. */
export interface SysCredential {
  /** "An arbitrary ID which the caller machine may generate." */
  readonly stamp: number;
  /** At most 255 octets. */
  readonly machineName: string;
  readonly uid: number;
  readonly gid: number;
  /** At most 16 further groups. */
  readonly gids: readonly number[];
}

/** The credential as it goes into a call. */
export function encodeSysCredential(credential: SysCredential): OpaqueAuth {
  const writer = new XdrWriter();
  writer.uint(credential.stamp);
  writer.string(credential.machineName, 255);
  writer.uint(credential.uid);
  writer.uint(credential.gid);
  writer.count(credential.gids.length, 16);
  for (const gid of credential.gids) writer.uint(gid);
  return { flavor: AuthFlavor.SYS, body: writer.finish() };
}

/** @throws {ProtocolError} when the octets are no AUTH_SYS credential. */
export function decodeSysCredential(body: Uint8Array): SysCredential {
  const reader = new XdrReader(body);
  const stamp = reader.uint();
  const machineName = reader.string(255);
  const uid = reader.uint();
  const gid = reader.uint();
  const gids: number[] = [];
  for (let left = reader.count(16, 4); left > 0; left--) gids.push(reader.uint());
  reader.finish();
  return { stamp, machineName, uid, gid, gids };
}
