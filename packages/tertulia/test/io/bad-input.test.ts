import assert from "node:assert/strict";
import { request } from "node:http";
import { connect as connectSocket, type NetConnectOpts, type Socket } from "node:net";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import WebSocket from "ws";
import type { BoundListener, ListenOptions } from "../../src/io/listen.ts";
import { listen } from "../../src/io/listen.ts";
import { Listener } from "../../src/io/listener.ts";
import { memoryPair } from "../../src/io/memory-transport.ts";
import { nodeRuntime } from "../../src/io/node-runtime.ts";
import { nodeSuite } from "../../src/io/node-suite.ts";
import { prepare } from "../../src/io/options.ts";
import type { TransportSink } from "../../src/io/transport.ts";
import { encodeProposal, type Proposal } from "../../src/pure/native/establishment.ts";
import { encodeFrame, PING } from "../../src/pure/native/frames.ts";
import { Initiation } from "../../src/pure/native/initiation.ts";
import { NO_OCTETS } from "../../src/pure/octets.ts";
import { certificate } from "./certificates.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { change, connectTo, eventually, first, texts } from "./linked.ts";

/** A port on which everything is tried, and what it said of those it sent away. */
class Port implements AsyncDisposable {
  readonly listener: BoundListener;
  readonly refused: string[];

  private constructor(listener: BoundListener, refused: string[]) {
    this.listener = listener;
    this.refused = refused;
  }

  static async open(options: ListenOptions = {}): Promise<Port> {
    const refused: string[] = [];
    const onRefused = (_address: string, error: Error & { code?: string }) =>
      refused.push(`${error.code}: ${error.message}`);
    return new Port(await listen("tcp://127.0.0.1:0", { ...options, onRefused }), refused);
  }

  get address(): string {
    return `tcp://127.0.0.1:${this.listener.port}`;
  }

  dial(options: Partial<NetConnectOpts> = {}): Socket {
    const socket = connectSocket({ port: this.listener.port, host: "127.0.0.1", ...options });
    socket.on("error", () => {});
    return socket;
  }

  /** Sends octets, and gives what came back before the end. */
  async say(octets: Uint8Array | string): Promise<Buffer> {
    const socket = this.dial();
    socket.write(octets);
    return answerOf(socket);
  }

  /** Why the first was refused, and that everybody else is still served. */
  async said(count = 1): Promise<string[]> {
    await eventually(() => this.refused.length >= count);
    await using session = await connectTo(this.address);
    await session.send("still served");
    assert.deepEqual(await texts(await first(this.listener), 1), ["still served"]);
    return this.refused;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener[Symbol.asyncDispose]();
  }
}

/** The public key of a CONNECT: 32 octets behind the nonce, which may look like anything. */
function publicKeyIn(frame: Uint8Array): Uint8Array {
  const nonce = Buffer.from(frame).indexOf(Buffer.from([2, 32]));
  const key = frame.subarray(nonce + 34, nonce + 68);
  assert.deepEqual([...key.subarray(0, 2)], [3, 32]);
  return key.subarray(2);
}

