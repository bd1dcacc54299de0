import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Printed, Running, serving, TemporaryHome } from "../processes.ts";

interface Target extends AsyncDisposable {
  readonly port: number;
  /** Those that have come, in turn. */
  readonly sockets: readonly Socket[];
}

async function target(onSocket: (socket: Socket) => void): Promise<Target> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1", 4096);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A node, a tunnel to it that leads to a target, and an upgrade of the node. */
async function upgradable(home: TemporaryHome, port: number, ...words: readonly string[]) {
  const store = join(home.path, "node.db");
  const { node, address } = await serving(
    home,
    "--allow",
    "any:127.0.0.1:*",
    "--store",
    store,
    ...words,
  );
  const forwards = ["--local", `0:127.0.0.1:${port}`];
  const tunnel = new Running(home, "tunnel", address, ...forwards, "--json");
  const { address: bound } = await logged(tunnel, "listening");
  await logged(tunnel, "connected");
  let upgrades = 0;
  /** The process that has the node now. */
  const serves = () => {
    const successor = node.printed.findLast(({ event }) => event === "upgrading")?.["successor"];
    return Number(successor ?? node.process.pid);
  };
  return {
    node,
    tunnel,
    async open(): Promise<Socket> {
      const local = Number(String(bound).split(":").at(-1));
      const socket = connect({ port: local, host: "127.0.0.1", allowHalfOpen: true });
      await once(socket, "connect");
      return socket;
    },
    /** Until the tunnel has resumed; how many connections went over. */
    async upgrade(): Promise<number> {
      upgrades += 1;
      process.kill(serves(), "SIGUSR2");
      await logged(tunnel, "resumed", upgrades);
      const last = node.printed.findLast(({ event }) => event === "upgrading");
      return Number(last?.["connections"]);
    },
    async [Symbol.asyncDispose]() {
      await tunnel.signal("SIGKILL");
      if (serves() !== node.process.pid) process.kill(serves(), "SIGKILL");
      await node[Symbol.asyncDispose]();
    },
  };
}

/** Has the next successor of the nodes that are started meanwhile kill itself at a stage (dying.ts). */
async function mortal<T>(home: TemporaryHome, stage: string, start: () => Promise<T>): Promise<T> {
  const { NODE_OPTIONS: before } = process.env;
  process.env["NODE_OPTIONS"] = `--import ${new URL("../dying.js", import.meta.url)}`;
  writeFileSync(join(home.path, "die"), stage);
  try {
    return await start();
  } finally {
    if (before === undefined) delete process.env["NODE_OPTIONS"];
    else process.env["NODE_OPTIONS"] = before;
  }
}

/** The most that a connection moves at once, whatever the rate. */
const PIECE_OCTETS = 65_536;

/** For what never comes: more than a thousand connections take. */
const PATIENCE_MS = 30_000;

