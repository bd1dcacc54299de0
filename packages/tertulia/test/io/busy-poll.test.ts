import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { BusyPoll } from "../../src/io/busy-poll.ts";

/** A poll of at most 100 in a loop whose turns take 10, and a peer. */
class World {
  now = 0;
  readonly peer = {};
  readonly #deferred: (() => void)[] = [];
  readonly poll = new BusyPoll(100, {
    now: () => this.now,
    defer: (callback) => this.#deferred.push(callback),
  });

  constructor() {
    this.poll.sent(this.peer);
  }

  /** Whether it is awake. */
  get isAwake(): boolean {
    return this.#deferred.length > 0;
  }

  /** For how long it stays awake for an answer that takes so long. */
  asks(answerAfter: number, peer: object = this.peer): number {
    this.poll.sent(peer);
    let awake = 0;
    for (let at = 0; at < answerAfter && this.isAwake; at += 10) {
      this.#turn();
      awake = at;
    }
    this.poll.received();
    while (this.isAwake) this.#turn();
    return awake;
  }

  #turn(): void {
    for (const callback of this.#deferred.splice(0)) callback();
    this.now += 10;
  }
}

/** Of how many questions in a row, answered after so long, it stays awake for each. */
function awakes(world: World, count: number, answerAfter: number): number {
  let awake = 0;
  for (let i = 0; i < count; i++) if (world.asks(answerAfter) > 0) awake += 1;
  return awake;
}

describe("a busy poll", () => {
  it("stays awake until the answer, and no longer", () => {
    const world = new World();
    deepEqual([world.asks(40), world.asks(20), world.isAwake], [30, 10, false]);
  });

  it("gives up after its bound", () => {
    equal(new World().asks(1000), 100);
  });

  it("leaves out ever more where answers are late: 255 of 256 at last", () => {
    const world = new World();
    deepEqual([awakes(world, 100, 1000), awakes(world, 10_000, 1000)], [6, 40]);
  });

  it("stops too where waiting costs more than to be woken", () => {
    const world = new World();
    deepEqual([awakes(world, 20, 80), awakes(world, 100_000, 80) < 600], [10, true]);
  });

  it("is awake again soon when answers come in time", () => {
    const world = new World();
    awakes(world, 10_000, 1000);
    deepEqual([awakes(world, 2100, 20) > 0, awakes(world, 100, 20)], [true, 100]);
  });

  it("bears a late answer now and then", () => {
    const world = new World();
    let awake = 0;
    for (let i = 0; i < 1000; i++) if (world.asks(i % 10 === 0 ? 1000 : 20) > 0) awake += 1;
    equal(awake, 900);
  });

  it("does not wait where several peers talk in turn", () => {
    const world = new World();
    const other = {};
    deepEqual([world.asks(40, other), world.asks(40), world.asks(40, other)], [0, 0, 0]);
  });

  it("begins anew with each message", () => {
    const world = new World();
    world.poll.sent(world.peer);
    equal(world.asks(1000), 100);
  });
});
