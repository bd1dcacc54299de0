import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Flow } from "../../../src/pure/native/flow.ts";

function receive(window: Flow, octets: number): void {
  assert.equal(window.allows(octets), true);
  window.received += octets;
}

describe("receive window", () => {
  it("grants at half a window, and not before", () => {
    const window = new Flow(1000, 1000, 0);
    receive(window, 1000);
    assert.equal(window.allows(1), false);
    window.consumed += 499;
    assert.equal(window.isDue, false);
    assert.equal(window.isWorthwhile, true);
    window.consumed += 1;
    assert.equal(window.isDue, true);
    assert.equal(window.grant(10_000, 0), 1500);
    assert.equal(window.isDue, false);
    assert.equal(window.waiting, 500);
  });

  it("doubles up to its maximum while its reader is fast", () => {
    const window = new Flow(1000, 3000, 0);
    const widths: number[] = [];
    for (let now = 1000; now < 1100; now += 20) {
      receive(window, window.granted - window.received);
      window.consumed = window.received;
      window.grant(now, 10);
      widths.push(window.windowOctets);
    }
    assert.deepEqual(widths, [1000, 2000, 3000, 3000, 3000]);
  });

  it("does not grow for a slow reader", () => {
    const window = new Flow(1000, 3000, 0);
    for (let now = 1000; now < 3000; now += 500) {
      receive(window, window.granted - window.received);
      window.consumed = window.received;
      window.grant(now, 10);
    }
    assert.equal(window.windowOctets, 1000);
  });

  it("never takes back what it granted", () => {
    const window = new Flow(1000, 1000, 0);
    window.consumed = 800;
    assert.equal(window.grant(1, 0), 1800);
    window.consumed = 0;
    assert.equal(window.grant(2, 0), 1800);
  });
});
