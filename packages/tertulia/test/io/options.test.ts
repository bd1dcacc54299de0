import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, reconnect } from "../../src/io/connect.ts";
import { listen } from "../../src/io/listen.ts";
import { Listener } from "../../src/io/listener.ts";
import { nodeRuntime } from "../../src/io/node-runtime.ts";
import { SessionError } from "../../src/pure/errors.ts";

const wrong: [options: object, message: RegExp][] = [
  [{ auth: "secret" }, /^no such option: auth$/],
  [{ contexts: [] }, /^contexts must not be empty$/],
  [{ contexts: ["text"] }, /^contexts are objects such as textContext, not text$/],
  [{ contexts: [undefined] }, /^contexts are objects such as textContext, not undefined$/],
  [{ units: ["flight"] }, /^units: flight is none of halfDuplex, duplex, /],
  [{ durability: "dsk" }, /^durability: dsk is none of memory, disk, replicated$/],
  [{ durability: "disk" }, /^durability disk needs a store$/],
  [{ userData: "text" }, /^userData must be a Uint8Array, not string$/],
  [{ dialogue: 5 }, /^dialogue must be a Uint8Array, not 5$/],
  [{ limits: 5 }, /^limits must be an object, not 5$/],
  [{ store: {} }, /^store must be a store, not object$/],
  [{ callingSelector: 5 }, /^callingSelector must be a string, not 5$/],
  [{ agreeToRelease: true }, /^agreeToRelease must be a function, not true$/],
  [{ contexts: "text" }, /^contexts must be a list, not string$/],
  [{ tls: "key" }, /^tls must be an object, not string$/],
  [{ limits: { window: 1 } }, /^no such limit: window$/],
  [{ limits: { toString: 1 } }, /^no such limit: toString$/],
];

describe("options", () => {
  for (const [options, message] of wrong) {
    it(`say what is wrong with ${JSON.stringify(options)}, on either side`, async () => {
      const isArgument = (error: unknown) =>
        error instanceof SessionError &&
        error.code === "ERR_ARGUMENT" &&
        message.test(error.message);
      await assert.rejects(listen("tcp://127.0.0.1:0", options), isArgument);
      await using listener = await listen("tcp://127.0.0.1:0");
      await assert.rejects(connect(listener.address, options), isArgument);
    });
  }

  it("are of the kind that they must be, those of who comes in, too", async () => {
    const refused: [options: object | null, message: RegExp][] = [
      [{ verifiers: 5 }, /^verifiers must be a list, and each in it a verifier, not 5$/],
      [{ verifiers: ["ed25519"] }, /^verifiers must be .* not object$/],
      [{ quotas: { session: 5 } }, /^quotas must be .*: sessions, backlogOctets, storedOctets, /],
      [{ quotas: { sessions: -1 } }, /^quotas must be a function, or an object of whole numbers: /],
      [{ sessionsMax: Number.NaN }, /^sessionsMax must be a whole number, not NaN$/],
      [{ keepsAll: "no" }, /^keepsAll must be true or false, not string$/],
      [{ selectors: "chat" }, /^selectors must be a list, and each in it a string, not string$/],
      [null, /^options must be an object, not null$/],
    ];
    for (const [options, message] of refused) {
      await assert.rejects(listen("tcp://127.0.0.1:0", options as object), {
        code: "ERR_ARGUMENT",
        message,
      });
    }
    const signal = 5 as unknown as AbortSignal;
    await assert.rejects(connect("127.0.0.1:1", { signal }), /^.*signal must be an AbortSignal/);
  });

  it("are checked by a listener without sockets as well", () => {
    const refused: [options: object | null, message: RegExp][] = [
      [{ verifier: [] }, /^no such option: verifier$/],
      [{ verifiers: 5 }, /^verifiers must be a list, and each in it a verifier, not 5$/],
      [{ keepsAll: "no" }, /^keepsAll must be true or false, not string$/],
      [null, /^options must be an object, not null$/],
    ];
    for (const [options, message] of refused) {
      const code = "ERR_ARGUMENT";
      assert.throws(() => new Listener(nodeRuntime(), options as object), { code, message });
    }
  });

  it("are checked by reconnect as well", async () => {
    const options = { store: undefined as never, auth: "secret" };
    await assert.rejects(reconnect("127.0.0.1:1", "00", options), /no such option: auth/);
  });

  it("need an address beside them", async () => {
    for (const target of [undefined, 5, null, ""]) {
      await assert.rejects(connect(target as never), { code: "ERR_ARGUMENT" });
      await assert.rejects(listen(target as never), { code: "ERR_ARGUMENT" });
    }
  });
});
