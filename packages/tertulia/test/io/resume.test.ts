import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RefusedError } from "../../src/io/attempt.ts";
import type { ConnectOptions } from "../../src/io/connect.ts";
import { certificate } from "./certificates.ts";
import { FaultProxy } from "./fault-proxy.ts";
import {
  change,
  connectTo,
  errorOf,
  eventually,
  first,
  linked,
  listening,
  numbered,
  quick,
  texts,
} from "./linked.ts";

const { key, cert } = certificate;

describe("moving to another transport", () => {
  it("goes from TCP to TLS to WebSocket and back while messages run, and nobody waits", async () => {
    const { listener, address } = await listening("tcp", { tls: { key, cert } });
    await using _ = listener;
    await using client = await connectTo(address, { allowsNoKey: () => true });
    const server = await first(listener);
    const kinds: string[] = [];
    const seen: string[] = [];
    const watching = (async () => {
      for await (const one of client.changes()) {
        seen.push(one.type);
        if (one.type === "moved") kinds.push(one.kind);
      }
    })();
    const lines = numbered(0, 2000);
    const [there, here] = [texts(server, 2000), texts(client, 2000)];
    const { port } = listener;
    const places = [`tls://localhost:${port}`, `ws://127.0.0.1:${port}`, `tcp://127.0.0.1:${port}`];
    for (const [i, line] of lines.entries()) {
      await Promise.all([client.send(line), server.send(line)]);
      if (i % 500 !== 499 || i > 1900) continue;
      const moved = change(client, "moved");
      client.migrate(places[kinds.length]);
      for (let more = 0; more < 20; more++) await new Promise((resolve) => setImmediate(resolve));
      await moved;
    }
    assert.deepEqual([await there, await here], [lines, lines]);
    await client.release();
    await watching;
    assert.deepEqual(kinds, ["tls", "websocket", "tcp"]);
    assert.deepEqual(seen, ["moved", "moved", "moved", "closed"]);
  });

  it("keeps the old transport when the new one cannot be had", async () => {
    await using pair = await linked("tcp");
    const retrying = change(pair.client, "retrying");
    pair.client.migrate("tcp://127.0.0.1:1");
    assert.equal((await retrying).error.code, "ERR_CLOSED");
    assert.deepEqual([pair.client.state, pair.server.state], ["connected", "connected"]);
    await pair.client.send("still here");
    assert.deepEqual(await texts(pair.server, 1), ["still here"]);
  });

  it("keeps the old transport when the new one breaks half-way, on both sides", async () => {
    const { listener, address } = await listening("tcp");
    await using _ = listener;
    await using client = await connectTo(address);
    const server = await first(listener);
    await using proxy = await FaultProxy.to(listener.port);
    // The RESUME gets through, its answer does not: the responder has a candidate that dies.
    proxy.afterOctets = { fromTarget: 0 };
    const retrying = change(client, "retrying");
    client.migrate(`tcp://127.0.0.1:${proxy.port}`);
    await retrying;
    await client.send("still here");
    assert.deepEqual(await texts(server, 1), ["still here"]);
    assert.deepEqual([client.state, server.state], ["connected", "connected"]);
  });

  it("is asked for by the responder, and by a listener that drains", async () => {
    await using pair = await linked("tcp");
    const [moving, moved] = [change(pair.client, "moving"), change(pair.client, "moved")];
    pair.server.goAway(0, 0);
    await moving;
    await moved;
    const again = change(pair.client, "moved");
    pair.listener.drain(5, pair.address);
    assert.equal((await again).kind, "tcp");
    await pair.client.send("x");
    assert.deepEqual(await texts(pair.server, 1), ["x"]);
  });

  it("is the initiator's to do", async () => {
    await using pair = await linked("tcp");
    assert.throws(() => pair.server.migrate(), { code: "ERR_STATE" });
  });

  it("stays with the peer whose key it saw first", async () => {
    const { listener, address } = await listening("tls");
    const { otherCertificate } = await import("./certificates.ts");
    const other = await listening("tls", { tls: otherCertificate });
    await using _ = listener;
    await using __ = other.listener;
    await using client = await connectTo(address, { tls: { ca: [cert, otherCertificate.cert] } });
    const retrying = change(client, "retrying");
    client.migrate(other.address);
    const { error } = await retrying;
    assert.deepEqual(
      [error.code, /^another key than before/.test(error.message)],
      ["ERR_REFUSED", true],
    );
    assert.equal(client.state, "connected");
  });
});

describe("a session that began under TLS", () => {
  /** Moves from TLS to TCP, and says how that went. */
  async function moved(options: ConnectOptions): Promise<string> {
    const { listener, address } = await listening("tls");
    await using _ = listener;
    await using client = await connectTo(address, { ...options, tls: { ca: cert } });
    const outcome = Promise.race([change(client, "moved"), change(client, "retrying")]);
    client.migrate(address.replace("tls:", "tcp:"));
    const event = await outcome;
    return event.type === "moved" ? event.kind : event.error.message;
  }

  it("does not go on where no key is shown", async () => {
    assert.match(await moved({}), /^no key, where there was one before, at 127\.0\.0\.1:/);
  });

  it("does when its application says that this will do", async () => {
    assert.equal(await moved({ allowsNoKey: () => true }), "tcp");
  });
});

