import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";

const MAIN = join(import.meta.dirname, "../../../../bench/main.ts");

/** The cases of an area, each with the columns that have a figure: of ours only. */
async function smoke(area: string): Promise<(readonly [string, readonly string[]])[]> {
  const options = [area, "--smoke", "--json", "--columns", "tertulia"];
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...options]);
  const results = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { case: string; median: Record<string, number> });
  return results.map(({ case: name, median }) => [name, Object.keys(median)]);
}

it("runs every case of the bench of sessions", async () => {
  assert.deepEqual(
    await smoke("session"),
    [
      "oneway-64",
      "oneway-1024",
      "oneway-65536",
      "rtt-64",
      "tls-oneway-1024",
      "establish",
      "idle-memory",
      "detached-memory",
      "resume-10000",
      "wire-octets-64",
    ].map((name) => [name, ["tertulia"]]),
  );
});

it("runs every case of the bench of tunnels", async () => {
  // Namespaces need root.
  const healing = process.getuid?.() === 0 ? ["tertulia"] : [];
  assert.deepEqual(await smoke("tunnel"), [
    ["tunnel-bulk", ["tertulia"]],
    ["tunnel-rtt", ["tertulia"]],
    ["tunnel-heal", healing],
    ["tunnel-idle-memory", ["tertulia"]],
    ["tunnel-upgrade", ["tertulia"]],
  ]);
});
