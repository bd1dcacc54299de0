/**
 * Calls a name: runs the steps of {@link calling} over TCP.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { ProtocolError, SessionError } from "../pure/errors.ts";
import type { Endpoint } from "../pure/netbios/address.ts";
import { CALL_RULES, type CallOutcome, type CallRules, calling } from "../pure/netbios/calling.ts";
import { formatName, type NetbiosName } from "../pure/netbios/name.ts";
import { PacketStream } from "./packet-stream.ts";
import { NetbiosSession, type SessionSettings } from "./session.ts";

/** What a call needs of the name service. */
export interface NameFinder {
  /** Who has the called name. The list may grow while it is walked through. */
  resolve(called: NetbiosName, signal: AbortSignal | undefined): Promise<Resolved>;
  report(called: NetbiosName, address: string): void;
  /** The name by which a node serves files, if it tells. */
  realName(address: string, signal: AbortSignal | undefined): Promise<NetbiosName | undefined>;
}

export interface Resolved {
  readonly addresses: readonly string[];
  readonly group: boolean;
}

/** How a name is called, and how long each step may take. All optional. */
export interface CallSettings extends SessionSettings, Partial<CallRules> {
  /** Gives the call up, with the signal's own reason. */
  readonly signal?: AbortSignal;
  /** How long a TCP connection may take to be made. Default: 10 s. */
  readonly connectTimeoutMs?: number;
  /** How long the answer to a SESSION REQUEST may take. Default: 10 s. */
  readonly answerTimeoutMs?: number;
}

/** Everything that happens on the way, for who wants to know. */
export type CallProgress = (event: {
  readonly type: "calling" | "answer";
  readonly to: Endpoint;
  readonly outcome?: CallOutcome;
}) => void;

export async function callName(
  names: NameFinder,
  ends: { readonly called: NetbiosName; readonly calling: NetbiosName },
  settings: CallSettings,
  progress: CallProgress = () => {},
): Promise<NetbiosSession> {
  const { signal } = settings;
  const procedure = calling({ ...CALL_RULES, ...definedOf(settings) });
  let { called } = ends;
  let stream: PacketStream | undefined;
  let outcome: CallOutcome = { type: "done" };
  for (;;) {
    signal?.throwIfAborted();
    const next = procedure.next(outcome);
    if (next.done) {
      // The procedure returns after a positive outcome only, and that came with a stream.
      if (!stream) throw new SessionError("ERR_CLOSED", "no session");
      const local = ends.calling;
      return new NetbiosSession(stream, { local, remote: called, peer: next.value }, settings);
    }
    const step = next.value;
    switch (step.type) {
      case "resolve":
        outcome = { type: "resolved", ...(await names.resolve(called, signal)) };
        break;
      case "request": {
        progress({ type: "calling", to: step.to });
        const answer = await request(step.to, { called, calling: ends.calling }, settings);
        progress({ type: "answer", to: step.to, outcome: answer.outcome });
        ({ outcome, stream } = answer);
        break;
      }
      case "pause":
        await pause(step.waitMs, undefined, signal ? { signal } : {});
        outcome = { type: "done" };
        break;
      case "report":
        names.report(called, step.address);
        outcome = { type: "done" };
        break;
      case "rename": {
        const real = await names.realName(step.address, signal);
        if (real) called = real;
        outcome = { type: "renamed", isKnown: real !== undefined };
      }
    }
  }
}

interface Answer {
  readonly outcome: CallOutcome;
  readonly stream: PacketStream | undefined;
}

/** Connects, asks for the name, and waits for the one packet that answers. */
async function request(
  to: Endpoint,
  ends: { readonly called: NetbiosName; readonly calling: NetbiosName },
  { signal, connectTimeoutMs = 10_000, answerTimeoutMs = 10_000 }: CallSettings,
): Promise<Answer> {
  const failed = (outcome: CallOutcome): Answer => ({ outcome, stream: undefined });
  const socket = await connected(to, connectTimeoutMs, signal);
  if (!("write" in socket)) return failed(socket);
  const stream = new PacketStream(socket);
  const timeout = AbortSignal.timeout(answerTimeoutMs);
  try {
    void stream.write({ type: "request", ...ends });
    const packet = await stream.next(signal ? AbortSignal.any([signal, timeout]) : timeout);
    switch (packet?.type) {
      case "positive":
        return { outcome: { type: "positive" }, stream };
      case "negative":
        socket.destroy();
        return failed(packet);
      case "retarget":
        socket.destroy();
        return failed({ type: "retarget", to: { address: packet.address, port: packet.port } });
      case undefined:
        socket.destroy();
        return failed({ type: "closed" });
      default:
        throw new ProtocolError("unexpectedPacket", "RFC 1002 5.2.1.1", `${packet?.type} first`);
    }
  } catch (error) {
    socket.destroy();
    signal?.throwIfAborted();
    if (timeout.aborted) return failed({ type: "timedOut" });
    if (!(error instanceof SessionError) || error.code !== "ERR_CLOSED") throw error;
    return failed({ type: "closed" });
  }
}

/** A connected socket, or why there is none. */
function connected(
  to: Endpoint,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Socket | CallOutcome> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: to.port, host: to.address });
    const timer = setTimeout(() => settle({ type: "timedOut" }), timeoutMs);
    const aborted = (): void => {
      socket.destroy();
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const settle = (result: Socket | CallOutcome): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      socket.removeAllListeners();
      if (result !== socket) {
        socket.on("error", () => {});
        socket.destroy();
      }
      resolve(result);
    };
    signal?.addEventListener("abort", aborted, { once: true });
    socket.once("connect", () => settle(socket));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      settle({ type: code === "ECONNREFUSED" ? "refused" : "timedOut" });
    });
  });
}

/** The rules among the settings that are set; `undefined` must not hide a default. */
function definedOf(settings: CallSettings): Partial<CallRules> {
  const rules = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(rules);
}

/** A call as people read it. */
export function describeCall(called: NetbiosName, caller: NetbiosName): string {
  return `${formatName(caller)} calls ${formatName(called)}`;
}
