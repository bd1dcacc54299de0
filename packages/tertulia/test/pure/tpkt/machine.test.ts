import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { concatOctets, hex } from "../../../src/pure/octets.ts";
import {
  type TransportEvent,
  TransportMachine,
  type TransportOptions,
} from "../../../src/pure/tpkt/machine.ts";

const octets = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const NONE = new Uint8Array();

/** What a machine wants said and told. */
function drain(machine: TransportMachine): {
  readonly wire: Uint8Array;
  readonly events: TransportEvent[];
  readonly closed: boolean;
} {
  const sent: Uint8Array[] = [];
  const events: TransportEvent[] = [];
  let closed = false;
  for (let output = machine.poll(); output; output = machine.poll()) {
    if (output.type === "send") sent.push(output.octets);
    if (output.type === "event") events.push(output.event);
    if (output.type === "close") closed = true;
  }
  return { wire: concatOctets(sent), events, closed };
}

function connected(
  near: TransportOptions = {},
  far: TransportOptions = {},
): [TransportMachine, TransportMachine] {
  const [one, other] = [new TransportMachine(near), new TransportMachine(far)];
  one.request({ type: "TCONreq" });
  other.receive(drain(one).wire);
  other.request({ type: "TCONrsp" });
  one.receive(drain(other).wire);
  assert.equal(drain(one).events[0]?.type, "TCONcnf");
  return [one, other];
}

describe("transport machine", () => {
  it("says what RFC 1006 and RFC 2126 want in CR and CC", () => {
    const one = new TransportMachine({ localSelector: octets("01"), remoteSelector: octets("02") });
    one.request({ type: "TCONreq" });
    const { wire } = drain(one);
    assert.equal(hex(wire), "0300001712e00000000100c0010dc10101c20102c60101");
    const other = new TransportMachine({ sizeExponent: 10, reference: 7, expedited: false });
    other.receive(wire);
    assert.equal(drain(other).events[0]?.type, "TCONind");
    other.request({ type: "TCONrsp" });
    assert.equal(hex(drain(other).wire), "030000140fd00001000700c0010ac10101c20102");
  });

  it("leaves the size out when told to, and then uses 65531 octets", () => {
    const [one] = connected({ sizeExponent: undefined });
    one.data(NONE, new Uint8Array(65_528));
    assert.equal(drain(one).wire.length, 65_535);
  });

  it("carries TSDUs of any size, cut anywhere, in TPDUs of the size agreed on", () => {
    const sizes = fc.array(fc.constantFrom(0, 1, 125, 126, 300, 20_000, 70_000), { maxLength: 5 });
    fc.assert(
      fc.property(
        sizes,
        fc.constantFrom(7, 10, 13, undefined),
        fc.integer({ min: 1, max: 5000 }),
        (all, sizeExponent, cut) => {
          const [one, other] = connected({ sizeExponent });
          for (const size of all) one.data(octets("01 00"), new Uint8Array(size).fill(size));
          const { wire } = drain(one);
          for (let at = 0; at < wire.length; at += cut) other.receive(wire.subarray(at, at + cut));
          assert.deepEqual(
            drain(other).events.map((event) => event.type === "TDTind" && event.octets.length),
            all.map((size) => size + 2),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it("has the expedited flow only if both want it", () => {
    const [one, other] = connected();
    one.expeditedData(octets("61"));
    other.receive(drain(one).wire);
    assert.deepEqual(drain(other).events, [{ type: "TEXind", octets: octets("61") }]);
    const [without] = connected({}, { expedited: false });
    assert.throws(() => without.expeditedData(octets("61")), { code: "ERR_STATE" });
    without.receive(octets("03 00 00 08 02 10 80 61"));
    assert.equal(drain(without).closed, true);
  });

  for (const [why, wire, reason] of [
    ["class 2 alone", "03 00 00 0b 06 e0 00 00 00 01 20", 130],
    ["a selector it is not", "03 00 00 0e 09 e0 00 00 00 01 00 c2 01 63", 3],
  ] as const) {
    it(`refuses ${why} with DR ${reason}`, () => {
      const machine = new TransportMachine({ localSelector: octets("01") });
      machine.receive(octets(wire));
      const { wire: answer, closed } = drain(machine);
      assert.equal(hex(answer), `0300000b06800001${"0000"}${reason.toString(16).padStart(2, "0")}`);
      assert.equal(closed, true);
    });
  }

  it("takes class 2 with class 0 as an alternative", () => {
    const machine = new TransportMachine();
    machine.receive(octets("03 00 00 0e 09 e0 00 00 00 01 20 c7 01 00"));
    assert.equal(drain(machine).events[0]?.type, "TCONind");
  });

  it("bounds what a TSDU may grow to", () => {
    const [one, other] = connected({}, { tsduOctets: 10_000 });
    one.data(NONE, new Uint8Array(20_000));
    other.receive(drain(one).wire);
    const { events } = drain(other);
    assert.equal(events[0]?.type === "TDISind" && events[0].error?.code, "ERR_LIMIT");
  });

  it("tells of the end, once, whether a DR says so or the stream ends", () => {
    for (const say of [true, false]) {
      const [one, other] = connected();
      one.request({ type: "TDISreq" });
      const { wire } = drain(one);
      if (say) other.receive(wire);
      other.receiveEnd();
      other.receiveEnd();
      assert.deepEqual(drain(other).events, [{ type: "TDISind", reason: say ? 128 : 0 }]);
    }
  });

  it("answers any octets with events or an end, never an exception", () => {
    const prefix = fc.constantFrom(
      "03 00 00 0b",
      "03 00 00 08 02 f0 00",
      "03 00 00 09 02 10 80",
      "",
    );
    fc.assert(
      fc.property(fc.boolean(), prefix, fc.uint8Array({ maxLength: 30 }), (isOpen, head, rest) => {
        const machine = isOpen ? connected()[1] : new TransportMachine();
        machine.receive(concatOctets([octets(head), rest]));
        machine.receiveEnd();
        drain(machine);
        assert.equal(machine.state, "closed");
      }),
      { numRuns: 2000 },
    );
  });
});
