import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";

const MAIN = join(import.meta.dirname, "../../../../bench/main.ts");

it("runs every case of the bench of sessions", async () => {
  const options = ["session", "--smoke", "--json", "--columns", "tertulia"];
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...options]);
  const results = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { case: string; median: Record<string, number> });
  assert.deepEqual(
    results.map(({ case: name, median }) => [name, Object.keys(median)]),
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
