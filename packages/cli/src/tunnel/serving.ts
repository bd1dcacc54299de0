/**
 * How a node serves tunnels: who may reach what, how much of it, and the audit.
 *
 * @module
 */

import { open } from "node:fs/promises";
import { fingerprintOf, formatFingerprint } from "tertulia/auth";
import {
  type AuditEntry,
  type Passed,
  parseRule,
  type Rule,
  type TunnelDebt,
  TunnelHandover,
  TunnelLedger,
  type TunnelServerOptions,
} from "tertulia/tunnel";
import { type Log, logTo } from "../log.ts";

export interface TunnelServing {
  readonly allow?: readonly string[];
  readonly quotaConnections?: number;
  readonly quotaRate?: number;
  readonly audit?: string;
}

export interface Serving extends AsyncDisposable {
  /** Absent when nothing is allowed. */
  readonly options: TunnelServerOptions | undefined;
  readonly handover: TunnelHandover;
  /** Of those who are ahead of their rate now. */
  debts(): TunnelDebt[];
}

/**
 * Options of `serveTunnel`. The audit goes to the log, and to a file of its own where one is named:
 * one JSON object a line, behind what is there.
 *
 * @param passed - Connections of the node before.
 * @param debts - Who was ahead of its rate there.
 */
export async function tunnelServing(
  serving: TunnelServing,
  log: Log,
  passed: readonly Passed[] = [],
  debts: readonly TunnelDebt[] = [],
): Promise<Serving> {
  const { allow, quotaConnections, quotaRate, audit: path } = serving;
  const file = path === undefined ? undefined : await open(path, "a", 0o600);
  const stream = file?.createWriteStream();
  const fileLog = stream && logTo(stream, true);
  const ledger = new TunnelLedger({
    ...(quotaConnections !== undefined && { connections: quotaConnections }),
    ...(quotaRate !== undefined && { octetsPerSecond: quotaRate }),
  });
  ledger.owe(debts, performance.now());
  const handover = new TunnelHandover(passed);
  const audit = (entry: AuditEntry): void => {
    const fields = { ...entry, since: entry.since.toISOString() };
    const { identity, opening, outcome, resetBy, ms } = entry;
    const by = resetBy === undefined ? "" : ` by the ${resetBy}`;
    const who = identity ? formatFingerprint(identity) : "somebody";
    log("connection", `${who}: ${opening}: ${outcome}${by} after ${ms} ms`, fields);
    fileLog?.("connection", "", fields);
  };
  return {
    options: allow && { allow: allow.map(ruleOf), ledger, audit, handover },
    handover,
    debts: () => ledger.debts(performance.now()),
    async [Symbol.asyncDispose]() {
      handover[Symbol.dispose]();
      if (stream === undefined) return;
      await new Promise<void>((resolve) => stream.end(resolve));
    },
  };
}

/** People write a key as `SHA256:…`; sessions have its hex. */
function ruleOf(text: string): Rule {
  const rule = parseRule(text);
  return rule.identity ? { ...rule, identity: fingerprintOf(rule.identity) } : rule;
}
