import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Agreement } from "../../../src/pure/native/establishment.ts";
import { Lifetime, type LifetimeLink } from "../../../src/pure/native/lifetime.ts";

interface Times {
  readonly absoluteMs?: number;
  readonly idleMs?: number;
  readonly now?: number;
  readonly ageMs?: number;
  readonly quietMs?: number;
}

function lifetime({
  absoluteMs = 0,
  idleMs = 0,
  now = 0,
  ageMs = 0,
  quietMs = 0,
}: Times): Lifetime {
  const agreement = { absoluteMs, idleMs } as Agreement; // It reads no more of it.
  return new Lifetime(agreement, now, ageMs, quietMs);
}

/** A link on which so much was said: by us on two lanes, by the peer on two lanes. */
function link(sent: [number, number], received: [number, number] = [0, 0]): LifetimeLink {
  return { ends: sent, positions: { received } } as unknown as LifetimeLink; // Nor of this.
}

const silent = link([0, 0]);

describe("lifetime of a session", () => {
  it("is for ever where both times are 0 (3.2)", () => {
    const life = lifetime({});
    assert.deepEqual([life.deadline, life.look(1e12, silent)], [0, undefined]);
  });

  it("is over after its absolute time, whatever is said (3.2)", () => {
    const life = lifetime({ absoluteMs: 1000 });
    assert.equal(life.deadline, 1000);
    const found = [life.look(999, link([1, 0])), life.look(1000, link([2, 0]))];
    assert.deepEqual(found, [undefined, "lifetime"]);
  });

  it("is over when nobody has said anything for its idle time (3.2)", () => {
    const life = lifetime({ idleMs: 1000 });
    assert.deepEqual([life.look(999, silent), life.look(1000, silent)], [undefined, "idle"]);
  });

  it("goes on when either side has said something, on either lane", () => {
    for (const spoken of [link([1, 0]), link([0, 1]), link([0, 0], [1, 0]), link([0, 0], [0, 1])]) {
      const life = lifetime({ idleMs: 1000 });
      assert.equal(life.look(1000, spoken), undefined);
      assert.equal(life.deadline, 2000);
      assert.equal(life.look(2000, spoken), "idle");
    }
  });

  it("is looked at when the first of the two could be over", () => {
    assert.equal(lifetime({ absoluteMs: 1000, idleMs: 300 }).deadline, 300);
    assert.equal(lifetime({ absoluteMs: 1000, idleMs: 3000 }).deadline, 1000);
  });

  it("counts what passed before this process", () => {
    const before = { now: 5000, ageMs: 600, quietMs: 200 };
    assert.equal(lifetime({ absoluteMs: 1000, ...before }).deadline, 5400);
    assert.equal(lifetime({ idleMs: 1000, ...before }).deadline, 5800);
  });

  it("is over at once, and not for ever, where its time was over before", () => {
    const life = lifetime({ absoluteMs: 1000, now: 500, ageMs: 5000 });
    assert.deepEqual([life.deadline, life.look(500, silent)], [1, "lifetime"]);
  });

  it("takes nothing for new that was said before this process", () => {
    const before = link([3, 1], [4, 1]);
    const life = lifetime({ idleMs: 1000 });
    life.restore(before);
    assert.equal(life.look(1000, before), "idle");
  });
});
