/**
 * How a session is called (RFC 1001 16.1.1, RFC 1002 5.2.1.1): find the name, connect, ask, and
 * follow where one is sent.
 *
 * A generator of steps, resumed with what came of each; so all the rules are here and none of the
 * sockets.
 *
 * @module
 */

import type { Endpoint } from "./address.ts";
import { NetbiosError } from "./errors.ts";
import { reasonOfErrorCode, SESSION_ERROR_CODES } from "./session-packet.ts";

/** What the caller is to do next. */
export type CallStep =
  /** Find the called name: for a group, its members. */
  | { readonly type: "resolve" }
  /** Connect to it and send a SESSION REQUEST. */
  | { readonly type: "request"; readonly to: Endpoint }
  | { readonly type: "pause"; readonly waitMs: number }
  /** Tell the name service that this address does not have the name. */
  | { readonly type: "report"; readonly address: string }
  /** Ask this node what it is really called, and call it that from now on. */
  | { readonly type: "rename"; readonly address: string };

/** What came of a step. */
export type CallOutcome =
  | {
      readonly type: "resolved";
      readonly addresses: readonly string[];
      readonly group: boolean;
    }
  | { readonly type: "positive" }
  | { readonly type: "negative"; readonly errorCode: number }
  | { readonly type: "retarget"; readonly to: Endpoint }
  /** The TCP connection was refused. */
  | { readonly type: "refused" }
  /** The TCP connection, or the answer, took too long. */
  | { readonly type: "timedOut" }
  /** The connection ended before an answer. */
  | { readonly type: "closed" }
  | { readonly type: "renamed"; readonly isKnown: boolean }
  | { readonly type: "done" };

/** How stubbornly a name is called, and where. */
export interface CallRules {
  /** Where sessions are served. Default: 139. */
  readonly port: number;
  /** RFC 1002 6, SSN_RETRY_COUNT: how often a name is resolved or a retarget followed. 4. */
  readonly retryCount: number;
  /** How long to wait before a refused connection is tried once more. Default: 500 ms. */
  readonly refusedPauseMs: number;
  /**
   * Where to go when the target of a retarget refuses the connection: back to where the call
   * began (`straight`), or to whoever retargeted last (`stack`). Default: `stack`.
   */
  readonly afterRetarget: "straight" | "stack";
  /** After "called name not present", ask the node for its real name and call that. */
  readonly asksRealName: boolean;
}

/** The rules in force where none are given. */
export const CALL_RULES: CallRules = {
  port: 139,
  retryCount: 4,
  refusedPauseMs: 500,
  afterRetarget: "stack",
  asksRealName: false,
};

/** RFC 1002 5.2.1.1: a host is visited at most twice in one call. */
const VISITS_MAX = 2;

/** What is to be done to get a session. Returns when it is there. @throws {NetbiosError} */
export function* calling(rules: CallRules): Generator<CallStep, Endpoint, CallOutcome> {
  let hasAskedName = false;
  let last = new NetbiosError("tooManyRetargets");
  for (let resolutions = 0; resolutions <= rules.retryCount; resolutions++) {
    const found = yield { type: "resolve" };
    if (found.type !== "resolved") throw new NetbiosError("nameNotFound");
    let again = false;
    for (const address of found.addresses) {
      const outcome = yield* visiting({ address, port: rules.port }, rules);
      if (outcome.type === "positive") return outcome.at;
      last = outcome.error;
      if (outcome.notPresentAt !== undefined) {
        const wrong = outcome.notPresentAt;
        // RFC 1002 5.2.1.1: the name service is told, and asked again.
        yield { type: "report", address: wrong };
        if (rules.asksRealName && !hasAskedName) {
          hasAskedName = true;
          const renamed = yield { type: "rename", address: wrong };
          if (renamed.type === "renamed" && renamed.isKnown) {
            const retried = yield* visiting({ address: wrong, port: rules.port }, rules);
            if (retried.type === "positive") return retried.at;
            last = retried.error;
          }
        }
      }
      again ||= outcome.resolvesAgain;
      // RFC 1001 16.1.1: a group name is any one of its members, the next if this one will not.
      if (!found.group && !outcome.triesNext) break;
    }
    if (!again) throw last;
  }
  throw last;
}

type Visit =
  | { readonly type: "positive"; readonly at: Endpoint }
  | {
      readonly type: "failed";
      readonly error: NetbiosError;
      readonly notPresentAt?: string;
      readonly resolvesAgain: boolean;
      /** The host has other addresses that may be reached. */
      readonly triesNext: boolean;
    };

/** One address, and everywhere it sends us. */
function* visiting(origin: Endpoint, rules: CallRules): Generator<CallStep, Visit, CallOutcome> {
  const stack: Endpoint[] = [origin];
  const visits = new Map<string, number>();
  let hasPaused = false;
  let retargets = 0;
  const failed = (
    error: NetbiosError,
    more: { notPresentAt?: string; resolvesAgain?: boolean; triesNext?: boolean } = {},
  ): Visit => ({ type: "failed", error, resolvesAgain: false, triesNext: false, ...more });
  for (;;) {
    const to = stack.at(-1) ?? origin;
    const at = `${to.address}:${to.port}`;
    const count = (visits.get(at) ?? 0) + 1;
    if (count > VISITS_MAX) return failed(new NetbiosError("tooManyRetargets", `${at} again`));
    visits.set(at, count);
    const outcome = yield { type: "request", to };
    switch (outcome.type) {
      case "positive":
        return { type: "positive", at: to };
      case "negative": {
        const reason = reasonOfErrorCode(outcome.errorCode);
        const isAbsent = outcome.errorCode === SESSION_ERROR_CODES.calledNameNotPresent;
        const code = `0x${outcome.errorCode.toString(16)}`;
        const error = new NetbiosError(reason, `${at} says ${code}`);
        return failed(error, isAbsent ? { notPresentAt: to.address, resolvesAgain: true } : {});
      }
      case "retarget":
        retargets += 1;
        if (retargets > rules.retryCount) {
          return failed(new NetbiosError("tooManyRetargets", `more than ${rules.retryCount}`));
        }
        stack.push(outcome.to);
        continue;
      case "refused":
        if (stack.length > 1) {
          // RFC 1002 5.2.1.1: nobody is where we were sent; ask again who sent us.
          if (rules.afterRetarget === "straight") stack.splice(1);
          else stack.pop();
          continue;
        }
        // A LISTEN may just have been used up by another call: one more try.
        if (!hasPaused) {
          hasPaused = true;
          yield { type: "pause", waitMs: rules.refusedPauseMs };
          continue;
        }
        return failed(new NetbiosError("notReachable", `${at} refuses`), { triesNext: true });
      case "timedOut":
        return failed(new NetbiosError("notReachable", `${at} does not answer`), {
          resolvesAgain: true,
          triesNext: true,
        });
      default:
        return failed(new NetbiosError("unspecified", `${at} closed without an answer`));
    }
  }
}