describe("a link that breaks anywhere", () => {
  it("reaches with an abort whoever has just resumed", async () => {
    await using pair = await linked("tcp");
    const resumed = change(pair.client, "resumed");
    pair.client.breakTransport();
    // The client reads on its new transport from here on; its CONFIRM is still on the way.
    await resumed;
    pair.server.abort("over");
    assert.equal((await pair.client.closed).abort?.message, "over");
  });

  it("loses nothing, whatever octet the cut is at", async () => {
    const { listener } = await listening("tcp");
    await using _ = listener;
    await using proxy = await FaultProxy.to(listener.port);
    await using client = await connectTo(`tcp://127.0.0.1:${proxy.port}`);
    const server = await first(listener);
    const lines = numbered(0, 400);
    const [there, here] = [texts(server, 400), texts(client, 400)];
    let cuts = 0;
    for (const [i, line] of lines.entries()) {
      await Promise.all([client.send(line), server.send(line)]);
      if (i % 10 !== 9) continue;
      // Every connection lives for a few octets more than the one before, in either direction.
      proxy.afterOctets = i % 20 < 10 ? { fromTarget: 200 + cuts } : { toTarget: 200 + cuts };
      proxy.cut();
      cuts += 1;
      if (i === 399) proxy.afterOctets = {};
    }
    proxy.afterOctets = {};
    assert.deepEqual([await there, await here], [lines, lines]);
  });

  it("is noticed when it goes silent, and mended", async () => {
    const limits = { ...quick, probeMs: 100, deadMs: 300 };
    const { listener } = await listening("tcp", { limits });
    await using _ = listener;
    await using proxy = await FaultProxy.to(listener.port);
    await using client = await connectTo(`tcp://127.0.0.1:${proxy.port}`, { limits });
    const server = await first(listener);
    const suspended = change(client, "suspended");
    proxy.swallow();
    await Promise.all([client.send("into the dark"), server.send("from the dark")]);
    assert.equal((await suspended).error.code, "ERR_TIMEOUT");
    assert.deepEqual(
      [await texts(server, 1), await texts(client, 1)],
      [["into the dark"], ["from the dark"]],
    );
  });
});

describe("coming back too late", () => {
  it("is told that the session has expired, and what had arrived", async () => {
    const { listener } = await listening("tcp", { limits: { resumeWindowMs: 30 } });
    await using _ = listener;
    await using proxy = await FaultProxy.to(listener.port);
    const client = await connectTo(`tcp://127.0.0.1:${proxy.port}`, {
      limits: { resumeWindowMs: 60_000 },
    });
    const server = await first(listener);
    await client.send("arrived");
    assert.deepEqual(await texts(server, 1), ["arrived"]);
    proxy.isOpen = false;
    proxy.cut();
    assert.equal((await server.closed).outcome, "expired");
    proxy.isOpen = true;
    const { outcome, error } = await client.closed;
    assert.deepEqual([outcome, error?.code], ["expired", "ERR_RESUME"]);
  });

  it("is told that the session was aborted, or that nobody knows it", async () => {
    for (const [tombstonesMax, expected] of [
      [10, "aborted"],
      [0, "unknown"],
    ] as const) {
      const { listener } = await listening("tcp", { tombstonesMax });
      await using _ = listener;
      await using proxy = await FaultProxy.to(listener.port);
      const client = await connectTo(`tcp://127.0.0.1:${proxy.port}`);
      const server = await first(listener);
      proxy.isOpen = false;
      proxy.cut();
      await eventually(() => server.state === "suspended");
      server.abort("closed for today");
      proxy.isOpen = true;
      assert.equal((await client.closed).outcome, expected);
    }
  });

  it("finds a release that was finished without it", async () => {
    await using pair = await linked("tcp");
    const released = pair.server.release();
    await Promise.all([released, pair.client.closed]);
    assert.deepEqual(
      [pair.client.end, pair.server.end],
      [{ outcome: "released" }, { outcome: "released" }],
    );
  });

  it("tries again while the responder is not ready", async () => {
    await using pair = await linked("tcp");
    const before = await listening("tcp");
    await using _ = before.listener;
    before.listener.notReadyMs = 20;
    const retrying = change(pair.client, "retrying");
    pair.client.migrate(before.address);
    const { error, retryMs } = await retrying;
    assert.deepEqual([error.message, retryMs >= 20], ["notReady", true]);
  });
});

