import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Dialling, fraction } from "../../../src/pure/native/dialling.ts";
import { defaultLimits } from "../../../src/pure/native/limits.ts";
import type { Suite } from "../../../src/pure/native/suite.ts";

/** Randomness that is always this much of what it could be, from 0 to 1. */
function drawing(part: number): Suite {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, Math.min(2 ** 32 - 1, part * 2 ** 32));
  return { random: () => octets } as unknown as Suite; // Nothing but randomness is asked for.
}

const unlucky = (): Dialling => new Dialling(defaultLimits, drawing(1));

/** How long each dial waits when every one before it failed at once. */
function waits(dialling: Dialling, dials: number, retryMs = 0): number[] {
  return Array.from({ length: dials }, () => {
    dialling.begin();
    return Math.round(dialling.failed(0, retryMs));
  });
}

describe("dialling", () => {
  it("is not planned at first, and is due from the moment that it is planned for", () => {
    const dialling = unlucky();
    assert.deepEqual([dialling.dueAt, dialling.isDue(1e9)], [0, false]);
    dialling.plan(500);
    assert.deepEqual([dialling.isDue(499), dialling.isDue(500)], [false, true]);
  });

  it("is due once: a dial that begins, or is cancelled, is planned no more", () => {
    const dialling = unlucky();
    dialling.plan(500);
    dialling.begin();
    assert.equal(dialling.dueAt, 0);
    dialling.plan(500);
    dialling.cancel();
    assert.equal(dialling.isDue(500), false);
  });

  it("waits at most twice as long each time, up to 15 s (8.5)", () => {
    assert.deepEqual(
      waits(unlucky(), 12),
      [101, 201, 401, 801, 1601, 3201, 6401, 12_801, 15_001, 15_001, 15_001, 15_001],
    );
  });

  it("waits for any part of that, so that a crowd does not come at once (8.5)", () => {
    assert.deepEqual(waits(new Dialling(defaultLimits, drawing(0)), 3), [1, 1, 1]);
    assert.deepEqual(waits(new Dialling(defaultLimits, drawing(0.5)), 3), [51, 101, 201]);
  });

  it("waits at least as long as the peer asks (3.4: retryMs)", () => {
    assert.deepEqual(waits(unlucky(), 4, 300), [300, 300, 401, 801]);
  });

  it("begins anew when a transport has lived 10 s, and not before (8.5)", () => {
    const [short, long] = [unlucky(), unlucky()];
    for (const dialling of [short, long]) waits(dialling, 4);
    short.lost(100_000, 9999);
    long.lost(100_000, 10_000);
    assert.deepEqual([Math.round(short.dueAt), Math.round(long.dueAt)], [100_801, 100_051]);
  });

  it("begins anew when there is a reason to think that it works now", () => {
    const dialling = unlucky();
    waits(dialling, 4);
    dialling.planAnew(700);
    assert.equal(dialling.dueAt, 700);
    assert.deepEqual(waits(dialling, 1), [101]);
  });

  it("keeps the moment that it drew when a peer that goes away ends the transport (8.6)", () => {
    const dialling = unlucky();
    dialling.plan(9000);
    dialling.lost(1000, 60_000);
    assert.equal(dialling.dueAt, 9000);
  });

  it("goes where the peer said, and back when that came to nothing twice (8.6)", () => {
    const dialling = unlucky();
    assert.equal(dialling.begin(), undefined);
    dialling.planAnew(0);
    dialling.goTo("tcp://other:1");
    const tried = Array.from({ length: 3 }, () => {
      const location = dialling.begin();
      dialling.failed(0, 0);
      return location;
    });
    assert.deepEqual(tried, ["tcp://other:1", "tcp://other:1", undefined]);
  });

  it("goes where it always went when it is told to", () => {
    const dialling = unlucky();
    dialling.goTo("tcp://other:1");
    dialling.goTo(undefined);
    assert.equal(dialling.begin(), undefined);
  });
});

describe("fraction", () => {
  it("is anything from 0 to, but not quite, 1", () => {
    assert.deepEqual([fraction(drawing(0)), fraction(drawing(0.25))], [0, 0.25]);
    assert.ok(fraction(drawing(1)) < 1);
  });
});
