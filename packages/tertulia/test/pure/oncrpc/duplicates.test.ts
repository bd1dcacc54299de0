import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { DuplicateCache, identityOf } from "../../../src/pure/oncrpc/duplicates.ts";

const call = (xid: number, octets: readonly number[] = [1, 2, 3, 4]) => {
  const body = new Uint8Array(octets);
  const header = { xid, program: 1, version: 1, procedure: 1 };
  return identityOf(header, new DataView(body.buffer), 0, body.length);
};
const reply = (size: number): Uint8Array => new Uint8Array(size);

describe("the duplicate request cache", () => {
  it("says new, running, done; and new again after its age", () => {
    const cache = new DuplicateCache<string>({ ageMs: 100 });
    const caller = cache.caller("a");
    const first = cache.begin(caller, call(1), 0);
    const second = cache.begin(caller, call(1), 1);
    deepEqual([first.type, second.type], ["new", "running"]);
    cache.finish(first.entry, reply(4), 2);
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

  it("keeps to its bounds: entries of a caller, octets of all, callers", () => {
    const cache = new DuplicateCache<string>({ entriesMax: 3, octetsMax: 100, callersMax: 2 });
    const run = (name: string, xid: number, size: number): void => {
      const verdict = cache.begin(cache.caller(name), call(xid), 0);
      cache.finish(verdict.entry, reply(size), 0);
    };
    for (let xid = 0; xid < 5; xid++) run("a", xid, 10);
    deepEqual([...cache.caller("a").entries.keys()], [2, 3, 4]);
    equal(cache.octets, 30);
    run("b", 1, 90);
    equal(cache.octets, 100);
    run("c", 1, 1);
    run("d", 1, 1);
    equal(cache.octets, 2);
  });

  it("knows of a large reply only that it was given, and forgets what is dropped", () => {
    const cache = new DuplicateCache<string>({ replyMax: 10 });
    const caller = cache.caller("a");
    const first = cache.begin(caller, call(1), 0);
    cache.finish(first.entry, reply(11), 0);
    const again = cache.begin(caller, call(1), 0);
    deepEqual([again.type, again.entry.reply], ["done", undefined]);
    const other = cache.begin(caller, call(2), 0);
    cache.drop(other.entry);
    equal(cache.begin(caller, call(2), 0).type, "new");
  });
});
