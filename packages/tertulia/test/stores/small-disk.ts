/** Writes to a store until it is full, forgetting what is more than it is to keep; then looks what is there. */

import { openSqliteStore } from "../../src/stores/sqlite.ts";
import { StoreError } from "../../src/stores/store.ts";

const [path = "", most, keeps] = process.argv.slice(2);
const SIZE = 200;

const id = "01";
const record = { id, role: "responder", identity: "", createdAt: 1 } as const;
let written = 0;
{
  await using store = await openSqliteStore(path, { onFull: "fail" });
  await store.write({ id, epoch: 0, create: { ...record, establishment: new Uint8Array() } });
  try {
    while (written < Number(most)) {
      const octets = new Uint8Array(SIZE).fill(written / SIZE);
      const append = { journal: "received", position: written, octets } as const;
      const trim = {
        journal: "received",
        position: Math.max(0, written + SIZE - Number(keeps)),
      } as const;
      await store.write({ id, epoch: 0, appends: [append], trims: [trim] });
      written += SIZE;
    }
  } catch (error) {
    if (!(error instanceof StoreError) || error.failure !== "full") throw error;
  }
}
await using store = await openSqliteStore(path, { readOnly: true });
let found = 0;
for (const { octets } of (await store.load(id))?.entries ?? []) found += octets.length;
console.log(written, found);
