import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cborContext } from "../../src/io/cbor.ts";
import type { Session } from "../../src/io/session.ts";
import { jsonContext, octetsContext, textContext } from "../../src/pure/native/message.ts";
import {
  change,
  connectTo,
  errorOf,
  eventually,
  first,
  kinds,
  linked,
  listening,
  numbered,
  texts,
} from "./linked.ts";

for (const kind of kinds) {
  describe(`session over ${kind}`, () => {
    it("carries messages both ways, in order", async () => {
      await using pair = await linked(kind);
      const lines = numbered(0, 1000);
      for (const line of lines) await pair.client.send(line);
      for (const line of lines) await pair.server.send(line);
      assert.deepEqual(await texts(pair.server, 1000), lines);
      assert.deepEqual(await texts(pair.client, 1000), lines);
      assert.equal(pair.client.id, pair.server.id);
    });

    it("carries long messages and streams whole, however they are cut on the way", async () => {
      const contexts = [octetsContext];
      await using pair = await linked(kind, { connect: { contexts }, listen: { contexts } });
      const sizes = [65_536, 1, 200_000, 16_384, 5000, 1_000_000, 65_530, 3];
      const stream = pair.client.openStream("long");
      const writing = (async () => {
        for (const [i, size] of sizes.entries()) {
          await pair.client.send(new Uint8Array(size).fill(i));
          await stream.write(new Uint8Array(size).fill(i));
        }
        await stream.end();
      })();
      const theirs = await first(pair.server.streams);
      const reading = (async () => {
        const counts = new Array<number>(sizes.length).fill(0);
        for await (const piece of theirs) {
          for (const octet of piece) counts[octet] = (counts[octet] ?? 0) + 1;
        }
        return counts;
      })();
      const messages: Uint8Array[] = [];
      for await (const { octets } of pair.server) {
        if (messages.push(octets) === sizes.length) break;
      }
      assert.deepEqual(
        messages.map((octets) => [octets.length, [...new Set(octets)]]),
        sizes.map((size, i) => [size, [i]]),
      );
      assert.deepEqual(await reading, sizes);
      await writing;
    });

    it("goes on after breaks of either side, and loses nothing", async () => {
      await using pair = await linked(kind);
      const lines = numbered(0, 600);
      const reading = texts(pair.server, lines.length);
      for (const [i, line] of lines.entries()) {
        await pair.client.send(line);
        if (i % 100 !== 50) continue;
        const resumed = change(pair.client, "resumed");
        await turn();
        (i % 200 === 50 ? pair.client : pair.server).breakTransport();
        if (i === 550) await resumed;
      }
      assert.deepEqual(await reading, lines);
    });

    it("takes while suspended what is sent, and both sides know how long it was", async () => {
      await using pair = await linked(kind);
      const [suspended, resumed] = [
        change(pair.client, "suspended"),
        change(pair.client, "resumed"),
      ];
      pair.client.breakTransport();
      await suspended;
      assert.equal(pair.client.state, "suspended");
      await pair.client.send("one");
      await pair.client.send("two");
      assert.deepEqual(await texts(pair.server, 2), ["one", "two"]);
      const { epoch, replayed } = await resumed;
      assert.deepEqual([epoch >= 1, replayed, pair.client.state], [true, 2, "connected"]);
    });

    it("releases in order: both ends end, and neither has an error", async () => {
      await using pair = await linked(kind);
      await pair.client.send("the last word");
      const read = collect(pair.server);
      await pair.client.release();
      assert.deepEqual(await read, ["the last word"]);
      assert.deepEqual(await Promise.all([pair.client.closed, pair.server.closed]), [
        { outcome: "released" },
        { outcome: "released" },
      ]);
    });

    it("tells the other side of an abort, with its reason", async () => {
      await using pair = await linked(kind);
      pair.client.abort("enough");
      const { outcome, error, abort } = await pair.server.closed;
      assert.deepEqual(
        [outcome, error?.code, error?.message, abort?.reason, abort?.message],
        ["aborted", "ERR_ABORTED", "the peer: user: enough", "user", "enough"],
      );
      assert.equal((await pair.client.closed).error?.code, "ERR_ABORTED");
    });

    it("carries 10 MiB of messages larger than a window", async () => {
      await using pair = await linked(kind);
      const message = Buffer.alloc(1024 * 1024, "0123456789");
      const reading = (async () => {
        let octets = 0;
        for await (const { octets: got } of pair.server) {
          assert.ok(message.equals(got));
          octets += got.length;
          if (octets === 10 * message.length) break;
        }
      })();
      for (let i = 0; i < 10; i++) await pair.client.send(message);
      await reading;
    });
  });
}

