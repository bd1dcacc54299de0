import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readShared } from "../../src/io/shared-reads.ts";
import type { LentMemory, Loan } from "../../src/pure/octets.ts";

const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
await once(server, "listening");
const READ_OCTETS = 64 * 1024;
const open: Socket[] = [];
after(() => {
  for (const socket of open) socket.destroy();
  server.close();
});

/** A socket that writes, and one that reads with {@link readShared}. */
async function pair(
  received: (octets: Uint8Array, loan: Loan) => void,
  frontOctets = 0,
): Promise<readonly [Socket, Socket]> {
  const writer = connectSocket((server.address() as AddressInfo).port, "127.0.0.1");
  const [reader] = (await once(server, "connection")) as [Socket];
  open.push(writer, reader);
  // One of them is destroyed while the other writes.
  writer.on("error", () => {});
  const isShared = readShared(reader, { borrowed: received }, frontOctets);
  assert.equal(isShared, true, "this Node reads as it always does");
  reader.resume();
  return [writer, reader];
}

function write(socket: Socket, octets: Uint8Array): Promise<void> {
  return new Promise((resolve) => socket.write(octets, () => resolve()));
}

describe("sockets that read into one memory", () => {
  it("get the same for short reads, one after the other", async () => {
    const memories = new Set<ArrayBufferLike>();
    const texts: string[] = [];
    const received = (octets: Uint8Array) => {
      memories.add(octets.buffer);
      texts.push(Buffer.from(octets).toString());
    };
    const [one] = await pair(received);
    const [other] = await pair(received);
    for (const [i, socket] of [one, other, one, other].entries()) {
      await write(socket, Buffer.from(`word ${i}`));
      while (texts.length <= i) await sleep(1);
    }
    assert.deepEqual(texts, ["word 0", "word 1", "word 2", "word 3"]);
    assert.equal(memories.size, 1);
  });

  it("keep what was taken or copied, whatever the others read", async () => {
    const total = 3_000_000;
    let taken = 0;
    const sides: { side: number; writer: Socket; kept: Uint8Array[]; size: () => number }[] = [];
    for (let side = 0; side < 4; side++) {
      const kept: Uint8Array[] = [];
      let size = 0;
      const [writer] = await pair((octets, loan) => {
        size += octets.length;
        const isTaken = loan.take();
        if (isTaken) taken += 1;
        kept.push(isTaken ? octets : octets.slice());
      });
      sides.push({ side, writer, kept, size: () => size });
    }
    await Promise.all(
      sides.map(async ({ side, writer }) => {
        for (let at = 0, step = 1; at < total; step = (step * 7 + side) % 200_000) {
          const octets = Uint8Array.from(
            { length: Math.min(step + 1, total - at) },
            (_, i) => ((at + i) * (side + 1)) % 251,
          );
          await write(writer, octets);
          at += octets.length;
        }
      }),
    );
    for (const { side, kept, size } of sides) {
      while (size() < total) await sleep(1);
      let at = 0;
      for (const piece of kept) {
        const said = piece.map((_, i) => ((at + i) * (side + 1)) % 251);
        assert.ok(Buffer.from(piece).equals(said));
        at += piece.length;
      }
      assert.equal(at, total);
    }
    assert.ok(taken > 0);
  });

  it("give their memory back when little comes, and when they close", async () => {
    let isTaken = false;
    let memory: ArrayBufferLike | undefined;
    const received = (octets: Uint8Array, loan: Loan) => {
      memory = octets.buffer;
      if (loan.take()) isTaken = true;
    };
    const little = async (writer: Socket) => {
      memory = undefined;
      await write(writer, Uint8Array.of(1));
      while (memory === undefined) await sleep(1);
    };
    const [writer] = await pair(received);
    await little(writer);
    const shared = memory;
    // Of either way more than may have memory of their own at a time.
    for (let i = 0; i < 80; i++) {
      const [one, reader] = await pair(received);
      for (let n = 0; n < 100 && !isTaken; n++) await write(one, new Uint8Array(1_000_000));
      assert.equal(isTaken, true);
      // What came last may still be on its way.
      if (i % 2 === 0) while (memory !== shared) await little(one);
      reader.destroy();
      await once(reader, "close");
      isTaken = false;
    }
  });

  it("hear of the end behind what came", async () => {
    const heard: string[] = [];
    const [writer, reader] = await pair((octets) => heard.push(Buffer.from(octets).toString()));
    reader.on("end", () => heard.push("end"));
    writer.end("last");
    await once(reader, "close");
    assert.deepEqual(heard, ["last", "end"]);
  });

  for (const frontOctets of [0, 16]) {
    it(`keep what somebody keeps until it is given back, with ${frontOctets} octets in front`, async () => {
      const total = 20_000_000;
      const sent = Buffer.from(Uint8Array.from({ length: total }, (_, i) => i % 251));
      const kept: { octets: Uint8Array; memory: LentMemory }[] = [];
      const memories = new Set<ArrayBufferLike>();
      let [at, least, copied, repeated] = [0, READ_OCTETS, 0, 0];
      let isRight = true;
      const check = (octets: Uint8Array) => {
        isRight &&= sent.subarray(at, at + octets.length).equals(octets);
        at += octets.length;
      };
      const settle = (count: number) => {
        for (const { octets, memory } of kept.splice(0, count)) {
          check(octets);
          memory.giveBack();
        }
      };
      const [writer] = await pair((octets, { memory }) => {
        const count = octets.length >> 3;
        // Now and then the end of it comes again.
        const isAgain = repeated < 5 && memories.size > 2 && memory?.again(count, 1000) === true;
        if (isAgain) repeated += 1;
        const said = isAgain ? octets.subarray(0, octets.length - count) : octets;
        if (memory?.keep()) {
          memories.add(octets.buffer);
          least = Math.min(least, octets.byteOffset);
          kept.push({ octets: said, memory });
          if (kept.length > 5) settle(4);
        } else {
          settle(kept.length);
          copied += 1;
          check(said);
        }
      }, frontOctets);
      await write(writer, sent);
      while (at + kept.reduce((sum, { octets }) => sum + octets.length, 0) < total) await sleep(1);
      settle(kept.length);
      assert.ok(isRight);
      assert.equal(least, frontOctets);
      assert.ok(repeated > 2 && copied > 0);
      assert.ok(memories.size < 20, `${memories.size} pieces of memory`);
    });
  }

  it("do not have it both ways: what is taken is not kept, nor the other way round", async () => {
    const seen = new Set<string>();
    const [writer] = await pair((_, loan) => {
      const { memory } = loan;
      if (memory === undefined) return;
      if (seen.size % 2 === 0) {
        if (!loan.take()) return;
        seen.add(`taken, kept ${memory.keep()}`);
      } else if (memory.keep()) {
        seen.add(`kept, taken ${loan.take()}`);
        memory.giveBack();
      }
    });
    for (let i = 0; i < 100 && seen.size < 2; i++) await write(writer, new Uint8Array(1_000_000));
    assert.deepEqual([...seen], ["taken, kept false", "kept, taken false"]);
  });
});
