import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hex, NO_OCTETS } from "../../../src/pure/octets.ts";
import { Outgoing } from "../../../src/pure/tpkt/outgoing.ts";

const DATA_OCTETS = 100_000;

/** What is to be done, with the sizes of what is sent. */
function drain(outgoing: Outgoing<string>): string[] {
  const done: string[] = [];
  for (let output = outgoing.poll(); output; output = outgoing.poll()) {
    if (output.type === "send") done.push(`send ${output.octets.length}`);
    else done.push(output.type === "event" ? `tell ${output.event}` : output.type);
  }
  return done;
}

describe("what a transport connection has to send", () => {
  it("gathers short data, and gives it away as one chunk", () => {
    const outgoing = new Outgoing();
    outgoing.sendData(Uint8Array.of(1), Uint8Array.of(2, 3), DATA_OCTETS);
    outgoing.sendData(NO_OCTETS, Uint8Array.of(4), DATA_OCTETS);
    assert.equal(outgoing.pendingOctets, 18);
    const output = outgoing.poll();
    const sent = output?.type === "send" ? hex(output.octets) : "";
    assert.equal(sent, "0300000a02f080010203" + "0300000802f08004");
    assert.deepEqual([outgoing.pendingOctets, outgoing.poll()], [0, undefined]);
  });

  it("never touches again what it gave away", () => {
    const outgoing = new Outgoing();
    outgoing.sendData(NO_OCTETS, Uint8Array.of(1), DATA_OCTETS);
    const output = outgoing.poll();
    const given = output?.type === "send" ? output.octets : NO_OCTETS;
    const before = hex(given);
    for (let i = 0; i < 100; i += 1) {
      outgoing.sendData(NO_OCTETS, new Uint8Array(2000).fill(i), DATA_OCTETS);
      while (outgoing.poll()) {}
    }
    assert.equal(hex(given), before);
  });

  it("does not copy long data, and keeps it behind what was gathered before", () => {
    const outgoing = new Outgoing<string>();
    const long = new Uint8Array(20_000);
    outgoing.sendData(NO_OCTETS, Uint8Array.of(1), DATA_OCTETS);
    outgoing.sendData(NO_OCTETS, long, DATA_OCTETS);
    outgoing.sendData(NO_OCTETS, Uint8Array.of(1), DATA_OCTETS);
    const gathered = outgoing.poll();
    const own = outgoing.poll();
    assert.equal(gathered?.type === "send" && gathered.octets.length, 8 + 7);
    assert.equal(own?.type === "send" && own.octets.buffer, long.buffer);
    assert.deepEqual(drain(outgoing), ["send 8"]);
  });

  it("cuts data into TPDUs of the size agreed on, the last of which says so", () => {
    const outgoing = new Outgoing();
    outgoing.sendData(NO_OCTETS, Uint8Array.of(1, 2, 3), 2);
    const output = outgoing.poll();
    const sent = output?.type === "send" ? hex(output.octets) : "";
    assert.equal(sent, "0300000902f0000102" + "0300000802f08003");
  });

  it("begins another slab when one is full, in order", () => {
    const outgoing = new Outgoing<string>();
    for (let i = 0; i < 5; i += 1) outgoing.sendData(NO_OCTETS, new Uint8Array(16_000), 65_528);
    assert.deepEqual(drain(outgoing), [`send ${4 * 16_007}`, "send 16007"]);
  });

  it("tells without waiting for gathered data, and closes behind it", () => {
    const outgoing = new Outgoing<string>();
    outgoing.sendData(NO_OCTETS, Uint8Array.of(1), DATA_OCTETS);
    outgoing.tell("news");
    outgoing.close();
    assert.deepEqual(drain(outgoing), ["tell news", "send 8", "close"]);
  });

  it("sends another TPDU behind the data gathered before it", () => {
    const outgoing = new Outgoing();
    outgoing.sendData(NO_OCTETS, Uint8Array.of(1), DATA_OCTETS);
    outgoing.send({ type: "ED", userData: Uint8Array.of(2) });
    const output = outgoing.poll();
    const sent = output?.type === "send" ? hex(output.octets) : "";
    assert.ok(sent.startsWith("0300000802f08001"), sent);
    assert.equal(outgoing.poll(), undefined);
  });
});
