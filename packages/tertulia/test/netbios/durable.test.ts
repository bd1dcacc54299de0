import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { connect, textContext } from "../../src/index.ts";
import { callByName, listenByName, netbiosDial } from "../../src/netbios/durable.ts";
import { Loopback } from "./loopback.ts";

const contexts = [textContext];

describe("durable sessions between NetBIOS names", () => {
  it("survive the loss of their connection: the name is called again, nothing is lost", async () => {
    await using lan = await Loopback.open();
    const [alice, bob] = [await lan.node(1), await lan.node(2)];
    await Promise.all([alice.addName("ALICE"), bob.addName("BOB")]);
    await using listener = await listenByName(alice, "ALICE", { contexts });
    const accepted = listener[Symbol.asyncIterator]().next();
    await using session = await connect(netbiosDial(bob, "ALICE"), { contexts });
    const { value: other } = await accepted;
    assert.ok(other);
    const got: unknown[] = [];
    const reading = (async () => {
      for await (const message of other) {
        got.push(message.value);
        if (got.length === 30) return;
      }
    })();
    for (let i = 0; i < 30; i++) {
      await session.send(`${i}`);
      if (i % 10 === 5) session.breakTransport();
    }
    await reading;
    assert.deepEqual(
      got,
      Array.from({ length: 30 }, (_, i) => `${i}`),
    );
  });

  it("go on where the name is after a break, and follow it from there", async () => {
    await using lan = await Loopback.open();
    const [alice, bob, carol] = [await lan.node(1), await lan.node(2), await lan.node(3)];
    await Promise.all([alice.addName("ALICE"), bob.addName("BOB")]);
    await using listener = await listenByName(alice, "ALICE", { contexts });
    const { port } = await alice.sessionServer();
    const accepted = listener[Symbol.asyncIterator]().next();
    await using session = await connect(netbiosDial(bob, "ALICE"), { contexts });
    const { value: other } = await accepted;
    assert.ok(other);
    // The name moves to another host, which sends its callers back to the first.
    await alice.deleteName("ALICE");
    await carol.addName("ALICE");
    using _ = await carol.retarget("ALICE", { address: alice.address, port });
    const moved = (async () => {
      for await (const { event } of carol.events())
        if (event.type === "retargeted") return event.to;
      return undefined;
    })();
    session.breakTransport();
    await session.send("still you?");
    for await (const message of other) {
      assert.equal(message.value, "still you?");
      break;
    }
    assert.deepEqual(await moved, { address: alice.address, port });
  });

  it("say at once that the port of sessions is another's", async () => {
    await using lan = await Loopback.open();
    const alice = await lan.node(1);
    const { sessionPort: port = 0 } = lan.ports;
    const other = createServer().listen(port, lan.address(1));
    await once(other, "listening");
    await assert.rejects(listenByName(alice, "ALICE", { contexts }), /in use by .*sessionPort/);
    other.close();
  });

  it("are plain NetBIOS with who knows no other, either way", async () => {
    await using lan = await Loopback.open();
    const [alice, bob] = [await lan.node(1), await lan.node(2)];
    await Promise.all([alice.addName("ALICE"), bob.addName("BOB")]);
    const text = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString();
    const plainListener = (async () => {
      for await (const session of alice.listen("ALICE")) {
        const first = text(await session.receive());
        await session.hangUp();
        if (first === "hello") return first;
      }
      return "";
    })();
    await alice.sessionServer();
    const called = await callByName(bob, "ALICE", { contexts });
    assert.ok(called.type === "plain");
    await called.session.send(new Uint8Array(Buffer.from("hello")));
    assert.equal(await plainListener, "hello");
    await called.session.hangUp();

    const taken = new Promise<string>((resolve) => {
      void listenByName(alice, "ALICE<03>", {
        contexts,
        plain: (session) => void session.receive().then((octets) => resolve(text(octets))),
      });
    });
    const plainCaller = await bob.call("ALICE<03>", { at: lan.address(1) });
    await plainCaller.send(new Uint8Array(Buffer.from("plain")));
    assert.equal(await taken, "plain");
    await plainCaller.hangUp();
  });
});