describe("Session.send", () => {
  it("is settled already while there is credit, and waits without", async () => {
    await using pair = await linked("tcp");
    const octets = new Uint8Array(64 * 1024);
    const sends = Array.from({ length: 8 }, () => watch(pair.client.send(octets)));
    await turn();
    assert.deepEqual(
      sends.map(({ state }) => state),
      ["done", "done", "done", "waits", "waits", "waits", "waits", "waits"],
    );
    await texts(pair.server, 8);
    await Promise.all(sends.map(({ promise }) => promise));
  });

  it("stops waiting when its signal says so, and the message arrives all the same", async () => {
    await using pair = await linked("tcp");
    for (let i = 0; i < 3; i++) await pair.client.send(Buffer.alloc(64 * 1024, "a"));
    const controller = new AbortController();
    const waiting = errorOf(
      pair.client.send(Buffer.alloc(64 * 1024, "b"), { signal: controller.signal }),
    );
    const reason = new Error("no patience");
    controller.abort(reason);
    assert.equal(await waiting, reason);
    const taken = await texts(pair.server, 4);
    assert.equal(taken[3]?.[0], "b");
  });

  it("sends nothing when its signal was aborted before", async () => {
    await using pair = await linked("tcp");
    const reason = new Error("before");
    const signal = AbortSignal.abort(reason);
    assert.equal(await errorOf(pair.client.send("no", { signal })), reason);
    await pair.client.send("yes");
    assert.deepEqual(await texts(pair.server, 1), ["yes"]);
  });

  it("refuses a value that is none of its context's, and goes on", async () => {
    const odd = { ...jsonContext, name: "odd", encode: () => "no octets" as never };
    const contexts = [octetsContext, odd];
    await using pair = await linked("tcp", { connect: { contexts }, listen: { contexts } });
    for (const bad of [
      pair.client.send(5, { context: "octets" }),
      pair.client.send("five", { context: "octets" }),
      pair.client.send({ an: "object" }),
    ]) {
      assert.equal((await errorOf(bad)).code, "ERR_ARGUMENT");
    }
    await pair.client.send(new Uint8Array([1]));
    assert.deepEqual((await first(pair.server)).octets, new Uint8Array([1]));
  });

  it("takes octets in any view of them, and in none", async () => {
    await using pair = await linked("tcp");
    const { buffer } = new Uint8Array([0, 1, 2, 3]);
    const values = [
      buffer,
      new DataView(buffer, 1, 2),
      new Uint16Array(buffer, 2),
      Buffer.from(buffer),
    ];
    for (const value of values) await pair.client.send(value);
    const got: string[] = [];
    for await (const { octets, context } of pair.server) {
      got.push(`${context.name} ${octets.join(" ")}`);
      if (got.length === values.length) break;
    }
    assert.deepEqual(got, ["octets 0 1 2 3", "octets 1 2", "octets 2 3", "octets 0 1 2 3"]);
  });

  it("refuses what waits beyond the limit, what is too long, and what has no context", async () => {
    const limits = { waitingOctetsMax: 100_000, messageOctetsMax: 300_000 };
    await using pair = await linked("tcp", {
      connect: { limits, contexts: [octetsContext, textContext] },
      listen: { limits },
    });
    const { client } = pair;
    const codes = [
      await errorOf(client.send(new Uint8Array(300_001))),
      await errorOf(client.send({ an: "object" })),
      await errorOf(client.send("text", { context: "cbor" })),
      await errorOf(client.send("loud", { kind: "capability" })),
      await errorOf(client.send(new Uint8Array(5000), { kind: "expedited" })),
    ].map(({ code }) => code);
    assert.deepEqual(codes, [
      "ERR_LIMIT",
      "ERR_ARGUMENT",
      "ERR_ARGUMENT",
      "ERR_STATE",
      "ERR_LIMIT",
    ]);
    const waiting: Promise<unknown>[] = [];
    for (let i = 0; i < 4; i++) waiting.push(client.send(new Uint8Array(60_000)));
    waiting.push(client.send(new Uint8Array(60_000)));
    assert.equal((await errorOf(client.send(new Uint8Array(60_000)))).code, "ERR_LIMIT");
    await texts(pair.server, 5);
    await Promise.all(waiting);
  });

  it("says what a context cannot encode, with what it said", async () => {
    await using pair = await linked("tcp");
    const error = await errorOf(pair.client.send({ big: 1n }));
    assert.deepEqual([error.code, error.cause instanceof TypeError], ["ERR_ARGUMENT", true]);
  });

  it("fails with why the session ended, also when it waits", async () => {
    await using pair = await linked("tcp");
    const waiting: Promise<void>[] = [];
    for (let i = 0; i < 8; i++) waiting.push(pair.client.send(new Uint8Array(64 * 1024)));
    const failed = errorOf(Promise.all(waiting));
    pair.server.abort("no more");
    assert.equal((await failed).message, "the peer: user: no more");
    assert.equal((await errorOf(pair.client.send("late"))).code, "ERR_CLOSED");
  });

  it("lets expedited messages overtake what waits", async () => {
    await using pair = await linked("tcp");
    const waiting: Promise<void>[] = [];
    for (let i = 0; i < 40; i++) waiting.push(pair.client.send(Buffer.alloc(60_000, "x")));
    waiting.push(pair.client.send("now", { kind: "expedited" }));
    const order: string[] = [];
    for await (const message of pair.server) {
      order.push(`${message.kind} ${message.octets.length}`);
      if (order.length === 41) break;
    }
    await Promise.all(waiting);
    const place = order.indexOf("expedited 3");
    assert.ok(place >= 0 && place < 10, `at ${place}`);
  });

  it("marks typed messages", async () => {
    await using pair = await linked("tcp");
    await pair.client.send("in turn");
    await pair.client.send("beside it", { kind: "typed" });
    const messages: string[] = [];
    for await (const { kind, value } of pair.server) {
      messages.push(`${kind}: ${value}`);
      if (messages.length === 2) break;
    }
    assert.deepEqual(messages, ["normal: in turn", "typed: beside it"]);
  });
});

