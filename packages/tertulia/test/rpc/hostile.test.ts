import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import * as v from "valibot";
import {
  connect,
  connectUdp,
  method,
  type ServiceSession,
  serveService,
  serviceClient,
  stream,
} from "../../src/rpc/index.ts";
import { BenchProgV1Client } from "../fixtures/oncrpc/generated/bench.ts";
import { eventually } from "../io/linked.ts";
import { benchServer } from "./bench-program.ts";

/** Octets that begin like a call or a reply now and then. */
const octets = fc
  .tuple(
    fc.constantFrom(
      [],
      [0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2],
      [0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2, 0x20, 0, 0, 0x99, 0, 0, 0, 1, 0, 0, 0, 2],
      [0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0],
      [0xff, 0xff, 0xff, 0xff],
    ),
    fc.uint8Array({ maxLength: 60 }),
  )
  .map(([first, rest]) => new Uint8Array([...first, ...rest]));

describe("any octets", () => {
  it("leave a server of TCP and UDP as it was", async () => {
    const errors: unknown[] = [];
    const { server } = benchServer({ onError: (error) => errors.push(error) });
    await using _ = server;
    const { port } = await server.listen();
    await server.listenUdp({ port });
    const socket = createSocket("udp4");
    for (const datagram of fc.sample(octets, 300)) socket.send(datagram, port, "127.0.0.1");
    for (const part of fc.sample(octets, 100)) {
      const connection = connectSocket(port, "127.0.0.1").on("error", () => {});
      // A mark that fits now and then, so that what follows is looked at.
      connection.end(new Uint8Array([0x80, 0, 0, part.length, ...part]));
      connection.resume();
      await once(connection, "close");
    }
    socket.close();
    await using tcp = await connect({ port });
    await using udp = await connectUdp({ port });
    const answers = [];
    for (const client of [tcp, udp]) answers.push(await new BenchProgV1Client(client).incr(1));
    deepEqual([answers, errors], [[1, 2], []]);
  });

  it("leave a client of UDP waiting for its reply", async () => {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const junk = fc.sample(octets, 100);
    socket.on("message", (call, from) => {
      for (const one of junk) socket.send(one, from.port, from.address);
      const reply = new Uint8Array(28);
      reply.set(call.subarray(0, 4));
      reply[7] = 1;
      reply[27] = 9;
      socket.send(reply, from.port, from.address);
    });
    const { port } = socket.address();
    await using client = await connectUdp({ port });
    equal(await new BenchProgV1Client(client).incr(1), 9);
    socket.close();
  });
});

/** Connects, sends a call of INCR in a record, and resets the connection. */
const HIT_AND_RUN = `
  const socket = require("node:net").connect(Number(process.argv[1]), "127.0.0.1", () => {
    const words = [0x8000002c, 7, 0, 2, 0x20000099, 1, 4, 0, 0, 0, 0, 1];
    const call = Buffer.alloc(48);
    words.forEach((word, index) => call.writeUInt32BE(word, index * 4));
    socket.write(call, () => socket.resetAndDestroy());
  });`;

describe("a call from a connection that was reset before it was accepted", () => {
  it("is not executed: nobody knows where it is from, and it is not from this machine", async () => {
    const seen: string[] = [];
    const { server } = benchServer(
      {},
      {
        incr: (by, { peer }) => {
          seen.push(`${peer.address} ${peer.isLocal}`);
          return by;
        },
      },
    );
    await using _ = server;
    const { port } = await server.listen();
    // While this waits for it, nothing is accepted.
    execFileSync(process.execPath, ["-e", HIT_AND_RUN, String(port)]);
    await using client = await connect({ port });
    await new BenchProgV1Client(client).incr(1);
    deepEqual(seen, ["127.0.0.1 true"]);
  });
});

