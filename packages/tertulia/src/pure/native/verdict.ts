/**
 * What a refusal to go on means for a session that has no transport: its end, or another attempt.
 *
 * @module
 */

import { SessionError } from "../errors.ts";
import { type Refusal, refusalError } from "./refusal.ts";
import type { ReleaseState } from "./release.ts";
import type { SessionOutcome } from "./session-output.ts";

export type Verdict =
  | { readonly type: "ended"; readonly outcome: SessionOutcome; readonly error?: SessionError }
  | {
      readonly type: "retry";
      readonly error: SessionError;
      readonly retryMs?: number | undefined;
      /** The next attempt goes there. */
      readonly location?: string | undefined;
    };

/** Refusals in a row that a damaged RESUME gets, after which they are believed. 3: damage is not that common. */
export const DAMAGED_MAX = 3;

/** Whether what we said may have been damaged on its way, where the transport does not protect it. */
export function soundsDamaged({ reason }: Refusal): boolean {
  return reason === "badProof" || reason === "unknownSession" || reason === "protocolError";
}

/** @param release - How far our own release was: `finished` may be what we wait for. */
export function judge(refusal: Refusal, release: ReleaseState): Verdict {
  const { reason, message, location, received, epoch, retryMs, isPersistent } = refusal;
  const said = message ? `: ${message}` : "";
  const ended = (outcome: SessionOutcome, why: string): Verdict => {
    return { type: "ended", outcome, error: new SessionError("ERR_RESUME", why) };
  };
  switch (reason) {
    case "finished":
      if (!awaitsFinished.has(release)) break;
      return { type: "ended", outcome: "released" };
    case "aborted": {
      const error = new SessionError("ERR_ABORTED", `the peer aborted${said}`);
      return { type: "ended", outcome: "aborted", error };
    }
    case "fenced":
      if (!isPersistent) break;
      return ended("fenced", `fenced by epoch ${epoch}`);
    case "expired": {
      const had = received ? `; the peer had ${received[0]} octets of lane 0` : "";
      return ended("expired", `expired${had}${said}`);
    }
    case "lost":
      return ended("lost", `lost${said}`);
    case "unknownSession":
      return ended("unknown", "the peer knows no such session");
    case "moved": {
      const error = new SessionError("ERR_REFUSED", `moved to ${location}`);
      return { type: "retry", error, location };
    }
  }
  const error = refusalError(refusal);
  if (isPersistent) return { type: "ended", outcome: "unknown", error };
  return { type: "retry", error, retryMs };
}

/** What we have said by then is all that the peer waited for. */
const awaitsFinished: ReadonlySet<ReleaseState> = new Set([
  "answered",
  "crossing",
  "crossed",
  "finished",
]);
