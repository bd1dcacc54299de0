/**
 * A store on a disk of 4 MiB: a file system in memory, in a namespace of its own.
 */

import { deepEqual, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { hasNamespaces } from "../peers.ts";

const folder = mkdtempSync(join(tmpdir(), "tertulia-small-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const PROGRAM = join(import.meta.dirname, "small-disk.js");

/** How many octets were kept, in messages of 200, up to `most`; and how many were there afterwards. */
function kept(most: number, keeps: number): readonly [number, number] {
  const mount = 'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" "$3" "$1/s.db" "$4" "$5"';
  const words = ["-m", "sh", "-c", mount, "sh", folder, process.execPath, PROGRAM];
  const said = execFileSync("unshare", [...words, `${most}`, `${keeps}`], { encoding: "utf8" });
  const [written = 0, found = 0] = said.split(" ").map(Number);
  return [written, found];
}

describe("a store on a disk of 4 MiB", () => {
  it("fills most of it, and what was acknowledged is there when it is full", (t) => {
    if (!hasNamespaces(t)) return;
    const [written, found] = kept(8_000_000, 8_000_000);
    deepEqual(found, written);
    ok(written > 2_000_000 && written < 4_000_000, `${written} octets`);
  });

  it("goes on for ever where what it has is forgotten in time", (t) => {
    if (!hasNamespaces(t)) return;
    deepEqual(kept(2_000_000, 100_000), [2_000_000, 100_000]);
  });
});
