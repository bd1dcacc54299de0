import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { connect, listen, type Session, type SessionStream } from "../../src/index.ts";
import { openSqliteStore } from "../../src/stores/sqlite.ts";
import { freePort } from "../free-port.ts";

const folder = mkdtempSync(join(tmpdir(), "tertulia-carried-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let stores = 0;

/** A peer without a store, and a node with one that is closed and opened again in this process. */
async function upgradable() {
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const path = join(folder, `${++stores}.db`);
  const open = async (carriesStreams: boolean) => {
    const store = await openSqliteStore(path);
    const listener = await listen(address, { store, keepsAll: true, carriesStreams });
    return { store, listener };
  };
  const limits = { backoffMs: 5, backoffMsMax: 50, windowOctets: 65_536, windowOctetsMax: 65_536 };
  let node = await open(false);
  const near = await connect(address, { limits });
  const session = async () => (await node.listener[Symbol.asyncIterator]().next()).value as Session; // there is one
  return {
    near,
    far: await session(),
    async again(carriesStreams = true): Promise<Session> {
      await node.listener[Symbol.asyncDispose]();
      await node.store[Symbol.asyncDispose]();
      node = await open(carriesStreams);
      return session();
    },
    async [Symbol.asyncDispose]() {
      near.abort();
      await node.listener[Symbol.asyncDispose]();
      await node.store[Symbol.asyncDispose]();
    },
  };
}

async function taken(session: Session): Promise<SessionStream> {
  return (await session.streams[Symbol.asyncIterator]().next()).value as SessionStream;
}

async function textOf(stream: SessionStream): Promise<string> {
  let text = "";
  for await (const octets of stream) text += Buffer.from(octets).toString();
  return text;
}

const octets = (text: string) => new Uint8Array(Buffer.from(text));

describe("streams that are carried over", () => {
  it("go on behind what was read and written, both ways, with what waited", async () => {
    await using node = await upgradable();
    const near = node.near.openStream("file");
    await near.write(octets("one "));
    const far = await taken(node.far);
    equal(Buffer.from((await far.read()) ?? []).toString(), "one ");
    // More than the window of the peer, which does not read yet: it waits before the journal.
    const much = "x".repeat(200_000);
    void far.write(octets(much));
    await near.write(octets("two "));
    await node.near.delivered();
    node.far.carryStreams();
    await rejects(far.write(octets("late")), { code: "ERR_STATE" });
    await near.write(octets("three"));
    near.end();
    const again = await taken(await node.again());
    deepEqual([again.id, again.label, again.isCarried], [near.id, "file", true]);
    await again.write(octets("!"));
    again.end();
    const [there, here] = await Promise.all([textOf(again), textOf(near)]);
    equal(there, "two three");
    equal(here === `${much}!`, true, `${here.length} octets came back`);
  });

  it("that nobody had looked at are as new", async () => {
    await using node = await upgradable();
    const near = node.near.openStream("late");
    await near.write(octets("hello"));
    await node.near.delivered();
    node.far.carryStreams();
    const again = await taken(await node.again());
    deepEqual([again.label, again.isCarried], ["late", false]);
    near.end();
    equal(await textOf(again), "hello");
  });

  it("go on where they are when it is not to be", async () => {
    await using node = await upgradable();
    const near = node.near.openStream();
    await near.write(octets("one "));
    const far = await taken(node.far);
    const text = textOf(far);
    node.far.carryStreams();
    await near.write(octets("two"));
    near.end();
    await node.near.delivered();
    node.far.carryStreams(false);
    await far.write(octets("back"));
    far.end();
    deepEqual(await Promise.all([text, textOf(near)]), ["one two", "back"]);
  });

  it("are lost where nobody goes on with them", async () => {
    await using node = await upgradable();
    const near = node.near.openStream();
    await near.write(octets("one "));
    const far = await taken(node.far);
    await far.read();
    node.far.carryStreams();
    await node.again(false);
    await rejects(textOf(near), { name: "StreamLostError", takenOctets: 4 });
  });
});
