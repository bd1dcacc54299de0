import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Backlog,
  BacklogFullError,
  type BacklogOptions,
  type BoundListener,
  connect,
  type Gap,
  listen,
  openBacklog,
  type Session,
} from "tertulia";
import { MemoryStore } from "tertulia/stores";

const away = { backoffMs: 60_000, backoffMsMax: 60_000 };

/** A sender whose sessions are kept, and a receiver that goes away and comes back when told to. */
class Scene implements AsyncDisposable {
  readonly store: MemoryStore;
  listener!: BoundListener;
  client!: Session;
  server!: Session;
  backlog!: Backlog;

  constructor(store: MemoryStore = new MemoryStore()) {
    this.store = store;
  }

  static async set(options: BacklogOptions): Promise<Scene> {
    const scene = new Scene();
    await scene.#listen(0);
    const limits = { ...away, windowOctets: 16 * 1024, windowOctetsMax: 16 * 1024 };
    scene.client = await connect(`tcp://127.0.0.1:${scene.listener.port}`, { limits });
    await scene.#take(options);
    return scene;
  }

  /** The sender's process is gone, and there is another. */
  async restart(options: BacklogOptions): Promise<void> {
    const { port } = this.listener;
    await this.listener[Symbol.asyncDispose]();
    await this.#listen(port);
    await this.#take(options);
  }

  /** The receiver is cut off. */
  async goAway(): Promise<void> {
    this.client.breakTransport();
    while (this.server.state === "connected") await new Promise((r) => setTimeout(r, 5));
  }

  /** It is back, and gets everything up to this message. */
  async comeBack(last: string): Promise<string[]> {
    this.client.probe();
    const got: string[] = [];
    for await (const { value } of this.client) {
      got.push(String(value).split(" ")[0] as string);
      if (got.at(-1) === last) break;
    }
    return got;
  }

  async #listen(port: number): Promise<void> {
    const { store } = this;
    this.listener = await listen(`tcp://127.0.0.1:${port}`, {
      store,
      durability: "disk",
      keepsAll: true,
    });
  }

  async #take(options: BacklogOptions): Promise<void> {
    const { value } = await this.listener[Symbol.asyncIterator]().next();
    this.server = value as Session;
    this.backlog = await openBacklog(this.server, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.abort();
    await this.listener[Symbol.asyncDispose]();
  }
}

/** Message `n`, of 1,000 octets. */
const text = (n: number) => `${n} `.padEnd(1000, ".");
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

