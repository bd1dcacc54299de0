/**
 * A running tunnel: one session after the other, until it is told to stop.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type Session, SessionError } from "tertulia";
import { formatTarget, openTunnel, type Tunnel, type TunnelAddress } from "tertulia/tunnel";
import type { Home } from "../home.ts";
import type { Log, LogFields } from "../log.ts";
import { endSession } from "./ending.ts";
import type { TunnelPlan } from "./plan.ts";
import { reasonOf } from "./reasons.ts";
import { offerStatus, Recent } from "./status.ts";
import { stopping } from "./stopping.ts";
import { firstSession, tunnelSession } from "./way.ts";

/** First and last pause before another session is tried for, once one was lost. */
const RETRY_MS = 500;
const RETRY_MS_MAX = 15_000;
/** Why not (docs/design/tunnel-upgrade.md). */
const NO_UPGRADE =
  "a tunnel is not replaced in place; stop it and start it again when its connections may end";
/** Reasons told of one break. */
const REASONS_MAX = 8;

/**
 * Runs until a signal or `tertulia tunnel stop`. The first session has to come about, and to be of use;
 * later, whatever is wrong may come right.
 *
 * @param onReady - Told when the first session is there.
 * @throws {SessionError} `ERR_REFUSED` when the node takes nothing of the plan.
 */
export async function runTunnel(
  { address, acceptNew, options }: TunnelPlan,
  home: Home,
  printed: Log,
  onReady?: () => void,
): Promise<void> {
  const recent = new Recent();
  const log: Log = (event: string, sentence: string, fields?: LogFields) => {
    printed(event, sentence, fields);
    recent.add(sentence);
  };
  const { signal, stop, dispose } = stopping();
  // Who is used to nodes may send it here: unheard it would end us.
  const onUpgrade = () => log("notUpgraded", `no upgrade: ${NO_UPGRADE}`, { reason: NO_UPGRADE });
  process.on("SIGUSR2", onUpgrade);
  const establish = () => tunnelSession(address, home, acceptNew, signal);
  const note = (text: string) => log("tunnel", text, { text });
  await using tunnel = await openTunnel({ ...options, log: note });
  for (const one of tunnel.addresses) log("listening", sentenceOf(one), fieldsOf(one));
  await using _status = await offerStatus(home, { address, tunnel, recent, stop });
  let session: Session | undefined = await firstSession(address, home, acceptNew, signal);
  let pauseMs = RETRY_MS;
  // Until the node has said whether it listens for us, whoever started this waits.
  let isReady = false;
  const ready = () => {
    pauseMs = RETRY_MS;
    if (!isReady) onReady?.();
    isReady = true;
  };
  /** Why there is no session, as far as that was said: once, however often it is tried. */
  let told: string | undefined;
  for (; !signal.aborted; pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
    try {
      session ??= await establish();
      told = undefined;
      recent.reason = undefined;
      log("connected", `connected to ${address}`, { address, session: session.id });
      await through(tunnel, session, log, recent, signal, ready);
    } catch (error) {
      if (signal.aborted) break;
      if (!isReady && isRefused(error)) throw error;
      const reason = reasonOf(error);
      recent.reason = reason;
      const next = "its connections were reset; another session is tried for";
      const isLost = session !== undefined && !isRefused(error);
      const sentence = isLost
        ? `the session is lost: ${reason}; ${next}`
        : `no session: ${reason}; it is tried again`;
      if (isLost || reason !== told) log("lost", sentence, { reason });
      if (!isLost) told = reason;
    }
    session = undefined;
    await sleep(pauseMs * Math.random(), undefined, { signal }).catch(() => {});
  }
  dispose();
  process.off("SIGUSR2", onUpgrade);
}

/** The node took none of what the tunnel is for. */
function isRefused(error: unknown): boolean {
  return error instanceof SessionError && error.code === "ERR_REFUSED";
}

/**
 * Until the session ends, or we are told to.
 *
 * @param onReady - Told when the node has said which remote forwards it takes.
 * @throws {SessionError} `ERR_REFUSED` when that is none, and there is nothing else to do.
 */
async function through(
  tunnel: Tunnel,
  session: Session,
  log: Log,
  recent: Recent,
  signal: AbortSignal,
  onReady: () => void,
): Promise<void> {
  /** Why it is not back, as far as that was said: each reason once, however often it is tried. */
  const told = new Set<string>();
  const onAbort = () => void endSession(session, log);
  signal.addEventListener("abort", onAbort);
  void tunnel.use(session);
  let refusal: unknown;
  void tunnel.answered().then(onReady, (error) => {
    refusal = error;
    void endSession(session, log);
  });
  for await (const change of session.changes()) {
    switch (change.type) {
      case "suspended": {
        const reason = reasonOf(change.error);
        recent.reason = reason;
        log("suspended", `the link is down: ${reason}; connections wait`, { reason });
        break;
      }
      case "retrying": {
        const reason = reasonOf(change.error);
        recent.reason = reason;
        if (told.has(reason) || told.size === REASONS_MAX) break;
        told.add(reason);
        log("retrying", `not back yet: ${reason}; it is tried again`, { reason });
        break;
      }
      case "resumed":
        told.clear();
        recent.reason = undefined;
        log("resumed", `goes on after ${(change.suspendedMs / 1000).toFixed(1)} s`, {
          ms: Math.round(change.suspendedMs),
        });
        break;
      case "moved":
        log("moved", `goes on over ${change.kind}`);
        break;
      case "closed":
        if (signal.aborted || refusal !== undefined) break;
        throw change.end.error ?? new SessionError("ERR_CLOSED", "the node said goodbye");
    }
  }
  signal.removeEventListener("abort", onAbort);
  if (refusal !== undefined) throw refusal;
}

function sentenceOf({ type, address, target }: TunnelAddress): string {
  const where = formatTarget(address);
  if (type === "socks") return `${where} serves SOCKS5`;
  return `${where}${type === "udp" ? " (UDP)" : ""} leads to ${target ? formatTarget(target) : ""}`;
}

function fieldsOf({ type, address, target }: TunnelAddress): Record<string, string> {
  return { type, address: formatTarget(address), ...(target && { target: formatTarget(target) }) };
}
