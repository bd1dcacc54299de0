import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { awaitDialogue, connectDialogue } from "../../src/dialogue/dialogue.ts";
import { sessionTransport } from "../../src/dialogue/session-transport.ts";
import { establish } from "../../src/io/establish.ts";
import { Listener } from "../../src/io/listener.ts";
import { memoryPair } from "../../src/io/memory-transport.ts";
import { nodeRuntime } from "../../src/io/node-runtime.ts";
import type { Session } from "../../src/io/session.ts";
import { serviceContract } from "./service-contract.ts";

const runtime = nodeRuntime();

/** Two ends of a durable session, and the listener that takes its transports. */
async function sessions(): Promise<readonly [Session, Session, Listener]> {
  const listener = new Listener(runtime);
  const near = await establish(
    () => async () => {
      const [ours, theirs] = memoryPair();
      listener.receive(theirs);
      return ours;
    },
    runtime,
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
