import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import {
  connect,
  Listener,
  memoryPair,
  nodeRuntime,
  reconnect,
  type Session,
} from "../../src/index.ts";
import type { Limits } from "../../src/pure/native/limits.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { type SessionChanges, StoreError } from "../../src/stores/store.ts";

/** A store in memory that says it is a disk, and does what the test wants. */
class TestStore extends MemoryStore {
  /** What writes wait for. */
  sync: Promise<void> = Promise.resolve();
  failure: StoreError | undefined;

  override async write(changes: SessionChanges): Promise<void> {
    await this.sync;
    if (this.failure) throw this.failure;
    await super.write(changes);
  }
}

/** A responder and the way to it, which leads to whichever listener is there now. */
class Node {
  store: TestStore = new TestStore();
  listener: Listener;
  readonly #limits: Partial<Limits>;

  constructor(own: Partial<Limits> = {}) {
    this.#limits = own;
    this.listener = this.#listener();
  }

  #listener(): Listener {
    const own = { store: this.store, durability: "disk", limits: this.#limits } as const;
    return new Listener(nodeRuntime(), own);
  }

  readonly dial = async () => {
    const [near, far] = memoryPair();
    this.listener.receive(far);
    return near;
  };

  /** Ends in order, and begins again with what the store has. */
  async restart(): Promise<void> {
    await this.listener[Symbol.asyncDispose]();
    this.listener = this.#listener();
    await this.listener.restore();
  }

  async session(): Promise<Session> {
    const { value } = await this.listener[Symbol.asyncIterator]().next();
    if (value === undefined) throw new Error("the listener has closed");
    return value;
  }
}

const limits = { backoffMs: 1, backoffMsMax: 10 };

async function joined(node = new Node()) {
  const store = new TestStore();
  const options = { store, durability: "disk", limits } as const;
  const near = await connect(node.dial, options);
  const far = await node.session();
  return { node, store, options, near, far };
}

async function take(session: Session, count: number): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const { value } of session) {
    values.push(value);
    if (values.length === count) break;
  }
  return values;
}

