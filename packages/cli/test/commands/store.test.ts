import { deepEqual, match } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { openSqliteStore } from "tertulia/stores/sqlite";

const folder = mkdtempSync(join(tmpdir(), "tertulia-cli-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const root = dirname(createRequire(import.meta.url).resolve("@tertulia/cli/package.json"));

function tertulia(...parameters: readonly string[]) {
  const main = join(root, "dist/src/main.js");
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...parameters], {
    encoding: "utf8",
  });
  return { stdout, stderr, status };
}

describe("tertulia store", () => {
  it("lists, checks and compacts a store", async () => {
    const file = join(folder, "sessions.db");
    const establishment = new Uint8Array(8);
    const record = { id: "01", role: "responder", identity: "token:ana", createdAt: 1 } as const;
    {
      await using store = await openSqliteStore(file);
      await store.write({ id: "01", epoch: 3, create: { ...record, establishment } });
      match(tertulia("store", "sessions", file).stdout, /^01 {2}responder {2}token:ana {2}epoch 3/);
      match(tertulia("store", "compact", file).stderr, /another process has it open/);
    }
    const listed = tertulia("store", "sessions", file, "--json", "--identity", "ana").stdout;
    deepEqual(
      { ...JSON.parse(listed), updatedAt: 0 },
      {
        ...record,
        updatedAt: 0,
        epoch: 3,
        sentOctets: 0,
        receivedOctets: 0,
      },
    );
    deepEqual(tertulia("store", "check", file), { stdout: "whole\n", stderr: "", status: 0 });
    deepEqual(tertulia("store", "compact", file), { stdout: "", stderr: "", status: 0 });
  });
});