describe("presentation contexts", () => {
  it("carry what they are for", async () => {
    const contexts = [octetsContext, textContext, jsonContext, cborContext];
    await using pair = await linked("tcp", { connect: { contexts }, listen: { contexts } });
    const { client, server } = pair;
    await client.send(new Uint8Array([1, 2]));
    await client.send("grüß dich");
    await client.send({ list: [1, undefined, "x"] });
    await client.send({ big: 2n ** 60n, octets: new Uint8Array([3]) }, { context: "cbor" });
    await client.send(12, { context: "text" });
    const values: unknown[] = [];
    for await (const { context, value } of server) {
      values.push([context.name, value]);
      if (values.length === 5) break;
    }
    assert.deepEqual(values, [
      ["octets", new Uint8Array([1, 2])],
      ["text", "grüß dich"],
      ["json", { list: [1, null, "x"] }],
      ["cbor", { big: 2n ** 60n, octets: new Uint8Array([3]) }],
      ["text", "12"],
    ]);
  });

  it("are agreed on in the initiator's order", async () => {
    await using pair = await linked("tcp", {
      connect: { contexts: [cborContext, jsonContext, textContext] },
      listen: { contexts: [textContext, cborContext] },
    });
    assert.deepEqual(pair.client.agreement.contexts, ["cbor", "text"]);
    assert.deepEqual(pair.server.agreement.contexts, ["cbor", "text"]);
  });

  it("refuse each other when there is none in common", async () => {
    const refused: string[] = [];
    const { listener, address } = await listening("tcp", {
      contexts: [cborContext],
      onRefused: (_address, error) => refused.push(error.message),
    });
    await using _ = listener;
    const error = await errorOf(connectTo(address, { contexts: [jsonContext] }));
    assert.deepEqual(
      [error.code, error.message],
      ["ERR_REFUSED", "refused: incompatible: presentation contexts: json here, cbor there"],
    );
    assert.deepEqual(refused, ["incompatible: presentation contexts: json here, cbor there"]);
  });

  it("throw at the reader what is not in their encoding, and the session goes on", async () => {
    const oddJson = { ...jsonContext, encode: () => Buffer.from("{not json") };
    const oddText = { ...textContext, encode: () => Uint8Array.of(0xff) };
    await using pair = await linked("tcp", {
      connect: { contexts: [oddJson, oddText] },
      listen: { contexts: [jsonContext, textContext] },
    });
    await pair.client.send("x");
    const ofJson = await first(pair.server);
    assert.throws(() => ofJson.value, { code: "ERR_PROTOCOL", violation: "badValue" });
    assert.equal(ofJson.toString(), "{not json");
    await pair.client.send("x", { context: "text" });
    const ofText = await first(pair.server);
    assert.throws(() => ofText.value, { code: "ERR_PROTOCOL", violation: "notUtf8" });
    assert.equal(pair.server.state, "connected");
  });
});

