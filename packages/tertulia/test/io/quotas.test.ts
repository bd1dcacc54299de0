import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AbortedError,
  type BoundListener,
  connect,
  Listener,
  type ListenOptions,
  listen,
  memoryPair,
  nodeRuntime,
  QuotaError,
  type Quotas,
  RefusedError,
  type Session,
} from "tertulia";
import { tokenAuthenticator, tokenVerifier } from "tertulia/auth";
import { MemoryStore, type StoredSession } from "tertulia/stores";

const inTheClear = { inTheClear: true };

/** A listener for ana and bob, who have quotas, and what it tells of those whom it sends away. */
class House implements AsyncDisposable {
  readonly refused: unknown[] = [];
  readonly listener: BoundListener;
  readonly #clients: Session[] = [];

  private constructor(listener: BoundListener, refused: unknown[]) {
    this.listener = listener;
    this.refused = refused;
  }

  static async open(quotas: Quotas, options: ListenOptions = {}): Promise<House> {
    const refused: unknown[] = [];
    const listener = await listen("tcp://127.0.0.1:0", {
      verifiers: [tokenVerifier((text) => ({ name: text }), inTheClear)],
      quotas: ({ name }) => (name === "ana" ? quotas : undefined),
      onRefused: (_, error) => refused.push(error),
      ...options,
    });
    return new House(listener, refused);
  }

  /** A session of somebody's, and the other side of it. */
  async session(name: string): Promise<{ client: Session; server: Session }> {
    const address = `tcp://127.0.0.1:${this.listener.port}`;
    const client = await connect(address, { authenticator: tokenAuthenticator(name, inTheClear) });
    this.#clients.push(client);
    for (;;) {
      const server = this.listener.sessions.get(client.id);
      if (server) return { client, server };
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.abort();
    await this.listener[Symbol.asyncDispose]();
  }
}

/** The fields of an error that tell which quota it is about. */
function told(error: unknown): unknown {
  assert.ok(error instanceof QuotaError);
  const { code, quota, identity, limit } = error;
  return { code, quota, identity, limit };
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail("it did not fail"),
    (error) => error,
  );
}

describe("a quota", () => {
  it("of sessions lets in no more of one identity, and others", async () => {
    await using house = await House.open({ sessions: 2 });
    const { client } = await house.session("ana");
    await house.session("ana");
    const error = await rejection(house.session("ana"));
    await house.session("bob");
    assert.ok(error instanceof RefusedError);
    assert.deepEqual(
      { reason: error.refusal.reason, refused: house.refused.map(told) },
      {
        reason: "limit",
        refused: [{ code: "ERR_LIMIT", quota: "sessions", identity: "token:ana", limit: 2 }],
      },
    );
    client.abort();
    await house.listener.sessions.get(client.id)?.closed;
    await house.session("ana");
  });

  it("of backlog stops what is sent to one who does not read, in all sessions together", async () => {
    await using house = await House.open({ backlogOctets: 50_000 });
    const [one, other] = [await house.session("ana"), await house.session("ana")];
    one.client.breakTransport();
    const sent: Promise<unknown>[] = [];
    for (let i = 0; i < 10; i += 1) sent.push(one.server.send(new Uint8Array(4000)));
    await Promise.all(sent);
    const error = await rejection(other.server.send(new Uint8Array(20_000)));
    assert.deepEqual(told(error), {
      code: "ERR_LIMIT",
      quota: "backlogOctets",
      identity: "token:ana",
      limit: 50_000,
    });
    await one.server.delivered();
    await other.server.send(new Uint8Array(20_000));
  });

  it("of stored octets gives smaller windows, and then lets nobody in", async () => {
    const store = new MemoryStore();
    const limit = 100_000;
    await using house = await House.open(
      { storedOctets: limit },
      { store, durability: "disk", keepsAll: true },
    );
    const { server } = await house.session("ana");
    const windows: number[] = [];
    let refusal: unknown;
    while (refusal === undefined) {
      await house.session("ana").then(
        ({ client }) => windows.push(client.peer.limits.sessionCredit),
        (error) => {
          refusal = error;
        },
      );
    }
    const full = await rejection(server.send(new Uint8Array(10_000)));
    assert.ok(refusal instanceof RefusedError);
    const quota = { code: "ERR_LIMIT", quota: "storedOctets", identity: "token:ana", limit };
    assert.deepEqual(
      { windows, full: told(full), refused: told(house.refused.at(-1)) },
      { windows: [25_000, 12_500, 6250, 4096], full: quota, refused: quota },
    );
  });

  it("counts the sessions that a store has kept", async () => {
    const store = new MemoryStore();
    const kept = { store, durability: "disk", keepsAll: true } as const;
    {
      const house = await House.open({ sessions: 1 }, kept);
      const { client } = await house.session("ana");
      await house.listener[Symbol.asyncDispose]();
      client.abort();
    }
    await using house = await House.open({ sessions: 1 }, kept);
    await rejection(house.session("ana"));
    assert.deepEqual(house.refused.map(told), [
      { code: "ERR_LIMIT", quota: "sessions", identity: "token:ana", limit: 1 },
    ]);
  });
});

/** A store whose sessions can be loaded when its gate is open. */
class SlowStore extends MemoryStore {
  readonly gate: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  override async load(id: string): Promise<StoredSession | undefined> {
    await this.gate.promise;
    return super.load(id);
  }
}

/** A listener that lets everybody have one session, and the way to it. */
function oneForEach(store: MemoryStore) {
  const quotas = { sessions: 1 };
  const listener = new Listener(nodeRuntime(), {
    store,
    durability: "disk",
    keepsAll: true,
    quotas,
  });
  const dial = async () => {
    const [near, far] = memoryPair();
    listener.receive(far);
    return near;
  };
  return { store, listener, dial };
}

describe("a quota, while the sessions of a store are being loaded", () => {
  it("lets in nobody who may have enough already", async () => {
    const before = oneForEach(new MemoryStore());
    await before.listener.restore();
    const session = await connect(before.dial, {
      limits: { backoffMs: 60_000, backoffMsMax: 60_000 },
    });
    await before.listener[Symbol.asyncDispose]();
    session.abort();
    const store = new SlowStore(before.store.image);
    const { listener, dial } = oneForEach(store);
    const restored = listener.restore();
    const early = await rejection(connect(dial));
    store.gate.resolve();
    await restored;
    const late = await rejection(connect(dial));
    assert.deepEqual(
      [early, late].map((error) => error instanceof RefusedError && error.refusal.reason),
      ["notReady", "limit"],
    );
    await listener[Symbol.asyncDispose]();
  });
});

describe("a session whose time is over", () => {
  for (const [reason, limits] of [
    ["idle", { idleMs: 30 }],
    ["lifetime", { absoluteMs: 30 }],
  ] as const) {
    it(`ends with an error that says ${reason} on both sides`, async () => {
      await using house = await House.open({}, { limits });
      const { client, server } = await house.session("ana");
      const reasons = [];
      for (const { closed } of [client, server]) {
        const { error } = await closed;
        assert.ok(error instanceof AbortedError);
        reasons.push(error.reason);
      }
      assert.deepEqual(reasons, [reason, reason]);
    });
  }
});
