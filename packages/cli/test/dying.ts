/**
 * Loaded into a node before its program (`--import`): as a successor it kills itself where the file `die`
 * in the home folder says, once. `before WORD` is instead of saying it, `after WORD` when it was said,
 * `deaf WORD` a little later than that: what it is told meanwhile is said in vain. `orphan WORD` kills the
 * node before it when it has said that word.
 *
 * @module
 */

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const file = join(process.env["XDG_CONFIG_HOME"] ?? "", "die");

const isSuccessor = process.env["TERTULIA_PREDECESSOR"] === String(process.ppid);

if (isSuccessor && stageToDieAt()?.startsWith("orphan ")) {
  process.on("message", ({ type }: { readonly type?: string }) => {
    if (!isAt(`orphan ${type}`)) return;
    process.kill(process.ppid, "SIGKILL");
    // Until that is so.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  });
} else if (isSuccessor && process.send) {
  const send = process.send.bind(process);
  const say = (word: { readonly type?: string }, done?: () => void): boolean => {
    dieAt(`before ${word.type}`);
    return send(word, () => {
      dieAt(`after ${word.type}`);
      if (isAt(`deaf ${word.type}`)) dieDeaf();
      done?.();
    });
  };
  // Its other forms are not used.
  process.send = say as typeof process.send;
}

function dieAt(stage: string): void {
  if (isAt(stage)) process.kill(process.pid, "SIGKILL");
}

function dieDeaf(): void {
  process.removeAllListeners("disconnect");
  process.disconnect?.();
  setTimeout(() => process.kill(process.pid, "SIGKILL"), 200);
}

function isAt(stage: string): boolean {
  if (stageToDieAt() !== stage) return false;
  rmSync(file);
  return true;
}

function stageToDieAt(): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
