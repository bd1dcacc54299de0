import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import { z } from "zod";
import { connect, listen, type Session } from "../../src/index.ts";
import {
  type Implementation,
  method,
  type Schema,
  type ServiceClient,
  serveService,
  serviceClient,
  stream,
} from "../../src/rpc/index.ts";
import { eventually } from "../io/linked.ts";

/** A schema of nobody's library: text with an even number in it, which it makes a number of, after a while. */
const even: Schema<{ readonly text: string }, number> = {
  "~standard": {
    version: 1,
    vendor: "by hand",
    async validate(value) {
      await Promise.resolve();
      const { text } = value as { text: unknown }; // what it is not, it has not
      if (typeof text !== "string") throw new TypeError("no text");
      const number = Number(text);
      if (number % 2 === 0) return { value: number };
      return { issues: [{ message: "is odd", path: [{ key: "text" }] }] };
    },
  },
};

/** Two libraries of schemas in one service, and one by hand: any that follows Standard Schema will do. */
const library = {
  add: method(z.object({ one: z.number(), other: z.number().default(1) }), z.number()),
  shout: method(v.pipe(v.string(), v.maxLength(10)), v.string()),
  half: method(even, z.number()),
  count: stream(z.number().int(), z.number()),
  fail: method(z.string(), z.string()),
  wait: method(z.number(), z.string()),
  lie: method(z.null(), z.number()),
  large: method(z.number(), z.string()),
  odd: method(z.null(), z.any()),
  odds: stream(z.null(), z.any()),
};

interface World {
  readonly client: ServiceClient<typeof library>;
  readonly session: Session;
  readonly seen: { produced: number; waits: number; cancelled: number; returned: number };
  [Symbol.asyncDispose](): Promise<void>;
}

async function world(): Promise<World> {
  const seen = { produced: 0, waits: 0, cancelled: 0, returned: 0 };
  const implementation: Implementation<typeof library> = {
    add: ({ one, other }) => one + other,
    shout: (text) => text.toUpperCase(),
    half: (number) => number / 2,
    async *count(to) {
      try {
        for (let i = 1; i <= to; i++) {
          seen.produced = i;
          yield i;
        }
      } finally {
        seen.returned += 1;
      }
    },
    fail: (text) => {
      throw new Error(text);
    },
    wait: (ms, { signal }) =>
      new Promise((resolve) => {
        seen.waits += 1;
        signal.addEventListener("abort", () => {
          seen.cancelled += 1;
        });
        setTimeout(() => resolve("waited"), ms).unref();
      }),
    lie: () => "no number" as unknown as number,
    large: (octets) => "x".repeat(octets),
    // No JSON has these.
    odd: () => 1n,
    async *odds() {
      yield 1;
      yield 1n;
    },
  };
  const listener = await listen("tcp://127.0.0.1:0");
  void (async () => {
    for await (const session of listener) {
      void serveService(session, library, implementation).catch(() => {});
    }
  })();
  const session = await connect(`tcp://127.0.0.1:${listener.port}`);
  return {
    client: serviceClient(session, library),
    session,
    seen,
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
    },
  };
}

