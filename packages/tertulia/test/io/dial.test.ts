import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { dialerOf } from "../../src/io/dial.ts";
import { NAME, slowServer, twoAddresses } from "../two-addresses.ts";

const { signal } = new AbortController();

describe("dialling a name with two addresses", () => {
  it("reaches a slow node at the first when the other is of no use", async () => {
    using _ = twoAddresses();
    await using server = await slowServer();
    const dialled = dialerOf(`tcp://${NAME}:${server.port}`)(signal);
    // It has asked, and in vain; it asks again a second later.
    await sleep(50);
    server.take();
    const transport = await dialled;
    assert.match(transport.peer.address, /^127\.0\.0\.1:/);
    transport.abort();
  });

  for (const address of [`tcp://${NAME}:1`, `tls://${NAME}:1`, `ws://${NAME}:1`]) {
    it(`says what is wrong with both: ${address}`, async () => {
      using _ = twoAddresses();
      await assert.rejects(dialerOf(address)(signal), {
        message: "connect ECONNREFUSED 127.0.0.1:1; connect ECONNREFUSED 127.0.0.2:1",
      });
    });
  }
});
