import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { connect, Listener, memoryPair, nodeRuntime, type Session } from "../../src/index.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../../src/stores/sqlite.ts";
import { StoreError } from "../../src/stores/store.ts";

const folder = mkdtempSync(join(tmpdir(), "tertulia-full-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** More than the receiver's file may have, and than its window: nobody reads at first. */
const MESSAGES = 900;
const text = (number: number) => `${number}`.padEnd(1000, ".");
const limits = { backoffMs: 5, backoffMsMax: 50, windowOctets: 2_000_000 };

/** A sender whose store has room, and a receiver whose file may have 400,000 octets. */
async function joined(name: string, options: SqliteStoreOptions) {
  const path = join(folder, name);
  const store = await openSqliteStore(path, { octetsMax: 400_000, ...options });
  let listener = new Listener(nodeRuntime(), { store, limits });
  await listener.restore();
  const near = await connect(
    async () => {
      const [ours, theirs] = memoryPair();
      listener.receive(theirs);
      return ours;
    },
    { store: new MemoryStore(), durability: "disk", limits },
  );
  const far = await next(listener);
  /** Begins again, with room. */
  const again = async () => {
    await listener[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    const larger = await openSqliteStore(path);
    listener = new Listener(nodeRuntime(), { store: larger, limits });
    await listener.restore();
    return { back: await next(listener), store: larger };
  };
  return { near, far, store, again };
}

async function next(listener: Listener): Promise<Session> {
  const { value } = await listener[Symbol.asyncIterator]().next();
  if (value === undefined) throw new Error("the listener has closed");
  return value;
}

/** Whoever comes anew is told to try again, and not what is wrong with the disk. */
async function isTurnedAway(listener: Listener): Promise<void> {
  const dial = async () => {
    const [ours, theirs] = memoryPair();
    listener.receive(theirs);
    return ours;
  };
  await rejects(connect(dial, { signal: AbortSignal.timeout(5000) }), {
    code: "ERR_REFUSED",
    message: "refused: congestion: what there is of a session cannot be stored now",
  });
}

async function sendAll(near: Session): Promise<void> {
  for (let number = 1; number <= MESSAGES; number++) await near.send(text(number));
}

/** Takes all the messages, and says whether they are the ones that were sent. */
async function isExact(far: Session): Promise<boolean> {
  let number = 0;
  for await (const { value } of far) {
    number += 1;
    if (value !== text(number)) return false;
    if (number === MESSAGES) return true;
  }
  return false;
}

describe("a receiver whose disk is full", () => {
  it("parks its session if the policy says so; what it acknowledged is there, and the rest comes", async () => {
    const { near, far, again } = await joined("fail.db", { onFull: "fail" });
    const sending = sendAll(near);
    equal((await far.closed).outcome, "parked");
    const [acknowledged] = near.machine.link.acknowledged;
    ok(acknowledged > 100_000, `${acknowledged} octets`);
    const { back, store } = await again();
    // The sender has forgotten what was acknowledged, so it cannot come from there.
    deepEqual([back.id, await isExact(back)], [near.id, true]);
    await sending;
    near.abort();
    await store[Symbol.asyncDispose]();
  });

  it("has the peer of a session that it has parked wait, instead of telling it that there is none", async () => {
    const { near, far, again } = await joined("waits.db", { onFull: "fail" });
    const retried = (async () => {
      for await (const change of near.changes()) {
        if (change.type === "retrying") return change.error.message;
      }
      return (await near.closed).outcome;
    })();
    const sending = sendAll(near);
    await far.closed;
    equal(await retried, "notReady");
    const { back, store } = await again();
    deepEqual([back.id, await isExact(back)], [near.id, true]);
    await sending;
    near.abort();
    await store[Symbol.asyncDispose]();
  });

  it("waits for room by default, and acknowledges nothing meanwhile", async () => {
    const told = Promise.withResolvers<void>();
    const onBlocked = () => told.resolve();
    const { near, far, again } = await joined("block.db", { onBlocked, retryMs: 5 });
    const sending = sendAll(near);
    await told.promise;
    // What it acknowledged before may be on its way.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = near.machine.link.acknowledged[0];
    await new Promise((resolve) => setTimeout(resolve, 50));
    deepEqual([near.machine.link.acknowledged[0], far.state], [before, "connected"]);
    // There is no room for what waits: whoever runs it ends it, and begins again with room.
    await far.park({ signal: AbortSignal.timeout(20) });
    equal(far.end?.outcome, "parked");
    const { back, store } = await again();
    deepEqual([back.id, await isExact(back)], [near.id, true]);
    await sending;
    near.abort();
    await store[Symbol.asyncDispose]();
  });
});

describe("a listener whose store has no room", () => {
  it("takes up its sessions, though what is old cannot be forgotten there", async () => {
    class Full extends MemoryStore {
      override async forget(): Promise<void> {
        throw new StoreError("full", "no room");
      }
    }
    await using listener = new Listener(nodeRuntime(), { store: new Full() });
    await listener.restore();
    equal(listener.sessions.size, 0);
  });

  it("tells who comes anew while it waits for room to try again, instead of nothing at all", async () => {
    const told = Promise.withResolvers<void>();
    const { near, store } = await joined("anew.db", {
      onBlocked: () => told.resolve(),
      retryMs: 5,
    });
    const sending = sendAll(near);
    await told.promise;
    await using listener = new Listener(nodeRuntime(), { store, keepsAll: true });
    await isTurnedAway(listener);
    near.abort();
    await sending.catch(() => {});
    await store[Symbol.asyncDispose]();
  });

  for (const failure of ["full", "failed"] as const) {
    it(`tells who comes anew to try again when it has ${failure}, and not what is wrong with its disk`, async () => {
      class Broken extends MemoryStore {
        override async write(): Promise<void> {
          throw new StoreError(failure, "/var/lib/node.db: no");
        }
      }
      await using listener = new Listener(nodeRuntime(), { store: new Broken(), keepsAll: true });
      await listener.restore();
      await isTurnedAway(listener);
    });
  }
});
