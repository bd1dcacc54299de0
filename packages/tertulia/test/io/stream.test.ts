import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { SessionStream } from "../../src/io/stream.ts";
import { toDuplex } from "../../src/io/stream-duplex.ts";
import { change, errorOf, eventually, first, type Linked, linked } from "./linked.ts";

describe("SessionStream", () => {
  it("carries octets both ways, ends one direction, then the other", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair, "echo");
    assert.deepEqual([theirs.label, theirs.id], ["echo", ours.id]);
    await ours.write(Buffer.from("question"));
    ours.end();
    assert.equal(await text(theirs), "question");
    await theirs.write(Buffer.from("answer"));
    theirs.end();
    assert.equal(await text(ours), "answer");
    assert.equal((await errorOf(ours.write(Buffer.from("x")))).code, "ERR_STATE");
  });

  it("is opened by either side", async () => {
    await using pair = await linked("tcp");
    const ours = pair.server.openStream("back");
    const theirs = await first(pair.client.streams);
    assert.deepEqual([ours.id % 2, theirs.label], [1, "back"]);
  });

  it("fails both directions of both sides at a reset, with its code", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    await ours.write(Buffer.from("lost"));
    await eventually(() => pair.server.machine.link.unreadOctets > 0);
    const reading = errorOf(ours.read());
    ours.reset(7);
    const errors = [
      await reading,
      await errorOf(ours.write(Buffer.from("x"))),
      await errorOf(readAll(theirs)),
      await errorOf(theirs.write(Buffer.from("x"))),
    ];
    assert.deepEqual(
      errors.map(({ code, message }) => `${code}: ${message}`),
      [
        "ERR_ABORTED: the stream was reset here, code 7",
        "ERR_ABORTED: the stream was reset here, code 7",
        "ERR_ABORTED: the peer reset the stream, code 7",
        "ERR_ABORTED: the peer reset the stream, code 7",
      ],
    );
  });

  it("never passes for ended when it was reset before it was read", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    await ours.write(Buffer.from("truncated"));
    ours.end();
    await eventually(() => pair.server.machine.link.unreadOctets > 0);
    ours.reset();
    await eventually(() => pair.server.machine.link.unreadOctets === 0);
    assert.equal((await errorOf(readAll(theirs))).code, "ERR_ABORTED");
  });

  it("gives back the credit of what is dropped", async () => {
    await using pair = await linked("tcp");
    for (let round = 0; round < 80; round++) {
      // Together more than the session's window of 16 MiB would let through.
      const [ours, theirs] = await opened(pair);
      for (let i = 0; i < 2; i++) await ours.write(new Uint8Array(120_000));
      ours.end();
      if (round % 2) theirs.end();
      for await (const _ of theirs) break;
    }
    await pair.client.release();
    assert.equal(pair.server.machine.link.unreadOctets, 0);
  });

  it("waits for its reader, and nobody else does", async () => {
    await using pair = await linked("tcp");
    const [stalled] = await opened(pair, "stalled");
    let written = 0;
    const stalling = (async () => {
      for (; written < 100; written++) await stalled.write(new Uint8Array(64 * 1024));
    })().catch(() => {});
    const [ours, theirs] = await opened(pair, "moving");
    const sent = randomBytes(3_000_000);
    const received = readAll(theirs);
    await pair.client.send("beside");
    for (let at = 0; at < sent.length; at += 50_000)
      await ours.write(sent.subarray(at, at + 50_000));
    ours.end();
    assert.ok(sent.equals(await received));
    assert.equal((await first(pair.server)).toString(), "beside");
    assert.ok(written < 20, `${written} pieces were taken though nobody reads`);
    stalled.reset();
    await stalling;
  });

  it("wakes everybody who waits for room", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    const writes: Promise<void>[] = [];
    for (let i = 0; i < 20; i++) writes.push(ours.write(new Uint8Array(100_000)));
    const received = readAll(theirs);
    await Promise.all(writes);
    ours.end();
    assert.equal((await received).length, 2_000_000);
  });

  it("stops waiting when its signal says so", async () => {
    await using pair = await linked("tcp");
    const [ours] = await opened(pair);
    const reason = new Error("enough");
    const controller = new AbortController();
    const reading = errorOf(ours.read({ signal: controller.signal }));
    const writing = errorOf(
      (async () => {
        for (;;) await ours.write(new Uint8Array(200_000), { signal: controller.signal });
      })(),
    );
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    assert.deepEqual([await reading, await writing], [reason, reason]);
  });

  it("is reset by leaving its iteration early, and by its disposal", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    await ours.write(Buffer.from("one"));
    for await (const _ of theirs) break;
    assert.equal((await errorOf(ours.read())).code, "ERR_ABORTED");
    const [again, there] = await opened(pair);
    {
      await using _ = again;
    }
    assert.equal((await errorOf(there.read())).code, "ERR_ABORTED");
  });

  it("can be read to its end after the session has ended", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    const [cut, cutThere] = await opened(pair);
    await ours.write(Buffer.from("all of it"));
    ours.end();
    await cut.write(Buffer.from("not all"));
    await pair.client.release();
    await pair.server.closed;
    assert.equal(await text(theirs), "all of it");
    assert.equal((await errorOf(readAll(cutThere))).code, "ERR_CLOSED");
  });

  it("survives breaks", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    const sent = randomBytes(5_000_000);
    const received = readAll(theirs);
    for (let at = 0; at < sent.length; at += 50_000) {
      await ours.write(sent.subarray(at, at + 50_000));
      if (at % 1_000_000 !== 0) continue;
      const resumed = change(pair.client, "resumed");
      pair.client.breakTransport();
      await resumed;
    }
    ours.end();
    assert.ok(sent.equals(await received));
  });

  it("lets go of octets that are given to it, and of octets that were consumed, through breaks", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    const sent = randomBytes(5_000_000);
    const hashing = createHash("sha256");
    const consumed: Uint8Array[] = [];
    const done = theirs.consume((octets) => {
      hashing.update(octets);
      if (octets.buffer.byteLength > 16_384) consumed.push(octets);
      // Some are waited for, most are not.
      return consumed.length % 7 ? undefined : turn();
    });
    const given: Uint8Array[] = [];
    for (let at = 0; at < sent.length; at += 50_000) {
      const octets = new Uint8Array(sent.subarray(at, at + 50_000));
      await ours.give(octets);
      given.push(octets);
      if (at % 1_000_000 === 0) pair.client.breakTransport();
    }
    ours.end();
    await done;
    assert.equal(hashing.digest("hex"), hash(sent));
    // Either gone, or in memory that was read into again.
    const left = consumed.filter(({ length }) => length > 0);
    assert.ok(consumed.length > 0 && new Set(left.map(({ buffer }) => buffer)).size < 10);
    assert.ok(given.every(({ length }) => length === 0));
  });

  it("is consumed until a handler throws, a signal says so, or the peer resets it", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    await ours.write(Buffer.from("one"));
    const reason = new Error("enough");
    const throwing = theirs.consume(() => {
      throw reason;
    });
    assert.equal(await errorOf(throwing), reason);
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = theirs.consume(() => {}, { signal });
    assert.equal((await errorOf(theirs.consume(() => {}))).code, "ERR_STATE");
    controller.abort(reason);
    assert.equal(await errorOf(waiting), reason);
    const last = theirs.consume(() => {});
    ours.reset(7);
    assert.equal((await errorOf(last)).code, "ERR_ABORTED");
  });

  it("is refused beyond the peer's limit, and bounded when nobody takes it", async () => {
    const limits = { streamsMax: 3 };
    await using pair = await linked("tcp", { listen: { limits } });
    for (let i = 0; i < 3; i++) pair.client.openStream();
    assert.throws(() => pair.client.openStream(), { code: "ERR_LIMIT" });
    await using flood = await linked("tcp", { listen: { limits } });
    for (let i = 0; i < 100; i++) flood.client.openStream(`${i}`).reset();
    await flood.client.send("behind them");
    await first(flood.server);
    const labels: string[] = [];
    await flood.client.release();
    for await (const { label } of flood.server.streams) labels.push(label);
    assert.deepEqual(labels, ["0", "1", "2"]);
  });

  it("is not there when it was not agreed on", async () => {
    await using pair = await linked("tcp", { listen: { units: ["duplex"] } });
    assert.throws(() => pair.client.openStream(), { code: "ERR_STATE" });
  });
});

