import { deepEqual, notDeepEqual, ok } from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, describe, it } from "node:test";
import { FrameReader } from "../../src/pure/native/frame-reader.ts";
import { ACK, STORED } from "../../src/pure/native/frames.ts";
import { Keeper } from "../../src/pure/native/keeper.ts";
import { decodeState, runOf } from "../../src/pure/native/kept-state.ts";
import { Reader } from "../../src/pure/octets.ts";
import { Database } from "../../src/stores/sqlite-database.ts";
import type { StoredSession } from "../../src/stores/store.ts";
import { Random } from "../../src/testing/random.ts";
import { freePort } from "../free-port.ts";
import { hasPeers } from "../peers.ts";
import { type Image, Platter } from "./platter.ts";
import { readTrace, type Step, traced } from "./trace.ts";

// A teller of numbered lines and their listener, both traced. From the trace the disk of each is made
// again as it was at any instant, without whatever was not synced: that is our power failure. It is
// not a block device that fails: what the kernel and the drive do below `fsync` is taken on trust.
const LINES = 600;
/** Instants at which the power fails. `POWER_FAILURES=2000 npm run test:only -- durable/power` for more. */
const FAILURES = Number(process.env["POWER_FAILURES"] ?? 60);

const folder = mkdtempSync(join(tmpdir(), "tertulia-power-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What a side had promised: positions on lane 0 and lane 1. */
type Positions = readonly [number, number];

/** A thing that was said on the wire, at an instant of the trace. */
interface Said {
  readonly step: number;
  /** Of what came, it says that it is synced up to here. */
  readonly committed: Positions;
  /** Of its own, it says that it is synced up to here: so it will not say anything else there. */
  readonly stored: Positions;
}

/** What a store has of its one session. */
interface Kept {
  readonly received: Positions;
  readonly sent: Positions;
}

let traces: Promise<{ readonly listener: Step[]; readonly teller: Step[] }> | undefined;

function bothTraces() {
  traces ??= (async () => {
    const port = await freePort();
    const address = `tcp://127.0.0.1:${port}`;
    const run = (name: string, ...rest: readonly string[]) => {
      const script = join(import.meta.dirname, `${name}.js`);
      const flag = "--disable-warning=ExperimentalWarning";
      return traced(join(folder, `${name}.log`), process.execPath, flag, script, address, ...rest);
    };
    const sides = [
      run("listener", join(folder, "listener.db"), join(folder, "lines")),
      run("teller", join(folder, "teller.db"), `${LINES}`),
    ];
    const exits = await Promise.all(sides.map(async (side) => (await once(side, "exit"))[0]));
    deepEqual(exits, [0, 0]);
    return {
      listener: readTrace(join(folder, "listener.log")),
      teller: readTrace(join(folder, "teller.log")),
    };
  })();
  return traces;
}

/** What a side said, in order. It has one transport from the beginning to the end. */
function saidIn(steps: readonly Step[]): Said[] {
  const reader = new FrameReader(1 << 20);
  const said: Said[] = [];
  let committed: Positions = [0, 0];
  let stored: Positions = [0, 0];
  for (const [index, step] of steps.entries()) {
    if (step.type !== "send") continue;
    reader.feed(step.octets);
    while (reader.next()) {
      if (reader.type === STORED) {
        const body = new Reader(reader.body(), "STORED");
        const [, , , stored0 = 0, stored1 = 0] = Array.from({ length: 5 }, () => body.varint());
        stored = [stored0, stored1];
      }
      if (reader.type !== ACK) continue;
      const body = new Reader(reader.body(), "ACK");
      const [, committed0, , committed1] = Array.from({ length: 4 }, () => body.varint());
      committed = [committed0 ?? 0, committed1 ?? 0];
    }
    said.push({ step: index, committed, stored });
  }
  return said;
}

let images = 0;

/** Opens the store of an image, as a restart would. */
function keptIn(image: Image, name: string): Kept | "ended" | undefined {
  const path = join(folder, `${images++}.db`);
  for (const [file, octets] of image) {
    const suffix = basename(file).slice(name.length);
    // The index of the log is made again by whoever opens it first; the lock is a process's.
    if (!basename(file).startsWith(name) || ["-shm", ".lock"].includes(suffix)) continue;
    if (!suffix.startsWith(".lock")) writeFileSync(path + suffix, octets);
  }
  const options = { isReadOnly: false, octetsMax: 0, isDamageAllowed: false };
  const database = new Database({ path, ...options });
  try {
    const [summary] = database.sessionsAfter("");
    const stored = summary && database.load(summary.id);
    if (stored) return keptOf(stored);
    return database.tombstonesAfter(0, "").length > 0 ? "ended" : undefined;
  } finally {
    database.close();
    for (const suffix of ["", "-wal", "-shm", ".lock"]) rmSync(path + suffix, { force: true });
  }
}

function keptOf({ state: octets, entries }: StoredSession): Kept {
  ok(octets);
  const state = decodeState(octets);
  const { start, octets: received } = runOf(entries, "received", state.receivedEnd);
  const keeper = new Keeper(0, 0);
  keeper.restored(state, received.subarray(state.received[0] + state.received[1] - start));
  return { received: [keeper.held.arrived0, keeper.held.arrived1], sent: state.ends };
}

/** What was said and would not be so after a power failure. */
function brokenBy(kept: Kept | "ended" | undefined, said: Said | undefined): string[] {
  if (said === undefined || kept === "ended") return [];
  return ([0, 1] as const).flatMap((lane) => {
    const received = kept?.received[lane] ?? 0;
    const sent = kept?.sent[lane] ?? 0;
    const { committed, stored } = said;
    return [
      ...(committed[lane] > received
        ? [`step ${said.step}: acknowledged ${committed[lane]}, synced ${received}`]
        : []),
      ...(stored[lane] > sent
        ? [`step ${said.step}: says it has stored ${stored[lane]}, synced ${sent}`]
        : []),
    ];
  });
}

/** Looks at the disk each time that something is said, just before. */
function brokenInOrder(steps: readonly Step[], name: string): string[] {
  const platter = new Platter();
  const said = new Map(saidIn(steps).map((one) => [one.step, one]));
  return steps.flatMap((step, index) => {
    platter.apply(step);
    const now = said.get(index);
    return now ? brokenBy(keptIn(platter.image(), name), now) : [];
  });
}

for (const side of ["listener", "teller"] as const) {
  describe(`the ${side}, as strace saw it`, () => {
    it("says nothing that its disk does not have, synced, at that instant", async (t) => {
      if (!hasPeers(t, "strace")) return;
      const steps = (await bothTraces())[side];
      const said = saidIn(steps);
      // It has said enough for this to mean something.
      ok(said.length > 5, `${said.length} sends`);
      deepEqual(brokenInOrder(steps, `${side}.db`), []);
    });

    it("would be caught if it did not wait for its syncs", async (t) => {
      if (!hasPeers(t, "strace")) return;
      const steps = (await bothTraces())[side];
      // Every second sync of the log did not happen.
      let syncs = 0;
      const fewer = steps.filter(({ type }) => type !== "sync" || syncs++ % 2 === 0);
      notDeepEqual(brokenInOrder(fewer, `${side}.db`), []);
    });

    it(`keeps its word when the power fails, at ${FAILURES} instants`, async (t) => {
      if (!hasPeers(t, "strace")) return;
      const steps = (await bothTraces())[side];
      const random = new Random(115);
      const instants = new Set(
        Array.from({ length: FAILURES }, () => random.between(0, steps.length - 1)),
      );
      const said = saidIn(steps);
      const platter = new Platter();
      const broken = steps.flatMap((step, index) => {
        platter.apply(step);
        if (!instants.has(index)) return [];
        const last = said.findLast((one) => one.step <= index);
        return brokenBy(keptIn(platter.image(random), `${side}.db`), last);
      });
      deepEqual(broken, []);
    });
  });
}