describe("a backlog", () => {
  it("keeps in the store what does not fit into memory, and loses and repeats nothing", async () => {
    await using scene = await Scene.set({ memoryOctets: 8 * 1024 });
    await scene.goAway();
    for (let n = 1; n <= 500; n += 1) await scene.backlog.send(text(n));
    const { messages } = scene.backlog;
    const { backlogOctets } = scene.server.machine.link;
    assert.ok(backlogOctets < 16 * 1024, `${backlogOctets} in memory`);
    assert.equal(scene.server.backlogOctets, backlogOctets + scene.backlog.octets);
    assert.ok(messages > 480, `${messages} in the store`);
    const got = scene.comeBack("501");
    await scene.backlog.send("501");
    assert.deepEqual(await got, numbers(1, 501));
    await scene.backlog.drained();
  });

  it("goes on in another process with what waited", async () => {
    await using scene = await Scene.set({ memoryOctets: 8 * 1024 });
    await scene.goAway();
    for (let n = 1; n <= 100; n += 1) await scene.backlog.send(text(n));
    await scene.restart({ memoryOctets: 8 * 1024 });
    assert.equal(scene.backlog.nextNumber, 101);
    const got = scene.comeBack("200");
    for (let n = 101; n <= 199; n += 1) await scene.backlog.send(text(n));
    await scene.backlog.send("200");
    assert.deepEqual(await got, numbers(1, 200));
  });

  it("has senders wait when it is full, and keeps their order", async () => {
    await using scene = await Scene.set({ memoryOctets: 16 * 1024, octetsMax: 10_000 });
    await scene.goAway();
    const stored: number[] = [];
    for (let n = 1; n <= 31; n += 1) {
      void scene.backlog.send(text(n)).then(() => stored.push(n));
    }
    const sent = scene.backlog.send("32");
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(stored.length < 31 && scene.backlog.octets <= 10_000, `${stored.length} stored`);
    assert.deepEqual(await scene.comeBack("32"), numbers(1, 32));
    await sent;
  });

  it("refuses what does not fit when it is told to", async () => {
    const options = { memoryOctets: 8 * 1024, octetsMax: 20_000, whenFull: "refuse" } as const;
    await using scene = await Scene.set(options);
    await scene.goAway();
    let n = 0;
    let error: unknown;
    while (error === undefined) {
      await scene.backlog.send(text(n + 1)).then(
        () => {
          n += 1;
        },
        (reason) => {
          error = reason;
        },
      );
    }
    assert.ok(error instanceof BacklogFullError);
    assert.deepEqual(
      { code: error.code, octets: error.octets, octetsMax: error.octetsMax },
      { code: "ERR_LIMIT", octets: scene.backlog.octets, octetsMax: 20_000 },
    );
    assert.deepEqual(await scene.comeBack(String(n)), numbers(1, n));
  });

  it("gives up the oldest when it is told to, and both sides know exactly which", async () => {
    const shed: Gap[] = [];
    const options: BacklogOptions = {
      memoryOctets: 8 * 1024,
      octetsMax: 20_000,
      whenFull: "shed",
      onShed: (gap) => shed.push(gap),
      gapMessage: ({ from, to }) => `lost:${from}-${to}`,
    };
    await using scene = await Scene.set(options);
    await scene.goAway();
    for (let n = 1; n <= 60; n += 1) await scene.backlog.send(text(n));
    await scene.restart(options);
    for (let n = 61; n <= 100; n += 1) await scene.backlog.send(text(n));
    const got = await scene.comeBack("100");
    const [from, to] = [shed[0]?.from ?? 0, shed.at(-1)?.to ?? 0];
    assert.deepEqual(got, [...numbers(1, from - 1), `lost:${from}-${to}`, ...numbers(to + 1, 100)]);
    const octets = shed.reduce((sum, gap) => sum + gap.octets, 0);
    assert.deepEqual([to - from + 1, octets], [shed.length, shed.length * 1000]);
  });

  it("gives up or refuses at once also what waited for the store, and not for room", async () => {
    const told: (readonly string[])[] = [];
    for (const whenFull of ["shed", "refuse"] as const) {
      await using scene = await Scene.set({
        memoryOctets: 8 * 1024,
        octetsMax: 3003,
        whenFull,
        gapMessage: ({ from, to }) => `lost:${from}-${to}`,
      });
      await scene.goAway();
      // Nine are the session's, and nine are more than may be on their way to the store at a time.
      const { backlog } = scene;
      const sent = Array.from({ length: 20 }, (_, i) => backlog.send(text(i + 1)));
      const settled = await Promise.allSettled(sent);
      const refused = settled.filter(({ status }) => status === "rejected").length;
      const last = whenFull === "shed" ? "20" : "12";
      told.push([`${refused} refused`, ...(await scene.comeBack(last))]);
    }
    assert.deepEqual(told, [
      ["0 refused", ...numbers(1, 9), "lost:10-17", "18", "19", "20"],
      ["8 refused", ...numbers(1, 12)],
    ]);
  });

  it("has bounds to the octet, and lets one message wait however long it is", async () => {
    const waiting: number[] = [];
    // Each of the messages has 1,000 octets, and one more in the store.
    for (const octetsMax of [0, 1, 2001, 2002, 3002, 3003]) {
      await using scene = await Scene.set({ memoryOctets: 4096, octetsMax, whenFull: "refuse" });
      await scene.goAway();
      for (let n = 1; n <= 20; n += 1) await scene.backlog.send(text(n)).catch(() => {});
      waiting.push(scene.backlog.messages);
    }
    assert.deepEqual(waiting, [1, 1, 1, 2, 2, 3]);
  });

  it("goes on with no memory at all, one message at a time", async () => {
    await using scene = await Scene.set({ memoryOctets: 0, octetsMax: 5000 });
    await scene.goAway();
    const sent = (async () => {
      for (let n = 1; n <= 20; n += 1) await scene.backlog.send(text(n));
    })();
    assert.deepEqual(await scene.comeBack("20"), numbers(1, 20));
    await sent;
  });

  it("has a message wait that is longer than what may be in memory", async () => {
    await using scene = await Scene.set({ memoryOctets: 500, octetsMax: 2002 });
    await scene.goAway();
    const sent = (async () => {
      for (let n = 1; n <= 20; n += 1) await scene.backlog.send(text(n));
    })();
    assert.deepEqual(await scene.comeBack("20"), numbers(1, 20));
    await sent;
  });

  it("refuses options that it does not know", async () => {
    await using scene = await Scene.set({});
    const wrong = [
      { whenFull: "drop" },
      { octetsMax: -1 },
      { memoryOctets: Number.NaN },
      { max: 1 },
    ];
    for (const options of wrong) {
      const opened = openBacklog(scene.server, options as BacklogOptions);
      await assert.rejects(opened, { code: "ERR_ARGUMENT" });
    }
  });

  it("leaves nothing of itself behind when its session ends", async () => {
    await using scene = await Scene.set({ memoryOctets: 1024 });
    await scene.goAway();
    for (let n = 1; n <= 50; n += 1) await scene.backlog.send(text(n));
    scene.server.abort();
    await scene.server.closed;
    const { sessions, activities } = scene.store.image;
    assert.deepEqual([sessions.size, activities.size], [0, 0]);
  });
});
