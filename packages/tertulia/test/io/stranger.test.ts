/** The protocol page is enough to write a peer from: `stranger.py` was, in another language. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it, type TestContext } from "node:test";
import { connect } from "../../src/io/connect.ts";
import { listen } from "../../src/io/listen.ts";
import type { SessionStream } from "../../src/io/stream.ts";
import { fixture } from "../fixtures.ts";
import { findPeer, leaveOut } from "../peers.ts";

describe("a stranger who has read docs/protocol.md", () => {
  it("talks to our listener, breaks the link, resumes and releases", async (t) => {
    await using listener = await listen("tcp://127.0.0.1:0");
    const stranger = await start(t, "initiate", String(listener.port));
    if (!stranger) return;
    const [session] = await collect(listener, 1);
    assert(session);
    const streams = collect(session.streams, 1).then(([stream]) => stream && echo(stream));
    for await (const { octets, kind } of session) await session.send(octets, { kind });
    await streams;
    assert.match(await stranger.line(), /^resumed \d\d times$/);
    assert.equal(await stranger.code, 0);
    assert.equal((await session.closed).outcome, "released");
  });

  it("is talked to as a listener, breaks the link, is resumed and released", async (t) => {
    const stranger = await start(t, "respond");
    if (!stranger) return;
    const session = await connect(`127.0.0.1:${await stranger.line()}`);
    const said = Array.from({ length: 1000 }, (_, i) => `message ${i} `.repeat(i % 100 ? 1 : 9000));
    const heard = collect(session, said.length);
    for (const line of said) await session.send(line);
    assert.deepEqual(
      (await heard).map(({ octets }) => Buffer.from(octets).toString()),
      said,
    );

    await session.send("urgent", { kind: "expedited" });
    const [urgent] = await collect(session, 1);
    assert.equal(urgent?.kind, "expedited");

    const stream = session.openStream("file");
    for (let i = 0; i < 10; i++) await stream.write(new Uint8Array(6000).fill(i));
    stream.end();
    const octets = Buffer.concat(await collect(stream));
    assert.deepEqual([octets.length, octets[0], octets[59_999]], [60_000, 0, 9]);

    await session.release();
    assert.match(await stranger.line(), /^resumed [6-9] times$/);
    assert.equal(await stranger.code, 0);
  });
});

interface Stranger {
  /** The next line of what it prints. */
  line(): Promise<string>;
  readonly code: Promise<number | null>;
}

async function start(t: TestContext, ...args: readonly string[]): Promise<Stranger | undefined> {
  const python = findPeer("python3");
  if (!python || !(await hasCryptography(python))) {
    leaveOut(t, "python3-cryptography is not installed: run scripts/peers.sh as root");
    return undefined;
  }
  const child = spawn(python, [fixture("native", "stranger.py"), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { line: async () => (await lines.next()).value ?? "", code: exitOf(child) };
}

async function hasCryptography(python: string): Promise<boolean> {
  return (await exitOf(spawn(python, ["-c", "import cryptography"], { stdio: "ignore" }))) === 0;
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, "exit");
  return code as number | null;
}

async function collect<T>(items: AsyncIterable<T>, count = Number.POSITIVE_INFINITY): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) {
    all.push(item);
    if (all.length === count) break;
  }
  return all;
}

async function echo(stream: SessionStream): Promise<void> {
  for await (const piece of stream) await stream.write(piece);
  stream.end();
}
