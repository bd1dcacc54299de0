import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, listen, type SessionEnd } from "tertulia";
import { endStored, MemoryStore, StoreError } from "tertulia/stores";

describe("endStored", () => {
  it("has the peer that comes back told that it is over, and why", async () => {
    const store = new MemoryStore();
    const first = await listen("tcp://127.0.0.1:0", { store, durability: "disk", keepsAll: true });
    const { port } = first;
    const limits = { backoffMs: 20, backoffMsMax: 50 };
    const session = await connect(`tcp://127.0.0.1:${port}`, { limits });
    await first[Symbol.asyncDispose]();
    await endStored(store, session.id, "out of use");
    await using _ = await listen(`tcp://127.0.0.1:${port}`, { store, durability: "disk" });
    const { outcome, error }: SessionEnd = await session.closed;
    assert.deepEqual([outcome, /out of use/.test(error?.message ?? "")], ["aborted", true]);
  });

  it("ends one that cannot be read any more: its peer is told that it is lost", async () => {
    const store = new MemoryStore();
    const first = await listen("tcp://127.0.0.1:0", { store, durability: "disk", keepsAll: true });
    const { port } = first;
    const limits = { backoffMs: 20, backoffMsMax: 50 };
    const session = await connect(`tcp://127.0.0.1:${port}`, { limits });
    await first[Symbol.asyncDispose]();
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
