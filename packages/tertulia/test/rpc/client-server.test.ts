import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, mock } from "node:test";
import { promisify } from "node:util";
import { XdrReader, XdrWriter } from "../../src/pure/oncrpc/index.ts";
import { AUTH_NONE, encodeCall, type OpaqueAuth } from "../../src/pure/oncrpc/message.ts";
import { encodeRecord, RecordDecoder } from "../../src/pure/oncrpc/record.ts";
import {
  acceptNone,
  acceptSys,
  authSys,
  type ClientOptions,
  connect,
  NO_REPLY,
  RpcError,
  RpcServer,
  type ServerOptions,
  SqliteDuplicates,
} from "../../src/rpc/index.ts";
import {
  BenchProgV1Client,
  type BenchProgV1Handlers,
  benchProgV1,
  serveBenchProgV1,
} from "../fixtures/oncrpc/generated/bench.ts";
import { benchServer } from "./bench-program.ts";

/** A server, a client of it, and what to close. */
async function connected(
  options: ServerOptions = {},
  clientOptions: ClientOptions = {},
  changes: Partial<BenchProgV1Handlers> = {},
): Promise<{
  server: RpcServer;
  bench: BenchProgV1Client;
  client: Awaited<ReturnType<typeof connect>>;
  counter: { value: number };
  port: number;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const { server, counter } = benchServer(options, changes);
  const { port } = await server.listen();
  const client = await connect({ port, ...clientOptions });
  return {
    server,
    counter,
    client,
    port,
    bench: new BenchProgV1Client(client),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

function portOf(listener: Server): number {
  const address = listener.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A bare socket on which calls are written by hand. */
class Hand implements Disposable {
  readonly socket: Socket;
  readonly #decoder = new RecordDecoder();
  readonly #records: Uint8Array[] = [];
  #wake: (() => void) | undefined;

  constructor(port: number) {
    this.socket = connectSocket(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("close", () => this.#wake?.());
    this.socket.on("data", (chunk) => {
      this.#decoder.receive(chunk);
      while (this.#decoder.next()) {
        const { octets, start, end } = this.#decoder;
        this.#records.push(octets.slice(start, end));
      }
      this.#wake?.();
    });
  }

  call(
    xid: number,
    procedure: number,
    argument: number | undefined,
    {
      credential = AUTH_NONE,
      rpcVersion = 2,
    }: { credential?: OpaqueAuth; rpcVersion?: number } = {},
  ): void {
    const { program, version } = benchProgV1;
    const writer = new XdrWriter();
    const verifier = AUTH_NONE;
    encodeCall(writer, { xid, rpcVersion, program, version, procedure, credential, verifier });
    if (argument !== undefined) writer.int(argument);
    this.socket.write(encodeRecord(writer.finish()));
  }

  /** The words of the next record, or `undefined` when the connection has ended. */
  async reply(): Promise<number[] | undefined> {
    while (this.#records.length === 0) {
      if (this.socket.destroyed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const reader = new XdrReader(this.#records.shift() ?? new Uint8Array());
    const words: number[] = [];
    while (reader.remaining > 0) words.push(reader.uint());
    return words;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

describe("a client and a server", () => {
  it("have any number of calls in flight, answered in any order", async () => {
    await using pair = await connected();
    const { bench } = pair;
    const order: number[] = [];
    await Promise.all(
      [30, 1, 15].map(async (ms) => {
        order.push(await bench.sleep(ms));
      }),
    );
    deepEqual(order, [1, 15, 30]);
  });

  it("talk over a Unix socket", async () => {
    const path = join(tmpdir(), `tertulia-${process.pid}.sock`);
    rmSync(path, { force: true });
    const { server } = benchServer();
    await using _ = server;
    await server.listenUnix(path);
    await using client = await connect({ path });
    equal(await new BenchProgV1Client(client).incr(5), 5);
  });

  it("tell what a handler throws as the status it names, else as SYSTEM_ERR", async () => {
    const thrown: unknown[] = [];
    await using pair = await connected(
      { onError: (error) => thrown.push(error) },
      {},
      {
        incr: (by) => {
          if (by === 1) throw new RpcError("GARBAGE_ARGS");
          throw new TypeError("a mistake");
        },
      },
    );
    await rejects(pair.bench.incr(1), { code: "ERR_REFUSED", status: "GARBAGE_ARGS" });
    await rejects(pair.bench.incr(2), { code: "ERR_REFUSED", status: "SYSTEM_ERR" });
    deepEqual(thrown, [new TypeError("a mistake")]);
  });

  it("tell SYSTEM_ERR of a handler that throws nothing at all", async () => {
    const thrown: unknown[] = [];
    const throws = (): never => {
      throw undefined;
    };
    const nothing = { ...benchProgV1.procedures.incr, encodeResult() {}, decodeResult: () => 0 };
    const { name, program, version } = benchProgV1;
    const procedures = [{ ...nothing, run: throws }];
    await using server = new RpcServer({
      programs: [{ name, program, version, procedures }],
      onError: (error) => thrown.push(error),
    });
    const { port } = await server.listen();
    await using client = await connect({ port });
    await rejects(client.call(benchProgV1, nothing, 1), { status: "SYSTEM_ERR" });
    equal(thrown.length, 1);
  });

  it("refuse what does not fit its type before it is sent, and go on", async () => {
    await using pair = await connected();
    await rejects(pair.bench.incr(2 ** 31), { code: "ERR_ARGUMENT" });
    await rejects(pair.bench.echo(new Uint8Array(1024 * 1024 + 1)), { code: "ERR_ARGUMENT" });
    equal(await pair.bench.incr(1), 1);
  });

  it("end a call at its deadline, at its signal, and keep the connection", async () => {
    await using pair = await connected();
    await rejects(pair.bench.sleep(500, { timeoutMs: 20 }), { code: "ERR_TIMEOUT" });
    const reason = new Error("no longer wanted");
    const signal = AbortSignal.timeout(20);
    await rejects(pair.bench.sleep(500, { signal }), { name: "TimeoutError" });
    await rejects(pair.bench.sleep(1, { signal: AbortSignal.abort(reason) }), reason);
    equal(await pair.bench.incr(1), 1);
    equal(pair.client.inFlight, 0);
  });

  it("call back over the same connection", async () => {
    const answered: number[] = [];
    await using pair = await connected(
      {},
      {
        serve: [
          serveBenchProgV1({
            echo: (octets) => octets,
            node: (node) => node,
            sleep: (ms) => ms,
            incr: (by) => {
              answered.push(by);
              return by * 2;
            },
          }),
        ],
      },
      { incr: async (by, call) => 1 + (await new BenchProgV1Client(call.back).incr(by)) },
    );
    equal(await pair.bench.incr(21), 43);
    deepEqual(answered, [21]);
  });

  it("batch calls that have no reply, and know by the next that has one", async () => {
    const seen: number[] = [];
    await using pair = await connected(
      {},
      {},
      {
        // The type says that a number is returned; no reply at all is the exception that 8.4.1 describes.
        incr: (by) => {
          seen.push(by);
          return NO_REPLY as unknown as number;
        },
      },
    );
    for (let i = 0; i < 100; i++) pair.client.send(benchProgV1, benchProgV1.procedures.incr, i);
    await pair.bench.null();
    equal(seen.length, 100);
  });

  it("tell who calls: AUTH_SYS, and a short hand in its place once the server gives one", async () => {
    const identities: unknown[] = [];
    const flavors: number[] = [];
    const options = { auth: [acceptNone, ...acceptSys({ shortHands: true })] };
    const auth = authSys({ stamp: 1, machineName: "here", uid: 10, gid: 20, gids: [30] });
    await using pair = await connected(
      options,
      { auth },
      {
        incr: (by, call) => {
          identities.push(call.identity);
          flavors.push(call.credential.flavor);
          return by;
        },
      },
    );
    await pair.bench.incr(1);
    await pair.bench.incr(2);
    const who = { stamp: 1, machineName: "here", uid: 10, gid: 20, gids: [30] };
    deepEqual(
      [identities, flavors],
      [
        [who, who],
        [1, 2],
      ],
    );
  });

  it("fall back to AUTH_SYS when the server has forgotten the short hand", async () => {
    const auth = authSys({ stamp: 1, machineName: "here", uid: 1, gid: 1, gids: [] });
    const options = { auth: [acceptNone, ...acceptSys({ shortHands: true })] };
    await using first = await connected(options, { auth });
    await first.bench.incr(1);
    await using second = await connected(options, { auth });
    equal(await second.bench.incr(1), 1);
  });

  it("bound the handlers of a connection: further calls wait", async () => {
    let running = 0;
    let most = 0;
    await using pair = await connected(
      { concurrentMax: 4 },
      {},
      {
        sleep: async (ms) => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setTimeout(resolve, 1));
          running -= 1;
          return ms;
        },
      },
    );
    await Promise.all(Array.from({ length: 100 }, (_, i) => pair.bench.sleep(i)));
    equal(most, 4);
  });

  it("stop in good order: what runs is answered, what comes after is not", async () => {
    const begun = Promise.withResolvers<void>();
    const sleep = async (ms: number) => {
      begun.resolve();
      await new Promise((resolve) => setTimeout(resolve, ms));
      return ms;
    };
    await using pair = await connected({}, {}, { sleep });
    const running = pair.bench.sleep(50);
    await begun.promise;
    await pair.server.stop();
    equal(await running, 50);
    await rejects(connect({ port: pair.port }), { code: "ERR_CLOSED" });
  });

  it("answer a client that has closed its side, before closing theirs", async () => {
    await using pair = await connected();
    using hand = new Hand(pair.port);
    hand.call(7, 3, 20);
    hand.socket.end();
    deepEqual(await hand.reply(), [7, 1, 0, 0, 0, 0, 20]);
    equal(await hand.reply(), undefined);
  });

  it("serve several versions, and say which they are", async () => {
    await using pair = await connected();
    const served = serveBenchProgV1({
      echo: (octets) => octets,
      node: (node) => node,
      sleep: (ms) => ms,
      incr: (by) => by,
    });
    pair.server.dispatcher.add({ ...served, version: 5 });
    const call = pair.client.call({ ...benchProgV1, version: 3 }, benchProgV1.procedures.incr, 1);
    await rejects(call, { status: "PROG_MISMATCH", low: 1, high: 5 });
    equal(
      await pair.client.call({ ...benchProgV1, version: 5 }, benchProgV1.procedures.incr, 9),
      9,
    );
  });
});

describe("a client with one call after the other", () => {
  /** How often the event loop is kept from sleeping, in a call and after it. */
  async function turns(options: Partial<ClientOptions>): Promise<[boolean, boolean]> {
    await using pair = await connected({ pollMs: 0 }, options);
    await pair.bench.null();
    const immediate = mock.method(globalThis, "setImmediate");
    try {
      await pair.bench.sleep(20);
      const during = immediate.mock.callCount();
      await new Promise((resolve) => setTimeout(resolve, 20));
      return [during > 1, immediate.mock.callCount() > during + 1];
    } finally {
      immediate.mock.restore();
    }
  }

  it("does not sleep while it waits for a reply, and does afterwards", {
    skip: availableParallelism() < 2 && "it needs a second processor",
  }, async () => {
    deepEqual(await turns({ pollMs: 10_000 }), [true, false]);
  });

  it("sleeps when it is told to", async () => {
    deepEqual(await turns({ pollMs: 0 }), [false, false]);
  });
});

describe("a broken connection", () => {
  it("rejects what was sent, keeps what may be repeated, and connects again", async () => {
    await using pair = await connected();
    const port = pair.port;
    const lost = pair.bench.sleep(10_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await pair.server[Symbol.asyncDispose]();
    await rejects(lost, { code: "ERR_CLOSED", executed: "unknown" });
    const waiting = pair.bench.incr(3);
    const { server } = benchServer();
    await using _ = server;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await server.listen({ port });
    equal(await waiting, 3);
  });

  it("rejects everything with reconnect: false, and says what was never sent", async () => {
    await using pair = await connected({}, { reconnect: false });
    await pair.server[Symbol.asyncDispose]();
    await new Promise((resolve) => setTimeout(resolve, 10));
    await rejects(pair.bench.incr(1), { code: "ERR_CLOSED" });
  });

  it("is not made again and again without a pause when the server closes at once", async () => {
    let connections = 0;
    const closing = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await using _ = closing.listen(0, "127.0.0.1");
    await once(closing, "listening");
    await using client = await connect({ port: portOf(closing) });
    const { procedures } = benchProgV1;
    const idempotent = { ...procedures.incr, isIdempotent: true };
    await rejects(client.call(benchProgV1, idempotent, 1, { timeoutMs: 600 }), {
      code: "ERR_TIMEOUT",
    });
    // At once, and after 50, 100, 200 and 400 ms, of which each wait may be the half.
    ok(connections < 12, `${connections} connections`);
  });

  it("is made again although the signal of the first attempt is aborted by now", async () => {
    const controller = new AbortController();
    await using pair = await connected({}, { signal: controller.signal });
    equal(await pair.bench.incr(1), 1);
    controller.abort();
    await pair.server[Symbol.asyncDispose]();
    while (pair.client.isConnected) await new Promise((resolve) => setImmediate(resolve));
    const { server } = benchServer();
    await using _ = server;
    await server.listen({ port: pair.port });
    equal(await pair.bench.incr(2, { timeoutMs: 5000 }), 2);
  });

  it("with retry: all sends again, and the server answers from its duplicate cache", async () => {
    await using pair = await connected({}, { retry: "all" }, {});
    // A relay between them that is cut after the call and before the reply.
    const links: Socket[] = [];
    let isCut = false;
    const relay = createServer((near) => {
      const far = connectSocket(pair.port, "127.0.0.1");
      links.push(near, far);
      near.pipe(far);
      far.on("data", (chunk) => {
        if (isCut) near.write(chunk);
        else {
          isCut = true;
          near.destroy();
        }
      });
      for (const one of [near, far]) one.on("error", () => {});
    });
    relay.listen(0, "127.0.0.1");
    await once(relay, "listening");
    await using client = await connect({ port: portOf(relay), retry: "all" });
    equal(await new BenchProgV1Client(client).incr(1), 1);
    equal(pair.counter.value, 1);
    relay.close();
    for (const link of links) link.destroy();
  });
});

describe("the duplicate request cache", () => {
  it("answers a repeated call without executing it, on the same and on another connection", async () => {
    await using pair = await connected();
    using one = new Hand(pair.port);
    one.call(0x1234, 4, 1);
    const first = await one.reply();
    one.call(0x1234, 4, 1);
    deepEqual(await one.reply(), first);
    using other = new Hand(pair.port);
    other.call(0x1234, 4, 1);
    deepEqual(await other.reply(), first);
    equal(pair.counter.value, 1);
  });

  it("executes a call that differs in its arguments, its xid or its credential", async () => {
    await using pair = await connected();
    using hand = new Hand(pair.port);
    const credential = { flavor: 1, body: new Uint8Array(20) };
    hand.call(1, 4, 1);
    await hand.reply();
    hand.call(1, 4, 10);
    await hand.reply();
    hand.call(2, 4, 100);
    await hand.reply();
    hand.call(2, 4, 100, { credential });
    await hand.reply();
    equal(pair.counter.value, 211);
  });

  it("lets a repetition of a running call wait for its reply", async () => {
    let runs = 0;
    await using pair = await connected(
      {},
      {},
      {
        sleep: async (ms) => {
          runs += 1;
          await new Promise((resolve) => setTimeout(resolve, ms));
          return runs;
        },
      },
    );
    using one = new Hand(pair.port);
    using other = new Hand(pair.port);
    one.call(5, 3, 40);
    await new Promise((resolve) => setTimeout(resolve, 10));
    other.call(5, 3, 40);
    one.call(5, 3, 40);
    const replies = [await other.reply(), await one.reply(), await one.reply()];
    deepEqual(replies, Array(3).fill([5, 1, 0, 0, 0, 0, 1]));
  });

  it("says SYSTEM_ERR when the reply was too large to keep", async () => {
    await using pair = await connected({ duplicates: { replyMax: 10 } });
    using hand = new Hand(pair.port);
    hand.call(1, 4, 1);
    await hand.reply();
    hand.call(1, 4, 1);
    deepEqual(await hand.reply(), [1, 1, 0, 0, 0, 5]);
    equal(pair.counter.value, 1);
  });

  it("survives the process in a store", async () => {
    const store = new SqliteDuplicates(new DatabaseSync(":memory:"));
    const ask = async (): Promise<[number[] | undefined, number]> => {
      await using pair = await connected({ duplicates: { store } });
      using hand = new Hand(pair.port);
      hand.call(9, 4, 7);
      return [await hand.reply(), pair.counter.value];
    };
    deepEqual(await ask(), [[9, 1, 0, 0, 0, 0, 7], 7]);
    deepEqual(await ask(), [[9, 1, 0, 0, 0, 0, 7], 0]);
  });
});

describe("a server under attack", () => {
  it("says RPC_MISMATCH to another version of RPC, and AUTH_REJECTEDCRED to an unknown flavor", async () => {
    await using pair = await connected();
    using hand = new Hand(pair.port);
    hand.call(1, 0, undefined, { rpcVersion: 3 });
    deepEqual(await hand.reply(), [1, 1, 1, 0, 2, 2]);
    hand.call(2, 0, undefined, { credential: { flavor: 99, body: new Uint8Array() } });
    deepEqual(await hand.reply(), [2, 1, 1, 1, 2]);
    hand.call(3, 0, undefined, { credential: { flavor: 7, body: new Uint8Array() } });
    deepEqual(await hand.reply(), [3, 1, 1, 1, 2]);
  });

  it("closes one connection for a record that is too long, and serves the others", async () => {
    await using pair = await connected();
    using hand = new Hand(pair.port);
    hand.socket.write(new Uint8Array([0xff, 0xff, 0xff, 0xff]));
    equal(await hand.reply(), undefined);
    equal(await pair.bench.incr(1), 1);
  });

  it("does not hold what is announced and not sent", async () => {
    await using pair = await connected();
    const before = process.memoryUsage().arrayBuffers;
    const hands = Array.from({ length: 50 }, () => new Hand(pair.port));
    // Each announces 4 MiB and sends one octet: 200 MiB if they were believed.
    for (const { socket } of hands) socket.write(new Uint8Array([0x80, 0x3f, 0, 0, 1]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const grown = process.memoryUsage().arrayBuffers - before;
    for (const hand of hands) hand[Symbol.dispose]();
    ok(grown < 16 * 1024 * 1024, `${grown} octets more`);
  });

  it("stops reading from a client that does not read its replies", async () => {
    let calls = 0;
    const octets = new Uint8Array(65_536);
    await using pair = await connected(
      {},
      {},
      {
        incr: () => 0,
        echo: () => {
          calls += 1;
          return octets;
        },
      },
    );
    using hand = new Hand(pair.port);
    hand.socket.pause();
    for (let i = 0; i < 4000; i++) hand.call(i, 1, 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // 1 MiB with us, and what the kernel takes for both sides: not all 256 MiB.
    ok(calls < 1000, `${calls} replies were made`);
  });

  it("goes on when that client has read, however few octets may wait for it", async () => {
    await using pair = await connected({ outgoingMax: 100 });
    const sums = await Promise.all(Array.from({ length: 500 }, () => pair.bench.incr(1)));
    equal(sums.at(-1), 500);
  });

  it("takes a flood of fragments for what it is", async () => {
    await using pair = await connected();
    using hand = new Hand(pair.port);
    hand.socket.write(new Uint8Array(4 * 70_000));
    equal(await hand.reply(), undefined);
    equal(await pair.bench.incr(1), 1);
  });

  it("answers thousands of connections that are open at once", async () => {
    // 10,000 are what is promised; every run of the tests opens a part of them.
    const count = Number(process.env["TERTULIA_CONNECTIONS"] ?? 1000);
    await using pair = await connected();
    const script = join(import.meta.dirname, "many-process.js");
    const { stdout } = await promisify(execFile)(process.execPath, [
      script,
      String(pair.port),
      String(count),
    ]);
    equal(Number(stdout), count * 2);
    equal(await pair.bench.incr(1), 1);
  });

  it("bounds connections, and closes the idle", async () => {
    await using pair = await connected({ connectionsMax: 2, idleMs: 60 });
    using one = new Hand(pair.port);
    await once(one.socket, "connect");
    using two = new Hand(pair.port);
    equal(await two.reply(), undefined);
    equal(await one.reply(), undefined);
  });
});
