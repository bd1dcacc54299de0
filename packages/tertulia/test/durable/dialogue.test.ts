import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import {
  awaitDialogue,
  connectDialogue,
  type Dialogue,
  resumeDialogue,
  sessionTransport,
} from "../../src/dialogue/index.ts";
import {
  connect,
  Listener,
  memoryPair,
  nodeRuntime,
  reconnect,
  type Session,
} from "../../src/index.ts";
import { MemoryStore } from "../../src/stores/memory.ts";

const limits = { backoffMs: 1, backoffMsMax: 10 };

/** Two processes, with a store each, which is copied when they die. */
class Processes {
  stores: readonly [MemoryStore, MemoryStore] = [new MemoryStore(), new MemoryStore()];
  #listener: Listener | undefined;

  readonly #dial = async () => {
    const [near, far] = memoryPair();
    this.#listener?.receive(far);
    return near;
  };

  async begin(id?: string): Promise<readonly [Session, Session]> {
    const [ours, theirs] = this.stores;
    const listener = new Listener(nodeRuntime(), { store: theirs, durability: "disk" });
    this.#listener = listener;
    await listener.restore();
    const options = { store: ours, durability: "disk", limits } as const;
    const near = id ? await reconnect(this.#dial, id, options) : await connect(this.#dial, options);
    const { value: far } = await listener[Symbol.asyncIterator]().next();
    if (far === undefined) throw new Error("no session came");
    return [near, far];
  }

  /** Both die. What they do from now on nobody keeps, and nobody hears. */
  async die(sessions: readonly Session[]): Promise<void> {
    const images = this.stores.map((store) => store.image);
    await Promise.all(sessions.map((session) => session.park()));
    this.stores = [new MemoryStore(images[0]), new MemoryStore(images[1])];
  }
}

function transports([near, far]: readonly [Session, Session]) {
  return [
    sessionTransport(near, { isInitiator: true }),
    sessionTransport(far, { isInitiator: false }),
  ] as const;
}

async function begun() {
  const processes = new Processes();
  const sessions = await processes.begin();
  const [ours, theirs] = transports(sessions);
  const asked = awaitDialogue(theirs);
  const connecting = connectDialogue(ours, {
    functionalUnits: ["half-duplex", "minor", "activity"],
  });
  const { dialogue: called } = await asked;
  called.accept();
  const caller = await connecting;
  return { processes, sessions, caller, called };
}

/** Both processes die, and begin again with what their stores have. */
async function again(processes: Processes, sessions: readonly [Session, Session]) {
  await Promise.all(sessions.map((session) => session.commit()));
  await processes.die(sessions);
  const next = await processes.begin(sessions[0].id);
  const [caller, called] = transports(next).map((one) => resumeDialogue(one));
  return { sessions: next, caller: caller as Dialogue, called: called as Dialogue };
}

async function types(dialogue: Dialogue, count: number): Promise<(string | undefined)[]> {
  const taken: (string | undefined)[] = [];
  while (taken.length < count) taken.push((await dialogue.next())?.type);
  return taken;
}

describe("a dialogue over sessions of a store, after both processes died", () => {
  it("has its tokens, its points and its activity", async () => {
    const before = await begun();
    before.caller.startActivity(Uint8Array.of(1));
    before.caller.syncMinor();
    before.caller.giveTokens(["data"]);
    await types(before.called, 3);
    before.called.pleaseTokens(["minor"]);
    await types(before.caller, 1);
    const { sessions, caller, called } = await again(before.processes, before.sessions);
    deepEqual([caller.tokens, called.tokens], [["minor", "major"], ["data"]]);
    deepEqual([caller.isInActivity, called.isInActivity], [true, true]);
    deepEqual([caller.nextSerialNumber, called.nextSerialNumber], [2, 2]);
    called.respondSyncMinor(1);
    await caller.unconfirmedPoints[0]?.confirmed;
    equal(caller.unconfirmedSerialNumber, 2);
    await called.data(Uint8Array.of(7));
    // The one was taken before, and nobody had settled it.
    deepEqual(await types(caller, 2), ["S-TOKEN-PLEASE", "S-DATA"]);
    for (const session of sessions) session.abort();
  });

  it("has the indications that were not settled, and not those that were", async () => {
    const before = await begun();
    for (const octet of [1, 2, 3]) await before.caller.data(Uint8Array.of(octet));
    await types(before.called, 2);
    const { sessions, called } = await again(before.processes, before.sessions);
    const again1 = await called.next();
    const again2 = await called.next();
    deepEqual([again1?.userData, again2?.userData], [Uint8Array.of(2), Uint8Array.of(3)]);
    for (const session of sessions) session.abort();
  });

  it("has settled what it has answered", async () => {
    const before = await begun();
    before.caller.startActivity(Uint8Array.of(1));
    before.caller.syncMinor();
    await types(before.called, 2);
    before.called.respondSyncMinor(1);
    const { sessions, caller, called } = await again(before.processes, before.sessions);
    await caller.data(Uint8Array.of(1));
    deepEqual(await types(called, 1), ["S-DATA"]);
    for (const session of sessions) session.abort();
  });

  it("hears the answer to what was asked before", async () => {
    const before = await begun();
    before.caller.startActivity(Uint8Array.of(1));
    const ending = before.caller.endActivity();
    ending.catch(() => {});
    await types(before.called, 2);
    const { sessions, caller, called } = await again(before.processes, before.sessions);
    equal((await called.next())?.type, "S-ACTIVITY-END");
    called.respondEndActivity();
    await caller.unanswered.get("SACTEcnf");
    equal(caller.isInActivity, false);
    for (const session of sessions) session.abort();
  });

  it("is asked for again by a connect that nobody had answered", async () => {
    const processes = new Processes();
    const sessions = await processes.begin();
    const connecting = connectDialogue(sessionTransport(sessions[0], { isInitiator: true }));
    connecting.catch(() => {});
    await sessions[0].delivered();
    await processes.die(sessions);
    const next = await processes.begin(sessions[0].id);
    const [ours, theirs] = transports(next);
    const caller = resumeDialogue(ours);
    const { dialogue: called } = await awaitDialogue(theirs);
    called.accept();
    await caller.unanswered.get("SCONcnf+");
    deepEqual([caller.state, called.state], ["STA713", "STA713"]);
    for (const session of next) session.abort();
  });

  it("is not there when it had ended", async () => {
    const before = await begun();
    const released = before.caller.release();
    equal((await before.called.next())?.type, "S-RELEASE");
    before.called.respondRelease();
    await released;
    equal(await before.called.next(), undefined);
    await Promise.all(before.sessions.map((session) => session.commit()));
    await before.processes.die(before.sessions);
    const next = await before.processes.begin(before.sessions[0].id);
    for (const transport of transports(next)) {
      throws(() => resumeDialogue(transport), { code: "ERR_STATE" });
    }
    for (const session of next) session.abort();
  });
});
