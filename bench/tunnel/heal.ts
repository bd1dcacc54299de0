/**
 * How soon octets flow again once the link is back: two hosts (network namespaces) with a wire that
 * loses everything in silence for a while, as a radio does, a program that says a word every few milliseconds and looks at the echoes.
 * `tertulia-address` is how long it takes when instead the near host gets another address.
 * `ssh` rides on TCP alone: it goes on when TCP next tries, or, told to look (ServerAliveInterval 2,
 * three times), gives up: `ssh-death` is how long after the cut its connection was gone for good.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { FAR_ADDRESS, TestNetwork } from "../../packages/tertulia/dist/test/network.js";
import { type Case, Missing, medianOf } from "../harness.ts";
import { type Column, line, openWay, type Spawn } from "./ways.ts";

/** Who waits longer than that does not go on. */
const PATIENCE_MS = 20_000;
const ALIVE = ["ServerAliveInterval=2", "ServerAliveCountMax=3"];

export function healing(cutsMs: readonly number[]): Case {
  const known = new Map<Column, Promise<readonly number[]>>();
  const times = (column: Column): Promise<readonly number[]> => {
    const figures = known.get(column) ?? heal(column, cutsMs);
    known.set(column, figures);
    return figures;
  };
  return {
    name: "tunnel-heal",
    unit: `ms after the link is back, ${cutsMs.length} times`,
    better: "lower",
    rounds: 1,
    columns: {
      tertulia: async () => medianOf(await times("tertulia-tls")),
      "tertulia-worst": async () => Math.max(...(await times("tertulia-tls"))),
      "tertulia-address": roam,
      ssh: async () => medianOf(await times("ssh")),
      "ssh-worst": async () => Math.max(...(await times("ssh"))),
      "ssh-death": death,
    },
  };
}

async function heal(column: Column, cutsMs: readonly number[]): Promise<readonly number[]> {
  using wire = openWire();
  await using target = await echo(wire);
  await using way = await openWay(column, target.port, onWire(wire));
  await using client = await talker(wire, way.port);
  const times: number[] = [];
  for (const cutMs of cutsMs) {
    wire.silence();
    await sleep(cutMs);
    const healed = client.count;
    wire.unsilence();
    const start = performance.now();
    // An echo that came while the wire was cut does not count.
    while (client.count <= healed && performance.now() < start + PATIENCE_MS) await sleep(2);
    times.push(performance.now() - start);
    await sleep(300);
  }
  return times;
}

/** The near host comes to another network: how long until the tunnel has noticed, and goes on. */
async function roam(): Promise<number> {
  using wire = openWire();
  await using target = await echo(wire);
  await using way = await openWay("tertulia-tls", target.port, onWire(wire));
  await using client = await talker(wire, way.port);
  wire.changeAddress();
  // What is on its way still may come in.
  await sleep(50);
  const { count } = client;
  const start = performance.now();
  while (client.count <= count && performance.now() < start + PATIENCE_MS) await sleep(2);
  return performance.now() - start;
}

/** The link does not come back before ssh has given up. */
async function death(): Promise<number> {
  using wire = openWire();
  await using target = await echo(wire);
  await using way = await openWay("ssh", target.port, { ...onWire(wire), ssh: ALIVE });
  await using _client = await talker(wire, way.port);
  const start = performance.now();
  wire.silence();
  if (way.near) await once(way.near, "exit", { signal: AbortSignal.timeout(PATIENCE_MS) });
  return performance.now() - start;
}

function openWire(): TestNetwork {
  if (process.getuid?.() !== 0) throw new Missing("network namespaces need root");
  return new TestNetwork();
}

function onWire(wire: TestNetwork): { readonly host: string; readonly spawn: Spawn } {
  return { host: FAR_ADDRESS, spawn: (side, command) => wire.spawn(side, command) };
}

/** A program of the far host that says back what it hears. */
async function echo(wire: TestNetwork): Promise<AsyncDisposable & { readonly port: number }> {
  const source = `require("node:net").createServer((s) => { s.on("error", () => {}); s.pipe(s); })
    .listen(0, "127.0.0.1", function () { console.log(this.address().port); });`;
  const child = wire.spawn("far", [process.execPath, "-e", source]);
  return { port: Number(await line(child, /^\d+$/)), ...ending(child) };
}

/** A program of the near host that says a word every 5 ms; how many came back. */
async function talker(
  wire: TestNetwork,
  port: number,
): Promise<AsyncDisposable & { readonly count: number }> {
  const source = `const s = require("node:net").connect(${port}, "127.0.0.1");
    s.setNoDelay(true); s.on("error", () => {}); s.on("data", () => console.log("."));
    const timer = setInterval(() => s.writableLength < 1e6 && s.write("."), 5);
    s.on("close", () => clearInterval(timer));`;
  const child = wire.spawn("near", [process.execPath, "-e", source]);
  let count = 0;
  child.stdout?.on("data", () => (count += 1));
  while (count === 0) await sleep(5);
  return {
    get count() {
      return count;
    },
    ...ending(child),
  };
}

function ending(child: ChildProcess): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
