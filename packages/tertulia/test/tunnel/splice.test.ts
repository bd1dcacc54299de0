import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { QuotaError } from "../../src/io/quotas.ts";
import type { SessionStream } from "../../src/io/stream.ts";
import { noTraffic, splice } from "../../src/tunnel/splice.ts";
import { socketPair } from "./socket-pair.ts";

describe("a socket that ends while what it said last has to wait", () => {
  it("ends its stream behind that, not before", async () => {
    const [socket, theirs] = await socketPair();
    const did: string[] = [];
    let tries = 0;
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const stream: Pick<SessionStream, "lend" | "give" | "end" | "consume" | "reset"> = {
      lend(octets) {
        return stream.give(octets);
      },
      give(octets) {
        resolve();
        // The other end has ended by then: there is room only afterwards.
        if (tries++ < 5) throw new QuotaError("backlogOctets", "ana", 100, 101);
        did.push(`wrote ${octets.length}`);
        return undefined;
      },
      end: () => void did.push("ended"),
      consume: async () => {},
      reset: () => void did.push("reset"),
    };
    const spliced = splice(socket, stream as SessionStream, noTraffic()); // all that it uses
    theirs.write("the last words");
    await asked;
    theirs.end();
    theirs.resume();
    await spliced;
    assert.deepEqual(did, ["wrote 14", "ended"]);
  });
});
