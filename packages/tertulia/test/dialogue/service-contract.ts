/**
 * The session service, as every implementation of the transport below has to let it work: one suite,
 * run for each.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Activities, memoryActivityStore } from "../../src/dialogue/activities.ts";
import { sendCheckpointed } from "../../src/dialogue/checkpoints.ts";
import {
  type AcceptOptions,
  awaitDialogue,
  type ConnectOptions,
  connectDialogue,
  type Dialogue,
  DialogueAborted,
  type DialogueOptions,
} from "../../src/dialogue/index.ts";
import type { Indication } from "../../src/dialogue/indication.ts";
import type { TransportConnection } from "../../src/dialogue/transport.ts";
import type { FunctionalUnit } from "../../src/pure/iso8327/units.ts";

export interface Transports {
  readonly name: string;
  /** Both ends of a new transport connection: the initiator's first. */
  readonly connect: (options: {
    readonly expedited: boolean;
  }) => Promise<readonly [TransportConnection, TransportConnection]>;
  readonly close: () => Promise<void>;
  /** For both dialogues. */
  readonly dialogue?: DialogueOptions;
}

const octets = (...values: readonly number[]) => Uint8Array.from(values);
const BAS: readonly FunctionalUnit[] = [
  "half-duplex",
  "minor",
  "activity",
  "capability",
  "exceptions",
  "typed-data",
];