describe("a listener", () => {
  it("keeps two clients apart", async () => {
    const { listener, address } = await listening("tcp");
    await using _ = listener;
    await using one = await connectTo(address);
    await using other = await connectTo(address);
    const sessions = listener[Symbol.asyncIterator]();
    const [a, b] = [(await sessions.next()).value, (await sessions.next()).value];
    assert.ok(a && b);
    const [served, beside] = a.id === one.id ? [a, b] : [b, a];
    await one.send("from one");
    await other.send("from other");
    one.breakTransport();
    assert.deepEqual(
      [await texts(served, 1), await texts(beside, 1)],
      [["from one"], ["from other"]],
    );
  });

  it("gives its sessions to several iterations, each to one", async () => {
    const { listener, address } = await listening("tcp");
    await using _ = listener;
    const both = Promise.all([first(listener), first(listener)]);
    await using one = await connectTo(address);
    await using other = await connectTo(address);
    assert.deepEqual((await both).map(({ id }) => id).sort(), [one.id, other.id].sort());
  });

  it("refuses what it does not serve, whom it does not want, and what is too much", async () => {
    const { listener, address } = await listening("tcp", {
      selectors: ["chat"],
      sessionsMax: 1,
      authorize: (_identity, proposal) => proposal?.callingSelector !== "mallory",
    });
    await using _ = listener;
    const refusal = async (options: object) => {
      const error = await errorOf(connectTo(address, options));
      assert.ok(error instanceof RefusedError);
      return [error.code, error.refusal.reason, error.refusal.isPersistent];
    };
    assert.deepEqual(await refusal({}), ["ERR_REFUSED", "selectorUnknown", true]);
    const mallory = { selector: "chat", callingSelector: "mallory" };
    assert.deepEqual(await refusal(mallory), ["ERR_REFUSED", "forbidden", true]);
    await using first = await connectTo(address, { selector: "chat" });
    assert.deepEqual(await refusal({ selector: "chat" }), ["ERR_REFUSED", "limit", false]);
    assert.equal(first.state, "connected");
  });

  it("refuses everybody when authorize fails, and says why to its owner", async () => {
    const refused: string[] = [];
    const { listener, address } = await listening("tcp", {
      authorize: () => {
        throw new Error("no database");
      },
      onRefused: (_address, error) => refused.push(error.message),
    });
    await using _ = listener;
    assert.equal((await errorOf(connectTo(address))).message, "refused: forbidden");
    assert.deepEqual(refused, ["no database", "forbidden"]);
  });

  it("cannot listen where somebody else does, nor without what it needs", async () => {
    const { listener } = await listening("tcp");
    await using _ = listener;
    const { listen } = await import("../../src/io/listen.ts");
    assert.equal((await errorOf(listen(`tcp://127.0.0.1:${listener.port}`))).code, "ERR_CLOSED");
    assert.equal((await errorOf(listen("tls://127.0.0.1:0"))).code, "ERR_ARGUMENT");
    assert.equal((await errorOf(listen("ws://127.0.0.1:0"))).code, "ERR_ARGUMENT");
  });
});

describe("connect", () => {
  it("says what went wrong, by code", async () => {
    const codes = [
      await errorOf(connectTo("tcp://127.0.0.1:1")),
      await errorOf(connectTo("unix:/nowhere/at-all")),
      await errorOf(connectTo("ws://127.0.0.1:1")),
      await errorOf(connectTo("smtp://example")),
      await errorOf(connectTo("tcp://127.0.0.1:1", { limits: { probeMs: 9, deadMs: 8 } })),
    ].map(({ code }) => code);
    assert.deepEqual(codes, [
      "ERR_CLOSED",
      "ERR_CLOSED",
      "ERR_CLOSED",
      "ERR_ARGUMENT",
      "ERR_ARGUMENT",
    ]);
  });

  it("gives up when its signal says so, and when nobody answers", async () => {
    const { createServer } = await import("node:net");
    const silent = createServer((socket) => socket.resume().on("error", () => {})).listen(
      0,
      "127.0.0.1",
    );
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as import("node:net").AddressInfo; // it listens on one
    const address = `tcp://127.0.0.1:${port}`;
    const reason = new Error("not now");
    assert.equal(await errorOf(connectTo(address, { signal: AbortSignal.abort(reason) })), reason);
    const controller = new AbortController();
    const connecting = errorOf(connectTo(address, { signal: controller.signal }));
    setTimeout(() => controller.abort(reason), 10);
    assert.equal(await connecting, reason);
    const { code } = await errorOf(connectTo(address, { limits: { handshakeMs: 30 } }));
    assert.equal(code, "ERR_TIMEOUT");
    silent.close();
  });

  it("does not trust a certificate that nobody vouches for, or that is another's", async () => {
    const { listener, address } = await listening("tls");
    await using _ = listener;
    const { otherCertificate } = await import("./certificates.ts");
    const error = await errorOf(connectTo(address, { tls: { ca: otherCertificate.cert } }));
    assert.equal(error.code, "ERR_CLOSED");
  });
});