describe("reading a session", () => {
  it("may stop and go on with another iteration", async () => {
    await using pair = await linked("tcp");
    for (const line of numbered(0, 6)) await pair.client.send(line);
    assert.deepEqual(await texts(pair.server, 2), ["line 0", "line 1"]);
    assert.deepEqual(await texts(pair.server, 4), numbered(2, 6));
  });

  it("is for one reader at a time", async () => {
    await using pair = await linked("tcp");
    const iterator = pair.server[Symbol.asyncIterator]();
    assert.throws(() => pair.server[Symbol.asyncIterator](), { code: "ERR_STATE" });
    assert.equal((await errorOf(pair.server.consume(() => {}))).code, "ERR_STATE");
    await iterator.return?.();
    await pair.client.send("x");
    assert.deepEqual(await texts(pair.server, 1), ["x"]);
  });

  it("answers several questions at once, in order", async () => {
    await using pair = await linked("tcp");
    const iterator = pair.server[Symbol.asyncIterator]();
    const asked = [iterator.next(), iterator.next(), iterator.next()];
    for (const line of numbered(0, 3)) await pair.client.send(line);
    const answers = (await Promise.all(asked)).map(({ value }) => value?.toString());
    assert.deepEqual(answers, numbered(0, 3));
  });

  it("ends with the session, again and again, after the last message", async () => {
    await using pair = await linked("tcp");
    await pair.client.send("one");
    const read = collect(pair.server);
    await pair.client.release();
    assert.deepEqual([await read, await collect(pair.server)], [["one"], []]);
  });

  it("throws what ended the session, after what had come", async () => {
    await using pair = await linked("tcp");
    await pair.client.send("before");
    await turn();
    await eventually(() => pair.server.machine.link.inbox.isReadable);
    pair.client.abort("gone");
    await pair.server.closed;
    const seen: string[] = [];
    const error = await errorOf(
      (async () => {
        for await (const message of pair.server) seen.push(message.toString());
      })(),
    );
    assert.deepEqual([seen, error.code], [["before"], "ERR_ABORTED"]);
  });

  it("consumes one by one, waiting for slow handlers, until the peer is done", async () => {
    await using pair = await linked("tcp");
    const seen: string[] = [];
    let busy = 0;
    const consumed = pair.server.consume(async (message) => {
      assert.equal(++busy, 1);
      await turn();
      busy--;
      seen.push(message.toString());
    });
    for (const line of numbered(0, 50)) await pair.client.send(line);
    await pair.client.release();
    await consumed;
    assert.deepEqual(seen, numbered(0, 50));
  });

  it("stops consuming at what the handler throws; the others wait", async () => {
    await using pair = await linked("tcp");
    for (const line of numbered(0, 5)) await pair.client.send(line);
    const reason = new Error("bad line");
    const error = await errorOf(
      pair.server.consume((message) => {
        if (message.toString() === "line 2") throw reason;
      }),
    );
    assert.equal(error, reason);
    assert.deepEqual(await texts(pair.server, 2), ["line 3", "line 4"]);
  });

  it("stops consuming when its signal says so", async () => {
    await using pair = await linked("tcp");
    const controller = new AbortController();
    const consumed = errorOf(pair.server.consume(() => {}, { signal: controller.signal }));
    await turn();
    const reason = new Error("stop");
    controller.abort(reason);
    assert.equal(await consumed, reason);
    await pair.client.send("x");
    assert.deepEqual(await texts(pair.server, 1), ["x"]);
  });

  it("gives the peer credit for what a slow handler has taken", async () => {
    await using pair = await linked("tcp");
    // The whole window comes at once; while the first is looked at, taking the others must be known.
    let sent = 0;
    const sending = (async () => {
      for (; sent < 64; sent++) await pair.client.send(new Uint8Array(16 * 1024));
    })();
    await eventually(() => pair.server.machine.link.unreadOctets > 200_000);
    let taken = 0;
    const consumed = pair.server.consume(async () => {
      taken += 1;
      if (taken === 12) await eventually(() => sent > 20);
      else await turn();
    });
    await sending;
    await pair.client.release();
    await consumed;
    assert.equal(taken, 64);
  });
});

