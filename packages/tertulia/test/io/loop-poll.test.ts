import { match } from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeSuite } from "../../src/io/node-suite.ts";
import { type LoopPoll, Runtime } from "../../src/io/runtime.ts";
import { linked } from "./linked.ts";

/** Keeps what it is told: `>` for a message that went out alone, `<` for what came. */
class Heard implements LoopPoll {
  told = "";

  sent(): void {
    this.told += ">";
  }

  received(): void {
    this.told += "<";
  }
}

describe("the loop poll of a runtime", () => {
  it("is told of a message that goes out alone, of its answer, and not of many in one turn", async () => {
    const loopPoll = new Heard();
    const defer = (callback: () => void) => setImmediate(callback);
    const runtime = new Runtime({ suite: nodeSuite, defer, loopPoll });
    await using link = await linked("memory", { connect: { runtime } });
    const { client, server } = link;
    const [asked, answered] = [server[Symbol.asyncIterator](), client[Symbol.asyncIterator]()];

    await client.send("a question");
    await asked.next();
    await server.send("its answer");
    await answered.next();
    match(loopPoll.told, /^<*><+$/);
    loopPoll.told = "";
    await Promise.all([client.send("one"), client.send("two"), client.send("three")]);
    await client.delivered();
    match(loopPoll.told, /^<+$/);
  });
});