/** The two ends of a session. */
async function sessions(): Promise<{
  readonly near: Session;
  readonly far: Session;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const listener = await listen("tcp://127.0.0.1:0");
  const accepted = listener[Symbol.asyncIterator]().next();
  const near = await connect(`tcp://127.0.0.1:${listener.port}`);
  const far = (await accepted).value;
  ok(far !== undefined);
  return {
    near,
    far,
    async [Symbol.asyncDispose]() {
      await near[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
    },
  };
}

describe("a service described in TypeScript", () => {
  it("gives results, typed, with defaults of the schema filled in by the server", async () => {
    await using pair = await world();
    const sum: number = await pair.client.add({ one: 2, other: 3 });
    equal(sum, 5);
    equal(await pair.client.add({ one: 2 }), 3);
    equal(await pair.client.shout("hello"), "HELLO");
  });

  it("takes a schema written by hand, that waits, and that throws", async () => {
    await using pair = await world();
    equal(await pair.client.half({ text: "84" }), 42);
    await rejects(pair.client.half({ text: "7" }), /text: is odd/);
    await rejects(pair.client.half({} as { text: string }), /no text/);
  });

  it("says what is wrong with an argument, a result, a method", async () => {
    await using pair = await world();
    await rejects(pair.client.shout("much too long"), { code: "ERR_REFUSED", reason: "argument" });
    const wrong = { one: "x" } as unknown as { one: number };
    await rejects(pair.client.add(wrong), /argument: one: .*number/);
    await rejects(pair.client.fail("on purpose"), { reason: "failed", message: /on purpose/ });
    await rejects(pair.client.lie(null), { reason: "result" });
  });

  it("streams results, no further ahead than the reader", async () => {
    await using pair = await world();
    const got: number[] = [];
    for await (const number of pair.client.count(500)) got.push(number);
    deepEqual([got.length, got.at(-1)], [500, 500]);
    for await (const number of pair.client.count(1_000_000)) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (number === 10) break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    ok(pair.seen.produced < 200, `${pair.seen.produced} were made`);
    equal(pair.seen.returned, 2);
  });

  it("is cancelled by a signal, by a deadline, and tells the method", async () => {
    await using pair = await world();
    const { seen } = pair;
    const controller = new AbortController();
    const reason = new Error("no longer wanted");
    const waiting = rejects(pair.client.wait(5000, { signal: controller.signal }), reason);
    await eventually(() => seen.waits === 1);
    controller.abort(reason);
    await waiting;
    await eventually(() => seen.cancelled === 1);
    const late = rejects(pair.client.wait(5000, { timeoutMs: 500 }), { code: "ERR_TIMEOUT" });
    await eventually(() => seen.waits === 2);
    await late;
    await eventually(() => seen.cancelled === 2);
  });

  it("tells of a result that cannot be sent, and carries more at once than a session takes", async () => {
    await using pair = await world();
    await rejects(pair.client.odd(null), { reason: "failed" });
    const seen: unknown[] = [];
    await rejects(
      async () => {
        for await (const one of pair.client.odds(null)) seen.push(one);
      },
      { reason: "failed" },
    );
    deepEqual(seen, [1]);
    await rejects(pair.client.large(20_000_000), { reason: "failed" });
    const all = await Promise.all(Array.from({ length: 12 }, () => pair.client.large(3_000_000)));
    deepEqual(
      all.map(({ length }) => length),
      new Array(12).fill(3_000_000),
    );
  });

  it("waits for ever with a deadline of for ever", async () => {
    await using pair = await world();
    const forEver = { timeoutMs: Number.POSITIVE_INFINITY };
    equal(await pair.client.wait(20, forEver), "waited");
    const got: number[] = [];
    for await (const number of pair.client.count(2, forEver)) got.push(number);
    deepEqual(got, [1, 2]);
  });

  it("is served by an instance of a class, and tells whatever its methods throw", async () => {
    const thrown: readonly unknown[] = [
      null,
      undefined,
      Object.create(null),
      Symbol("a symbol"),
      new Proxy(new Error("hidden"), {
        getPrototypeOf() {
          throw new Error("a trap");
        },
      }),
      Object.defineProperty(new Error("hidden"), "message", {
        get() {
          throw new Error("a getter");
        },
      }),
      Object.assign(new Error("no text"), { message: 42 }),
      new Error("x".repeat(20_000_000)),
    ];
    const service = { fail: method(z.number(), z.string()), toString: method(z.null(), z.any()) };
    class Failing {
      fail(index: number): string {
        throw thrown[index];
      }
    }
    await using pair = await sessions();
    const { near, far } = pair;
    const told: string[] = [];
    const onError = (_: unknown, name: string): unknown => told.push(name);
    void serveService(far, service, new Failing() as Implementation<typeof service>, {
      onError,
    }).catch(() => {});
    const client = serviceClient(near, service);
    const said: unknown[] = [];
    for (const index of thrown.keys()) {
      await client.fail(index).catch(({ message }) => said.push(message.slice(0, 40)));
    }
    deepEqual(said, [
      "failed: null",
      "failed: undefined",
      "failed: what was thrown says nothing",
      "failed: Symbol(a symbol)",
      "failed: what was thrown says nothing",
      "failed: what was thrown says nothing",
      "failed: 42",
      `failed: ${"x".repeat(32)}`,
    ]);
    equal(told.length, thrown.length);
    await rejects(client.toString(null), { reason: "unknownMethod" });
  });

  it("says so when one side has a stream where the other has one result", async () => {
    await using pair = await sessions();
    const { near, far } = pair;
    const one = method(z.null(), z.number());
    const many = stream(z.null(), z.number());
    void serveService(
      far,
      { first: many, second: one },
      {
        async *first() {
          yield 1;
        },
        second: () => 2,
      },
    ).catch(() => {});
    const client = serviceClient(near, { first: one, second: many });
    await rejects(client.first(null), { reason: "result" });
    await rejects(async () => {
      for await (const _ of client.second(null));
    }, /result: second gives one result there/);
  });

  it("survives broken transports, and ends its calls with the session", async () => {
    await using pair = await world();
    const waiting = pair.client.wait(60);
    pair.session.breakTransport();
    equal(await waiting, "waited");
    const lost = pair.client.wait(5000);
    pair.session.abort("enough");
    await rejects(lost, (error: { code: string }) => /ERR_(CLOSED|ABORTED)/.test(error.code));
    await rejects(pair.client.add({ one: 1 }));
  });
});
