import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { QuotaError } from "../../src/io/quotas.ts";
import type { SessionStream } from "../../src/io/stream.ts";
import { noTraffic, splice } from "../../src/tunnel/splice.ts";

/** Both ends of a connection on loopback. */
async function sockets(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number }; // TCP
  const ours = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const [theirs] = (await once(server, "connection")) as [Socket]; // that is what it tells of
  server.close();
  return [ours, theirs];
}

describe("a socket that ends while what it said last has to wait", () => {
  it("ends its stream behind that, not before", async () => {
    const [socket, theirs] = await sockets();
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