describe("a session with a store", () => {
  it("agrees on what both sides' stores can do", async () => {
    const { near, far } = await joined();
    deepEqual([near.agreement.durability, near.isKept, far.isKept], ["disk", true, true]);
    const plain = await connect(new Node().dial, { limits });
    deepEqual([plain.agreement.durability, plain.isKept], ["memory", false]);
    for (const session of [near, far, plain]) session.abort();
  });

  it("demands a store for more than memory", async () => {
    await rejects(connect(new Node().dial, { durability: "disk" }), { code: "ERR_ARGUMENT" });
  });

  it("says that a message is sent when the store has it, and sends it only then", async () => {
    const { near, far, store } = await joined();
    const { promise, resolve } = Promise.withResolvers<void>();
    store.sync = promise;
    let isSent = false;
    const sent = near.send("hello").then(() => {
      isSent = true;
    });
    await new Promise((done) => setTimeout(done, 30));
    deepEqual([isSent, far.machine.link.inbox.isReadable], [false, false]);
    resolve();
    await sent;
    deepEqual(await take(far, 1), ["hello"]);
    near.abort();
  });

  it("is delivered when the peer's store has it", async () => {
    const { near, node } = await joined();
    const { promise, resolve } = Promise.withResolvers<void>();
    node.store.sync = promise;
    await near.send("hello");
    let isDelivered = false;
    const delivered = near.delivered().then(() => {
      isDelivered = true;
    });
    await new Promise((done) => setTimeout(done, 30));
    equal(isDelivered, false);
    resolve();
    await delivered;
    near.abort();
  });

  it("goes on after both processes were restarted, with what was not settled", async () => {
    const { near, far, node, store, options } = await joined();
    for (const text of ["one", "two", "three", "four"]) await near.send(text);
    await near.delivered();
    deepEqual(await take(far, 2), ["one", "two"]);
    await far.commit();
    await near.park();
    await node.restart();
    const again = await reconnect(node.dial, near.id, { ...options, store });
    equal(again.sentMessages, 4);
    await again.send("five");
    const back = await node.session();
    equal(back.id, near.id);
    deepEqual(await take(back, 3), ["three", "four", "five"]);
    again.abort();
  });

  it("hands over again what was taken and not settled, unless the application knows better", async () => {
    for (const knows of [false, true]) {
      const { near, far, node } = await joined();
      await near.send("one");
      await near.send("two");
      await take(far, 1);
      const { cursor } = far;
      await far.park();
      const listener = new Listener(nodeRuntime(), {
        store: node.store,
        durability: "disk",
        cursorOf: () => (knows ? cursor : undefined),
      });
      node.listener = listener;
      await listener.restore();
      deepEqual(await take(await node.session(), 1), [knows ? "two" : "one"]);
      near.abort();
    }
  });

  it("tells both sides of a stream that died with its process how far it had come", async () => {
    const { near, far, node } = await joined();
    const stream = near.openStream("file");
    await stream.write(new Uint8Array(10));
    for await (const other of far.streams) {
      await other.read();
      await other.write(new Uint8Array(3));
      break;
    }
    await stream.write(new Uint8Array(90));
    await near.delivered();
    await far.commit();
    await node.restart();
    const back = await node.session();
    deepEqual(back.lostStreams, [
      { id: stream.id, label: "file", takenOctets: 10, writtenOctets: 3 },
    ]);
    await rejects(
      async () => {
        while (await stream.read());
      },
      { name: "StreamLostError", code: "ERR_ABORTED", takenOctets: 10 },
    );
    await rejects(stream.write(new Uint8Array(1)), { name: "StreamLostError" });
    // Until the application has settled that, it is told again.
    await node.restart();
    const later = await node.session();
    equal(later.lostStreams.length, 1);
    await later.commit();
    await node.restart();
    deepEqual((await node.session()).lostStreams, []);
    near.abort();
  });

  it("stays finished once it was released", async () => {
    const { near, far, node, store, options } = await joined();
    void take(far, 1);
    await near.release();
    await far.closed;
    deepEqual(
      [store, node.store].map(({ image }) => [image.sessions.size, image.tombstones.size]),
      [
        [0, 1],
        [0, 1],
      ],
    );
    await rejects(reconnect(node.dial, near.id, options), { code: "ERR_STORE" });
  });

  it("is told by a tombstone, after a restart too, how much had arrived", async () => {
    const node = new Node({ resumeWindowMs: 30 });
    const { near, far, options } = await joined(node);
    await near.send("one");
    await near.delivered();
    deepEqual(await take(far, 1), ["one"]);
    await far.commit();
    await near.park();
    equal((await far.closed).outcome, "expired");
    await node.restart();
    const { outcome, error } = await (await reconnect(node.dial, near.id, options)).closed;
    const [had] = node.store.image.tombstones.get(near.id)?.received ?? [];
    deepEqual([outcome, had], ["expired", 5]);
    match(error?.message ?? "", /the peer had 5 octets of lane 0/);
  });

  it("has tombstones whose time is over forgotten while sessions end, not only by a restart", async () => {
    const old = {
      id: "00",
      outcome: "released",
      received: [0, 0],
      message: "",
      endedAt: 1,
    } as const;
    const nothing = new MemoryStore().image;
    const store = new TestStore({ ...nothing, tombstones: new Map([["00", old]]) });
    const node = new Node();
    const own = { store, durability: "disk", tombstonesMax: 2 } as const;
    node.listener = new Listener(nodeRuntime(), own);
    const counts: number[] = [];
    for (let ended = 1; ended <= 3; ended += 1) {
      const { near, far } = await joined(node);
      await Promise.all([take(far, 1), near.release()]);
      await far.closed;
      counts.push(store.image.tombstones.size);
    }
    deepEqual(counts, [2, 2, 3]);
  });

  it("has them forgotten by whoever begins or takes up a session, also where nobody listens", async () => {
    const node = new Node();
    const { near, options } = await joined(node);
    const old = { outcome: "released", received: [0, 0], message: "" } as const;
    const hourMs = 3_600_000;
    const buried = (name: string, agoMs: number) =>
      [name, { ...old, id: name, endedAt: Date.now() - agoMs }] as const;
    const tombstones = new Map([buried("00", 2 * hourMs), buried("01", hourMs / 2)]);
    const beginning = new TestStore({ ...new MemoryStore().image, tombstones });
    const begun = await connect(node.dial, { ...options, store: beginning });
    await near.park();
    const goingOn = new TestStore({ ...options.store.image, tombstones });
    const own = { ...options, store: goingOn, tombstoneMs: hourMs / 4 };
    const again = await reconnect(node.dial, near.id, own);
    deepEqual(
      [beginning, goingOn].map(({ image }) => [...image.tombstones.keys()]),
      [["01"], []],
    );
    for (const session of [begun, again]) session.abort();
  });

  it("still has, after a crash, what was not read when it was released", async () => {
    const { near, far, node, store, options } = await joined();
    for (const text of ["one", "two", "three"]) await far.send(text);
    await far.delivered();
    deepEqual(await take(near, 1), ["one"]);
    const released = far.closed;
    await near.release();
    await released;
    deepEqual([store.image.tombstones.size, node.store.image.tombstones.size], [0, 1]);
    const again = await reconnect(node.dial, near.id, options);
    equal((await again.closed).outcome, "released");
    const values: unknown[] = [];
    await again.consume(({ value }) => void values.push(value));
    deepEqual(values, ["two", "three"]);
    await again.commit();
    deepEqual([store.image.sessions.size, store.image.tombstones.size], [0, 1]);
  });

  it("hands over, after a crash, one that has ended and is not read", async () => {
    const { near, far, node } = await joined();
    await near.send("one");
    await near.delivered();
    await far.release();
    const image = node.store.image;
    node.store = new TestStore(image);
    await node.restart();
    const back = await node.session();
    deepEqual([back.id, back.end?.outcome], [near.id, "released"]);
    const values: unknown[] = [];
    await back.consume(({ value }) => void values.push(value));
    await back.commit();
    deepEqual([values, node.store.image.tombstones.get(near.id)?.outcome], [["one"], "released"]);
  });

  it("does not say that it is over before its store has that", async () => {
    const { near, far, node, options } = await joined();
    const { promise, resolve } = Promise.withResolvers<void>();
    await near.park();
    node.store.sync = promise;
    far.abort();
    const again = await reconnect(node.dial, near.id, options);
    const changes = again.changes()[Symbol.asyncIterator]();
    const { value } = await changes.next();
    equal(value?.type === "retrying" && value.error.message, "notReady");
    resolve();
    equal((await again.closed).outcome, "aborted");
  });

  it("is parked when the store fails, and goes on from there", async () => {
    const { near, node, store, options } = await joined();
    await near.send("one");
    store.failure = new StoreError("failed", "no disk");
    await rejects(near.send("two"), { code: "ERR_STORE" });
    equal((await near.closed).outcome, "parked");
    store.failure = undefined;
    const again = await reconnect(node.dial, near.id, options);
    equal(again.sentMessages, 1);
    again.abort();
  });

  it("asks whoever comes back too early to try again", async () => {
    const { near, node } = await joined();
    await node.listener[Symbol.asyncDispose]();
    node.listener = new Listener(nodeRuntime(), { store: node.store, durability: "disk" });
    const changes = near.changes()[Symbol.asyncIterator]();
    for (;;) {
      const { value } = await changes.next();
      if (value?.type === "retrying" && /notReady/.test(value.error.message)) break;
    }
    await node.listener.restore();
    for (;;) {
      const { value } = await changes.next();
      if (value?.type === "resumed") break;
    }
    near.abort();
  });

  it("does not open over a session that is damaged, unless told to", async () => {
    const { near, node } = await joined();
    await near.send("one");
    await near.delivered();
    await node.listener[Symbol.asyncDispose]();
    const image = node.store.image;
    const sessions = [...image.sessions].map(
      ([id, session]) =>
        [
          id,
          { ...session, entries: session.entries.filter((e) => e.journal !== "received") },
        ] as const,
    );
    const store = new MemoryStore({ ...image, sessions: new Map(sessions) });
    const options = { store, durability: "disk" } as const;
    await rejects(new Listener(nodeRuntime(), options).restore(), { failure: "damaged" });
    const damaged: string[] = [];
    const onDamaged = (id: string) => void damaged.push(id);
    node.listener = new Listener(nodeRuntime(), { ...options, onDamaged });
    await node.listener.restore();
    deepEqual(damaged, [near.id]);
    equal((await near.closed).outcome, "lost");
  });
});
