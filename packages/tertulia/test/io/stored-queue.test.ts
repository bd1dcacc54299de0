import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StoredQueue, type WaitingStore } from "../../src/io/stored-queue.ts";
import { decodeUtf8, utf8 } from "../../src/pure/octets.ts";
import type { JournalEntry } from "../../src/stores/store.ts";

/** A store that has at once what it is given, and answers when it is let. */
class FakeStore implements WaitingStore {
  entries: JournalEntry[] = [];
  /** Set, what is read is given only then. */
  answers: Promise<void> | undefined;

  appendWaiting(position: number, octets: Uint8Array): void {
    this.entries.push({ journal: "waiting", position, octets });
  }

  trimWaiting(position: number): void {
    this.entries = this.entries.filter((entry) => entry.position >= position);
  }

  async readWaiting(position: number): Promise<JournalEntry[]> {
    const found = this.entries.filter((entry) => entry.position >= position);
    await this.answers;
    return found;
  }
}

function filled(...texts: readonly string[]): { store: FakeStore; queue: StoredQueue } {
  const store = new FakeStore();
  const queue = new StoredQueue(store, 0, 0);
  for (const text of texts) queue.stored(queue.push(7, utf8(text)));
  return { store, queue };
}

/** Takes everything out, as text behind its type. */
async function drained(queue: StoredQueue): Promise<string[]> {
  const texts: string[] = [];
  while (queue.first || (await queue.read())) {
    const entry = queue.first ?? utf8("");
    texts.push(`${entry[0]} ${decodeUtf8(entry.subarray(1))}`);
    queue.shift();
  }
  return texts;
}

describe("queue in a store", () => {
  it("gives messages in their order, each with its type, and the store forgets them", async () => {
    const { store, queue } = filled("one", "", "three");
    assert.deepEqual([queue.length, queue.octets, queue.firstOctets], [3, 11, 4]);
    assert.deepEqual(await drained(queue), ["7 one", "7 ", "7 three"]);
    assert.deepEqual([queue.length, queue.octets, store.entries], [0, 0, []]);
  });

  it("reads nothing that the store does not have yet", async () => {
    const { queue } = filled();
    const end = queue.push(7, utf8("late"));
    assert.deepEqual([await queue.read(), queue.unstoredOctets], [false, 5]);
    queue.stored(end);
    assert.deepEqual([await queue.read(), queue.unstoredOctets], [true, 0]);
  });

  it("has nothing in memory of what was taken out while it was read", async () => {
    const { store, queue } = filled("one", "two");
    let answer = () => {};
    store.answers = new Promise((resolve) => {
      answer = resolve;
    });
    const reading = queue.read();
    queue.shift();
    answer();
    assert.deepEqual([await reading, queue.first], [true, undefined]);
    assert.deepEqual(await drained(queue), ["7 two"]);
  });

  it("goes on with what a process before this one left", async () => {
    const { store, queue } = filled("one", "two", "three");
    queue.shift();
    const next = new StoredQueue(store, queue.start, queue.end);
    await next.restore();
    assert.deepEqual([next.length, next.octets], [2, 10]);
    assert.deepEqual(await drained(next), ["7 two", "7 three"]);
  });

  it("fails when what it is to go on with is not there", async () => {
    const queue = new StoredQueue(new FakeStore(), 0, 10);
    await assert.rejects(queue.restore(), { code: "ERR_STORE" });
  });
});
