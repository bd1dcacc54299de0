import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Fifo } from "../../src/pure/fifo.ts";

describe("fifo", () => {
  it("gives what it was given, in order, whatever the mix of calls", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 20 }), (steps) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        let next = 0;
        for (const step of steps) {
          for (let i = 0; i < step; i++) {
            fifo.push(next);
            model.push(next++);
          }
          for (let i = 0; i > step; i--) assert.equal(fifo.shift(), model.shift());
          assert.equal(fifo.length, model.length);
          assert.equal(fifo.peek(), model[0]);
        }
        assert.deepEqual([...fifo.from(1)], model.slice(1));
      }),
    );
  });

  it("lets all be forgotten", () => {
    const fifo = new Fifo<string>();
    fifo.push("a");
    fifo.push("b");
    assert.deepEqual([...fifo.from(0)], ["a", "b"]);
    fifo.clear();
    assert.deepEqual([fifo.length, fifo.shift()], [0, undefined]);
  });
});
