import { deepEqual, equal, rejects } from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { connect, listen, type SessionStream } from "../../src/index.ts";
import { openSqliteStore } from "../../src/stores/sqlite.ts";
import { freePort } from "../free-port.ts";
import { end } from "./kill.ts";

const folder = mkdtempSync(join(tmpdir(), "tertulia-streams-"));
const children: ChildProcess[] = [];
after(async () => {
  await Promise.all(children.map(end));
  rmSync(folder, { recursive: true, force: true });
});

/** A process with one end of a stream, and the lines that it writes. */
function startStreamer(role: string, address: string) {
  const script = join(import.meta.dirname, "streamer.js");
  const child = spawn(process.execPath, [script, role, address, join(folder, `${role}.db`)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => (await lines.next()).value as string | undefined;
  return { child, line };
}

async function readToEnd(stream: SessionStream): Promise<number> {
  for (let octets = 0; ; ) {
    const piece = await stream.read();
    if (piece === undefined) return octets;
    octets += piece.length;
  }
}

describe("a stream whose process is killed with -9", () => {
  it("is lost for its writer, who hears how much was taken, and for its reader", async () => {
    const address = `tcp://127.0.0.1:${await freePort()}`;
    await using store = await openSqliteStore(join(folder, "writer.db"));
    const first = startStreamer("responder", address);
    const limits = { backoffMs: 5, backoffMsMax: 100 };
    const connected = async () => {
      for (;;) {
        try {
          return await connect(address, { store, limits });
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    };
    await using session = await connected();
    const stream = session.openStream("file");
    await stream.write(new Uint8Array(4000));
    deepEqual([await first.line(), await first.line()], ["[]", "read"]);
    // It has stopped reading, so that this reaches its process and is not taken.
    await stream.write(new Uint8Array(6000));
    await session.delivered();
    await end(first.child);
    const second = startStreamer("responder", address);
    deepEqual(JSON.parse((await second.line()) ?? ""), [
      { id: stream.id, label: "file", takenOctets: 4000, writtenOctets: 5 },
    ]);
    await rejects(readToEnd(stream), { name: "StreamLostError", takenOctets: 4000 });
    equal(session.state, "connected");
  });

  it("is lost for its reader, and its process hears how much it had written", async () => {
    const address = `tcp://127.0.0.1:${await freePort()}`;
    await using store = await openSqliteStore(join(folder, "reader.db"));
    await using listener = await listen(address, { store });
    const first = startStreamer("initiator", address);
    const { value: session } = await listener[Symbol.asyncIterator]().next();
    const { value: stream } = (await session?.streams[Symbol.asyncIterator]().next()) ?? {};
    if (stream === undefined) throw new Error("no stream came");
    deepEqual([await first.line(), await first.line()], ["[]", "written"]);
    await end(first.child);
    const second = startStreamer("initiator", address);
    deepEqual(JSON.parse((await second.line()) ?? ""), [
      { id: stream.id, label: "file", takenOctets: 0, writtenOctets: 10_000 },
    ]);
    await rejects(readToEnd(stream), { name: "StreamLostError", code: "ERR_ABORTED" });
    equal(session?.state, "connected");
    session?.abort();
  });
});
