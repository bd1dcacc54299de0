/**
 * What is wrong with an address to listen at, in words for people.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { hostAndPort } from "./address.ts";

/** @param at - A path, or the like; or a port, of all addresses where there is no host. */
export function cannotListen(
  at: string | { readonly host?: string | undefined; readonly port: number },
  cause: NodeJS.ErrnoException,
): SessionError {
  const why = reasons[cause.code ?? ""];
  const what = why === undefined ? cause.message : `${nameOf(at)} ${why}`;
  return new SessionError("ERR_CLOSED", `cannot listen: ${what}`, { cause });
}

function nameOf(at: Parameters<typeof cannotListen>[0]): string {
  if (typeof at === "string") return at;
  const { host, port } = at;
  if (host === undefined) return `port ${port}`;
  return hostAndPort(host, port);
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use already",
  EACCES: "is not for this user; ports below 1024 seldom are",
  EADDRNOTAVAIL: "is no address of this machine",
  EAFNOSUPPORT: "is of a kind that this machine does not have",
  ENOTFOUND: "is no address that is known here",
};
