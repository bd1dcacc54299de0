/**
 * `tertulia rpc dump`, `info` and `ping`: what a host serves, and whether it answers.
 *
 * @module
 */

import { RpcbindClient, RpcError } from "tertulia/rpc";
import { callerAt, callNull, type Host, type HostOptions, placeOf, portOf } from "./rpc-host.ts";

export async function runDump({ host, port }: Host, options: HostOptions): Promise<void> {
  await using caller = await callerAt(host, options.port ?? port ?? options.rpcbind, options);
  const all = await new RpcbindClient(caller).dump({ timeoutMs: options.timeout });
  if (options.json) {
    for (const one of all) console.log(JSON.stringify(one));
    return;
  }
  console.log("   program version netid    address                owner");
  for (const { program, version, netid, address, owner } of all) {
    console.log(
      `${String(program).padStart(10)} ${String(version).padStart(7)} ${netid.padEnd(8)} ${address.padEnd(22)} ${owner}`,
    );
  }
}

export async function runInfo(place: Host, program: number, options: HostOptions): Promise<void> {
  const { host } = place;
  const port = await portOf(place, program, 1, options);
  await using caller = await callerAt(host, port, options);
  const answers: number[] = [];
  let range: { low: number; high: number } | undefined;
  let isAny = false;
  try {
    // No program has this version; the refusal says which it has.
    await callNull(caller, program, 0xffff_fffe, options.timeout);
    isAny = true;
  } catch (error) {
    if (!(error instanceof RpcError) || error.low === undefined) throw error;
    range = { low: error.low, high: error.high ?? error.low };
  }
  const last = Math.min(range?.high ?? 0, (range?.low ?? 0) + 63);
  for (let version = range?.low ?? 1; version <= last; version++) {
    try {
      await callNull(caller, program, version, options.timeout);
      answers.push(version);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
    }
  }
  if (options.json) console.log(JSON.stringify({ host, program, port, versions: answers }));
  else {
    const versions = isAny ? "whatever the version" : `versions ${answers.join(", ") || "none"}`;
    console.log(`program ${program} at ${placeOf(host, port)}, ${versions}`);
  }
}

export interface PingCommand extends HostOptions {
  readonly count: number;
}

export async function runPing(
  place: Host,
  program: number,
  version: number,
  options: PingCommand,
): Promise<void> {
  const { host } = place;
  const port = await portOf(place, program, version, options);
  await using caller = await callerAt(host, port, options);
  for (let i = 0; i < options.count; i++) {
    const start = performance.now();
    await callNull(caller, program, version, options.timeout);
    const ms = Number((performance.now() - start).toFixed(3));
    if (options.json) console.log(JSON.stringify({ host, port, program, version, ms }));
    else {
      const where = placeOf(host, port);
      console.log(`program ${program} version ${version} at ${where} answered: ${ms} ms`);
    }
  }
}
