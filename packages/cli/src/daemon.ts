/**
 * This command again as a process in the background: its output goes to a file, and it says when it
 * is ready, so that whoever started it knows whether it works.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ensureFolder } from "tertulia/auth";
import { CommandError, exitCodes } from "./exit.ts";

/** Tells the process in the background that it is one. */
const DAEMON = "TERTULIA_DAEMON";

export function isDaemon(): boolean {
  return process.env[DAEMON] === "1" && process.send !== undefined;
}

/** For the process in the background, until it is ready: it goes with whoever started it. */
export function daemonStarting(): void {
  if (isDaemon()) process.once("disconnect", goAway);
}

function goAway(): void {
  process.kill(process.pid, "SIGINT");
}

/** For the process in the background: whoever started it waits for this, and then goes. */
export function daemonReady(): void {
  if (!isDaemon()) return;
  // A process that this one starts is none.
  delete process.env[DAEMON];
  process.off("disconnect", goAway);
  process.send?.({ ready: true });
  process.disconnect();
}

/**
 * Starts the command line that this process has, without `--daemon`, and waits until it is ready.
 *
 * @returns its process id.
 * @throws {CommandError} with its exit code and last words, when it ends before that.
 */
export async function startDaemon(logPath: string): Promise<number> {
  await ensureFolder(dirname(logPath));
  const log = await open(logPath, "a", 0o600);
  const { size } = await log.stat();
  const [script = "", ...words] = process.argv.slice(1);
  const child = spawn(
    process.execPath,
    [...process.execArgv, script, ...words.filter((word) => word !== "--daemon")],
    {
      detached: true,
      stdio: ["ignore", log.fd, log.fd, "ipc"],
      env: { ...process.env, [DAEMON]: "1" },
    },
  );
  await log.close();
  const ready = once(child, "message").then(() => undefined);
  const ended = once(child, "exit").then(([code]) => Number(code ?? exitCodes.failed));
  const code = await Promise.race([ready, ended]);
  if (code !== undefined) {
    const said = (await readFile(logPath)).subarray(size).toString("utf8").trim();
    throw new CommandError(code, lastWords(said) || `it ended: see ${logPath}`);
  }
  child.unref();
  return child.pid ?? 0;
}

/** A line of the log, and not of what is said besides. */
const LOGGED = /^(\d\d:\d\d:\d\d {2}|\{)/;

/** What it said behind its log, which may be several lines; or the last line. */
function lastWords(said: string): string {
  const lines = said.split("\n");
  const words = lines.slice(lines.findLastIndex((line) => LOGGED.test(line)) + 1);
  return words.length > 0 ? words.join("\n") : (lines.at(-1) ?? "");
}