describe("releasing a session", () => {
  it("is refused by a peer that has more to say, and the session goes on", async () => {
    let isAgreed = false;
    await using pair = await linked("tcp", { listen: { agreeToRelease: () => isAgreed } });
    const refused = change(pair.client, "releaseRefused");
    assert.equal((await errorOf(pair.client.release())).code, "ERR_REFUSED");
    await refused;
    await pair.server.send("more");
    assert.deepEqual(await texts(pair.client, 1), ["more"]);
    isAgreed = true;
    await pair.client.release();
    assert.equal(pair.client.end?.outcome, "released");
  });

  it("is one release when both ask", async () => {
    await using pair = await linked("tcp");
    await Promise.all([pair.client.release(), pair.server.release()]);
    assert.deepEqual(
      [pair.client.end, pair.server.end],
      [{ outcome: "released" }, { outcome: "released" }],
    );
  });

  it("may be asked for while the link is broken", async () => {
    await using pair = await linked("tcp");
    const read = collect(pair.server);
    const suspended = change(pair.client, "suspended");
    pair.client.breakTransport();
    await suspended;
    await pair.client.send("from the dark");
    await pair.client.release();
    assert.deepEqual(await read, ["from the dark"]);
    assert.deepEqual(await pair.server.closed, { outcome: "released" });
  });

  it("survives breaks while it is under way", async () => {
    for (let round = 0; round < 10; round++) {
      await using pair = await linked("tcp");
      const read = collect(pair.server);
      const released = pair.client.release();
      for (let i = 0; i < round % 5; i++) await turn();
      (round % 2 ? pair.client : pair.server).breakTransport();
      await released;
      assert.deepEqual(await read, []);
      assert.deepEqual(await pair.server.closed, { outcome: "released" });
    }
  });

  it("stops waiting when its signal says so", async () => {
    const answer = Promise.withResolvers<boolean>();
    await using pair = await linked("tcp", { listen: { agreeToRelease: () => answer.promise } });
    const controller = new AbortController();
    const released = errorOf(pair.client.release({ signal: controller.signal }));
    const reason = new Error("never mind");
    controller.abort(reason);
    assert.equal(await released, reason);
    answer.resolve(true);
    assert.equal((await pair.client.closed).outcome, "released");
  });

  it("takes no more messages, and is not asked for twice once it is over", async () => {
    const answer = Promise.withResolvers<boolean>();
    await using pair = await linked("tcp", { listen: { agreeToRelease: () => answer.promise } });
    const released = pair.client.release();
    assert.equal((await errorOf(pair.client.send("late"))).code, "ERR_STATE");
    assert.throws(() => pair.client.openStream(), { code: "ERR_STATE" });
    answer.resolve(true);
    await released;
    assert.equal((await errorOf(pair.client.release())).code, "ERR_CLOSED");
  });

  it("aborts when it takes too long", async () => {
    await using pair = await linked("tcp", {
      connect: { limits: { releaseMs: 50 } },
      listen: { agreeToRelease: () => new Promise(() => {}) },
    });
    assert.equal((await errorOf(pair.client.release())).code, "ERR_ABORTED");
    assert.equal((await pair.server.closed).abort?.reason, "releaseTimeout");
  });

  it("aborts when the application cannot say whether it agrees", async () => {
    const agreeToRelease = () => {
      throw new Error("a bug");
    };
    await using pair = await linked("tcp", { listen: { agreeToRelease } });
    const { message } = await errorOf(pair.client.release());
    assert.equal(message, "the peer: user: agreeToRelease failed: a bug");
  });
});