describe("bad input at the door", () => {
  it("is any octets at all", async () => {
    await using port = await Port.open({ tls: certificate, limits: { handshakeMs: 1000 } });
    const octets = fc.uint8Array({ minLength: 1, maxLength: 300 });
    const framed = fc
      .tuple(fc.integer({ min: 1, max: 15 }), fc.uint8Array({ maxLength: 120 }))
      .map(([type, body]) => encodeFrame(type, body));
    const bent = fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
      const frame = connectFrame().slice();
      frame[at % frame.length] = (frame[at % frame.length] as number) ^ bits;
      return frame;
    });
    const inputs = fc.sample(fc.oneof(octets, framed, bent), 150);
    await Promise.all(
      inputs.map(async (input) => {
        const socket = port.dial();
        socket.end(input);
        await answerOf(socket);
      }),
    );
    await using session = await connectTo(port.address);
    assert.equal(session.state, "connected");
  });

  it("begins with nothing we know", async () => {
    await using port = await Port.open();
    assert.equal((await port.say("\x00hello")).length, 0);
    assert.deepEqual(await port.said(), ["ERR_PROTOCOL: neither Tertulia nor HTTP: begins with 0"]);
  });

  it("is a frame that has no place there", async () => {
    await using port = await Port.open();
    const answer = await port.say(new Uint8Array([2, 0]));
    assert.match(answer.toString("latin1"), /AUTH at the door/);
    assert.deepEqual(await port.said(), [
      "ERR_PROTOCOL: unexpectedFrame (Tertulia 3.1): AUTH at the door",
    ]);
  });

  it("is an oversize frame: nothing is kept for it", async () => {
    await using port = await Port.open();
    await port.say(new Uint8Array([1, 0xff, 0xff, 0xff, 0x7f]));
    const [error = ""] = await port.said();
    assert.match(error, /^ERR_PROTOCOL: frameTooLong .*limit 24576/);
  });

  it("is of another version", async () => {
    await using port = await Port.open();
    await port.say(connectFrame({ versions: [7, 9] }));
    assert.deepEqual(await port.said(), [
      "ERR_REFUSED: incompatible: version: 7 to 9 here, 1 to 1 there",
    ]);
  });

  it("has no key, or a key of small order", async () => {
    await using port = await Port.open();
    await port.say(encodeFrame(1, encodeProposal(prepare({}, "").proposal)));
    const frame = connectFrame();
    publicKeyIn(frame).fill(0);
    await port.say(frame);
    const [missing = "", small = ""] = await port.said(2);
    assert.match(missing, /^ERR_PROTOCOL: missingParameter .*publicKey/);
    assert.match(small, /^ERR_PROTOCOL: badPublicKey/);
  });

  it("is sent away too when what fails comes after its proof", async () => {
    const verifiers = [
      {
        method: "slow",
        begin: () => ({
          next: async () => ({ type: "accepted", vouched: { name: "somebody" } }) as const,
        }),
      },
    ];
    await using port = await Port.open({ verifiers });
    const frame = connectFrame({}, "slow");
    publicKeyIn(frame).fill(0);
    // It ends: the transport is not left open.
    await port.say(frame);
    assert.match(port.refused[0] ?? "", /^ERR_PROTOCOL: badPublicKey/);
  });

  it("says more before it was answered", async () => {
    const verifiers = [
      { method: "never", begin: () => ({ next: () => new Promise<never>(() => {}) }) },
    ];
    await using port = await Port.open({ verifiers });
    const socket = port.dial();
    socket.write(connectFrame({}, "never"));
    await eventually(() => socket.bytesWritten > 0);
    setTimeout(() => socket.write(encodeFrame(PING, new Uint8Array([1]))), 20);
    await answerOf(socket);
    assert.deepEqual(port.refused, [
      "ERR_PROTOCOL: unexpectedFrame (Tertulia 3.1): before our answer",
    ]);
  });

  it("comes slowly, or not at all: a place is held for handshakeMs", async () => {
    await using port = await Port.open({ tls: certificate, limits: { handshakeMs: 600 } });
    const silent = port.dial();
    const frame = connectFrame();
    const slow = port.dial();
    slow.write(frame.subarray(0, 1));
    const http = port.dial();
    http.write("GET / HTTP/1.1\r\nX: ");
    const tls = port.dial();
    tls.write(new Uint8Array([22, 3, 1]));
    const webSocket = new WebSocket(`ws://127.0.0.1:${port.listener.port}`, "tertulia.v1");
    webSocket.on("error", () => {});
    const closed = new Promise((resolve) => webSocket.on("close", resolve));
    let at = 1;
    const dripping = setInterval(() => {
      slow.write(frame.subarray(at, ++at));
      http.write("x");
    }, 30);
    await Promise.all([answerOf(silent), answerOf(slow), answerOf(http), answerOf(tls), closed]);
    clearInterval(dripping);
    const errors = new Map<string, number>();
    for (const one of await port.said(5)) errors.set(one, (errors.get(one) ?? 0) + 1);
    assert.deepEqual(Object.fromEntries(errors), {
      "ERR_TIMEOUT: nothing to go by in 600 ms": 3,
      "ERR_TIMEOUT: the handshake took too long": 2,
    });
  });

  it("is a flood of connections that say nothing: who speaks gets in", async () => {
    await using port = await Port.open({ handshakesMax: 20 });
    const flood = Array.from({ length: 200 }, () => port.dial());
    await eventually(() => port.refused.length >= 180);
    assert.equal(
      (await port.said(180))[0],
      "ERR_LIMIT: 20 others have not said either what they want",
    );
    await using session = await connectTo(port.address);
    assert.equal(session.state, "connected");
    for (const socket of flood) socket.destroy();
  });

  it("is a flood of handshakes that go nowhere", async () => {
    const verifiers = [
      { method: "never", begin: () => ({ next: () => new Promise<never>(() => {}) }) },
    ];
    await using port = await Port.open({ verifiers, handshakesMax: 20 });
    const flood = Array.from({ length: 50 }, () => {
      const socket = port.dial();
      socket.write(connectFrame({}, "never"));
      return socket;
    });
    await eventually(() => port.refused.length >= 30);
    assert.deepEqual(
      new Set(port.refused),
      new Set(["ERR_REFUSED: congestion: 20 handshakes are under way"]),
    );
    for (const socket of flood) socket.destroy();
  });

  it("is a flood of sessions: those that are never heard of make room soon", async () => {
    await using port = await Port.open({ sessionsMax: 30, limits: { unheardMs: 50 } });
    const flood = Array.from({ length: 50 }, () => {
      const socket = port.dial();
      socket.write(connectFrame());
      return socket;
    });
    await eventually(() => port.refused.length === 20 && port.listener.sessions.size === 30);
    assert.deepEqual(
      new Set(port.refused),
      new Set(["ERR_REFUSED: limit: 30 sessions are enough"]),
    );
    for (const socket of flood) socket.destroy();
    await eventually(() => port.listener.sessions.size === 0);
  });

  it("is a RESUME that was recorded: fenced, and the session does not notice", async () => {
    await using port = await Port.open();
    await using proxy = await FaultProxy.to(port.listener.port);
    await using client = await connectTo(`tcp://127.0.0.1:${proxy.port}`);
    const server = await first(port.listener);
    const resumed = change(client, "resumed");
    proxy.cut();
    await resumed;
    await client.send("after the resume");
    assert.deepEqual(await texts(server, 1), ["after the resume"]);
    const recorded = proxy.recorded[1] as Buffer;
    assert.equal(recorded[0], 5);
    await port.say(recorded);
    assert.deepEqual(port.refused, ["ERR_REFUSED: fenced"]);
    // The same of a session that nobody knows, and with a proof that is not one.
    const forged = Buffer.from(recorded.subarray(0, 2 + (recorded[1] as number)));
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
    await port.say(forged);
    assert.deepEqual(port.refused.slice(1), ["ERR_REFUSED: badProof"]);
    await client.send("goes on");
    assert.deepEqual(await texts(server, 1), ["goes on"]);
    assert.equal(client.machine.epoch, 1);
  });
});

