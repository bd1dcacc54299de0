/**
 * How many outcomes SQLite itself keeps in a second, when so many share a commit.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export function groupCommits(together: number, forMs = 1000): number {
  const folder = mkdtempSync(join(tmpdir(), "tertulia-bench-"));
  const database = new DatabaseSync(join(folder, "bare.db"));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE t (client TEXT, slot INTEGER, serial INTEGER, state INTEGER, reply BLOB,
      PRIMARY KEY (client, slot)) WITHOUT ROWID`);
  const insert = database.prepare("INSERT OR REPLACE INTO t VALUES (?, ?, ?, ?, ?)");
  const client = "none:/00112233445566778899aabbccddeeff";
  const reply = new Uint8Array(40);
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < forMs) {
    database.exec("BEGIN IMMEDIATE");
    for (let slot = 0; slot < together; slot++) insert.run(client, slot, count, 0, reply);
    database.exec("COMMIT");
    count += together;
  }
  const rate = (count / (performance.now() - start)) * 1000;
  database.close();
  rmSync(folder, { recursive: true, force: true });
  return rate;
}
