import { deepEqual, ok } from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Random } from "../../src/testing/random.ts";
import { end, openWire, pause, start } from "./kill.ts";

const TURNS = 150;
/** `DIALOGUE_KILLS=200 npm run test:only -- durable/dialogue-kill` for more. */
const KILLS = Number(process.env["DIALOGUE_KILLS"] ?? 12);

/** What a side has heard: what it heard again just after a crash counts once. */
function heardIn(file: string): number[] {
  const numbers = readFileSync(file, "utf8").trimEnd().split("\n").map(Number);
  return numbers.filter((number, index) => number !== numbers[index - 1]);
}

describe("a dialogue of real processes", () => {
  it(`goes on in turns through ${KILLS} times kill -9 of one side or both`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "tertulia-dialogue-"));
    const wire = await openWire();
    const [near, far] = [join(folder, "near"), join(folder, "far")];
    const turns = TURNS * Math.max(1, Math.round(KILLS / 12));
    const starts = [
      () =>
        start(
          "talker",
          "initiator",
          `tcp://127.0.0.1:${wire.port}`,
          `${near}.db`,
          near,
          `${turns}`,
        ),
      () =>
        start(
          "talker",
          "responder",
          `tcp://127.0.0.1:${wire.target}`,
          `${far}.db`,
          far,
          `${turns}`,
        ),
    ] as const;
    const sides = [starts[0](), starts[1]()];
    const kill = async (which: readonly (0 | 1)[]) => {
      await Promise.all(which.map((i) => sides[i] && end(sides[i])));
      for (const i of which) sides[i] = starts[i]();
    };
    try {
      const random = new Random(40);
      for (let i = 0; i < KILLS; i++) {
        await pause(random.between(100, 700));
        if (random.chance(0.3)) wire.cut();
        await kill(random.pick([0], [1], [0, 1]));
      }
      const late = new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error("they did not finish")), 60_000).unref();
      });
      const exits = sides.map((side) => side.exitCode ?? once(side, "exit").then(([code]) => code));
      deepEqual(await Promise.race([Promise.all(exits), late]), [0, 0]);
      const all = [...heardIn(near), ...heardIn(far)].sort((a, b) => a - b);
      deepEqual(
        all,
        Array.from({ length: turns }, (_, index) => index + 1),
      );
      ok(heardIn(near).every((number) => number % 2 === 0));
      t.diagnostic(`${turns} turns, ${KILLS} kills`);
    } finally {
      await Promise.all(sides.map(end));
      wire.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