describe("bad input in a session", () => {
  it("ends that session alone, and names the rule", async () => {
    await using port = await Port.open();
    const sessions = port.listener[Symbol.asyncIterator]();
    const cases: readonly (readonly [Uint8Array, RegExp])[] = [
      [new Uint8Array([0x1f, 0]), /unexpectedFrame .*0x1f/],
      [new Uint8Array([1, 0]), /unexpectedFrame .*CONNECT/],
      [new Uint8Array([0x47, 1, 1]), /unknownContext/],
      [new Uint8Array([8, 4, 9, 9, 9, 9]), /acknowledgedUnsent/],
      [new Uint8Array([0x21, 2, 6, 1]), /badStreamId/],
      [new Uint8Array([0x40, 0xff, 0xff, 0x7f]), /frameTooLong/],
      [new Uint8Array([0x29, 0]), /unexpectedFrame .*FINISHED/],
      [new Uint8Array([0x20, 1, 3]), /badStreamId/],
      // The release that it asks for first is being answered when the session ends.
      [new Uint8Array([0x28, 0, 0x1f, 0]), /unexpectedFrame .*0x1f/],
    ];
    for (const [octets, violation] of cases) {
      const socket = port.dial();
      socket.write(connectFrame());
      const session = (await sessions.next()).value;
      assert.ok(session);
      socket.write(octets);
      const { outcome, error } = await session.closed;
      assert.deepEqual([outcome, error?.code], ["violated", "ERR_PROTOCOL"]);
      assert.match(error?.message ?? "", violation);
      socket.destroy();
    }
    assert.equal(port.listener.sessions.size, 0);
  });

  it("is any octets at all", async () => {
    await using port = await Port.open();
    const sessions = port.listener[Symbol.asyncIterator]();
    const frame = fc
      .tuple(fc.nat(255), fc.uint8Array({ maxLength: 40 }))
      .map(([type, body]) => encodeFrame(type, body));
    const said = fc.array(frame, { maxLength: 20 }).map((frames) => Buffer.concat(frames));
    for (const octets of fc.sample(fc.oneof(said, fc.uint8Array({ maxLength: 200 })), 60)) {
      const socket = port.dial();
      socket.write(connectFrame());
      const session = (await sessions.next()).value;
      socket.end(octets);
      await answerOf(socket);
      session?.abort();
    }
    await using session = await connectTo(port.address);
    assert.equal(session.state, "connected");
  });

  it("is a flood of probes to which nobody reads the answers: they do not pile up", async () => {
    await using listener = new Listener(nodeRuntime());
    let sink: TransportSink | undefined;
    let written = 0;
    const [clogged] = memoryPair();
    clogged.attach = (attached) => {
      sink = attached;
    };
    clogged.write = (chunks) => {
      for (const { length } of chunks) written += length;
      return false;
    };
    listener.receive(clogged);
    sink?.received(connectFrame());
    const probes = Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.from([PING, 1, 1])));
    for (let i = 0; i < 10; i++) sink?.received(probes);
    assert.ok(written < 1000, `${written} octets were written`);
  });
});

