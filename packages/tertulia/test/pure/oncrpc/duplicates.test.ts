import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { DuplicateCache, identityOf } from "../../../src/pure/oncrpc/duplicates.ts";

const call = (xid: number, octets: readonly number[] = [1, 2, 3, 4]) => {
  const body = new Uint8Array(octets);
  const header = { xid, program: 1, version: 1, procedure: 1 };
  return identityOf(header, new DataView(body.buffer), 0, body.length);
};
const finish = (
  cache: DuplicateCache<string>,
  entry: Parameters<typeof cache.finish>[0],
  size: number,
  now = 0,
): void => cache.finish(entry, new Uint8Array(size).fill(size), 0, size, now);

const xidsOf = (cache: DuplicateCache<string>, name: string): number[] =>
  [...cache.caller(name).entries.values()].map(({ identity }) => identity.xid);

describe("the duplicate request cache", () => {
  it("says new, running, done; and new again after its age", () => {
    const cache = new DuplicateCache<string>({ ageMs: 100 });
    const caller = cache.caller("a");
    const first = cache.begin(caller, call(1), 0);
    const second = cache.begin(caller, call(1), 1);
    deepEqual([first.type, second.type], ["new", "running"]);
    finish(cache, first.entry, 4, 2);
    equal(cache.begin(caller, call(1), 102).type, "done");
    equal(cache.begin(caller, call(1), 103).type, "new");
  });

  it("tells callers, xids and arguments apart", () => {
    const cache = new DuplicateCache<string>();
    const seen = [
      cache.begin(cache.caller("a"), call(1), 0),
      cache.begin(cache.caller("b"), call(1), 0),
      cache.begin(cache.caller("a"), call(2), 0),
      cache.begin(cache.caller("a"), call(1, [1, 2, 3, 5]), 0),
    ];
    deepEqual(
      seen.map(({ type }) => type),
      ["new", "new", "new", "new"],
    );
  });

  it("keeps the replies of two programs of one host that use the same xids", () => {
    const cache = new DuplicateCache<string>();
    const caller = cache.caller("a");
    const calls = [call(1), call(1, [1, 2, 3, 5]), { ...call(1), procedure: 2 }];
    for (const one of calls) finish(cache, cache.begin(caller, one, 0).entry, 4);
    deepEqual(
      calls.map((one) => cache.begin(caller, one, 1).type),
      ["done", "done", "done"],
    );
  });

  it("tells arguments apart that differ in any octet up to 2 KiB", () => {
    const body = new Uint8Array(2048);
    const view = new DataView(body.buffer);
    const header = { xid: 1, program: 1, version: 1, procedure: 1 };
    const seen = new Set<string>();
    for (let at = 0; at < body.length; at++) {
      body[at] = 1;
      const { hashHigh, hashLow } = identityOf(header, view, 0, body.length);
      seen.add(`${hashHigh} ${hashLow}`);
      body[at] = 0;
    }
    equal(seen.size, body.length);
  });

  it("keeps to its bounds: entries of a caller, octets of all, callers", () => {
    const cache = new DuplicateCache<string>({ entriesMax: 3, octetsMax: 100, callersMax: 2 });
    const run = (name: string, xid: number, size: number): void => {
      const verdict = cache.begin(cache.caller(name), call(xid), 0);
      finish(cache, verdict.entry, size);
    };
    for (let xid = 0; xid < 5; xid++) run("a", xid, 10);
    deepEqual(xidsOf(cache, "a"), [2, 3, 4]);
    equal(cache.octets, 30);
    run("b", 1, 90);
    equal(cache.octets, 100);
    run("c", 1, 2);
    run("d", 1, 2);
    equal(cache.octets, 4);
  });

  it("keeps every reply as it was, in memory that is used again", () => {
    const cache = new DuplicateCache<string>({ entriesMax: 50, octetsMax: 65_536 });
    const run = (name: string, xid: number): void => {
      const { type, entry } = cache.begin(cache.caller(name), call(xid), 0);
      if (type === "new") finish(cache, entry, (xid * 37) % 240);
    };
    for (let xid = 0; xid < 1000; xid++) run(xid % 3 === 0 ? "a" : "b", xid);
    const held: number[] = [];
    for (const name of ["a", "b"]) {
      for (const entry of cache.caller(name).entries.values()) {
        const { xid } = entry.identity;
        const size = (xid * 37) % 240;
        deepEqual(cache.reply(entry), new Uint8Array(size).fill(size));
        held.push(xid);
      }
    }
    equal(held.length, 100);
    equal(cache.octets < 32_768, true);
  });

  it("lets the oldest replies go when they take too much memory, whoever they are for", () => {
    const cache = new DuplicateCache<string>({ octetsMax: 16_384 });
    for (let xid = 0; xid < 200; xid++) {
      finish(cache, cache.begin(cache.caller(`${xid % 4}`), call(xid), 0).entry, 200);
    }
    const kept = [..."0123"].flatMap((name) => xidsOf(cache, name));
    const newest = Array.from({ length: kept.length }, (_, i) => 200 - kept.length + i);
    deepEqual(
      kept.sort((one, other) => one - other),
      newest,
    );
    equal(cache.octets <= 16_384 && kept.length >= 70, true);
  });

  it("knows of a large reply only that it was given, and forgets what is dropped", () => {
    const cache = new DuplicateCache<string>({ replyMax: 10 });
    const caller = cache.caller("a");
    const first = cache.begin(caller, call(1), 0);
    finish(cache, first.entry, 11);
    const again = cache.begin(caller, call(1), 0);
    deepEqual([again.type, cache.reply(again.entry)], ["done", undefined]);
    const other = cache.begin(caller, call(2), 0);
    cache.drop(other.entry);
    equal(cache.begin(caller, call(2), 0).type, "new");
  });
});