export function serviceContract({ name, connect, close, dialogue = {} }: Transports): void {
  /** Two dialogues joined, the initiator's first. */
  async function pair(
    parameters: ConnectOptions = {},
    accept: AcceptOptions = {},
    options: DialogueOptions = dialogue,
  ): Promise<{ readonly caller: Dialogue; readonly called: Dialogue } & AsyncDisposable> {
    const expedited = parameters.functionalUnits?.includes("expedited") ?? false;
    const [near, far] = await connect({ expedited });
    const asked = awaitDialogue(far, options);
    const connecting = connectDialogue(near, parameters, options);
    const { dialogue: called } = await asked;
    called.accept(accept);
    const caller = await connecting;
    return {
      caller,
      called,
      async [Symbol.asyncDispose]() {
        await caller[Symbol.asyncDispose]();
        await called[Symbol.asyncDispose]();
      },
    };
  }

  async function next(dialogue: Dialogue, type: Indication["type"]): Promise<Indication> {
    const indication = await dialogue.next();
    assert.equal(indication?.type, type);
    assert.ok(indication);
    return indication;
  }

  describe(`the session service over ${name}`, () => {
    it("negotiates, and tells both sides what came of it", async () => {
      const [near, far] = await connect({ expedited: false });
      const asked = awaitDialogue(far);
      const connecting = connectDialogue(near, {
        functionalUnits: ["half-duplex", "duplex", "minor", "typed-data"],
        callingSelector: octets(1),
        calledSelector: octets(2),
        tokenSettings: { minor: "choice" },
        initialSerialNumber: 5,
        userData: octets(3),
      });
      const { dialogue: called, indication } = await asked;
      assert.deepEqual(indication.userData, octets(3));
      assert.deepEqual(indication.calledSelector, octets(2));
      called.accept({
        functionalUnits: ["duplex", "minor"],
        tokenSettings: { minor: "acceptor" },
        initialSerialNumber: 9,
        userData: octets(4),
      });
      const caller = await connecting;
      assert.deepEqual(caller.confirm?.userData, octets(4));
      assert.deepEqual(caller.functionalUnits, ["duplex", "minor"]);
      assert.deepEqual([caller.nextSerialNumber, called.nextSerialNumber], [9, 9]);
      assert.deepEqual([caller.tokens, called.tokens], [[], ["minor"]]);
      await caller[Symbol.asyncDispose]();
      await called[Symbol.asyncDispose]();
    });

    it("refuses, with a reason and user data", async () => {
      const [near, far] = await connect({ expedited: false });
      const asked = awaitDialogue(far);
      const connecting = connectDialogue(near);
      (await asked).dialogue.refuse({ userData: octets(7) });
      await assert.rejects(connecting, { code: "ERR_REFUSED", userData: octets(7) });
    });

    it("carries data of any size, in order, both ways", async () => {
      await using both = await pair();
      const sizes = [1, 127, 128, 1024, 65_521, 200_000, 3];
      for (const dialogue of [both.caller, both.called]) {
        const peer = dialogue === both.caller ? both.called : both.caller;
        for (const size of sizes) await dialogue.data(new Uint8Array(size).fill(size));
        for (const size of sizes) {
          const { userData } = await next(peer, "S-DATA");
          assert.equal(userData.length, size);
          assert.equal(userData.at(-1), size & 0xff);
        }
      }
    });

    it("carries typed and expedited data", async () => {
      await using both = await pair({
        functionalUnits: ["half-duplex", "typed-data", "expedited"],
      });
      await both.called.typedData(octets(1));
      await both.called.expeditedData(octets(2));
      const types = [(await both.caller.next())?.type, (await both.caller.next())?.type].sort();
      assert.deepEqual(types, ["S-EXPEDITED-DATA", "S-TYPED-DATA"]);
      assert.throws(() => both.called.data(octets(3)), { code: "ERR_STATE" });
    });

    it("passes tokens around", async () => {
      await using both = await pair({ functionalUnits: ["half-duplex", "negotiated-release"] });
      both.called.pleaseTokens(["data"], octets(1));
      assert.deepEqual((await next(both.caller, "S-TOKEN-PLEASE")).tokens, ["data"]);
      both.caller.giveTokens(["data"]);
      await next(both.called, "S-TOKEN-GIVE");
      await both.called.data(octets(2));
      await next(both.caller, "S-DATA");
      assert.deepEqual([both.caller.tokens, both.called.tokens], [["release"], ["data"]]);
    });

    it("confirms minor and major points", async () => {
      await using both = await pair({ functionalUnits: ["duplex", "minor", "major"] });
      const first = both.caller.syncMinor();
      const second = both.caller.syncMinor({ explicit: false });
      assert.deepEqual([first.serialNumber, second.serialNumber], [1, 2]);
      await next(both.called, "S-SYNC-MINOR");
      assert.equal((await next(both.called, "S-SYNC-MINOR")).explicit, false);
      both.called.respondSyncMinor(1);
      await first.confirmed;
      const major = both.caller.syncMajor();
      assert.equal((await next(both.called, "S-SYNC-MAJOR")).serialNumber, 3);
      both.called.respondSyncMajor();
      assert.equal(await major, 3);
      await second.confirmed;
    });

    it("goes back, and undoes points", async () => {
      for (const expedited of [false, true]) {
        await using both = await pair({
          functionalUnits: [
            "duplex",
            "minor",
            "resynchronize",
            ...(expedited ? (["expedited"] as const) : []),
          ],
        });
        const point = both.caller.syncMinor();
        await next(both.called, "S-SYNC-MINOR");
        const done = both.called.resynchronize({
          resyncType: "restart",
          serialNumber: 1,
          tokenSettings: { minor: "choice" },
        });
        assert.equal((await next(both.caller, "S-RESYNCHRONIZE")).serialNumber, 1);
        await assert.rejects(point.confirmed, { code: "ERR_REFUSED" });
        both.caller.respondResynchronize({ tokenSettings: { minor: "acceptor" } });
        assert.deepEqual((await done).tokenSettings, { minor: "acceptor" });
        assert.deepEqual([both.caller.tokens, both.called.tokens], [["minor"], []]);
        assert.deepEqual([both.caller.nextSerialNumber, both.called.nextSerialNumber], [1, 1]);
      }
    });

    it("rejects the resynchronization that lost to another", async () => {
      await using both = await pair({ functionalUnits: ["duplex", "minor", "resynchronize"] });
      const lost = both.called.resynchronize({ resyncType: "set", serialNumber: 20 });
      const won = both.caller.resynchronize({ resyncType: "abandon" });
      await assert.rejects(lost, { code: "ERR_REFUSED" });
      await next(both.called, "S-RESYNCHRONIZE");
      both.called.respondResynchronize();
      await won;
    });

    it("has points of its own in each direction, with symmetric synchronization", async () => {
      await using both = await pair({
        functionalUnits: ["duplex", "symmetric", "major", "resynchronize", "data-separation"],
        initialSerialNumber: 10,
        secondInitialSerialNumber: 20,
      });
      const ours = both.caller.syncMinor();
      const theirs = both.called.syncMinor({ separation: true });
      assert.deepEqual([ours.serialNumber, theirs.serialNumber], [10, 20]);
      assert.equal((await next(both.called, "S-SYNC-MINOR")).serialNumber, 10);
      assert.equal((await next(both.caller, "S-SYNC-MINOR")).separation, true);
      both.called.respondSyncMinor(10);
      both.caller.respondSyncMinor(20);
      await Promise.all([ours.confirmed, theirs.confirmed]);
      // One flow only: the other goes on.
      const done = both.caller.resynchronize({ resyncType: "set", serialNumber: 50 });
      const indication = await next(both.called, "S-RESYNCHRONIZE");
      assert.deepEqual([indication.resyncType, indication.secondResyncType], ["set", undefined]);
      await both.called.data(octets(1));
      both.called.respondResynchronize();
      assert.equal((await done).serialNumber, 50);
      await next(both.caller, "S-DATA");
      assert.deepEqual([both.caller.nextSerialNumber, both.called.nextSerialNumber], [50, 21]);
      const major = both.caller.syncMajor();
      assert.equal((await next(both.called, "S-SYNC-MAJOR")).serialNumber, 50);
      both.called.respondSyncMajor();
      await major;
      assert.deepEqual([both.caller.nextSerialNumber, both.called.nextSerialNumber], [51, 22]);
    });

    it("reports exceptions", async () => {
      await using both = await pair({ functionalUnits: ["half-duplex", "exceptions"] });
      both.called.reportException(5, octets(1));
      assert.equal((await next(both.caller, "S-U-EXCEPTION-REPORT")).reason, 5);
      both.caller.giveTokens(["data"]);
      await next(both.called, "S-TOKEN-GIVE");
      await both.called.data(octets(2));
    });

    it("exchanges capability data and gives control, between activities", async () => {
      await using both = await pair({ functionalUnits: BAS });
      const answer = both.caller.capabilityData(octets(1));
      assert.deepEqual((await next(both.called, "S-CAPABILITY-DATA")).userData, octets(1));
      both.called.respondCapabilityData(octets(2));
      assert.deepEqual(await answer, octets(2));
      both.caller.giveControl();
      await next(both.called, "S-CONTROL-GIVE");
      assert.deepEqual(both.called.tokens, ["data", "minor", "major"]);
    });

    it("resumes an interrupted activity on another session, from a store", async () => {
      const stores = [memoryActivityStore(), memoryActivityStore()] as const;
      const id = octets(0x41);
      {
        await using both = await pair({ functionalUnits: BAS });
        const ours = new Activities(both.caller, stores[0], { commonReference: octets(9) });
        const theirs = new Activities(both.called, stores[1]);
        await ours.start(id, octets(1, 2));
        await theirs.take(await next(both.called, "S-ACTIVITY-START"));
        const { confirmed } = both.caller.syncMinor();
        const { serialNumber = 0 } = await next(both.called, "S-SYNC-MINOR");
        both.called.respondSyncMinor(serialNumber);
        await confirmed;
        const interrupted = ours.interrupt();
        await theirs.take(await next(both.called, "S-ACTIVITY-INTERRUPT"));
        await interrupted;
      }
      await using both = await pair({ functionalUnits: BAS });
      const ours = new Activities(both.caller, stores[0]);
      const theirs = new Activities(both.called, stores[1]);
      const { serialNumber, data } = await ours.resume(id);
      assert.deepEqual([serialNumber, data], [1, octets(1, 2)]);
      const resumed = await next(both.called, "S-ACTIVITY-RESUME");
      assert.deepEqual(resumed.linkingInformation?.commonReference, octets(9));
      await theirs.take(resumed);
      assert.deepEqual([both.caller.nextSerialNumber, both.called.nextSerialNumber], [2, 2]);
      const ended = ours.end();
      await theirs.take(await next(both.called, "S-ACTIVITY-END"));
      await ended;
      await assert.rejects(ours.resume(id), { code: "ERR_STORE" });
    });

    it("discards an activity", async () => {
      await using both = await pair({ functionalUnits: BAS });
      const ours = new Activities(both.caller, memoryActivityStore());
      await ours.start(octets(1));
      await next(both.called, "S-ACTIVITY-START");
      const discarded = ours.discard(3);
      assert.equal((await next(both.called, "S-ACTIVITY-DISCARD")).reason, 3);
      both.called.respondDiscardActivity();
      await discarded;
      assert.equal(both.caller.isInActivity, false);
    });

    it("sends from the last confirmed point again when asked to", async () => {
      await using both = await pair({ functionalUnits: ["duplex", "minor", "resynchronize"] });
      const pieces = Array.from({ length: 40 }, (_, i) => octets(i));
      const sending = sendCheckpointed(both.caller, pieces, { every: 4, pointsMax: 3 });
      const units: number[][] = [[]];
      let faults = 0;
      // The last point has all the pieces before it and none behind.
      while (units.flat().length < pieces.length || units.at(-1)?.length !== 0) {
        const indication = await both.called.next();
        if (indication?.type === "S-DATA") {
          const [value = -1] = indication.userData;
          if (value === 22 && faults === 0) {
            faults += 1;
            const serialNumber = both.called.unconfirmedSerialNumber - 1;
            await both.called.resynchronize({ resyncType: "restart", serialNumber });
            units[units.length - 1] = [];
            continue;
          }
          units.at(-1)?.push(value);
        }
        if (indication?.type === "S-SYNC-MINOR") {
          both.called.respondSyncMinor(indication.serialNumber ?? 0);
          units.push([]);
        }
      }
      assert.equal(await sending, 1);
      assert.deepEqual(
        units.flat(),
        pieces.map(([value]) => value),
      );
    });

    it("negotiates release, and ends both sides", async () => {
      await using both = await pair({ functionalUnits: ["duplex", "negotiated-release"] });
      const first = both.caller.release();
      await next(both.called, "S-RELEASE");
      both.called.respondRelease(false, octets(1));
      assert.deepEqual(await first, { affirmative: false, userData: octets(1) });
      const second = both.caller.release({ userData: octets(2) });
      assert.deepEqual((await next(both.called, "S-RELEASE")).userData, octets(2));
      both.called.respondRelease();
      assert.equal((await second).affirmative, true);
      assert.deepEqual(
        [await both.caller.next(), await both.called.next()],
        [undefined, undefined],
      );
    });

    it("keeps the transport for another dialogue", async () => {
      const [near, far] = await connect({ expedited: false });
      for (let i = 0; i < 3; i++) {
        const asked = awaitDialogue(far, { reuse: true });
        const connecting = connectDialogue(near, {}, { reuse: true });
        const { dialogue: called } = await asked;
        called.accept();
        const caller = await connecting;
        const released = caller.release();
        await next(called, "S-RELEASE");
        called.respondRelease();
        assert.equal((await released).affirmative, true);
        assert.deepEqual([caller.isEnded, called.isEnded], [true, true]);
      }
      near.disconnect();
      far.disconnect();
    });

    it("aborts with user data, on either flow", async () => {
      for (const [expedited, size] of [
        [false, 9],
        [true, 9],
        [true, 3000],
      ] as const) {
        await using both = await pair({
          functionalUnits: expedited ? ["duplex", "expedited"] : ["duplex"],
        });
        both.caller.abort(new Uint8Array(size).fill(1));
        await assert.rejects(both.called.next(), (error) => {
          assert.ok(error instanceof DialogueAborted);
          assert.deepEqual([error.isProvider, error.userData.length], [false, size]);
          return true;
        });
      }
    });

    it("tells a waiting peer when it is disposed of", async () => {
      await using both = await pair({ functionalUnits: ["duplex", "minor", "major"] });
      const major = both.caller.syncMajor();
      await both.called[Symbol.asyncDispose]();
      await assert.rejects(major, { code: "ERR_ABORTED" });
    });

    it("gives the reason of its signal to those who wait", async () => {
      const controller = new AbortController();
      await using both = await pair({}, {}, { signal: controller.signal });
      const waiting = both.caller.next();
      controller.abort(new Error("enough"));
      await assert.rejects(waiting, /enough/);
    });

    it("closes", close);
  });
}
