import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { awaitDialogue, connectDialogue } from "../../src/dialogue/index.ts";
import { sessionTransport } from "../../src/dialogue/session-transport.ts";
import { establish } from "../../src/io/establish.ts";
import { Listener } from "../../src/io/listener.ts";
import { memoryPair } from "../../src/io/memory-transport.ts";
import { nodeRuntime } from "../../src/io/node-runtime.ts";
import type { Session } from "../../src/io/session.ts";
import type { Limits } from "../../src/pure/native/limits.ts";
import { serviceContract } from "./service-contract.ts";

const runtime = nodeRuntime();

/** Two ends of a durable session, and the listener that takes its transports. */
async function sessions(
  limits: Partial<Limits> = {},
): Promise<readonly [Session, Session, Listener]> {
  const listener = new Listener(runtime, { limits });
  const near = await establish(
    () => async () => {
      const [ours, theirs] = memoryPair();
      listener.receive(theirs);
      return ours;
    },
    runtime,
    { limits },
  );
  for await (const far of listener) return [near, far, listener];
  return assert.fail("no session came");
}

const open: AsyncDisposable[] = [];

/** Breaks the link of a session again and again, until it is closed. */
function breaking(session: Session, everyMs: number): void {
  const timer = setInterval(() => session.breakTransport(), everyMs).unref();
  void session.closed.then(() => clearInterval(timer));
}

for (const [name, everyMs] of [
  ["a durable session", 0],
  ["a durable session whose link breaks every 3 ms", 3],
] as const) {
  serviceContract({
    name,
    connect: async ({ expedited }) => {
      const [near, far, listener] = await sessions();
      open.push(near, listener);
      if (everyMs > 0) breaking(near, everyMs);
      return [
        sessionTransport(near, { isInitiator: true, expedited }),
        sessionTransport(far, { isInitiator: false, expedited }),
      ];
    },
    close: async () => {
      for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
    },
  });
}

describe("a dialogue over a durable session", () => {
  it("keeps tokens, points and activity over a broken link, and never hears of it", async () => {
    const [near, far, listener] = await sessions();
    const asked = awaitDialogue(sessionTransport(far, { isInitiator: false }));
    const connecting = connectDialogue(sessionTransport(near, { isInitiator: true }), {
      functionalUnits: ["half-duplex", "minor", "activity"],
    });
    const { dialogue: called } = await asked;
    called.accept();
    const caller = await connecting;
    caller.startActivity(Uint8Array.of(1));
    const point = caller.syncMinor();
    near.breakTransport();
    await caller.data(Uint8Array.of(2));
    caller.giveTokens(["data"]);
    near.breakTransport();
    const types: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++) types.push((await called.next())?.type);
    assert.deepEqual(types, ["S-ACTIVITY-START", "S-SYNC-MINOR", "S-DATA", "S-TOKEN-GIVE"]);
    far.breakTransport();
    called.respondSyncMinor(1);
    await point.confirmed;
    assert.deepEqual([caller.tokens, called.tokens], [["minor", "major"], ["data"]]);
    assert.deepEqual([caller.isInActivity, called.isInActivity], [true, true]);
    near.abort();
    await listener[Symbol.asyncDispose]();
  });

  /** Two dialogues in duplex over a session of small windows, and what ends them. */
  async function small() {
    const limits = { windowOctets: 4096, windowOctetsMax: 4096, waitingOctetsMax: 20_000 };
    const [near, far, listener] = await sessions(limits);
    const asked = awaitDialogue(sessionTransport(far, { isInitiator: false }), {
      indicationsMax: 4,
    });
    const connecting = connectDialogue(
      sessionTransport(near, { isInitiator: true, sendOctetsMax: 4096 }),
    );
    const { dialogue: called } = await asked;
    called.accept();
    const caller = await connecting;
    return {
      caller,
      called,
      near,
      async [Symbol.asyncDispose]() {
        near.abort();
        await listener[Symbol.asyncDispose]();
      },
    };
  }

  it("slows its sender down while nobody reads, and loses nothing", async () => {
    await using both = await small();
    const { caller, called, near } = both;
    let sent = 0;
    const sending = (async () => {
      for (; sent < 500; sent++) await caller.data(new Uint8Array(500).fill(sent));
    })();
    for (let before = -1; before < sent; ) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // What is unread there, what the window lets wait there, and what may wait here.
    assert.ok(sent < 40, `${sent} sent`);
    assert.ok(near.backlogOctets < 10_000, `${near.backlogOctets} octets wait`);
    for (let i = 0; i < 500; i++) assert.equal((await called.next())?.userData[0], i & 0xff);
    await sending;
  });

  it("stops taking long indications long before it has many", async () => {
    const [near, far, listener] = await sessions();
    const asked = awaitDialogue(sessionTransport(far, { isInitiator: false }), {
      indicationOctetsMax: 10_000,
    });
    const connecting = connectDialogue(sessionTransport(near, { isInitiator: true }));
    const { dialogue: called } = await asked;
    called.accept();
    const caller = await connecting;
    // Some 600,000 octets: more than a window and the dialogue take, less than would be refused.
    for (let i = 0; i < 600; i++) void caller.data(new Uint8Array(1000).fill(i));
    for (let before = -1; before !== near.backlogOctets; ) {
      before = near.backlogOctets;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(near.backlogOctets > 250_000, `${near.backlogOctets} octets wait`);
    for (let i = 0; i < 600; i++) assert.equal((await called.next())?.userData[0], i & 0xff);
    near.abort();
    await listener[Symbol.asyncDispose]();
  });

  it("refuses what is not waited for when too much waits, and changes nothing then", async () => {
    await using both = await small();
    const { caller, called } = both;
    let sent = 0;
    const send = () => {
      for (;;) {
        void caller.data(new Uint8Array(500).fill(sent));
        sent += 1;
        assert.ok(sent < 1000);
      }
    };
    assert.throws(send, { code: "ERR_LIMIT" });
    await assert.rejects(caller.release(), { code: "ERR_LIMIT" });
    for (let i = 0; i < sent; i++) assert.equal((await called.next())?.userData[0], i & 0xff);
    const released = caller.release();
    assert.equal((await called.next())?.type, "S-RELEASE");
    called.respondRelease();
    await released;
  });

  it("takes any number of short SPDUs that come at once", async () => {
    const [near, far, listener] = await sessions();
    const asked = awaitDialogue(sessionTransport(far, { isInitiator: false }));
    const connecting = connectDialogue(sessionTransport(near, { isInitiator: true }));
    const { dialogue: called } = await asked;
    called.accept();
    const caller = await connecting;
    for (let i = 0; i < 5000; i++) void caller.data(Uint8Array.of(i));
    for (let i = 0; i < 5000; i++) assert.equal((await called.next())?.userData[0], i & 0xff);
    near.abort();
    await listener[Symbol.asyncDispose]();
  });

  it("is aborted when the session is", async () => {
    const [near, far, listener] = await sessions();
    const asked = awaitDialogue(sessionTransport(far, { isInitiator: false }));
    const connecting = connectDialogue(sessionTransport(near, { isInitiator: true }));
    const { dialogue: called } = await asked;
    called.accept();
    await connecting;
    near.abort();
    await assert.rejects(called.next(), { code: "ERR_ABORTED" });
    await listener[Symbol.asyncDispose]();
  });
});