/** What a log says of an event, the `count`-th time; those who come after a process write there, too. */
async function logged(command: Running, event: string, count = 1): Promise<Printed> {
  const by = performance.now() + PATIENCE_MS;
  for (;;) {
    assert.ok(
      performance.now() < by,
      `no "${event}": ${command.lines.slice(-5)} ${command.stderr}`,
    );
    const line = command.printed.filter((one) => one["event"] === event)[count - 1];
    if (line) return line;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function said(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return String((await once(socket, "data"))[0]);
}

/** Octets that say where they are. */
function octetsFrom(position: number, size: number): Buffer {
  const octets = Buffer.alloc(size);
  for (let i = 0; i < size; i++) octets[i] = ((position + i) * 31 + ((position + i) >> 8)) & 0xff;
  return octets;
}

/** Writes until it is told to stop, then ends; how much that was. */
async function write(socket: Socket, isOver: () => boolean): Promise<number> {
  let position = 0;
  while (!isOver()) {
    const isFree = socket.write(octetsFrom(position, 10_000));
    position += 10_000;
    if (isFree) await new Promise(setImmediate);
    else await once(socket, "drain");
  }
  socket.end();
  return position;
}

/** Reads to the end; how much that was, or where it went wrong. */
async function read(socket: Socket): Promise<number | string> {
  let position = 0;
  for await (const octets of socket) {
    if (!octetsFrom(position, octets.length).equals(octets)) return `wrong behind ${position}`;
    position += octets.length;
  }
  return position;
}

function codeOf(error: NodeJS.ErrnoException): string | undefined {
  return error.code;
}

/** Resolves once a number was the same at so many looks: between two of them nothing may have run. */
async function waitUntilStill(look: () => number): Promise<void> {
  for (let last = -1, same = 0; same < 10; ) {
    await sleep(50);
    same = look() === last ? same + 1 : 0;
    last = look();
  }
}

describe("a tunnel whose node is replaced by another process", { timeout: 120_000 }, () => {
  it("loses and doubles no octet of a connection, in either direction, twice in a row", async () => {
    using home = new TemporaryHome();
    let isOver = false;
    const { promise: there, resolve } = Promise.withResolvers<Promise<(number | string)[]>>();
    await using far = await target((socket) => {
      resolve(Promise.all([write(socket, () => isOver), read(socket)]));
    });
    await using pair = await upgradable(home, far.port);
    const near = await pair.open();
    const here = Promise.all([write(near, () => isOver), read(near)]);
    assert.equal(await pair.upgrade(), 1);
    assert.equal(await pair.upgrade(), 1);
    isOver = true;
    const [sent, received] = await here;
    const [sentThere, receivedThere] = await await there;
    assert.deepEqual([receivedThere, received], [sent, sentThere]);
  });

  it("keeps what is half closed half closed, and says each connection once", async () => {
    using home = new TemporaryHome();
    await using far = await target((socket) => {
      socket.on("end", () => socket.write("you have ended"));
      socket.on("data", (octets) => socket.write(octets));
    });
    await using pair = await upgradable(home, far.port);
    const [near, other] = [await pair.open(), await pair.open()];
    assert.equal(await said(other, "four"), "four");
    near.end();
    assert.equal(String((await once(near, "data"))[0]), "you have ended");
    assert.equal(await pair.upgrade(), 2);
    const [first, second] = far.sockets.map(({ readableEnded }) => readableEnded);
    assert.deepEqual([first, second].toSorted(), [false, true]);
    for (const socket of far.sockets) if (socket.readableEnded) socket.end("and so have I");
    assert.equal(String((await once(near, "data"))[0]), "and so have I");
    assert.equal(await said(other, "more"), "more");
    other.end();
    assert.equal(String((await once(other, "data"))[0]), "you have ended");
    for (const socket of far.sockets) socket.end();
    const lines = [await logged(pair.node, "connection"), await logged(pair.node, "connection", 2)];
    const shown = lines.map((line) => [
      line["outcome"],
      line["sentOctets"],
      line["receivedOctets"],
    ]);
    assert.deepEqual(shown, [
      ["ended", 27, 0],
      ["ended", 22, 8],
    ]);
    assert.equal(pair.node.printed.filter(({ event }) => event === "connection").length, 2);
  });

  it("brings what was said last, where both sides have ended and the rest waits in kernels", async () => {
    // About as much as streams and kernels take while nobody reads.
    const total = 11_500_000;
    await using home = new TemporaryHome();
    let isSaid = false;
    await using there = await target((socket) => {
      socket.resume();
      // It says all that it has, and ends, once the other side has ended.
      socket.on("end", () => socket.end(octetsFrom(0, total), () => (isSaid = true)));
    });
    await using run = await upgradable(home, there.port);
    const socket = await run.open();
    socket.pause();
    socket.end("go");
    for (let tries = 0; tries < 100 && !isSaid; tries++) await sleep(10);
    await sleep(200);
    await run.upgrade();
    assert.equal(await read(socket), total);
  });

  it("resets a connection whose target does not read, and only that one", async () => {
    using home = new TemporaryHome();
    await using far = await target((socket) => {
      socket.once("data", (octets) => {
        if (String(octets).startsWith("read nothing")) socket.pause();
        else socket.write(octets);
      });
    });
    await using pair = await upgradable(home, far.port);
    const [deaf, other] = [await pair.open(), await pair.open()];
    deaf.write("read nothing");
    const failed = once(deaf, "error");
    // More than all kernels on the way take.
    for (let i = 0; i < 1000; i++) deaf.write(Buffer.alloc(100_000));
    assert.equal(await said(other, "four"), "four");
    await waitUntilStill(() => deaf.writableLength);
    assert.equal(await pair.upgrade(), 1);
    const [error] = await failed;
    assert.equal((error as NodeJS.ErrnoException).code, "ECONNRESET");
    const heard = far.sockets.find((socket) => !socket.isPaused());
    heard?.on("data", (octets) => heard.write(octets));
    assert.equal(await said(other, "more"), "more");
    const { outcome } = await logged(pair.node, "connection");
    assert.equal(outcome, "lost");
  });

  it("counts each connection once in the quota of its identity, across upgrades", async () => {
    using home = new TemporaryHome();
    await using far = await target((socket) => socket.pipe(socket));
    await using pair = await upgradable(home, far.port, "--quota-connections", "2");
    const refused = async () => read(await pair.open()).catch(codeOf);
    const [near, other] = [await pair.open(), await pair.open()];
    assert.deepEqual([await said(near, "a"), await said(other, "b")], ["a", "b"]);
    assert.equal(await refused(), "ECONNRESET");
    for (const _ of ["first", "second"]) {
      assert.equal(await pair.upgrade(), 2);
      assert.deepEqual([await said(near, "c"), await said(other, "d")], ["c", "d"]);
      assert.equal(await refused(), "ECONNRESET");
    }
    other.resetAndDestroy();
    // Behind the three that were refused.
    await logged(pair.node, "connection", 4);
    assert.equal(await said(await pair.open(), "new"), "new");
    assert.equal(await refused(), "ECONNRESET");
  });

  it("keeps an identity to its rate across an upgrade, and loses nothing", async () => {
    using home = new TemporaryHome();
    const each = 300_000;
    let arrived = 0;
    const counted = async (socket: Socket) => {
      let position = 0;
      socket.on("data", (octets) => {
        assert.ok(octetsFrom(position, octets.length).equals(octets));
        position += octets.length;
        arrived += octets.length;
      });
      await once(socket, "end");
      return position;
    };
    const ends: Promise<number>[] = [];
    await using far = await target((socket) => {
      const reading = counted(socket);
      ends.push(reading);
      // Who says nothing is to be told something.
      void reading.then((heard) => socket.end(heard === 0 ? octetsFrom(0, each) : ""));
    });
    const rate = 1_500_000;
    await using pair = await upgradable(home, far.port, "--quota-rate", String(rate));
    const all = await Promise.all(Array.from({ length: 40 }, () => pair.open()));
    const start = performance.now();
    for (const [i, socket] of all.entries()) {
      ends.push(counted(socket));
      socket.end(i % 4 > 0 ? octetsFrom(0, each) : "");
    }
    while (arrived === 0) await sleep(10);
    await pair.upgrade();
    await sleep(300);
    const seen = arrived;
    // A quarter second's worth, and of each connection two pieces that were on their way already.
    const pieces = all.length * 2;
    const most = (rate * (performance.now() - start)) / 1000 + rate / 4 + pieces * PIECE_OCTETS;
    assert.ok(seen <= most, `${seen} of at most ${most}`);
    const heard = await Promise.all(ends);
    assert.deepEqual(heard.toSorted(), [...all.map(() => 0), ...all.map(() => each)].toSorted());
  });

  for (const stage of [
    "before ready",
    "after ready",
    "deaf ready",
    "before kept",
    "after kept",
    "before taken",
  ]) {
    it(`goes on as before when its successor is killed ${stage}, and is replaced later`, async () => {
      using home = new TemporaryHome();
      await using far = await target((socket) => socket.pipe(socket));
      await using pair = await mortal(home, stage, () => upgradable(home, far.port));
      const near = await pair.open();
      assert.equal(await said(near, "before"), "before");
      process.kill(pair.node.process.pid ?? 0, "SIGUSR2");
      const meanwhile = said(near, "meanwhile");
      const { reason } = await logged(pair.node, "notUpgraded");
      assert.match(String(reason), /successor ended/);
      assert.equal(await meanwhile, "meanwhile");
      assert.equal(await said(near, "behind"), "behind");
      assert.equal(await said(await pair.open(), "new"), "new");
      assert.equal(await pair.upgrade(), 2);
      assert.equal(await said(near, "over"), "over");
      assert.equal(pair.tunnel.printed.filter(({ event }) => event === "lost").length, 0);
    });
  }

  for (const stage of ["after taken", "before opened", "after opened"]) {
    it(`has another successor when the first is killed ${stage}`, async () => {
      using home = new TemporaryHome();
      await using far = await target((socket) => socket.pipe(socket));
      await using pair = await mortal(home, stage, () => upgradable(home, far.port));
      const near = await pair.open();
      near.on("error", () => {});
      assert.equal(await said(near, "before"), "before");
      assert.equal(await pair.upgrade(), 1);
      // From when it has the word to serve, nobody else knows how far it came.
      if (stage === "after opened") assert.equal(await read(near).catch(codeOf), "ECONNRESET");
      else assert.equal(await said(near, "over"), "over");
      assert.equal(await said(await pair.open(), "new"), "new");
      assert.equal(pair.tunnel.printed.filter(({ event }) => event === "lost").length, 0);
    });
  }

  it("goes on when the node before is killed behind its word to serve", async () => {
    using home = new TemporaryHome();
    await using far = await target((socket) => socket.pipe(socket));
    await using pair = await mortal(home, "orphan serve", () => upgradable(home, far.port));
    const near = await pair.open();
    assert.equal(await said(near, "before"), "before");
    assert.equal(await pair.upgrade(), 1);
    assert.equal(await said(near, "over"), "over");
    assert.equal(await said(await pair.open(), "new"), "new");
    assert.equal(pair.node.stderr, "");
  });

  it("takes 1,000 connections along", async () => {
    using home = new TemporaryHome();
    await using far = await target((socket) => socket.pipe(socket));
    await using pair = await upgradable(home, far.port);
    const all: Socket[] = [];
    while (all.length < 1000) {
      all.push(...(await Promise.all(Array.from({ length: 50 }, () => pair.open()))));
      await Promise.all(all.slice(-50).map((socket, i) => said(socket, `before ${i}`)));
    }
    assert.equal(await pair.upgrade(), 1000);
    const heard = await Promise.all(all.map((socket, i) => said(socket, `after ${i}`)));
    assert.deepEqual(
      heard,
      all.map((_, i) => `after ${i}`),
    );
    for (const socket of all) socket.destroy();
  });
});
