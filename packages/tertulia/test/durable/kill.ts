/**
 * Kills real processes until they have every reason to have lost count: a teller of numbered lines and
 * their listener, either or both at a time, also while they recover, with the link between them cut
 * besides. `node kill.js [KILLS] [SECONDS] [SEED]`
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../src/testing/index.ts";
import { freePort } from "../free-port.ts";

export interface KillOptions {
  readonly kills: number;
  readonly overMs: number;
  readonly seed: number;
}

export interface KillResult {
  /** Lines that the listener has written. */
  readonly lines: number;
  readonly tellersKilled: number;
  readonly listenersKilled: number;
  readonly linksCut: number;
  /** The first thing that is wrong with the lines, if anything. */
  readonly wrong: string | undefined;
}

/** Runs both, kills them, lets them finish, and looks at what was written. */
export async function kill({ kills, overMs, seed }: KillOptions): Promise<KillResult> {
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), "tertulia-kill-"));
  const file = join(folder, "lines");
  const wire = await openWire();
  const counts = { tellersKilled: 0, listenersKilled: 0, linksCut: 0 };
  let teller = startTeller(0);
  let listener = startListener();
  try {
    for (let i = 0; i < kills; i++) {
      // Many at once, now and then one that has had time to work.
      await pause((random.fraction() ** 2 * 3 * overMs) / kills);
      const what = random.between(0, 7);
      if (what < 2) {
        wire.cut();
        counts.linksCut += 1;
      }
      if (what !== 7) {
        const isTeller = what % 2 === 0;
        if (isTeller) await end(teller);
        else await end(listener);
        if (isTeller) teller = startTeller(0);
        else listener = startListener();
        counts[isTeller ? "tellersKilled" : "listenersKilled"] += 1;
      } else {
        await Promise.all([end(teller), end(listener)]);
        listener = startListener();
        teller = startTeller(0);
        counts.tellersKilled += 1;
        counts.listenersKilled += 1;
      }
    }
    await pause(500);
    await end(teller);
    const last = linesOf(file).length + 5000;
    teller = startTeller(last);
    const exits = [once(teller, "exit"), once(listener, "exit")];
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error("they did not finish")), 60_000).unref();
    });
    await Promise.race([Promise.all(exits), late]);
    const lines = linesOf(file);
    return { lines: lines.length, ...counts, wrong: wrongIn(lines, last) };
  } finally {
    await Promise.all([end(teller), end(listener)]);
    wire.close();
    rmSync(folder, { recursive: true, force: true });
  }

  function startTeller(last: number): ChildProcess {
    return start("teller", `tcp://127.0.0.1:${wire.port}`, join(folder, "teller.db"), `${last}`);
  }

  function startListener(): ChildProcess {
    return start("listener", `tcp://127.0.0.1:${wire.target}`, join(folder, "listener.db"), file);
  }
}

export function start(name: string, ...parameters: readonly string[]): ChildProcess {
  const path = join(import.meta.dirname, `${name}.js`);
  return spawn(process.execPath, [path, ...parameters], { stdio: ["ignore", "ignore", "inherit"] });
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").slice(0, -1);
  } catch {
    return []; // Nothing was ever written.
  }
}

/** The first line that is not the one after the line before. The last may be more than was asked for. */
function wrongIn(lines: readonly string[], last: number): string | undefined {
  for (const [index, line] of lines.entries()) {
    const [text] = line.split("\t");
    if (text !== `line ${index + 1}`) return `line ${index + 1} is ${JSON.stringify(text)}`;
  }
  return lines.length < last ? `${lines.length} lines, ${last} were sent` : undefined;
}

/** A way between the two that can be cut, and a port that stays the listener's. */
export interface Wire {
  readonly port: number;
  readonly target: number;
  cut(): void;
  close(): void;
}

export async function openWire(): Promise<Wire> {
  const sockets = new Set<Socket>();
  const target = await freePort();
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on a port
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = () => {
    server.close();
    cut();
  };
  return { port, target, cut, close };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (process.argv[1] === import.meta.filename) {
  const [kills = 200, seconds = 120, seed = Date.now() % 100_000] = process.argv
    .slice(2)
    .map(Number);
  const result = await kill({ kills, overMs: seconds * 1000, seed });
  console.log(`seed ${seed}: ${JSON.stringify(result)}`);
  process.exit(result.wrong === undefined ? 0 : 1);
}