describe("bad input over HTTP, TLS and WebSockets", () => {
  it("is a page that is asked for", async () => {
    await using port = await Port.open();
    const answer = (await port.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).toString();
    assert.match(answer, /^HTTP\/1\.1 426 Upgrade Required/);
    assert.match(answer, /Tertulia/);
    assert.match((await port.say("GARBAGE\r\n\r\n")).toString(), /^HTTP\/1\.1 400/);
    assert.deepEqual(port.refused, []);
  });

  it("is TLS where there is none, and none where it is demanded", async () => {
    await using plain = await Port.open();
    const socket = connectTls({ port: plain.listener.port, host: "127.0.0.1" });
    await new Promise((resolve) => socket.once("error", resolve));
    assert.deepEqual(await plain.said(), [
      "ERR_PROTOCOL: neither Tertulia nor HTTP: TLS, which is not set up here",
    ]);
    await using secret = await Port.open({ tls: certificate, requireTls: true });
    const answer = await secret.say(connectFrame());
    assert.match(answer.toString("latin1"), /this port takes TLS only/);
    assert.equal((await secret.say("GET / HTTP/1.1\r\n\r\n")).length, 0);
    assert.deepEqual(secret.refused, [
      "ERR_PROTOCOL: this port takes TLS only",
      "ERR_PROTOCOL: this port takes TLS only",
    ]);
  });

  it("is TLS that is none, or of an application or a version we do not serve", async () => {
    await using port = await Port.open({ tls: certificate });
    await port.say(new Uint8Array([22, 3, 1, 0, 5, 1, 2, 3, 4, 5]));
    const tls = { port: port.listener.port, host: "127.0.0.1", rejectUnauthorized: false };
    for (const options of [{ ALPNProtocols: ["h2"] }, { maxVersion: "TLSv1.2" as const }]) {
      const socket = connectTls({ ...tls, ...options });
      await new Promise((resolve) => socket.once("error", resolve));
    }
    // In words, without the places in OpenSSL's own source.
    for (const error of await port.said(3)) assert.match(error, /^ERR_CLOSED: TLS: [^:]+$/);
  });

  it("is a WebSocket of another protocol, place or page", async () => {
    const webSocket = { path: "/session", origins: ["https://good.example"] };
    await using port = await Port.open({ webSocket });
    const base = `ws://127.0.0.1:${port.listener.port}`;
    const ours = "tertulia.v1";
    assert.equal(await statusOf(new WebSocket(`${base}/session`)), 426);
    assert.equal(await statusOf(new WebSocket(`${base}/other`, ours)), 404);
    const origin = "https://bad.example";
    assert.equal(await statusOf(new WebSocket(`${base}/session`, ours, { origin })), 403);
    const good = { origin: "https://good.example" };
    assert.equal(await statusOf(new WebSocket(`${base}/session?x`, ours, good)), 101);
    assert.deepEqual(port.refused.slice(0, 3), [
      "ERR_REFUSED: WebSocket: need the subprotocol tertulia.v1, have none",
      "ERR_REFUSED: WebSocket: not here: /other",
      "ERR_REFUSED: WebSocket: not from https://bad.example",
    ]);
  });

  it("is an upgrade that hangs up, has no proper key, or asks for //", async () => {
    await using port = await Port.open({ webSocket: { path: "/" } });
    const head = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    const named = `${head}Sec-WebSocket-Protocol: tertulia.v1\r\n`;
    for (const octets of [
      `GET / HTTP/1.1\r\nHost: x\r\n${head}\r\n`,
      `GET // HTTP/1.1\r\nHost: x\r\n${named}\r\n`,
      `GET / HTTP/1.1\r\nHost: x\r\n${named}\r\n`,
    ]) {
      assert.match((await port.say(octets)).toString(), /^HTTP\/1\.1 4\d\d/);
      const socket = port.dial();
      socket.write(octets, () => socket.resetAndDestroy());
      await new Promise((resolve) => socket.once("close", resolve));
    }
    await port.said(3);
  });

  it("is text on a WebSocket, or a message that is too long", async () => {
    await using port = await Port.open({ webSocket: { messageOctetsMax: 1000 } });
    for (const message of ["text", new Uint8Array(2000)]) {
      const socket = new WebSocket(`ws://127.0.0.1:${port.listener.port}`, "tertulia.v1");
      socket.on("error", () => {});
      socket.on("open", () => socket.send(message));
      await new Promise((resolve) => socket.on("close", resolve));
    }
    assert.deepEqual(await port.said(2), [
      "ERR_PROTOCOL: textMessage (Tertulia 2.4): on a WebSocket",
      "ERR_CLOSED: Max payload size exceeded",
    ]);
  });

  it("leaves the pages and the other WebSockets of its HTTP server alone", async () => {
    const { createServer } = await import("node:http");
    const { WebSocketServer } = await import("ws");
    const http = createServer((_request, response) => {
      setTimeout(() => response.end("slow but fine"), 600);
    });
    const others = new WebSocketServer({ noServer: true });
    http.on("upgrade", (incoming, socket, head) => {
      if (incoming.headers["sec-websocket-protocol"] !== undefined) return;
      others.handleUpgrade(incoming, socket, head, (theirs) => {
        setTimeout(() => theirs.send("still here"), 600);
      });
    });
    await using port = await Port.open({ http, limits: { handshakeMs: 400 } });
    const page = new Promise<string>((resolve) => {
      const asked = request({ port: port.listener.port, host: "127.0.0.1" }, (response) => {
        response.setEncoding("utf8").once("data", resolve);
      });
      asked.end();
    });
    const theirs = new WebSocket(`ws://127.0.0.1:${port.listener.port}`);
    const message = new Promise((resolve) =>
      theirs.once("message", (octets) => resolve(`${octets}`)),
    );
    assert.deepEqual([await page, await message], ["slow but fine", "still here"]);
    theirs.terminate();
    await using session = await connectTo(`ws://127.0.0.1:${port.listener.port}`);
    assert.equal(session.state, "connected");
  });
});

/** A proper CONNECT, but for what is changed in it. */
function connectFrame(changes: Partial<Proposal> = {}, method?: string): Uint8Array {
  const { limits, proposal } = prepare({}, "");
  const initiation = new Initiation({
    suite: nodeSuite,
    limits,
    proposal: { ...proposal, ...changes },
    binding: NO_OCTETS,
    ...(method !== undefined && { authentication: { method } }),
  });
  return initiation.start();
}

/** What a socket says until it ends. */
function answerOf(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (octets) => chunks.push(octets));
  return new Promise((resolve) => socket.once("close", () => resolve(Buffer.concat(chunks))));
}

function statusOf(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => {
    socket.on("unexpected-response", (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on("error", () => {});
    socket.on("open", () => {
      resolve(101);
      socket.terminate();
    });
  });
}