describe("the life of a session", () => {
  it("is told change by change", async () => {
    await using pair = await linked("tcp");
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type } of pair.client.changes()) seen.push(type);
    })();
    const resumed = change(pair.client, "resumed");
    pair.server.breakTransport();
    await resumed;
    await pair.client.release();
    await watching;
    assert.deepEqual(seen, ["suspended", "resumed", "closed"]);
    for await (const _ of pair.client.changes()) assert.fail("nothing changes any more");
  });

  it("is aborted by its disposal, which may happen twice", async () => {
    await using pair = await linked("tcp");
    {
      await using client = pair.client;
      await client[Symbol.asyncDispose]();
    }
    assert.equal((await pair.server.closed).abort?.message, "disposed of");
  });

  it("is over when nothing was said for too long, or when its time is up", async () => {
    await using idle = await linked("tcp", { connect: { limits: { idleMs: 30 } } });
    assert.deepEqual((await idle.server.closed).outcome, "aborted");
    await using old = await linked("tcp", { listen: { limits: { absoluteMs: 30 } } });
    assert.deepEqual((await old.client.closed).outcome, "aborted");
  });

  it("does not overflow a timer that is far away", async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => warnings.push(name);
    process.on("warning", onWarning);
    const far = { absoluteMs: 40 * 86_400_000, probeMs: 2 ** 40, deadMs: 2 ** 41 };
    await using pair = await linked("tcp", { connect: { limits: far }, listen: { limits: far } });
    await pair.client.send("x");
    await texts(pair.server, 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    process.off("warning", onWarning);
    assert.deepEqual(warnings, []);
  });

  it("ends for both when the listener closes, which says why", async () => {
    for (const kind of ["tcp", "tls", "unix", "websocket"] as const) {
      await using pair = await linked(kind);
      await pair.listener[Symbol.asyncDispose]();
      const { abort } = await pair.client.closed;
      assert.deepEqual([kind, abort?.reason], [kind, "shutdown"]);
    }
  });
});

async function collect(session: Session): Promise<string[]> {
  const taken: string[] = [];
  for await (const message of session) taken.push(message.toString());
  return taken;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function watch(promise: Promise<void>): { state: string; readonly promise: Promise<void> } {
  const watched = { state: "waits", promise };
  promise.then(
    () => (watched.state = "done"),
    () => (watched.state = "failed"),
  );
  return watched;
}
