import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cborContext } from "../../../src/io/cbor.ts";
import {
  defaultContexts,
  jsonContext,
  Message,
  octetsContext,
  textContext,
} from "../../../src/pure/native/message.ts";
import { utf8 } from "../../../src/pure/octets.ts";

describe("message", () => {
  it("gives back the value that was encoded, in each context", () => {
    const values = [utf8("x"), "señal", { a: [1, undefined], b: "x" }, null, undefined];
    const back = values.map((value) => {
      const context = defaultContexts.find((one) => one.accepts(value)) ?? jsonContext;
      return new Message("normal", context, context.encode(value)).value;
    });
    assert.deepEqual(back, [utf8("x"), "señal", { a: [1, null], b: "x" }, null, null]);
  });

  it("is no function or symbol in JSON: there would be nothing left of it", () => {
    assert.throws(() => jsonContext.encode(() => 1), /^TypeError: function in JSON$/);
    assert.throws(() => jsonContext.encode(Symbol("x")), /^TypeError: symbol in JSON$/);
  });

  it("throws for octets that are not in its encoding", () => {
    const octets = Uint8Array.of(0xff);
    assert.throws(() => new Message("normal", textContext, octets).value, { violation: "notUtf8" });
    assert.throws(() => new Message("normal", jsonContext, utf8("{")).value, {
      code: "ERR_PROTOCOL",
      violation: "badValue",
      message: /^badValue \(Tertulia 6\.1\): json: Expected/,
    });
    const deep = new Uint8Array(1_000_000).fill(0x81);
    assert.throws(() => new Message("normal", cborContext, deep).value, { violation: "badValue" });
    assert.equal(new Message("typed", octetsContext, utf8("as text")).toString(), "as text");
  });
});