describe("half a record", () => {
  const HALF = new Uint8Array(4 + 4096);
  HALF.set([0x80, 0, 0x20, 0]); // of 8,192 octets, so that 8 KiB are held

  it("on each of 1,000 connections is bounded for all together", async () => {
    const { server } = benchServer({ unfinishedMax: 1024 * 1024 });
    await using _ = server;
    const { port } = await server.listen();
    await using client = await connect({ port });
    const caller = new BenchProgV1Client(client);
    let ended = 0;
    const all = Array.from({ length: 1000 }, () => {
      const socket = connectSocket(port, "127.0.0.1").on("error", () => {});
      socket.on("close", () => {
        ended += 1;
      });
      socket.write(HALF);
      return socket.resume();
    });
    await eventually(() => ended === 1000 - 128);
    equal(server.connections, 128 + 1);
    // Those that began first have given way, so that a long record that is sent now comes through.
    const long = new Uint8Array(300_000).fill(7);
    deepEqual(await caller.echo(long), long);
    for (const socket of all) socket.destroy();
    await eventually(() => server.connections === 1);
    // All is given back: as many again have room.
    const again = Array.from({ length: 128 }, () => {
      const socket = connectSocket(port, "127.0.0.1").on("error", () => {});
      socket.write(HALF);
      return socket;
    });
    await eventually(() => server.connections === 129);
    equal(await caller.incr(1), 1);
    equal(server.connections, 129);
    for (const socket of again) socket.destroy();
  });
});

/** A session whose peer says whatever a test wants. */
class Said implements ServiceSession {
  readonly sent: { t: string; id: number; d?: string }[] = [];
  say: (value: unknown) => void | Promise<void> = () => {};
  /** Whether the peer takes what is sent. */
  isStuck = false;
  #end: () => void = () => {};

  async send(value: unknown): Promise<void> {
    // What services send are objects with these fields.
    this.sent.push(value as { t: string; id: number });
    if (this.isStuck) await new Promise(() => {});
  }

  consume(handler: Parameters<ServiceSession["consume"]>[0]): Promise<void> {
    // Services look at the value only.
    this.say = (value) => handler({ value } as Parameters<typeof handler>[0]);
    return new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  end(): void {
    this.#end();
  }
}

const service = {
  add: method(v.number(), v.number()),
  count: stream(v.number(), v.number()),
};

const said = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      t: fc.constantFrom("call", "more", "cancel", "result", "next", "end", "error", "x"),
      id: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.double(), fc.string()),
      m: fc.oneof(fc.constantFrom("add", "count", "__proto__", "toString"), fc.jsonValue()),
      n: fc.oneof(fc.integer(), fc.double()),
      a: fc.jsonValue(),
      v: fc.jsonValue(),
      r: fc.string(),
      d: fc.string(),
    },
    { requiredKeys: ["t"] },
  ),
);

describe("any values", () => {
  it("leave the server of a service as it was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 10 }), async (values) => {
        const session = new Said();
        const served = serveService(session, service, {
          add: (number) => number + 1,
          async *count(to) {
            for (let i = 0; i < Math.min(to, 3); i++) yield i;
          },
        });
        for (const value of values) void session.say(value);
        void session.say({ t: "call", id: 77, m: "add", a: 1 });
        await new Promise((resolve) => setImmediate(resolve));
        session.end();
        await served;
        deepEqual(
          session.sent.filter(({ id }) => id === 77),
          [{ t: "result", id: 77, v: 2 }],
        );
      }),
      { numRuns: 200 },
    );
  });

  it("leave the client of a service with results of its schema, or an error", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 10 }), async (values) => {
        const session = new Said();
        const client = serviceClient(session, service);
        const sum = client.add(1).catch((error) => error);
        for (const value of values) void session.say(value);
        session.end();
        const result = await sum;
        ok(typeof result === "number" || typeof result?.code === "string", String(result));
      }),
      { numRuns: 200 },
    );
  });

  it("are not kept by a client beyond the credit that it gave", async () => {
    const session = new Said();
    const results = serviceClient(session, service).count(1)[Symbol.asyncIterator]();
    const first = results.next();
    for (let i = 0; i < 100_000; i++) void session.say({ t: "next", id: 1, v: i });
    await rejects(first, { violation: "creditExceeded" });
  });

  it("are not read from a client that takes no answers", async () => {
    const session = new Said();
    session.isStuck = true;
    void serveService(session, service, { add: (one) => one, async *count() {} });
    let read = 0;
    while (session.say({ t: "call", id: ++read, m: "none" }) === undefined && read < 10_000);
    ok(read < 2000, `${read} were read`);
  });
});