describe("the web streams of a stream", () => {
  it("pipe, and end as the stream does", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    const sent = randomBytes(2_000_000);
    const source = new Blob([sent]).stream();
    const [, received] = await Promise.all([
      source.pipeTo(ours.writable),
      new Response(theirs.readable).arrayBuffer(),
    ]);
    assert.ok(sent.equals(Buffer.from(received)));
    assert.equal(ours.writable, ours.writable);
    assert.equal(ours.readable, ours.readable);
  });

  it("reset the stream when they are cancelled or aborted", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    await ours.readable.cancel();
    assert.equal((await errorOf(theirs.read())).code, "ERR_ABORTED");
    const [again, there] = await opened(pair);
    await again.writable.abort();
    const error = await errorOf(there.readable.getReader().read());
    assert.equal(error.code, "ERR_ABORTED");
  });
});

describe("toDuplex", () => {
  it("pipes 10 MiB both ways at once, through breaks", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    const [one, other] = [randomBytes(10 * 1024 * 1024), randomBytes(10 * 1024 * 1024)];
    const [ourDuplex, theirDuplex] = [toDuplex(ours), toDuplex(theirs)];
    const breaking = setInterval(() => pair.client.breakTransport(), 40);
    const [there, here] = await Promise.all([
      digest(theirDuplex),
      digest(ourDuplex),
      pipeline(pieces(one), ourDuplex, { end: true }),
      pipeline(pieces(other), theirDuplex, { end: true }),
    ]);
    clearInterval(breaking);
    assert.deepEqual([there, here], [hash(one), hash(other)]);
  });

  it("turns destroy into a reset, and a reset into an error", async () => {
    await using pair = await linked("tcp");
    const [ours, theirs] = await opened(pair);
    const [ourDuplex, theirDuplex] = [toDuplex(ours), toDuplex(theirs)];
    const failed = new Promise<Error & { code?: string }>((resolve) =>
      theirDuplex.once("error", resolve),
    );
    theirDuplex.resume();
    ourDuplex.destroy();
    assert.equal((await failed).code, "ERR_ABORTED");
  });
});

async function opened(pair: Linked, label = ""): Promise<[SessionStream, SessionStream]> {
  const incoming = first(pair.server.streams);
  return [pair.client.openStream(label), await incoming];
}

async function readAll(stream: SessionStream): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const octets of stream) pieces.push(octets);
  return Buffer.concat(pieces);
}

async function text(stream: SessionStream): Promise<string> {
  return (await readAll(stream)).toString();
}

function pieces(whole: Buffer): Readable {
  const cut = Array.from({ length: Math.ceil(whole.length / 30_000) }, (_, i) =>
    whole.subarray(i * 30_000, (i + 1) * 30_000),
  );
  return Readable.from(cut);
}

async function digest(readable: Readable): Promise<string> {
  const hashing = createHash("sha256");
  const sink = new Writable({
    write(octets, _encoding, done) {
      hashing.update(octets);
      done();
    },
  });
  await pipeline(readable, sink);
  return hashing.digest("hex");
}

function hash(octets: Buffer): string {
  return createHash("sha256").update(octets).digest("hex");
}
