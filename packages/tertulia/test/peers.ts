/**
 * Programs we did not write, that tests run against.
 *
 * A peer that is missing is said loudly and the test is left out; with `CI=true` that is a failure.
 * `scripts/peers.sh` installs them all.
 */

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";

/** The path of a program, or `undefined` when it is not on this machine. */
export function findPeer(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/**
 * Whether all the peers are here. If not, the test is marked as skipped, and in CI it fails.
 *
 * @example
 * it("is understood by tshark", (t) => {
 *   if (!hasPeers(t, "tshark", "text2pcap")) return;
 */
export function hasPeers(t: TestContext, ...names: readonly string[]): boolean {
  const missing = names.filter((name) => findPeer(name) === undefined);
  if (missing.length === 0) return true;
  leaveOut(t, `${missing.join(", ")} not installed: run scripts/peers.sh as root`);
  return false;
}

/** Whether this process may make network namespaces: it has to be root, and `ip` has to be here. */
export function hasNamespaces(t: TestContext): boolean {
  if (!hasPeers(t, "ip")) return false;
  if (process.getuid?.() === 0) return true;
  leaveOut(t, "network namespaces need root");
  return false;
}

/** Marks the test as skipped, and says so loudly; in CI it fails. */
export function leaveOut(t: TestContext, reason: string): void {
  if (process.env["CI"] === "true") throw new Error(`left out in CI: ${reason}`);
  console.error(`LEFT OUT: ${t.name}: ${reason}`);
  t.skip(reason);
}
