/**
 * Authentication as plug-ins, one per flavor: AUTH_NONE and AUTH_SYS here, room for RPCSEC_GSS.
 *
 * A client's {@link CallAuth} writes credential and verifier; a server's {@link ServerAuth} judges
 * them. Both may wrap what follows, because RPCSEC_GSS (RFC 2203) does.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import {
  decodeSysCredential,
  encodeSysCredential,
  type SysCredential,
} from "../pure/oncrpc/credential.ts";
import {
  AUTH_NONE,
  AuthFlavor,
  type AuthStatus,
  encodeAuth,
  type OpaqueAuth,
} from "../pure/oncrpc/message.ts";
import type { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";

/** How a client's calls say who they are from. */
export interface CallAuth {
  /**
   * Writes credential and verifier behind the call's header, which begins at `headerStart` (so that a
   * checksum may cover it).
   */
  seal(writer: XdrWriter, headerStart: number): void;
  /** Changes encoded arguments on their way out: integrity, privacy. Absent: they go as they are. */
  wrap?(octets: Uint8Array): Uint8Array;
  /** Checks the reply's verifier; false refuses the reply. */
  verify?(verifier: OpaqueAuth, xid: number): boolean;
  /** The reverse of the server's wrapping of results. */
  unwrap?(octets: Uint8Array): Uint8Array;
  /**
   * The server refused the credential: true to send the call again with a fresh one. It is asked at
   * most twice for a call (RFC 5531 8.2 leaves the number open; rpcgen's clients ask twice).
   */
  refresh?(status: AuthStatus): boolean | Promise<boolean>;
}

/** No identity. */
export const authNone: CallAuth = {
  seal(writer) {
    const at = writer.reserve(16);
    const { view } = writer;
    view.setUint32(at, 0);
    view.setUint32(at + 4, 0);
    view.setUint32(at + 8, 0);
    view.setUint32(at + 12, 0);
  },
};

/**
 * A Unix identity, and the short hand when the server gives one (AUTH_SHORT, RFC 5531 appendix A).
 *
 * @param credential - Default: this process's uid, gid and groups, and a stamp of the moment.
 */
export function authSys(credential: Partial<SysCredential> = {}): CallAuth {
  const full = encodeSysCredential({
    stamp: credential.stamp ?? Date.now() >>> 0,
    machineName: credential.machineName ?? "tertulia",
    uid: credential.uid ?? process.getuid?.() ?? 65534,
    gid: credential.gid ?? process.getgid?.() ?? 65534,
    // Appendix A: "gids<16>"; a process may be in more.
    gids: (credential.gids ?? process.getgroups?.() ?? []).slice(0, 16),
  });
  let present = full;
  return {
    seal(writer) {
      encodeAuth(writer, present);
      encodeAuth(writer, AUTH_NONE);
    },
    verify({ flavor, body }) {
      if (flavor === AuthFlavor.SHORT) present = { flavor, body: body.slice() };
      return flavor === AuthFlavor.NONE || flavor === AuthFlavor.SHORT;
    },
    refresh(status) {
      // Appendix A: the server may forget a short hand at any time, and says AUTH_REJECTEDCRED.
      if (present === full || status !== "AUTH_REJECTEDCRED") return false;
      present = full;
      return true;
    },
  };
}

/** What a server makes of a credential. */
export type AuthVerdict =
  | {
      readonly type: "accepted";
      readonly identity: unknown;
      /** The reply's verifier. Default AUTH_NONE. */
      readonly verifier?: OpaqueAuth;
      /** Takes the arguments out of their wrapping, and puts the results into theirs. */
      readonly unwrap?: (octets: Uint8Array) => Uint8Array;
      readonly wrap?: (octets: Uint8Array) => Uint8Array;
    }
  | { readonly type: "rejected"; readonly status: AuthStatus }
  /** RFC 2203 5.3.3.1: a call outside the sequence window is dropped in silence. */
  | { readonly type: "dropped" };

/** How a server judges the calls of one flavor. */
export interface ServerAuth {
  readonly flavor: number;
  /** @param header - The octets of the call from xid to the end of the credential. */
  judge(credential: OpaqueAuth, verifier: OpaqueAuth, header: Uint8Array): AuthVerdict;
}

const ANONYMOUS: AuthVerdict = { type: "accepted", identity: undefined };

/** Accepts everybody, as nobody. */
export const acceptNone: ServerAuth = {
  flavor: AuthFlavor.NONE,
  judge: () => ANONYMOUS,
};

/**
 * Accepts what AUTH_SYS claims: it is a claim, whoever can send a packet can make it.
 *
 * @param options.shortHands - Whether to hand out AUTH_SHORT credentials. Default false: they save a
 *   hundred octets a call and cost a table. At most 1,024 are kept, the oldest goes first.
 */
export function acceptSys(options: { shortHands?: boolean } = {}): readonly ServerAuth[] {
  const byCredential = new Map<string, OpaqueAuth>();
  const byShortHand = new Map<string, SysCredential>();
  const judgeSys = (credential: OpaqueAuth): AuthVerdict => {
    let identity: SysCredential;
    try {
      identity = decodeSysCredential(credential.body);
    } catch {
      return { type: "rejected", status: "AUTH_BADCRED" };
    }
    if (!options.shortHands) return { type: "accepted", identity };
    const key = Buffer.from(credential.body).toString("latin1");
    let verifier = byCredential.get(key);
    if (verifier === undefined) {
      const body = new Uint8Array(randomBytes(8));
      verifier = { flavor: AuthFlavor.SHORT, body };
      for (const [oldest, { body: old }] of byCredential) {
        if (byCredential.size < 1024) break;
        byCredential.delete(oldest);
        byShortHand.delete(Buffer.from(old).toString("latin1"));
      }
      byCredential.set(key, verifier);
      byShortHand.set(Buffer.from(body).toString("latin1"), identity);
    }
    return { type: "accepted", identity, verifier };
  };
  const judgeShort = (credential: OpaqueAuth): AuthVerdict => {
    const identity = byShortHand.get(Buffer.from(credential.body).toString("latin1"));
    if (identity === undefined) return { type: "rejected", status: "AUTH_REJECTEDCRED" };
    return { type: "accepted", identity };
  };
  return [
    { flavor: AuthFlavor.SYS, judge: judgeSys },
    { flavor: AuthFlavor.SHORT, judge: judgeShort },
  ];
}
