import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, Listener, memoryPair, nodeRuntime, reconnect } from "../../src/index.ts";
import type { Limits } from "../../src/pure/native/limits.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import type { StoredSession, Tombstone } from "../../src/stores/store.ts";

/** A store in memory for which a while goes by when it is opened again. */
class AgingStore extends MemoryStore {
  readonly #pastMs: number;

  /** @param pastMs - Negative when the clock was put back meanwhile. */
  constructor(before?: MemoryStore, pastMs = 0) {
    super(before?.image);
    this.#pastMs = pastMs;
  }

  override async load(id: string): Promise<StoredSession | undefined> {
    const stored = await super.load(id);
    if (stored === undefined) return undefined;
    const createdAt = stored.record.createdAt - this.#pastMs;
    const updatedAt = stored.updatedAt - this.#pastMs;
    return { ...stored, record: { ...stored.record, createdAt }, updatedAt };
  }
}

/** A session of which the responder's process has ended, and what can be done with it later. */
async function left(limits: Partial<Limits>, farLimits: Partial<Limits> = {}) {
  let store = new AgingStore();
  let listener = new Listener(nodeRuntime(), { store, durability: "disk", limits: farLimits });
  await listener.restore();
  const open = async (next: AgingStore) => {
    store = next;
    listener = new Listener(nodeRuntime(), { store, durability: "disk", limits: farLimits });
    await listener.restore();
    return listener;
  };
  const dial = async () => {
    const [near, far] = memoryPair();
    listener.receive(far);
    return near;
  };
  const nearStore = new AgingStore();
  const options = {
    store: nearStore,
    durability: "disk",
    limits: { backoffMs: 1, backoffMsMax: 10, ...limits },
  } as const;
  const near = await connect(dial, options);
  const { value: far } = await listener[Symbol.asyncIterator]().next();
  if (far === undefined) throw new Error("the listener has closed");
  return {
    near,
    far,
    dial,
    options,
    nearStore,
    /** Ends the process of the responder. */
    stop: () => listener[Symbol.asyncDispose](),
    /** Begins another, after a while. */
    after: (pastMs: number) => open(new AgingStore(store, pastMs)),
    tombstones: () => [...store.image.tombstones.values()],
  };
}

const LIVES: readonly Partial<Limits>[] = [{ idleMs: 60_000 }, { absoluteMs: 60_000 }];

/** Reads a session to its end: what came, and how it ended. */
async function read(listener: Listener) {
  const { value: session } = await listener[Symbol.asyncIterator]().next();
  const values: unknown[] = [];
  const reading = session?.consume(({ value }) => void values.push(value));
  return { session, values, reading };
}

describe("the time of a session, while no process has it", () => {
  it("runs out: what came is handed over with that end, and the peer is told how far it got", async () => {
    for (const limits of LIVES) {
      const { near, far, stop, after, tombstones } = await left(limits);
      await near.send("one");
      await near.send("two");
      await near.delivered();
      await stop();
      const { values, reading, session } = await read(await after(60_001));
      await rejects(reading ?? Promise.resolve(), { code: "ERR_RESUME" });
      deepEqual(values, ["one", "two"]);
      const [id, { outcome, error }] = [session?.id, await near.closed];
      deepEqual([id, outcome], [far.id, "expired"]);
      match(String(error?.message), /peer had 10/);
      await session?.commit();
      const [tombstone] = tombstones();
      deepEqual([tombstone?.id, tombstone?.outcome], [far.id, "expired"]);
      deepEqual(tombstone?.received, [10, 0]);
    }
  });

  it("runs out: with nothing to hand over it is a tombstone at once", async () => {
    for (const limits of LIVES) {
      const { near, stop, after, tombstones } = await left(limits);
      await stop();
      const listener = await after(60_001);
      equal((await near.closed).outcome, "expired");
      deepEqual(
        tombstones().map(({ outcome }) => outcome),
        ["expired"],
      );
      equal(listener.sessions.size, 0);
    }
  });

  it("runs out for the initiator too", async () => {
    for (const limits of LIVES) {
      const { near, far, dial, options, nearStore } = await left(limits);
      await near.park();
      const store = new AgingStore(nearStore, 60_001);
      const again = await reconnect(dial, near.id, { ...options, store });
      equal((await again.closed).outcome, "expired");
      equal(far.end, undefined);
      far.abort();
    }
  });

  it("is not over before it is, nor because a clock was put back", async () => {
    for (const limits of LIVES) {
      for (const pastMs of [30_000, -3_600_000]) {
        const { near, stop, after } = await left(limits);
        await stop();
        const listener = await after(pastMs);
        const { value: again } = await listener[Symbol.asyncIterator]().next();
        await near.send("still here");
        await near.delivered();
        deepEqual([again?.state, near.state], ["connected", "connected"]);
        near.abort();
        await again?.closed;
      }
    }
  });
});

describe("what came before the end, and nobody asked for", () => {
  const week = 7 * 24 * 3_600_000;

  /** A session that has ended in order, at a responder that has not read what came. */
  async function unread(limits: Partial<Limits> = {}) {
    const all = await left({}, limits);
    await all.near.send("unread");
    await all.near.delivered();
    await all.far.release();
    return all;
  }

  it("is handed over after a restart, within its time", async () => {
    const { stop, after } = await unread();
    await stop();
    const { values, reading } = await read(await after(week - 60_000));
    await reading;
    deepEqual(values, ["unread"]);
  });

  it("is forgotten by the restart that comes too late, but for a tombstone", async () => {
    const { stop, after, tombstones } = await unread();
    await stop();
    await after(week);
    const { outcome, received } = await forgotten(tombstones);
    deepEqual([outcome, received], ["released", [10, 0]]);
  });

  it("is forgotten by the process that has it, too", async () => {
    const { tombstones } = await unread({ unreadMs: 20 });
    equal((await forgotten(tombstones)).outcome, "released");
  });
});

/** Waits until a tombstone is there. */
async function forgotten(tombstones: () => readonly Tombstone[]): Promise<Tombstone> {
  for (;;) {
    const [tombstone] = tombstones();
    if (tombstone) return tombstone;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
