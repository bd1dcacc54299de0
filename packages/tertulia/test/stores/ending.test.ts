import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, listen, type Session, type SessionEnd } from "tertulia";
import { endStored, MemoryStore, StoreError } from "tertulia/stores";

/** A session whose listener is gone, and is in this store. */
async function parked(): Promise<{ store: MemoryStore; port: number; session: Session }> {
  const store = new MemoryStore();
  const listener = await listen("tcp://127.0.0.1:0", { store, durability: "disk", keepsAll: true });
  const { port } = listener;
  const limits = { backoffMs: 20, backoffMsMax: 50 };
  const session = await connect(`tcp://127.0.0.1:${port}`, { limits });
  await listener[Symbol.asyncDispose]();
  return { store, port, session };
}

describe("endStored", () => {
  it("has the peer that comes back told that it is over, and why", async () => {
    const { store, port, session } = await parked();
    await endStored(store, session.id, "out of use");
    await using _ = await listen(`tcp://127.0.0.1:${port}`, { store, durability: "disk" });
    const { outcome, error }: SessionEnd = await session.closed;
    assert.deepEqual([outcome, /out of use/.test(error?.message ?? "")], ["aborted", true]);
  });

  it("ends one that cannot be read any more: its peer is told that it is lost", async () => {
    const { store, port, session } = await parked();
    const load = store.load.bind(store);
    store.load = async () => {
      throw new StoreError("damaged", "checksum");
    };
    await endStored(store, session.id, "damaged");
    store.load = load;
    await using _ = await listen(`tcp://127.0.0.1:${port}`, { store, durability: "disk" });
    assert.equal((await session.closed).outcome, "lost");
  });

  it("refuses one that is not there", async () => {
    await assert.rejects(endStored(new MemoryStore(), "00", ""), {
      code: "ERR_STORE",
      failure: "unknown",
    });
  });
});
